"""Rule `choose_contenders`: what the final validation of one target measures."""

import common
from searching import searched_space

from nascore.architectures import write_architectures
from nascore.efficiency.latency_table import latencies_by_device
from nascore.predictors import load_predictor
from nascore.results.search import SearchResult
from nascore.results.validation import CONTENDERS
from nascore.search.contenders import contenders
from nascore.search.targets import parse_target


def main(snakemake):
    """List the contenders of one target."""
    files, params = snakemake.input, snakemake.params
    space = searched_space(params.space, files.coverage, params.uncovered_choices)
    latencies = latencies_by_device(files.latency, space)
    genes, columns = contenders(
        space,
        parse_target(snakemake.wildcards.target, params.target, space, measured_devices=list(latencies)),
        load_predictor(files.predictor, space),
        SearchResult.read(files.search),
        top_k=params.top_k,
        seed=params.seed,
        latencies=latencies,
    )
    path = snakemake.output.contenders
    write_architectures(path, space, genes, CONTENDERS.checked(columns, path))
    print(columns["role"].value_counts().to_dict())


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
