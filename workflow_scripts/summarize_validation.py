"""Rule `summarize_validation`: what was measured of each target, as CSV."""

import common

from nascore.files import write_text
from nascore.report.tables import validation_table


def main(snakemake):
    """Write the table."""
    files = snakemake.input
    table = validation_table(files.searches, files.validations, files.finetunings)
    write_text(snakemake.output.validation, table.to_csv(index=False))


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
