"""Rule `trace_pareto`: the exact front of predicted accuracy against one cost."""

import common

from nascore.files import write_parquet
from nascore.predictors import load_predictor
from nascore.search.pareto import pareto_table


def main(snakemake):
    """Trace one front."""
    params = snakemake.params
    space = common.searched_space(params.space, snakemake.input.coverage, params.uncovered_choices)
    front = pareto_table(space, load_predictor(snakemake.input.predictor, space), snakemake.wildcards.metric)
    write_parquet(snakemake.output.front, front)
    print(f"{len(front)} subnets on the front")


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
