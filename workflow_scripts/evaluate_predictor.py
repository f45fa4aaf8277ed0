"""Rule `evaluate_predictor`: quality of one predictor on the test rows."""

import common

from nascore.accuracy_dataset.parquet import read_accuracy_dataset
from nascore.accuracy_dataset.split import read_split
from nascore.predictors import load_predictor
from nascore.predictors.evaluate import evaluate
from nascore.results.predictors import HELDOUT, PredictorMetrics
from nascore.spaces import get_space


def main(snakemake):
    """Predict the test rows and measure."""
    space = get_space(**snakemake.params.space)
    dataset = read_accuracy_dataset(snakemake.input.dataset, space)
    parts = read_split(snakemake.input.split, dataset)
    predictor = load_predictor(snakemake.input.predictor, space)
    test = parts["test"]
    quality, heldout = evaluate(predictor, dataset.genes[test], dataset.accuracy[test])
    n_rows = {f"n_{part}": len(rows) for part, rows in parts.items()}
    PredictorMetrics(predictor=predictor.name, **n_rows, **quality).write(snakemake.output.metrics)
    HELDOUT.write(snakemake.output.heldout, heldout)
    print(quality)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
