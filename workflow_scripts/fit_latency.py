"""Rule `fit_latency`: the corrected latency table of one device, and how good it is."""

import common

from nascore.architectures import architecture_columns
from nascore.efficiency.latency_judgement import compare
from nascore.efficiency.latency_quality import correct, estimates
from nascore.efficiency.latency_table import read_latency_table
from nascore.latency_files import NetworkLatencies
from nascore.results.latency import HELDOUT, QUALITY
from nascore.spaces import get_space


def main(snakemake):
    """Fit and judge; a table that comes without networks is taken as it is."""
    output, params, name = snakemake.output, snakemake.params, snakemake.wildcards.measured_device
    # Tables that were measured elsewhere are files of the user's, which are no inputs of the rule.
    given = snakemake.config["latency"]["devices"][name]
    layers = given.get("table") or snakemake.input.layers
    measured = given.get("networks") or snakemake.input.networks
    space = get_space(**params.space)
    table = read_latency_table(layers, device=name)
    heldout = HELDOUT.empty()
    quality = compare([], heldout[[]])
    if measured:
        fitted, judged = NetworkLatencies.read(measured, space).split(params.fit, params.heldout)
        estimated = estimates(table, fitted, judged, seed=params.seed)
        quality = compare(judged.median_ms, estimated)
        times = judged.times.rename(columns={"median_ms": "measured_ms"})
        heldout = architecture_columns(space, judged.genes).join(times).join(estimated)[list(HELDOUT.columns)]
        table = correct(table, fitted)
    table.write(output.table)
    HELDOUT.write(output.heldout, heldout)
    QUALITY.write(output.quality, quality)
    print(quality.to_string(index=False))


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
