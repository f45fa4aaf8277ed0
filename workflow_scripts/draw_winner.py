"""Rule `draw_winner`: a picture of the best subnet of one target."""

import common

from nascore.files import write_text
from nascore.report.drawing import target_svg
from nascore.report.content import read_search


def main(snakemake):
    """Draw the best of all searchers."""
    write_text(snakemake.output.drawing, target_svg([read_search(path) for path in snakemake.input.searches]))


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
