"""Rule `write_report`: everything as one page."""

from pathlib import Path

import common

from nascore.report.content import read_content
from nascore.report.page import write_report


def main(snakemake):
    """Read the run's files and write the page."""
    files, params = snakemake.input, snakemake.params
    content = read_content(
        searches=files.searches,
        predictors=files.metrics,
        heldout=dict(zip(params.predictors, files.heldout, strict=True)),
        learning_curves=dict(zip(params.predictors, files.curves, strict=True)),
        pareto_fronts=dict(zip(params.metrics, files.fronts, strict=True)),
        coverage=files.coverage,
        dataset=files.dataset,
        validations=files.validations,
        finetunings=files.finetunings,
        training_curves=files.training_curves,
        images=files.images or None,
        bundles=files.bundles,
        folder=Path(snakemake.output.page).parent,
        contributions=files.contributions or None,
        latency=[
            {"table": table, "quality": quality, "heldout": heldout, "found": found}
            for table, quality, heldout, found in zip(
                files.latency_tables, files.latency_quality, files.latency_heldout, files.latency_found, strict=True
            )
        ],
    )
    write_report(snakemake.output.page, content)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
