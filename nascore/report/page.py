"""The report: one HTML file that opens without a network and is the same, byte for byte, for the same content."""

from functools import lru_cache
from math import sqrt
from pathlib import Path
from typing import Any

import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from nascore.files import write_text
from nascore.report.content import ReportContent
from nascore.report.contributions import contribution_facts, contribution_figures
from nascore.report.coverage_figures import coverage_figures
from nascore.report.figures import Figure
from nascore.report.latency import ESTIMATE_LABELS, agreements, crossed, latency_verdicts
from nascore.report.latency_figures import latency_estimates
from nascore.report.measured import (
    ROLE_LABELS,
    accuracy_table,
    defects,
    finetuning_verdict,
    ranking_table,
    role_counts,
    verdict,
)
from nascore.report.measured_figures import measured_accuracies, predicted_against_measured
from nascore.report.predictor_figures import calibration, learning_curves, scatter
from nascore.report.search_figures import pareto_front, searchers
from nascore.report.summary import summary
from nascore.report.training_figures import training_figures, training_phases
from nascore.report.view import (
    STATUS_LABELS,
    TargetView,
    contradictions,
    searched_parts,
    searcher_table,
    target_views,
    uncovered,
    whole_coverage,
)
from nascore.results import labels
from nascore.spaces import StagedSpace

FOLDER = Path(__file__).parent


def write_report(path: str | Path, content: ReportContent) -> None:
    """Write the report.

    Parameters
    ----------
    path
        Where the HTML file goes.
    content
        What it is made of; see `nascore.report.content.read_content`.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    write_text(path, render(content))


def render(content: ReportContent) -> str:
    """Return the report's HTML."""
    targets = target_views(content)
    coverage = whole_coverage(content.space, content.coverage)
    return (
        _environment(content.space)
        .get_template("page.html.j2")
        .render(
            content=content,
            targets=targets,
            searcher_names=list(dict.fromkeys(result.searcher for result in content.searches)),
            summary=summary(content, targets),
            contradictions=contradictions(targets),
            defects=defects(targets),
            supernet=bool(content.checkpoints or content.images or content.training_curves),
            training=training_phases(content.training_curves),
            latency_figures={d.name: latency_estimates(i, d) for i, d in enumerate(content.latency, 1) if d.is_judged},
            latency_verdicts=latency_verdicts(content.latency),
            agreements=agreements(content.latency),
            crossed=crossed(content.latency, targets),
            contribution_facts=contribution_facts(content.contributions) if content.contributions else [],
            uncovered=uncovered(content.space, coverage),
            searched_parts=searched_parts(targets),
            standard_error=_standard_error(content),
            figures=_figures(content, targets) | {"coverage": coverage_figures(content.space, coverage)},
            style=Markup((FOLDER / "page.css").read_text(encoding="utf-8")),
            vega=Markup(_vega()),
        )
    )


def _figures(content: ReportContent, targets: list[TargetView]) -> dict[str, list[Figure]]:
    """Draw the charts of each section."""
    predictors: list[Figure] = []
    for i, metrics in enumerate(content.predictors, start=1):
        if metrics.predictor in content.heldout:
            rows = content.heldout[metrics.predictor]
            predictors.append(scatter(i, metrics.predictor, rows))
            predictors.append(calibration(i, metrics.predictor, rows, metrics.interval_level))
    mains, behind = [target.search for target in targets], searcher_table(targets)
    return {
        "predictors": predictors,
        "learning": [learning_curves(content.learning_curves)] if content.learning_curves else [],
        "pareto": [pareto_front(metric, front, mains) for metric, front in content.pareto_fronts.items()],
        "searchers": [searchers(behind)] if len(behind) else [],
        "measured": _measured_figures(targets),
        "contributions": contribution_figures(content.space, content.contributions) if content.contributions else [],
        "training": training_figures(content.training_curves) if content.training_curves else [],
    }


def _measured_figures(targets: list[TargetView]) -> list[Figure]:
    """Draw the charts of measured subnets, if any were measured."""
    ranking = ranking_table(targets)
    return [measured_accuracies(accuracy_table(targets)), predicted_against_measured(ranking)] if len(ranking) else []


def _standard_error(content: ReportContent) -> float:
    """Return the standard error of one measured accuracy at the mean: a share of `n_images` right answers."""
    mean = content.dataset.accuracy_mean
    return sqrt(mean * (1 - mean) / content.dataset.n_images)


def _environment(space: StagedSpace) -> Environment:
    """Return the template environment: everything escaped, nothing undefined."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=labels.percent,
        points=labels.points,
        correlation=labels.correlation,
        count=labels.count,
        arch=space.arch_label,
        svg=Markup,
    )
    helpers: dict[str, Any] = {
        "METRICS": labels.METRICS,
        "metric_of": labels.metric_of,
        "STATUS": STATUS_LABELS,
        "ROLES": ROLE_LABELS,
        "ESTIMATES": ESTIMATE_LABELS,
        "value_label": space.value_label,
        "role_counts": role_counts,
        "verdict": verdict,
        "finetuning_verdict": finetuning_verdict,
    }
    environment.globals.update(helpers)
    return environment


@lru_cache(maxsize=1)
def _vega() -> str:
    """Return the chart library as one script, safe inside a `<script>` element."""
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").replace("</script", "<\\/script")
