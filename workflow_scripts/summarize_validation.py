"""Rule `summarize_validation`: what was measured of each target, as CSV."""

import common

from nascore.report.tables import validation_table
from nascore.results.summary import VALIDATED


def main(snakemake):
    """Write the table."""
    files = snakemake.input
    table = validation_table(files.searches, files.validations, files.finetunings)
    VALIDATED.write(snakemake.output.validation, table)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
