"""Rule `estimate_contributions`: what each choice contributes, and how well that orders measured subnets."""

import common

from nascore.accuracy_dataset.parquet import read_accuracy_dataset
from nascore.files import read_parquet, write_json, write_parquet
from nascore.predictors.contributions import contribution_table, judge_contributions
from nascore.spaces import get_space


def main(snakemake):
    """Estimate, and judge on all rows: the estimate was fitted to none of them."""
    files = snakemake.input
    space = get_space(**snakemake.params.space)
    dataset = read_accuracy_dataset(files.dataset, space)
    means = read_parquet(files.means, "means of random paths").to_pandas()
    write_parquet(snakemake.output.contributions, contribution_table(space, means))
    quality = judge_contributions(space, means, dataset.genes, dataset.accuracy)
    write_json(snakemake.output.quality, quality)
    print(quality)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
