"""Rule `validate_target`: the best of one target's contenders on the test split."""

from pathlib import Path

import common
from measuring import measurer

from nascore.architectures import read_architectures
from nascore.evaluation.validation import validate_target
from nascore.results.search import SearchResult
from nascore.results.validation import RANKING
from nascore.spaces import get_space


def main(snakemake):
    """Test, and save the winner."""
    files, output = snakemake.input, snakemake.output
    ranking, genes = read_architectures(files.ranking, get_space(**snakemake.params.space))
    ranking, search = RANKING.checked(ranking, files.ranking), SearchResult.read(files.search)
    result = validate_target(measurer(snakemake), search, ranking, genes, Path(output.weights))
    result.write(output.validation)
    print(result.message)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
