from math import inf

import numpy as np
import pytest

from nascore.predictors import conformal


@pytest.mark.parametrize(
    ("n", "level", "expected"),
    [
        (9, 0.9, 9),  # ceil(10 * 0.9) = 9th smallest of 9
        (10, 0.9, 10),  # ceil(11 * 0.9) = 10
        (8, 0.9, inf),  # ceil(9 * 0.9) = 9 of 8
        (99, 0.95, 95),
        (99, 0.07, 7),  # 100 * 0.07 is 7.000000000000001
        (1, 0.5, 1),
    ],
)
def test_quantile_has_the_finite_sample_correction(n, level, expected, rng):
    assert conformal.quantile(rng.permutation(np.arange(1.0, n + 1)), level) == expected


def test_groups_with_few_rows_borrow(space, rng):
    """Combination (96, 0) has its own rows; (96, 1) borrows from 96 px; (160, 0) from all."""
    genes = space.sample(201, rng)
    genes[:, 0], genes[:, 1] = 0, 0
    genes[150:200, 1] = 1
    genes[200, 0] = 4
    residuals = np.concatenate([np.full(150, 1.0), np.full(50, 2.0), [3.0]])
    widths = conformal.half_widths(space, genes, residuals, [0.5, 0.9, 0.999])
    assert widths.shape == (3, 15)
    np.testing.assert_array_equal(widths[:, 0], [1, 1, inf])
    np.testing.assert_array_equal(widths[:, 1], [1, 2, inf])
    np.testing.assert_array_equal(widths[:, 2], [1, 2, inf])
    np.testing.assert_array_equal(widths[:2, 12], [1, 2])
