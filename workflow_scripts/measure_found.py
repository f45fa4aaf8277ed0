"""Rule `measure_found`: the latency of what all searches found, on one device."""

import common
import numpy as np
import pandas as pd
from latency_store import Store

from nascore.efficiency.latency_quality import table_sum
from nascore.efficiency.latency_table import read_latency_table
from nascore.files import read_json, write_text


def main(snakemake):
    """Look every subnet up in the table; measure it where the device is this machine."""
    files, params = snakemake.input, snakemake.params
    space = common.searched_space(params.space, files.coverage, params.uncovered_choices)
    found = {subnet["arch_id"]: subnet["arch"] for path in files.searches for subnet in read_json(path)["subnets"][:1]}
    for path in files.validations:
        found |= {c["arch_id"]: c["arch"] for c in read_json(path)["contenders"] if c["test_accuracy"] is not None}
    genes = space.from_dicts([found[arch_id] for arch_id in sorted(found)])
    measured = {"measured_ms": np.full(len(genes), np.nan), "spread_ms": np.full(len(genes), np.nan)}
    if params.options["backend"] and len(genes):
        times = Store(snakemake).networks(space.unrestricted(), genes).times
        measured = {"measured_ms": times["median_ms"], "spread_ms": times["spread_ms"]}
    predicted = table_sum(space, read_latency_table(files.table), genes)
    table = pd.DataFrame({"arch_id": sorted(found), "predicted_ms": predicted, **measured})
    write_text(snakemake.output.found, table.to_csv(index=False))
    print(table.to_string(index=False))


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
