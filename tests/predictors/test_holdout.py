import numpy as np
import pytest

from nascore.predictors.holdout import inner_holdout, trusted_share


@pytest.mark.parametrize(("n", "n_held"), [(2, 1), (3, 1), (100, 20)])
def test_holdout_splits_all_rows(n, n_held):
    inner, held = inner_holdout(n, 0, "mlp_tuned")
    assert len(held) == n_held
    np.testing.assert_array_equal(np.sort(np.concatenate([inner, held])), np.arange(n))


def share_of(correction, residuals):
    return trusted_share(correction @ correction, correction @ residuals, residuals @ residuals, len(residuals))


def test_share_is_a_slope_two_standard_errors_above_0():
    correction = np.array([1.0, -1, 1, -1])
    residuals = 0.5 * correction
    rest = np.array([1.0, 1, -1, -1])  # standard error of the slope: size * sqrt(4 / 3 / 4)
    assert share_of(correction, residuals + 0.43 * rest) == pytest.approx(0.5)
    assert share_of(correction, residuals + 0.44 * rest) == 0
    assert share_of(correction, -residuals) == 0
    assert share_of(correction[:1], residuals[:1]) == 0
    assert share_of(correction, 3 * correction) == 1
    assert share_of(np.zeros(4), residuals) == 0
