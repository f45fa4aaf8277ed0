import numpy as np
import pytest
from space_examples import BINAS_LIKE, SMALL

from nascore.predictors.bilinear import Bilinear
from nascore.predictors.linear import LinearPerGlobal
from nascore.spaces.bilinear import BilinearForm
from nascore.spaces.block_table import BlockTableLookup
from nascore.spaces.unfolded import Unfolded


def bilinear_world(space, n, noise=0.0):
    """Return architectures, their accuracies under a random bilinear truth, and measurements of them."""
    rng = np.random.default_rng(0)
    n_globals, n_depths = len(space.global_values), sum(len(stage.depths) for stage in space.stages)
    blocks = (n_globals, space.n_blocks, space.n_ops)
    # Products are the same for all global combinations.
    products = np.broadcast_to(rng.normal(0, 0.002, (1, *blocks[1:], n_depths)), (*blocks, n_depths))
    form = BilinearForm(
        np.full(n_globals, 0.7), rng.normal(0, 0.005, (1, n_depths)).repeat(n_globals, 0), np.zeros(blocks), products
    )
    genes, unfolded = space.sample(n, rng), Unfolded(space)
    truth = BlockTableLookup(unfolded.space, [form.table(unfolded)])(unfolded.unfold(genes))[0]
    return genes, truth, truth + rng.normal(0, noise, n)


def test_a_bilinear_truth_without_noise_is_recovered():
    genes, truth, _ = bilinear_world(SMALL, 3000)
    predictor = Bilinear(SMALL).fit(genes[:2000], truth[:2000], seed=0)
    assert predictor.predict(genes[2000:]) == pytest.approx(truth[2000:], abs=1e-4)


def test_products_pay_where_there_are_some():
    genes, truth, measured = bilinear_world(SMALL, 3000, noise=0.002)
    errors = [
        np.abs(kind(SMALL).fit(genes[:1000], measured[:1000], seed=0).predict(genes[1000:]) - truth[1000:]).mean()
        for kind in (LinearPerGlobal, Bilinear)
    ]
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.slow
def test_an_additive_truth_is_not_spoilt(make_world):
    world = make_world(BINAS_LIKE, 1500)
    train, test = slice(0, 500), slice(500, None)
    additive, bilinear = (
        kind(BINAS_LIKE).fit(world.genes[train], world.measured[train], seed=0).predict(world.genes[test])
        for kind in (LinearPerGlobal, Bilinear)
    )
    assert np.abs(bilinear - world.truth[test]).mean() <= 1.1 * np.abs(additive - world.truth[test]).mean()


def test_the_conditional_table_is_the_prediction():
    genes, _, measured = bilinear_world(SMALL, 600, noise=0.001)
    predictor = Bilinear(SMALL).fit(genes, measured, seed=0)
    unfolded, table = Unfolded(SMALL), predictor.conditional_table()
    looked_up = BlockTableLookup(unfolded.space, [table])(unfolded.unfold(genes))[0]
    assert looked_up == pytest.approx(predictor.predict(genes))
    assert predictor.additive_table() is None


def test_nothing_is_known_before_the_fit():
    assert Bilinear(SMALL).conditional_table() is None and Bilinear(SMALL).bilinear_form() is None
