"""Rule `count_coverage`: rows per choice of each gene."""

import common

from nascore.accuracy_dataset.coverage import coverage
from nascore.accuracy_dataset.parquet import read_accuracy_dataset
from nascore.results.dataset import COVERAGE
from nascore.spaces import get_space


def main(snakemake):
    """Count, and name what has no row."""
    space = get_space(**snakemake.params.space)
    dataset = read_accuracy_dataset(snakemake.input.dataset, space)
    counts = coverage(space, dataset.genes)
    COVERAGE.write(snakemake.output.coverage, counts)
    print("choices without a row:", counts.loc[counts.n_rows == 0, ["gene", "value"]].to_dict("records"))


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
