"""Rule `gather_shards`: the measurements of all shards to the accuracy dataset."""

import common

from nascore.accuracy_dataset.gather import gather_shards
from nascore.spaces import get_space


def main(snakemake):
    """Gather and say what was in the shards."""
    files, params = snakemake.input, snakemake.params
    space = get_space(**params.space)
    report = gather_shards(
        files.architectures,
        files.shards,
        snakemake.output.dataset,
        space,
        source=params.source,
        strategy=params.strategy,
    )
    report.write(snakemake.output.report)
    print(report)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
