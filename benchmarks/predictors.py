"""Accuracy predictors on the published accuracy tables: fit time, error and rank correlation.

    OMP_NUM_THREADS=1 python benchmarks/predictors.py --tables FOLDER

`FOLDER` holds the JSON tables of MIT 6.5940 lab 3. Five-fold cross-validation: each predictor is fitted to 80 % of
the rows (or to fewer of them) and tested on the rest, five times. The baseline is the published MLP, `mlp`.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from nascore.accuracy_dataset.published_tables import import_published_tables, table_files
from nascore.predictors import make_predictor
from nascore.predictors.evaluate import first_global_value, metrics
from nascore.progress import progress
from nascore.seeds import generator
from nascore.spaces import get_space

FOLDS = 5
N_IMAGES = 4029
RUNS = (
    ("mlp", None, None),
    ("linear_per_global", None, 0.00150),
    ("quadratic", None, None),
    ("mlp_tuned", None, 0.00145),
    ("linear_per_global", 4000, 0.00172),
    ("linear_per_global", 2000, 0.00180),
)
"""Predictor, number of training rows (None for all of the 80 %), and the MAE to reach."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=Path, required=True, help="folder of the published JSON tables")
    parser.add_argument("--seed", type=int, default=0, help="root seed of the folds and the fits")
    arguments = parser.parse_args()
    space = get_space("ofa_mcunet")
    tables = import_published_tables(table_files(arguments.tables), space, n_images=N_IMAGES)
    order = generator(arguments.seed, "benchmark", "folds").permutation(len(tables.genes))
    folds = np.array_split(order, FOLDS)
    rows = []
    for name, n_rows, to_reach in progress(RUNS, "predictors"):
        scores = []
        for test in folds:
            train = order[~np.isin(order, test)][:n_rows]
            start = time.perf_counter()
            predictor = make_predictor(name, space)
            predictor.fit(tables.genes[train], tables.accuracy[train], seed=arguments.seed)
            seconds = time.perf_counter() - start
            within = first_global_value(space, tables.genes[test])
            scores.append(metrics(tables.accuracy[test], predictor.predict(tables.genes[test]), within))
            scores[-1]["fit_s"] = seconds
        rows.append({"predictor": name, "rows": len(train), "to_reach": to_reach, **summary(pd.DataFrame(scores))})
    print(pd.DataFrame(rows).assign(**ratios(rows)).to_string(index=False, na_rep="-"))


def summary(scores: pd.DataFrame) -> dict[str, float]:
    """Return means over the folds, and the worst fold's error."""
    return {
        "mae": scores["mae"].mean().round(6),
        "worst_fold": scores["mae"].max().round(6),
        "rmse": scores["rmse"].mean().round(6),
        "tau": scores["kendall_tau"].mean().round(4),
        "tau_within": scores["kendall_tau_within_resolution"].mean().round(4),
        "fit_s": scores["fit_s"].median().round(2),
    }


def ratios(rows: list[dict[str, float]]) -> dict[str, list[float]]:
    """Return each run's error and fit time as a multiple of the baseline's, the first run."""
    return {f"{key}/mlp": [round(row[key] / rows[0][key], 3) for row in rows] for key in ("mae", "fit_s")}


if __name__ == "__main__":
    main()
