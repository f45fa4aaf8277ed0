"""Rule `summarize`: the report's tables as CSV."""

import common

from nascore.report.tables import predictors_table, searches_table, targets_table
from nascore.results.summary import PREDICTORS, SEARCHES, TARGETS


def main(snakemake):
    """Write the tables."""
    files, output = snakemake.input, snakemake.output
    TARGETS.write(output.targets, targets_table(files.searches, files.validations, files.finetunings))
    SEARCHES.write(output.searches, searches_table(files.searches))
    PREDICTORS.write(output.predictors, predictors_table(files.metrics))


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
