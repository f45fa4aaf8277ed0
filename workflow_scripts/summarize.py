"""Rule `summarize`: the report's tables as CSV."""

import common

from nascore.files import write_text
from nascore.report.tables import predictors_table, searches_table, targets_table


def main(snakemake):
    """Write the tables."""
    files = snakemake.input
    targets = targets_table(files.searches, files.validations, files.finetunings)
    write_text(snakemake.output.targets, targets.to_csv(index=False))
    write_text(snakemake.output.searches, searches_table(files.searches).to_csv(index=False))
    write_text(snakemake.output.predictors, predictors_table(files.metrics).to_csv(index=False))


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
