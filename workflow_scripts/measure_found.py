"""Rule `measure_found`: the latency of what all searches found, on one device."""

import common
import numpy as np
import pandas as pd
from latency_store import Store
from searching import searched_space

from nascore.efficiency.latency_quality import table_sum
from nascore.efficiency.latency_table import read_latency_table
from nascore.results.latency import FOUND
from nascore.results.search import SearchResult
from nascore.results.validation import Validation


def main(snakemake):
    """Look every subnet up in the table; measure it where the device is this machine."""
    files, params = snakemake.input, snakemake.params
    space = searched_space(params.space, files.coverage, params.uncovered_choices)
    searches = map(SearchResult.read, files.searches)
    found = {subnet.arch_id: subnet.arch for result in searches for subnet in result.subnets[:1]}
    for path in files.validations:
        found |= {c.arch_id: c.arch for c in Validation.read(path).tested.values()}
    genes = space.from_dicts([found[arch_id] for arch_id in sorted(found)])
    measured = {"measured_ms": np.full(len(genes), np.nan), "spread_ms": np.full(len(genes), np.nan)}
    if params.options["backend"] and len(genes):
        times = Store(snakemake).networks(space.unrestricted(), genes).times
        measured = {"measured_ms": times["median_ms"], "spread_ms": times["spread_ms"]}
    predicted = table_sum(space, read_latency_table(files.table), genes)
    table = pd.DataFrame({"arch_id": sorted(found), "predicted_ms": predicted, **measured})
    FOUND.write(snakemake.output.found, table)
    print(table.to_string(index=False))


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
