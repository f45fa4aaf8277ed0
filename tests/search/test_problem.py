import numpy as np
import pytest
from messages import facts
from search_examples import PLAIN, problem_of, random_table

from nascore.efficiency import cost_tables
from nascore.errors import TargetError
from nascore.search.problem import Problem
from nascore.search.targets import parse_target
from nascore.spaces.block_table import BlockTable


def of(space, spec, part=None):
    return Problem.of(part or space, parse_target("t", spec, space), cost_tables(space))


def test_fixed_choices_restrict_the_space(space):
    problem = of(space, {"macs_m": 20, "resolution": 112, "width": 0})
    assert problem.space.global_values[problem.space.allowed_globals].tolist() == [[112, 0]]


def test_a_fixed_choice_outside_the_searched_part(space):
    covered = space.restrict({"width": [0, 1]})
    with pytest.raises(TargetError, match=facts("'t'", "width", 2, "0, 1", "accuracy dataset")):
        of(space, {"resolution": 96, "width": 2}, covered)
    with pytest.raises(
        TargetError, match=facts("'t'", "resolution", 96, "112, 128", "search.uncovered_choices", "true")
    ):
        of(space, {"resolution": 96}, space.restrict({"resolution": [112, 128]}))


def test_sums_and_peaks_are_told_apart(space):
    problem = of(space, {"peak_memory_kb": 200, "macs_m": 20, "flash_kb": 500})
    assert [c.name for c in problem.sums] == ["macs_m", "flash_kb"]
    assert [c.name for c in problem.peaks] == ["peak_memory_kb"]
    assert problem.sum_costs.shape == (2, 15, 20, 9) and problem.room.shape == (2, 15)


def test_a_dropped_constraint_leaves_the_others(space):
    problem = of(space, {"peak_memory_kb": 200, "macs_m": 20})
    left = problem.without(problem.peaks[0])
    assert [c.name for c in left.target.constraints] == ["macs_m"]
    assert left.allowed.all() and not problem.allowed.all()
    assert [c.name for c in problem.target.constraints] == ["peak_memory_kb", "macs_m"]


def test_costs_are_shares_of_their_limit(rng):
    cost = random_table(PLAIN, rng)
    problem = problem_of(PLAIN, [(cost, 20.0)])
    assert problem.sum_costs[0] == pytest.approx(cost.blocks / 20)
    assert problem.room[0] == pytest.approx(1 - cost.fixed / 20)


def test_peaks_forbid_operations_and_combinations():
    peak = BlockTable(np.array([3.0, 6.0]), np.tile([4.0, 5.0, 6.0], (2, 5, 1)), np.maximum)
    allowed = problem_of(PLAIN.restrict({"early.block0.kernel": [5]}), [(peak, 5.0)]).allowed
    assert allowed[0].tolist() == [[False, True, False], *[[True, True, False]] * 4]
    assert not allowed[1].any()


def test_fits_is_exact_at_the_limit():
    cost = BlockTable(np.array([1.0, 2.0]), np.tile([1.0, 2.0, 3.0], (2, 5, 1)))
    ops = np.array([[0, -1, 2, -1, -1], [0, 0, 2, -1, -1], [1, -1, 2, -1, -1]], dtype=np.int8)
    problem = problem_of(PLAIN, [(cost, 5.0)])
    assert problem.fits(0, ops).tolist() == [True, False, False]
    assert problem.fits(1, ops).tolist() == [False, False, False]
    assert problem_of(PLAIN, []).fits(0, ops).all()
