"""Rule `measure_bundles`: how long one inference with every bundle's models takes on this machine."""

from pathlib import Path

import common

from nascore.deploy.latency import measure_latency
from nascore.results.bundle import LATENCY


def main(snakemake):
    """Time all models side by side."""
    bundles = dict(zip(snakemake.params.order, map(Path, snakemake.input.bundles), strict=True))
    latency = measure_latency(bundles)
    LATENCY.write(snakemake.output.latency, latency)
    print(latency.to_string(index=False))


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
