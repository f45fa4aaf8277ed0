import numpy as np

from nascore.predictors import evidence


def problem(rng, n, weights, noise):
    columns = np.concatenate([np.ones((n, 1)), rng.normal(size=(n, len(weights)))], axis=1)
    target = columns[:, 1:] @ weights + rng.normal(0, noise, n)
    target = (target - target.mean()) / target.std()
    return columns, target


def fit(columns, target, group):
    return evidence.fit(columns.T @ columns, columns.T @ target, float(target @ target), len(target), group)


def test_relevant_groups_stay_and_others_shrink(rng):
    weights = np.r_[rng.normal(size=10), np.zeros(10)]
    columns, target = problem(rng, 2000, weights, noise=1.0)
    posterior = fit(columns, target, np.repeat([0, 1, 2], [1, 10, 10]))
    scale = np.sqrt(weights @ weights + 1)
    np.testing.assert_allclose(posterior.weights[1:11], weights[:10] / scale, atol=0.05)
    assert np.abs(posterior.weights[11:]).max() < 0.01
    np.testing.assert_allclose(posterior.noise_variance, 1 / scale**2, rtol=0.1)
    assert 9 < posterior.n_determined < 16


def test_weights_solve_the_ridge_equations_of_a_fixed_point(rng):
    """At the optimum, gamma = precision * squared weights (MacKay 1992, eq. 4.9)."""
    columns, target = problem(rng, 500, rng.normal(size=5), noise=2.0)
    posterior = fit(columns, target, np.repeat([0, 1], [1, 5]))
    gamma = posterior.n_determined - 1
    precision = gamma / (posterior.weights[1:] @ posterior.weights[1:])
    system = columns.T @ columns / posterior.noise_variance + np.diag(np.r_[0, np.full(5, precision)])
    expected = np.linalg.solve(system, columns.T @ target / posterior.noise_variance)
    np.testing.assert_allclose(posterior.weights, expected, atol=1e-4)


def test_more_columns_than_rows(rng):
    columns, target = problem(rng, 5, rng.normal(size=40), noise=0.1)
    posterior = fit(columns, target, np.repeat([0, 1], [1, 40]))
    assert np.isfinite(posterior.weights).all()
    assert posterior.n_determined <= 5.001
