"""Rule `measure_learning_curve`: error of one predictor against the rows that it is fitted to."""

import common
import pandas as pd

from nascore.accuracy_dataset.parquet import read_accuracy_dataset
from nascore.accuracy_dataset.split import read_split
from nascore.predictors import make_predictor
from nascore.predictors.evaluate import learning_curve
from nascore.results.predictors import LEARNING_CURVE, PredictorMetrics
from nascore.spaces import get_space


def main(snakemake):
    """Fit to growing numbers of training rows."""
    params = snakemake.params
    space = get_space(**params.space)
    dataset = read_accuracy_dataset(snakemake.input.dataset, space)
    parts = read_split(snakemake.input.split, dataset)
    sizes = [n for n in params.rows if n < len(parts["train"])]
    curve = learning_curve(
        lambda: make_predictor(snakemake.wildcards.predictor, space, **params.options),
        dataset.genes,
        dataset.accuracy,
        parts["train"],
        parts["test"],
        sizes,
        seed=params.seed,
    )
    # With all training rows it is the run's own predictor, which is measured already.
    whole = PredictorMetrics.read(snakemake.input.metrics)
    last = pd.DataFrame([{**whole.model_dump(), "n_rows": whole.n_train}], columns=curve.columns)
    curve = pd.concat([curve, last] if sizes else [last], ignore_index=True)
    LEARNING_CURVE.write(snakemake.output.curve, curve)
    print(curve.to_string())


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
