import numpy as np
import pytest
from bilinear_examples import random_form, values_of
from hypothesis import given
from hypothesis import strategies as st
from scip_model import scip_optimum
from search_examples import PLAIN, every_architecture, look_up, problem_of, random_table
from space_examples import SMALL

from nascore.search.unfold import exact_search_given_depths
from nascore.spaces import Choice, Stage, StagedSpace
from nascore.spaces.unfolded import Unfolded


@pytest.mark.slow
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


NO_GLOBALS = StagedSpace(
    name="no_globals",
    global_choices=(),
    stages=(Stage("early", (1, 2)), Stage("middle", (1, 2)), Stage("late", (1, 2))),
    block_choices=(Choice("kernel", (3, 5)), Choice("expand", (3, 4))),
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_the_optimum_is_that_of_scip(seed):
    rng = np.random.default_rng(seed)
    form, first, second = (make(NO_GLOBALS, rng) for make in (random_form, random_table, random_table))
    genes = NO_GLOBALS.sample(500, rng)
    limits = [(table, float(np.quantile(look_up(NO_GLOBALS, table, genes), 0.4))) for table in (first, second)]
    problem = problem_of(NO_GLOBALS, limits)
    found = exact_search_given_depths(problem, form.table(Unfolded(NO_GLOBALS)))
    assert found.proven and found.values[0] == pytest.approx(scip_optimum(problem, form), abs=1e-6)


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
