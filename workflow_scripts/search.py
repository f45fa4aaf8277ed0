"""Rule `search`: the best subnets of one target, or the proof that there is none."""

import common
from pydantic import TypeAdapter
from searching import searched_space

from nascore.efficiency.latency_table import latencies_by_device
from nascore.predictors import load_predictor
from nascore.search.options import Searcher
from nascore.search.run import run_search
from nascore.search.targets import parse_target


def main(snakemake):
    """Search one target with one searcher."""
    params, wildcards = snakemake.params, snakemake.wildcards
    space = searched_space(params.space, snakemake.input.coverage, params.uncovered_choices)
    latencies = latencies_by_device(snakemake.input.latency, space)
    result = run_search(
        space,
        parse_target(wildcards.target, params.target, space, measured_devices=list(latencies)),
        load_predictor(snakemake.input.predictor, space),
        TypeAdapter(Searcher).validate_python(params.options),
        searcher=wildcards.searcher,
        top_k=params.top_k,
        seed=params.seed,
        latencies=latencies,
    )
    result.write(snakemake.output.result)
    print(result.message)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
