import json

import numpy as np
import pandas as pd
import pytest

from nascore.report.content import read_content
from nascore.report.coverage_figures import coverage_figures
from nascore.report.figures import log_ticks, thin
from nascore.report.point_labels import place_labels
from nascore.report.predictor_figures import calibration, learning_curves, scatter
from nascore.report.search_figures import pareto_front
from nascore.report.view import uncovered, whole_coverage


def rows(figure, column):
    """Return the data set of a chart that has a column."""
    return next(data for data in figure.spec["datasets"].values() if column in data[0])


@pytest.mark.parametrize("n", [1, 2, 599, 600, 601, 50_000])
def test_thinning_keeps_the_ends(n):
    table = pd.DataFrame({"x": np.arange(n)})
    kept = thin(table, 600)["x"]
    assert len(kept) == min(n, 600)
    assert kept.iloc[0] == 0 and kept.iloc[-1] == n - 1
    assert kept.is_unique


def test_a_long_front_is_thinned_and_says_so(files):
    content = read_content(**files)
    figure = pareto_front("peak_memory_bytes", content.pareto_fronts["peak_memory_bytes"], content.searches[:1])
    line = rows(figure, "resolution")
    assert len(line) == 600
    assert (line[0]["cost"], line[-1]["cost"]) == (72.0, round((73728 + 99_900) / 1024, 6))
    assert "600 of its 1,000" in figure.caption
    assert rows(figure, "limit") == [{"target": "easy", "limit": 64.0, "failed": ""}]


@pytest.mark.slow
def test_scatter_shows_at_most_2000_rows_and_says_so(files):
    heldout = read_content(**files).heldout["additive"]
    figure = scatter(1, "additive", heldout)
    assert len(rows(figure, "measured")) == 2000
    assert "2,000 of 3,000" in figure.caption
    shuffled = heldout.sample(frac=1, random_state=0)
    assert scatter(1, "additive", shuffled).spec == figure.spec, "the order of the file does not matter"


def test_calibration_bins_hold_every_row(files):
    table = rows(calibration(1, "additive", read_content(**files).heldout["additive"], 0.9), "n_rows")
    assert [row["n_rows"] for row in table] == [200] * 15
    assert all(row["lower"] < row["predicted"] < row["upper"] for row in table)


def test_learning_curve_is_in_points_on_logarithmic_axes(files):
    figure = learning_curves(read_content(**files).learning_curves)
    assert [row["mae"] for row in rows(figure, "mae")] == [1.0, 0.2]
    assert [figure.spec["encoding"][axis]["scale"]["type"] for axis in "xy"] == ["log", "log"]


def test_choices_without_rows_are_found_even_when_not_listed(space):
    coverage = whole_coverage(space, pd.DataFrame({"gene": ["width", "width"], "value": [0, 1], "n_rows": [5, 6]}))
    assert coverage[coverage["gene"] == "width"]["n_rows"].tolist() == [5, 6, 0]
    assert "width: ×1" in uncovered(space, coverage)
    blocks, others = coverage_figures(space, coverage)
    assert len(rows(blocks, "n_rows")) == 20 * 6
    assert "×1: 0" in [row["text"] for row in rows(others, "n_rows")]


def test_charts_carry_no_address(files):
    figure = learning_curves(read_content(**files).learning_curves)
    assert "http" not in json.dumps(figure.spec)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.15, 2.1, [0.2, 0.5, 1.0, 2.0]),
        (0.21, 0.52, [0.3, 0.4, 0.5]),
        (0.13, 0.28, [0.15, 0.2, 0.25]),
        (9, 250, [10, 20, 50, 100, 200]),
    ],
)
def test_log_ticks_are_round(low, high, ticks):
    assert log_ticks(low, high) == ticks


def test_labels_cover_neither_each_other_nor_a_point():
    points = [(x / 10, 90 + (x % 3) / 100, f"target{x}", f"target{x}") for x in range(12)]
    table = place_labels(points, x_domain=(-1, 3), y_domain=(88, 92), width=900, height=400)
    assert table["text"].tolist() == [text for *_, text in points]
    left = (table["text_x"] + 1) * 900 / 4
    middle = (92 - table["text_y"]) * 100
    assert left.between(0, 900).all() and middle.between(0, 400).all()
    for i in range(12):
        for j in range(i):
            assert abs(middle[i] - middle[j]) >= 13.9 or abs(left[i] - left[j]) >= len("target0") * 7.5
