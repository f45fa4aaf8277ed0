"""Rule `draw_winner`: a picture of the best subnet of one target."""

import common

from nascore.files import write_text
from nascore.report.view import TargetView
from nascore.results.search import SearchResult


def main(snakemake):
    """Draw the best of all searchers, or what comes closest to the limits."""
    results = tuple(map(SearchResult.read, snakemake.input.searches))
    view = TargetView(1, results, results[0].space.whole())
    write_text(snakemake.output.drawing, view.picture)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
