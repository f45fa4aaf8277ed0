import numpy as np
import pytest
from space_examples import BINAS_LIKE, SMALL, all_genes

from nascore.predictors.features import BlockFeatures, global_contrasts, orthonormal_polynomials


@pytest.mark.parametrize("nodes", [[5.0], [0.0, 1.0], [96.0, 112, 128, 144, 160], [1.0, 2, 10], list(range(30))])
def test_polynomials_are_orthonormal_over_their_nodes(nodes):
    nodes = np.array(nodes)
    values = orthonormal_polynomials(nodes, nodes)
    np.testing.assert_allclose(values.T @ values / len(nodes), np.eye(len(nodes)), atol=1e-8)


def test_polynomials_go_on_beyond_their_nodes():
    values = orthonormal_polynomials(np.array([0.0, 1.0]), np.array([0.0, 1.0, 2.0]))
    np.testing.assert_allclose(values, [[1, -1], [1, 1], [1, 3]])


def test_three_ranks_give_slope_and_curvature():
    ranks = np.arange(3.0)
    expected = [[-np.sqrt(1.5), np.sqrt(0.5)], [0, -np.sqrt(2)], [np.sqrt(1.5), np.sqrt(0.5)]]
    np.testing.assert_allclose(orthonormal_polynomials(ranks, ranks)[:, 1:], expected, atol=1e-12)


def test_global_contrasts_use_the_values_seen(space):
    seen = np.flatnonzero(space.global_values[:, 1] < 2)
    contrasts = global_contrasts(space, seen)
    assert contrasts.shape == (15, 10)
    np.testing.assert_allclose(contrasts[seen].T @ contrasts[seen] / 10, np.eye(10), atol=1e-12)
    np.testing.assert_array_equal(global_contrasts(BINAS_LIKE, np.array([0])), [[1.0]])


def test_blocks_that_do_not_run_have_no_features():
    genes = all_genes(SMALL)
    features = BlockFeatures(SMALL)
    main = features.main(genes)
    assert main.shape == (len(genes), 4 + 5 * 2)
    assert features.op_products.shape == (3, 0)
    executed = SMALL.executed(genes)
    np.testing.assert_array_equal(main[:, :4], executed[:, features.optional])
    blocks = main[:, 4:].reshape(len(genes), 5, 2)
    np.testing.assert_array_equal((blocks != 0).any(axis=2), executed)
    np.testing.assert_array_equal(features.main_family, [0] * 4 + [1] * 10)
    np.testing.assert_array_equal(features.main_block[4:], np.repeat(np.arange(5), 2))


def test_contrasts_and_their_products_span_all_operations():
    features = BlockFeatures(BINAS_LIKE)
    basis = np.concatenate([np.ones((12, 1)), features.op_main, features.op_products], axis=1)
    assert basis.shape == (12, 12)
    np.testing.assert_allclose(basis.T @ basis / 12, np.eye(12), atol=1e-12)
