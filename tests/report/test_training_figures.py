import numpy as np

from nascore.report.content import read_content
from nascore.report.training_figures import Phase, training_figures, training_phases, whole_training


def rows(figure, column):
    """Return the data set of a chart that has a column."""
    return next(data for data in figure.spec["datasets"].values() if column in data[0])


def test_phases_follow_one_another(supernet_files):
    curves = read_content(**supernet_files).training_curves
    table = whole_training(curves)
    assert table["images"].is_monotonic_increasing
    assert table.groupby("phase", sort=False)["images_before"].first().to_dict() == {
        "largest": 0,
        "kernel": 30_000,
        "depth": 48_000,
    }
    assert training_phases(curves)[1] == Phase("kernel", epochs=3, steps=282, images=18_000)


def test_charts(supernet_files):
    loss, accuracy = training_figures(read_content(**supernet_files).training_curves)
    assert len(rows(loss, "loss")) == 12
    points = rows(accuracy, "accuracy")
    assert sum(row["subnet"] == "largest" for row in points) == 12
    assert sum(row["subnet"] == "smallest" for row in points) == 7, "where it was measured"
    assert [row["phase"] for row in rows(accuracy, "top")] == ["largest", "kernel", "depth"]


def test_accuracies_that_were_never_measured_make_no_chart(supernet_files):
    curves = read_content(**supernet_files).training_curves
    unmeasured = [curve.assign(accuracy_largest=np.nan, accuracy_smallest=np.nan) for curve in curves]
    assert [figure.anchor for figure in training_figures(unmeasured)] == ["training-loss"]


def test_one_phase_is_not_spoken_of_as_several(supernet_files):
    curves = read_content(**supernet_files).training_curves
    assert "phase" in training_figures(curves)[0].caption
    assert not any("phase" in figure.caption for figure in training_figures(curves[:1]))
