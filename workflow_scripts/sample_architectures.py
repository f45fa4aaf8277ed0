"""Rule `sample_architectures`: the subnets of the accuracy dataset."""

import common

from nascore.accuracy_dataset.sampling import sample_architectures
from nascore.architectures import write_architectures
from nascore.spaces import get_space


def main(snakemake):
    """Draw and write."""
    params = snakemake.params
    space = get_space(**params.space)
    genes = sample_architectures(space, params.subnets, params.seed, params.strategy)
    write_architectures(snakemake.output.architectures, space, genes)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
