import numpy as np
import pytest
from space_examples import BINAS_LIKE, SMALL

from nascore.predictors.linear import LinearPerGlobal
from nascore.predictors.quadratic import Quadratic


def test_products_across_blocks_are_found(make_world):
    world = make_world(SMALL, 2000, noise=0.0005, curved=50.0)
    train, test = slice(0, 1000), slice(1000, None)
    errors = [
        np.abs(
            kind(SMALL).fit(world.genes[train], world.measured[train], seed=0).predict(world.genes[test])
            - world.truth[test]
        ).mean()
        for kind in (LinearPerGlobal, Quadratic)
    ]
    assert errors[1] < 0.8 * errors[0]


def test_prediction_is_the_quadratic_form_of_the_documentation(make_world):
    world = make_world(SMALL, 600, noise=0.0005, curved=50.0)
    predictor = Quadratic(SMALL).fit(world.genes, world.measured, seed=0)
    arrays = predictor._arrays()
    features = predictor._features.main(world.genes) - arrays["products.centre"]
    expected = [row @ arrays["products.matrix"] @ row for row in features] + arrays["products.constant"]
    additive = LinearPerGlobal(SMALL).fit(world.genes, world.measured, seed=0).predict(world.genes)
    np.testing.assert_allclose(predictor.predict(world.genes), additive + expected)
    block = predictor._features.main_block
    assert (arrays["products.matrix"][block[:, None] == block] == 0).all()
    assert not predictor.is_additive


@pytest.mark.slow
@pytest.mark.parametrize("example", [SMALL, BINAS_LIKE], ids=lambda s: s.name)
def test_an_additive_truth_is_not_spoilt(example, make_world):
    world = make_world(example, 1500)
    train, test = slice(0, 500), slice(500, None)
    errors = [
        np.abs(
            kind(example).fit(world.genes[train], world.measured[train], seed=0).predict(world.genes[test])
            - world.truth[test]
        ).mean()
        for kind in (LinearPerGlobal, Quadratic)
    ]
    assert errors[1] < errors[0] + 0.0001
