"""Rule `summarize`: the report's tables as CSV."""

import common

from nascore.files import write_text
from nascore.report.tables import predictors_table, targets_table


def main(snakemake):
    """Write both tables."""
    targets = targets_table(snakemake.input.searches, snakemake.input.validations)
    write_text(snakemake.output.targets, targets.to_csv(index=False))
    write_text(snakemake.output.predictors, predictors_table(snakemake.input.metrics).to_csv(index=False))


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
