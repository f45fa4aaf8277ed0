"""No figure is lost to data in which there is little to see: all equal, all 0, one row, no intervals."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from nascore.report.content import read_content
from nascore.report.coverage_figures import coverage_figures
from nascore.report.latency_figures import latency_estimates
from nascore.report.measured import accuracy_table, ranking_table
from nascore.report.measured_figures import measured_accuracies, predicted_against_measured
from nascore.report.predictor_figures import calibration, learning_curves, scatter
from nascore.report.search_figures import pareto_front, searchers
from nascore.report.training_figures import training_figures
from nascore.report.view import searcher_table, target_views, whole_coverage

INTERVALS = ("lower", "upper", "accuracy_largest", "accuracy_smallest", "spearman", "kendall_tau")
"""Columns that may hold no number."""


def constant(table):
    return table.assign(**{name: table[name].iloc[0] for name in table.select_dtypes("number")})


def zero(table):
    """Return a table whose shares, errors and losses are all 0; counts and costs stay."""
    return table.assign(**dict.fromkeys(table.select_dtypes("float"), 0.0))


def one_row(table):
    return table.iloc[:1]


def without_intervals(table):
    return table.assign(**dict.fromkeys(set(INTERVALS) & set(table), np.nan))


@pytest.fixture
def tables(files, supernet_files):
    """Return the table behind each figure, and what draws it."""
    content, measured = read_content(**files), read_content(**supernet_files)
    targets, validated = target_views(content), target_views(measured)
    (heldout,), (curve,) = content.heldout.values(), content.learning_curves.values()
    metric, front = next(iter(content.pareto_fronts.items()))
    networks = pd.DataFrame({"arch_id": list("abc"), "resolution": 96, "measured_ms": [1.0, 2, 4], "macs": [1.0, 2, 3]})

    def latency(table):
        quality = pd.DataFrame({"mape": {"macs": 0.0, "corrected_sum": 0.0}})
        return latency_estimates(1, SimpleNamespace(name="board", heldout=table, quality=quality))

    return {
        "scatter": (heldout, lambda table: scatter(1, "additive", table)),
        "calibration": (heldout, lambda table: calibration(1, "additive", table, 0.9)),
        "learning": (curve, lambda table: learning_curves({"additive": table})),
        "front": (front, lambda table: pareto_front(metric, table, [target.search for target in targets])),
        "searchers": (searcher_table(targets), searchers),
        "measured": (accuracy_table(validated), measured_accuracies),
        "ranking": (ranking_table(validated), predicted_against_measured),
        "training": (measured.training_curves[0], lambda table: training_figures([table])),
        "coverage": (
            content.coverage,
            lambda table: coverage_figures(content.space, whole_coverage(content.space, table)),
        ),
        "latency": (networks.assign(corrected_sum=networks["macs"]), latency),
    }


@pytest.mark.parametrize("change", [constant, zero, one_row, without_intervals])
def test_every_figure_is_drawn(tables, change):
    for name, (table, draw) in tables.items():
        drawn = draw(change(table))
        for figure in drawn if isinstance(drawn, list) else [drawn]:
            # A number that is none would end the page's script.
            json.dumps(figure.spec, allow_nan=False)
            assert all(low < high for low, high in domains(figure.spec)), name


def domains(spec):
    """Yield the ranges of all axes."""
    if isinstance(spec, dict):
        domain = spec.get("domain")
        if isinstance(domain, list) and len(domain) == 2 and all(isinstance(end, int | float) for end in domain):
            yield domain
        spec = list(spec.values())
    if isinstance(spec, list):
        for part in spec:
            yield from domains(part)


def test_an_error_of_0_has_an_axis_that_is_not_logarithmic(tables):
    table, draw = tables["learning"]
    figure = draw(zero(table))
    assert "type" not in figure.spec["encoding"]["y"]["scale"] and "the axis of rows is logarithmic" in figure.caption
