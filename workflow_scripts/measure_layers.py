"""Rule `measure_layers`: the latency of every layer of the space on one device."""

import common
from latency_store import Store

from nascore.spaces import get_space


def main(snakemake):
    """Measure what is not measured yet."""
    table = Store(snakemake).layers(get_space(**snakemake.params.space))
    table.write(snakemake.output.layers)
    print(f"{len(table.rows)} layers")


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
