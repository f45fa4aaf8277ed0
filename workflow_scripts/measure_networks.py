"""Rule `measure_networks`: the latency of random networks on one device."""

import common
from latency_store import Store

from nascore.evaluation.latency import sample_networks
from nascore.spaces import get_space


def main(snakemake):
    """Measure what is not measured yet."""
    params = snakemake.params
    space = get_space(**params.space)
    networks = Store(snakemake).networks(space, sample_networks(space, params.n_networks, seed=params.seed))
    networks.write(snakemake.output.networks)
    print(f"{len(networks.genes)} networks")


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
