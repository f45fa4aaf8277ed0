import numpy as np
import pytest
from bilinear_examples import random_form, values_of
from hypothesis import given, settings
from hypothesis import strategies as st
from search_examples import PLAIN, every_architecture, look_up, problem_of, random_table
from space_examples import SMALL

from nascore.search.unfold import exact_search_given_depths
from nascore.spaces.unfolded import Unfolded


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([SMALL, PLAIN]), st.integers(0, 10**6), st.floats(0.2, 0.9), st.integers(1, 5))
def test_the_best_are_those_of_looking_at_all(space, seed, quantile, top_k):
    rng = np.random.default_rng(seed)
    form, cost = random_form(space, rng), random_table(space, rng)
    genes = every_architecture(space)
    values, costs = values_of(space, form, genes), look_up(space, cost, genes)
    limit = float(np.quantile(costs, quantile))
    problem = problem_of(space, [(cost, limit)])
    found = exact_search_given_depths(problem, form.table(Unfolded(space)), top_k)
    best = np.sort(values[costs <= limit])[::-1][:top_k]
    assert found.proven
    assert found.values == pytest.approx(best)
    assert values_of(space, form, found.genes) == pytest.approx(best)
    assert (look_up(space, cost, found.genes) <= limit).all()


def test_restrictions_hold():
    rng = np.random.default_rng(0)
    space = PLAIN.restrict({"late.depth": [1, 3], "late.block0.kernel": [5], "resolution": [64]})
    form = random_form(PLAIN, rng)
    found = exact_search_given_depths(problem_of(space, []), form.table(Unfolded(space)), 3)
    genes = every_architecture(space)
    assert found.values == pytest.approx(np.sort(values_of(PLAIN, form, genes))[::-1][:3])
    assert space.allows(found.genes).all()


def test_nothing_fits():
    rng = np.random.default_rng(0)
    cost = random_table(PLAIN, rng, low=1)
    found = exact_search_given_depths(problem_of(PLAIN, [(cost, 0.5)]), random_form(PLAIN, rng).table(Unfolded(PLAIN)))
    assert found.proven and len(found.genes) == 0 and found.best_bound == -np.inf
