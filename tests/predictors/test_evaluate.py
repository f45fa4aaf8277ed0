import json

import numpy as np
import pytest
from messages import facts
from space_examples import BINAS_LIKE, SMALL

from nascore.errors import PredictorError
from nascore.predictors.evaluate import calibration_curve, evaluate, first_global_value, learning_curve, metrics
from nascore.predictors.linear import LinearPerGlobal


def test_metrics_by_hand():
    measured = [0.1, 0.2, 0.3, 0.5, 0.6, 0.7]
    predicted = [0.1, 0.3, 0.2, 0.5, 0.6, 0.8]
    within = [96, 96, 96, 160, 160, 160]
    found = metrics(measured, predicted, within, lower=[0.0] * 6, upper=[0.65] * 6, level=0.9)
    assert found == {
        "n_rows": 6,
        "mae": pytest.approx(0.05),
        "rmse": pytest.approx(np.sqrt(0.03 / 6)),
        "kendall_tau": pytest.approx(13 / 15),
        "kendall_tau_within_resolution": pytest.approx(2 / 3),
        "kendall_tau_by_resolution": {"96": pytest.approx(1 / 3), "160": pytest.approx(1)},
        "spearman": pytest.approx(1 - 6 * 2 / (6 * 35)),
        "interval_level": 0.9,
        "interval_coverage": pytest.approx(5 / 6),
        "interval_mean_width": pytest.approx(0.65),
    }


def test_metrics_that_are_not_defined_are_null():
    found = metrics([0.5], [0.5], [96])
    assert json.loads(json.dumps(found, allow_nan=False)) == {
        "n_rows": 1, "mae": 0, "rmse": 0, "kendall_tau": None, "kendall_tau_within_resolution": None,
        "kendall_tau_by_resolution": {"96": None}, "spearman": None,
        "interval_level": None, "interval_coverage": None, "interval_mean_width": None,
    }  # fmt: skip


def test_metrics_refuse_columns_that_do_not_match():
    with pytest.raises(PredictorError, match=facts("measured (2,)", "predicted (1,)", "within (2,)")):
        metrics([0.1, 0.2], [0.1], [96, 96])
    with pytest.raises(PredictorError, match=facts("measured (0,)", "predicted (0,)", "within (0,)", 1)):
        metrics([], [], [])
    with pytest.raises(PredictorError, match=facts("intervals", "(1,)", "(2,)")):
        metrics([0.1, 0.2], [0.1, 0.2], [96, 96], lower=[0], upper=[1, 1], level=0.9)


def test_held_out_rows_are_predicted_and_judged(make_world):
    world = make_world(SMALL, 300)
    fitted = LinearPerGlobal(SMALL).fit(world.genes[:200], world.measured[:200], seed=0)
    fitted.calibrate(world.genes[200:250], world.measured[200:250])
    genes, measured = world.genes[250:], world.measured[250:]
    quality, heldout = evaluate(fitted, genes, measured, level=0.8)
    lower, upper = fitted.interval(genes, 0.8)
    assert list(heldout) == ["arch_id", *SMALL.global_columns(genes), "measured", "predicted", "lower", "upper"]
    assert heldout["arch_id"].tolist() == list(SMALL.arch_id(genes))
    for name, expected in {
        "measured": measured,
        "predicted": fitted.predict(genes),
        "lower": lower,
        "upper": upper,
    }.items():
        np.testing.assert_array_equal(heldout[name], expected)
    within = first_global_value(SMALL, genes)
    assert quality == {
        **metrics(measured, fitted.predict(genes), within, lower=lower, upper=upper, level=0.8),
        "is_additive": True,
    }


def test_first_global_value(space, rng):
    genes = space.sample(20, rng)
    assert set(first_global_value(space, genes)) <= {96, 112, 128, 144, 160}
    assert (first_global_value(BINAS_LIKE, BINAS_LIKE.sample(3, rng)) == 0).all()


def test_calibration_curve_has_bins_of_equally_many_rows():
    curve = calibration_curve([0.1, 0.3, 0.9, 0.7], [0.2, 0.1, 0.8, 0.9], n_bins=2)
    np.testing.assert_array_equal(curve["n_rows"], [2, 2])
    np.testing.assert_allclose(curve["predicted"], [0.15, 0.85])
    np.testing.assert_allclose(curve["measured"], [0.2, 0.8])
    np.testing.assert_allclose(curve["standard_error"], [0.1, 0.1])
    assert len(calibration_curve([0.1, 0.2], [0.1, 0.2])) == 2


def test_learning_curve_falls_and_its_parts_are_nested(make_world):
    world = make_world(SMALL, 3000)
    rows = np.arange(3000)
    seen = []

    class Recording(LinearPerGlobal):
        def fit(self, genes, accuracy, *, seed):
            seen.append(genes)
            return super().fit(genes, accuracy, seed=seed)

    curve = learning_curve(
        lambda: Recording(SMALL), world.genes, world.measured, rows[:2000], rows[2000:], [20, 100, 1000], 0
    )
    assert list(curve) == ["n_rows", "mae", "rmse", "kendall_tau", "kendall_tau_within_resolution"]
    assert list(curve["n_rows"]) == [20, 100, 1000]
    assert curve["mae"].is_monotonic_decreasing
    np.testing.assert_array_equal(seen[1][:20], seen[0])
    with pytest.raises(PredictorError, match=facts("learning curve", 2001, 2, 2000)):
        learning_curve(lambda: Recording(SMALL), world.genes, world.measured, rows[:2000], rows[2000:], [2001], 0)
