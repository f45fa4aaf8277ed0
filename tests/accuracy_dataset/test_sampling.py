import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import facts
from search_examples import every_architecture
from space_examples import SMALL, restrictions_of

from nascore.accuracy_dataset.sampling import sample_architectures
from nascore.errors import SpaceError

STRATEGIES = ("uniform", "stratified")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_architectures_are_distinct_canonical_and_of_the_searched_part(space, strategy):
    part = space.restrict({"width": [0, 2], "stage3.depth": [3]})
    genes = sample_architectures(part, 700, 0, strategy)
    assert len(np.unique(genes, axis=0)) == 700
    assert (part.canonical(genes) == genes).all() and part.allows(genes).all()


@pytest.mark.slow
@given(part=restrictions_of(SMALL), strategy=st.sampled_from(STRATEGIES), seed=st.integers(0, 9))
def test_all_of_a_small_space_can_be_drawn(part, strategy, seed):
    genes = sample_architectures(part, part.size(), seed, strategy)
    assert (np.unique(genes, axis=0) == every_architecture(part)).all()


@pytest.mark.slow
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_shorter_draw_is_the_start_of_a_longer_one(space, strategy):
    longer = sample_architectures(space, 5000, 3, strategy)
    for n in (1, 17, 4096):
        assert (sample_architectures(space, n, 3, strategy) == longer[:n]).all()


@pytest.mark.slow
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_another_seed_draws_others(space, strategy):
    first, second = (space.arch_id(sample_architectures(space, 200, seed, strategy)) for seed in (0, 1))
    assert not set(first) & set(second)


@pytest.mark.parametrize("n", [1, 14, 15, 16, 100])
def test_strata_are_equal_or_differ_by_one(space, n):
    counts = np.bincount(space.global_index(sample_architectures(space, n, 0, "stratified")), minlength=15)
    assert counts.max() - counts.min() <= 1 and counts.sum() == n


def test_the_seed_decides_which_strata_get_one_more(space):
    more = {tuple(np.unique(space.global_index(sample_architectures(space, 3, s, "stratified")))) for s in range(5)}
    assert len(more) > 1


def test_uniform_is_over_genes(space):
    depths = space.depths(sample_architectures(space, 3000, 0, "uniform"))
    assert np.allclose(depths[:, 1:5].mean(axis=0), 3, atol=0.08), "every depth is as likely"


def test_more_than_there_is_is_refused_with_the_size():
    with pytest.raises(SpaceError, match=facts("99,999", "small", f"{SMALL.size():,}")):
        sample_architectures(SMALL, 99999, 0, "uniform")
    with pytest.raises(SpaceError, match=facts(0, "small", f"{SMALL.size():,}", 1)):
        sample_architectures(SMALL, 0, 0, "uniform")


def test_an_unknown_strategy_is_refused(space):
    with pytest.raises(SpaceError, match=facts("'stratifed'", "'stratified'")):
        sample_architectures(space, 1, 0, "stratifed")
