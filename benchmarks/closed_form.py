"""Closed-form predictors on 10,000 rows of a made-up truth: seconds of a fit, and how well the truth is recovered.

    OMP_NUM_THREADS=1 python benchmarks/closed_form.py [--rows 10000]

The truth is additive over operations, or bilinear in operations and depths, with random coefficients; it is measured
without noise, and with a noise of a tenth of its spread. `error` is the mean absolute error on 2,000 fresh
architectures against the truth without noise, and `coefficient error` the largest difference between the predictor's
value of a block's operation and the truth's, given all depths, both in units of the truth's spread: `bilinear` alone
has such a value for each.
"""

import argparse
import time

import numpy as np
import pandas as pd

from nascore.predictors import make_predictor
from nascore.seeds import generator
from nascore.spaces import get_space
from nascore.spaces.bilinear import BilinearForm
from nascore.spaces.block_table import BlockTable, BlockTableLookup
from nascore.spaces.staged import StagedSpace
from nascore.spaces.unfolded import Unfolded

SECONDS = 5.0
"""To reach, for each fit."""
ERROR = 0.05
"""To reach where the predictor can express the truth and nothing is noisy. Constants of global combinations are fitted
before the products, and keep a trace of them."""
N_FRESH, SPREAD, MEAN = 2000, 0.02, 0.8
"""Architectures that judge; standard deviation and mean of the accuracies."""
TRUTHS = {"additive": 0.0, "bilinear": 0.3}
"""By kind, the size of products beside that of the values of operations."""


def random_form(space: StagedSpace, products: float, rng: np.random.Generator) -> BilinearForm:
    """Return random coefficients, the same for every global combination but for a constant of its own."""
    n_globals, n_depths = len(space.global_values), sum(len(stage.depths) for stage in space.stages)
    shape = (1, space.n_blocks, space.n_ops)
    return BilinearForm(
        fixed=rng.normal(size=n_globals),
        depths=rng.normal(size=(1, n_depths)).repeat(n_globals, axis=0),
        blocks=rng.normal(size=shape).repeat(n_globals, axis=0),
        products=(products * rng.normal(size=(*shape, n_depths))).repeat(n_globals, axis=0),
    )


def differences(table: BlockTable) -> np.ndarray:
    """Return what operations of a block are worth beside the block's first: a constant may stand in any block."""
    return table.blocks - table.blocks[:, :, :1]


def fitted(name: str, space: StagedSpace, kind: str, noise: float, n_rows: int) -> dict[str, object]:
    """Fit a predictor to a truth, and return one row of the result."""
    rng, unfolded = generator(0, "benchmark", "closed form", kind), Unfolded(space)
    table = random_form(space, TRUTHS[kind], rng).table(unfolded)
    genes = space.sample(n_rows + N_FRESH, rng)
    values = BlockTableLookup(unfolded.space, [table])(unfolded.unfold(genes))[0]
    unit = values.std()
    truth = MEAN + SPREAD * (values - values.mean()) / unit
    measured = truth[:n_rows] + rng.normal(0, noise * SPREAD, n_rows)
    predictor, start = make_predictor(name, space), time.perf_counter()
    predictor.fit(genes[:n_rows], measured, seed=0)
    seconds = time.perf_counter() - start
    error = np.abs(predictor.predict(genes[n_rows:]) - truth[n_rows:]).mean() / SPREAD
    found = predictor.conditional_table()
    coefficients = np.nan
    if name == "bilinear":
        coefficients = np.abs(differences(found) * unit / SPREAD - differences(table)).max() / unit
    return {
        "space": space.name,
        "predictor": name,
        "truth": kind,
        "noise": noise,
        "seconds": round(seconds, 2),
        "error": round(error, 4),
        "coefficient error": round(coefficients, 3),
        "reached": seconds <= SECONDS and (error <= ERROR or noise > 0 or (name, kind) == ("quadratic", "bilinear")),
    }


def main() -> None:
    """Print the table; exit with 1 where a figure is not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    arguments = parser.parse_args()
    rows = [
        fitted(name, space, kind, noise, arguments.rows)
        for space in (get_space("binas"), get_space("ofa_mcunet"))
        for name in ("linear_per_global", "bilinear", "quadratic")
        for kind in TRUTHS
        for noise in (0.0, 0.1)
        if (name, kind) != ("linear_per_global", "bilinear")
    ]
    print(pd.DataFrame(rows).to_string(index=False))
    raise SystemExit(not all(row["reached"] for row in rows))


if __name__ == "__main__":
    main()
