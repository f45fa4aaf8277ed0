"""Accuracy predictors on the published accuracy tables: fit time, error and rank correlation.

    python benchmarks/predictors.py --tables FOLDER

`FOLDER` holds the JSON files of `[architecture, top-1 %]` pairs of MIT 6.5940 lab 3. Trains on a seeded 80 % of the
rows and tests on the rest. The baseline is the published MLP, `mlp`.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd

from nascore.predictors import make_predictor
from nascore.predictors.evaluate import first_global_value, metrics, split_rows
from nascore.spaces import get_space

RUNS = (
    ("mlp", None, None),
    ("linear_per_global", None, 0.00150),
    ("quadratic", None, 0.00150),
    ("mlp_tuned", None, 0.00145),
    ("linear_per_global", 4000, 0.00172),
    ("linear_per_global", 2000, 0.00180),
)
"""Predictor, number of training rows (None for all of the 80 %), and the MAE to reach."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=Path, required=True, help="folder of the published JSON tables")
    parser.add_argument("--seed", type=int, default=0, help="root seed of the split and the fits")
    arguments = parser.parse_args()
    pairs = [pair for path in sorted(arguments.tables.glob("*.json")) for pair in json.loads(path.read_text())]
    if not pairs:
        parser.error(f"no JSON files in {arguments.tables}")
    print(benchmark(pairs, arguments.seed).to_string(index=False, na_rep="-"))


def benchmark(pairs: list[tuple[dict[str, object], float]], seed: int) -> pd.DataFrame:
    """Return one row per run, with the ratios of its fit time and error to the baseline's."""
    space = get_space("ofa_mcunet")
    genes = space.from_dicts([architecture for architecture, _ in pairs])
    accuracy = np.array([percent for _, percent in pairs]) / 100
    parts = split_rows(space.arch_id(genes), seed, {"train": 0.8, "calibration": 0.0, "test": 0.2})
    train, test = np.flatnonzero(parts == "train"), np.flatnonzero(parts == "test")
    train = np.random.default_rng(seed).permutation(train)
    rows = []
    for name, n_rows, mae_to_reach in RUNS:
        part = train[:n_rows]
        start = time.perf_counter()
        predictor = make_predictor(name, space).fit(genes[part], accuracy[part], seed=seed)
        seconds = time.perf_counter() - start
        found = metrics(accuracy[test], predictor.predict(genes[test]), first_global_value(space, genes[test]))
        rows.append(
            {
                "predictor": name,
                "rows": len(part),
                "fit_s": round(seconds, 2),
                "mae": round(found["mae"], 6),
                "mae_to_reach": mae_to_reach,
                "rmse": round(found["rmse"], 6),
                "tau": round(found["kendall_tau"], 4),
                "tau_within": round(found["kendall_tau_within_resolution"], 4),
                "fit_s/mlp": round(seconds / rows[0]["fit_s"], 3) if rows else 1.0,
                "mae/mlp": round(found["mae"] / rows[0]["mae"], 3) if rows else 1.0,
            }
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main()
