"""Rule `estimate_contributions`: what each choice contributes, and how well that orders measured subnets."""

import common

from nascore.accuracy_dataset.parquet import read_accuracy_dataset
from nascore.predictors.contributions import contribution_table, judge_contributions
from nascore.results.contributions import CONTRIBUTIONS, MEANS
from nascore.spaces import get_space


def main(snakemake):
    """Estimate, and judge on all rows: the estimate was fitted to none of them."""
    files = snakemake.input
    space = get_space(**snakemake.params.space)
    dataset = read_accuracy_dataset(files.dataset, space)
    means = MEANS.read(files.means)
    CONTRIBUTIONS.write(snakemake.output.contributions, contribution_table(space, means))
    quality = judge_contributions(space, means, dataset.genes, dataset.accuracy)
    quality.write(snakemake.output.quality)
    print(quality)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
