import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from space_examples import BINAS_LIKE, SMALL, restrictions_of

from nascore.spaces import get_space

SPACES = st.sampled_from([SMALL, BINAS_LIKE, get_space("ofa_mcunet")])
SEEDS = st.integers(0, 2**32)


def generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(st.data(), SPACES, SEEDS)
def test_every_operator_stays_canonical_and_in_the_searched_part(data, space, seed):
    part, rng = data.draw(restrictions_of(space)), generator(seed)
    first, second = part.sample(20, rng), part.sample(20, rng)
    mutants = part.mutate(first, rng, arch_prob=0.5, global_prob=0.5)
    children = part.crossover(first, second, rng)
    for genes in (first, mutants, children):
        assert genes.dtype == np.int8
        assert (part.canonical(genes) == genes).all()
        assert part.allows(genes).all()


def test_the_same_generator_draws_the_same():
    first, second = (SMALL.sample(9, generator(3)) for _ in range(2))
    assert (first == second).all()


def test_samples_are_uniform_per_gene(space, rng):
    genes = space.sample(30_000, rng)
    for column in range(space.depth_slice.stop):
        n_values = len(space.gene_choices[column].values)
        shares = np.bincount(genes[:, column], minlength=n_values) / len(genes)
        assert shares == pytest.approx(1 / n_values, abs=0.015)
    deepest = space.executed(genes)[:, 3 + 3]  # the last block of stage 2 runs in a third of them
    assert deepest.mean() == pytest.approx(1 / 3, abs=0.015)
    kernels = space.block_genes(genes)[deepest, 6, 0]
    assert np.bincount(kernels) / len(kernels) == pytest.approx(1 / 3, abs=0.02)


class TestMutate:
    def test_with_probability_0_changes_nothing(self, space, rng):
        genes = space.sample(50, rng)
        assert (space.mutate(genes, rng, arch_prob=0, global_prob=0) == genes).all()

    def test_redraws_uniformly_so_that_some_keep_their_value(self, space, rng):
        genes = space.sample(20_000, rng)
        mutants = space.mutate(genes, rng, arch_prob=0.3, global_prob=0.6)
        changed = (mutants != genes).mean(axis=0)
        assert changed[0] == pytest.approx(0.6 * 4 / 5, abs=0.015)
        assert changed[1] == pytest.approx(0.6 * 2 / 3, abs=0.015)
        assert changed[space.depth_slice][:5] == pytest.approx(0.3 * 2 / 3, abs=0.015)
        always = space.block_genes(mutants != genes)[:, 0]
        assert always.mean(axis=0) == pytest.approx(0.3 * 2 / 3, abs=0.015)

    def test_redraws_all_choices_of_a_block_together(self, space, rng):
        genes = space.sample(20_000, rng)
        changed = space.block_genes(space.mutate(genes, rng, arch_prob=0.3, global_prob=0) != genes)[:, 0]
        assert changed.all(axis=1).mean() == pytest.approx(0.3 * (2 / 3) ** 2, abs=0.015)

    def test_blocks_that_wake_up_take_fresh_choices(self, rng):
        shallow = SMALL.restrict({"early.depth": [1]}).sample(5000, rng)
        mutants = SMALL.mutate(shallow, rng, arch_prob=0.2, global_prob=0)
        woken = SMALL.block_genes(mutants)[SMALL.executed(mutants)[:, 1], 1, 0]
        assert np.bincount(woken) / len(woken) == pytest.approx(1 / 3, abs=0.08)


class TestCrossover:
    def test_takes_every_gene_from_either_parent(self, space, rng):
        first, second = space.sample(4000, rng), space.sample(4000, rng)
        child = space.crossover(first, second, rng)
        head = slice(0, space.depth_slice.stop)
        assert ((child == first) | (child == second))[:, head].all()
        both = space.executed(first) & space.executed(second) & space.executed(child)
        inherited = (space.block_genes(child) == space.block_genes(first)) | (
            space.block_genes(child) == space.block_genes(second)
        )
        assert inherited[both].all()
        differ = first[:, 0] != second[:, 0]
        assert (child == first)[differ, 0].mean() == pytest.approx(0.5, abs=0.04)

    def test_inherits_a_block_from_the_only_parent_that_executes_it(self, space, rng):
        first, second = space.sample(2000, rng), space.sample(2000, rng)
        child = space.crossover(first, second, rng)
        only_second = space.executed(second) & ~space.executed(first) & space.executed(child)
        assert only_second.any()
        assert (space.block_genes(child) == space.block_genes(second))[only_second].all()

    def test_of_equal_parents_is_the_parent(self, space, rng):
        genes = space.sample(20, rng)
        assert (space.crossover(genes, genes, rng) == genes).all()
