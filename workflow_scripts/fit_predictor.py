"""Rule `fit_predictor`: one fitted and calibrated predictor."""

import common

from nascore.accuracy_dataset.parquet import read_accuracy_dataset
from nascore.accuracy_dataset.split import read_split
from nascore.predictors import make_predictor
from nascore.spaces import get_space


def main(snakemake):
    """Fit to the training rows, calibrate on the calibration rows, save."""
    params = snakemake.params
    space = get_space(**params.space)
    dataset = read_accuracy_dataset(snakemake.input.dataset, space)
    parts = read_split(snakemake.input.split, dataset)
    predictor = make_predictor(snakemake.wildcards.predictor, space, **params.options)
    train, calibration = parts["train"], parts["calibration"]
    predictor.fit(dataset.genes[train], dataset.accuracy[train], seed=params.seed)
    predictor.calibrate(dataset.genes[calibration], dataset.accuracy[calibration])
    predictor.save(snakemake.output.predictor)
    print(predictor.fit_facts)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
