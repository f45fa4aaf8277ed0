import numpy as np
import pytest
from space_examples import BINAS_LIKE, SMALL

from nascore.predictors.linear import LinearPerGlobal
from nascore.spaces import Choice, Stage, StagedSpace, get_space
from nascore.spaces.block_table import BlockTableLookup

THREE_GLOBALS = StagedSpace(
    name="three_globals",
    global_choices=(Choice("resolution", (32, 48, 64)), Choice("width", (1,)), Choice("bits", (2, 8))),
    stages=(Stage("only", (1, 2, 3)),),
    block_choices=(Choice("kernel", (3, 5)),),
)


@pytest.fixture(scope="module")
def fitted(space, world):
    """Return a predictor fitted to 300 architectures of the whole space."""
    return LinearPerGlobal(space).fit(world.genes[:300], world.measured[:300], seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("example", [get_space("ofa_mcunet"), SMALL, BINAS_LIKE, THREE_GLOBALS], ids=lambda s: s.name)
def test_an_additive_truth_is_found_again(example, make_world):
    world = make_world(example, 3000)
    predictor = LinearPerGlobal(example).fit(world.genes[:2000], world.measured[:2000], seed=0)
    error = predictor.predict(world.genes[2000:]) - world.truth[2000:]
    assert np.abs(error).mean() < 0.001
    assert predictor.fit_facts["noise_std"] == pytest.approx(0.002, rel=0.1)
    assert predictor.fit_facts["n_rows"] == 2000


def test_a_noiseless_truth_is_found_exactly(make_world):
    world = make_world(SMALL, 500, noise=0.0)
    predictor = LinearPerGlobal(SMALL).fit(world.genes, world.truth, seed=0)
    np.testing.assert_allclose(predictor.predict(world.genes), world.truth, atol=1e-4)


def test_the_additive_table_is_the_predictor(space, world, fitted):
    table = fitted.additive_table()
    assert fitted.is_additive
    assert table.fixed.shape == (15,)
    assert table.blocks.shape == (15, 20, 9)
    np.testing.assert_array_equal(fitted.predict(world.genes), BlockTableLookup(space, [table])(world.genes)[0])
    by_hand = table.fixed[space.global_index(world.genes)].copy()
    for block in range(20):
        runs = space.executed(world.genes)[:, block]
        ops = space.op_index(world.genes)[:, block]
        by_hand += runs * table.blocks[space.global_index(world.genes), block, ops]
    np.testing.assert_allclose(fitted.predict(world.genes), by_hand)


@pytest.mark.slow
def test_combinations_learn_from_each_other(world, fitted):
    """Few rows per combination would not do alone: 300 rows over 15 combinations of 181 weights each."""
    error = np.abs(fitted.predict(world.genes[300:]) - world.truth[300:]).mean()
    assert error < 0.25 * world.truth[300:].std()


def test_a_width_never_seen_follows_the_slope_of_the_others(space, world):
    seen = world.genes[:, 1] < 2
    predictor = LinearPerGlobal(space).fit(world.genes[seen][:600], world.measured[seen][:600], seed=0)
    bias = (predictor.predict(world.genes[~seen]) - world.truth[~seen]).mean()
    assert abs(bias) < 0.003


@pytest.mark.slow
def test_inert_genes_do_not_matter(space, world, fitted):
    dirty = world.genes.copy()
    blocks = space.block_genes(dirty)
    blocks[~space.executed(dirty)] = 2
    np.testing.assert_array_equal(fitted.predict(dirty), fitted.predict(world.genes))
