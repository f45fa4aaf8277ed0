import numpy as np
import pytest
from hypothesis import assume, given
from search_examples import PLAIN, Solved, every_architecture, look_up, problem_of, random_table, solved_problems
from space_examples import BINAS_LIKE, SMALL

from nascore.search.relaxation import knapsack_multipliers, knapsack_optimum, path_rows
from nascore.spaces.block_table import BlockTable


def values_of(case: Solved, g: int) -> np.ndarray:
    """Return the weights that exact search gives a relaxation."""
    return np.where(case.problem.allowed, case.values.blocks, -np.inf)[g]


def best_of_combination(case: Solved, g: int) -> float:
    """Return the best value of one global combination within the limits, by enumeration."""
    genes = every_architecture(case.space)
    genes = genes[case.fits(genes) & (case.space.global_index(genes) == g)]
    return case.value(genes).max(initial=-np.inf)


@pytest.mark.slow
@given(solved_problems())
def test_multipliers_bound_every_architecture(case):
    problem, genes = case.problem, every_architecture(case.space)
    genes = genes[case.fits(genes)]
    for g in case.space.allowed_globals:
        if problem.trellis.best_weight(values_of(case, g)) == -np.inf:
            continue
        multipliers = knapsack_multipliers(problem, g, values_of(case, g))
        if multipliers is None:
            assert best_of_combination(case, g) == -np.inf
            continue
        assert multipliers.shape == (len(problem.sums),)
        assert (multipliers >= 0).all()
        # A bound for all combinations, not only for the one that the multipliers were made for.
        reduced = np.where(problem.allowed, case.values.blocks, -np.inf)
        reduced = reduced - np.tensordot(multipliers, problem.sum_costs, axes=1)
        bounds = case.values.fixed + multipliers @ problem.room + problem.trellis.best_weight(reduced)
        assert (case.value(genes) <= bounds[case.space.global_index(genes)] + 1e-9).all()


@pytest.mark.slow
@given(solved_problems(max_sums=2))
def test_optimum_equals_enumeration(case):
    assume(case.problem.sums)
    for g in case.space.allowed_globals:
        if case.problem.trellis.best_weight(values_of(case, g)) == -np.inf:
            continue
        ops, bound = knapsack_optimum(case.problem, g, values_of(case, g))
        expected = best_of_combination(case, g)
        found = case.values.fixed[g] + bound
        assert found >= expected - 2e-6
        if len(ops) == 0:
            assert found == expected == -np.inf
            continue
        genes = case.space.from_ops(np.array([g]), ops)
        assert case.value(genes)[0] == pytest.approx(found, abs=2e-6)
        for constraint in case.problem.sums:
            cost = look_up(case.space, case.problem.tables[constraint.metric], genes)
            assert cost <= constraint.limit_in_metric * (1 + 2e-6)
        if case.fits(genes):
            assert found == pytest.approx(expected, abs=2e-6)


def test_no_limit_needs_no_multiplier():
    assert knapsack_multipliers(problem_of(PLAIN, []), 0, np.zeros((5, 3))).shape == (0,)


def test_one_limit_has_the_price_of_its_last_unit():
    """Two blocks at least: values 0 or 6 for shares 0 or 1 of the limit, so that one unit more is worth 6."""
    costs = BlockTable(np.zeros(2), np.zeros((2, 5, 3)))
    costs.blocks[:, :, 1:] = 4.0
    weights = np.zeros((5, 3))
    weights[:, 1] = 6
    problem = problem_of(PLAIN.restrict({"early.depth": [1], "late.depth": [1]}), [(costs, 4.0)])
    assert knapsack_multipliers(problem, 0, weights).tolist() == [6.0]


def test_not_even_fractions_fit(rng):
    costs = random_table(PLAIN, rng)
    cheapest = costs.blocks[:, [0, 2]].min(axis=2).sum(axis=1) + costs.fixed
    problem = problem_of(PLAIN, [(costs, float(cheapest.min()) - 0.01)])
    assert knapsack_multipliers(problem, 0, np.zeros((5, 3))) is None
    ops, bound = knapsack_optimum(problem, 0, np.zeros((5, 3)))
    assert (ops.shape, bound) == ((0, 5), -np.inf)


def test_rows_of_a_stage():
    """Shares of block 0 are 1; block 1 runs at most as much; without depth 1 exactly as much."""
    trellis = problem_of(PLAIN, []).trellis
    _, lower, upper = path_rows(trellis, np.arange(5))
    assert upper.tolist() == [1, 0, 1, 0, 0]
    assert lower.tolist() == [1, -np.inf, 1, -np.inf, -np.inf]
    trellis = problem_of(BINAS_LIKE.restrict({"stage1.depth": [2]}), []).trellis
    rows, lower, upper = path_rows(trellis, np.arange(20))
    assert lower[:4].tolist() == [1, 0, 0, 0]
    assert upper[:4].tolist() == [1, 0, 0, 0]
    assert rows[2, :4].tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize(
    ("depths", "lower", "upper"),
    [([0], [0, 0, 0], [0, 0, 0]), ([0, 1], [-np.inf, 0, 0], [1, 0, 0]), ([0, 3], [-np.inf, 0, 0], [1, 0, 0])],
)
def test_rows_of_a_stage_that_may_be_left_out(depths, lower, upper):
    trellis = problem_of(SMALL.restrict({"late.depth": depths}), []).trellis
    _, found_lower, found_upper = path_rows(trellis, np.arange(5))
    assert (found_lower[2:].tolist(), found_upper[2:].tolist()) == (lower, upper)
