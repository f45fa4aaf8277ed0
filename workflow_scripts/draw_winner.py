"""Rule `draw_winner`: a picture of the winner of one target."""

import common

from nascore.files import write_text
from nascore.report.view import TargetView
from nascore.results.finetuning import Finetuning
from nascore.results.outcome import Outcome
from nascore.results.search import SearchResult
from nascore.results.validation import Validation


def main(snakemake):
    """Draw the winner, or what comes closest to the limits."""
    measured = ((Validation, snakemake.input.validation), (Finetuning, snakemake.input.finetuning))
    results = tuple(map(SearchResult.read, snakemake.input.searches))
    validation, finetuning = (kind.read(files[0]) if files else None for kind, files in measured)
    view = TargetView(1, Outcome(results, validation, finetuning), results[0].space.whole())
    write_text(snakemake.output.drawing, view.picture)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
