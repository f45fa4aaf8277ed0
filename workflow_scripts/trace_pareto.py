"""Rule `trace_pareto`: the exact front of predicted accuracy against one cost."""

import common
from searching import searched_space

from nascore.predictors import load_predictor
from nascore.results.search import pareto_schema
from nascore.search.pareto import pareto_table


def main(snakemake):
    """Trace one front."""
    params = snakemake.params
    space = searched_space(params.space, snakemake.input.coverage, params.uncovered_choices)
    metric = snakemake.wildcards.metric
    front = pareto_table(space, load_predictor(snakemake.input.predictor, space), metric)
    pareto_schema(metric).write(snakemake.output.front, front)
    print(f"{len(front)} subnets on the front")


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
