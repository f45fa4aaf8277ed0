import re

import numpy as np
import pytest
from hypothesis import given
from messages import facts
from search_examples import PLAIN, every_architecture, look_up, problem_of, solved_problems
from space_examples import SMALL

from nascore.efficiency import cost, cost_tables
from nascore.results.costs import within
from nascore.search.feasibility import check_feasibility
from nascore.search.problem import Problem
from nascore.search.targets import parse_target
from nascore.spaces.block_table import BlockTable


@pytest.fixture(scope="module")
def feasibility(space):
    """Return a function that checks one target on the whole space or a part of it."""

    def check(spec, part=None):
        target = parse_target("t", spec, space)
        return check_feasibility(Problem.of(part or space, target, cost_tables(space)))

    return check


@pytest.mark.parametrize(
    ("spec", "smallest"),
    [
        ({"peak_memory_kb": 64}, 73_728),
        ({"macs_m": 7}, 7_237_104),
        ({"thop_macs_m": 8.3}, 8_302_128),
        ({"params_m": 0.3}, 304_538),
    ],
)
def test_smallest_of_the_published_space(space, feasibility, spec, smallest):
    found = feasibility(spec)
    assert found.proven and len(found.witness) == 0
    (least,) = found.smallest
    assert least.value == smallest and not least.within
    assert cost(space, least.genes)[least.constraint.metric].tolist() == [smallest]


def test_the_reason_names_limit_and_smallest(feasibility):
    """Can a network run within 64 KB? Published searches never end there; the least is 72 KB."""
    assert re.match(facts("peak_memory_kb", 72, 64), feasibility({"peak_memory_kb": 64}).reason)
    reason = feasibility({"macs_m": 7, "peak_memory_kb": 80, "params_m": 0.3}).reason
    assert re.match(facts("macs_m", 7.2371, 7, "params_m", 0.304538, 0.3), reason)
    assert "peak_memory_kb" not in reason


@pytest.mark.parametrize(
    "spec",
    [
        {"peak_memory_kb": 72},
        {"macs_m": 7.237104},
        {"thop_macs_m": 8.302128, "peak_memory_kb": 72, "params_m": 0.304538},
        {"device": "stm32f411"},
        {"thop_macs_m": 15, "peak_memory_kb": 256},
        {"resolution": 160, "width": 2},
    ],
)
def test_a_witness_is_its_own_proof(space, feasibility, spec):
    found = feasibility(spec)
    assert found.proven and len(found.witness) == 1
    target = parse_target("t", spec, space)
    assert within(cost(space, found.witness), target.constraints).all()
    globals_ = space.global_columns(found.witness)
    assert all(globals_[name].tolist() == [value] for name, value in target.fixed.items())


def test_the_smallest_is_that_of_the_searched_part(space, feasibility):
    found = feasibility({"peak_memory_kb": 72, "resolution": 128})
    assert found.smallest[0].value == 131_072 and not len(found.witness)
    found = feasibility({"macs_m": 7.3}, space.restrict({"width": [1, 2]}))
    assert found.smallest[0].value > 7.3e6
    assert space.global_columns(found.smallest[0].genes)["width"].tolist() == [1]


@pytest.mark.slow
@given(solved_problems())
def test_equals_enumeration(case):
    found = check_feasibility(case.problem)
    genes = every_architecture(case.space)
    assert found.proven
    assert len(found.witness) == bool(case.fits(genes).any())
    assert case.fits(found.witness).all()
    for least in found.smallest:
        table = case.problem.tables[least.constraint.metric]
        assert least.value == pytest.approx(look_up(case.space, table, genes).min(), abs=1e-12)
        assert look_up(case.space, table, least.genes)[0] == pytest.approx(least.value, abs=1e-12)
        assert case.space.allows(least.genes).all()


def test_limits_that_exclude_each_other_only_together():
    """Two costs whose sum is 3 for any operation: each can be 0 per block, never both."""
    one, other = BlockTable(np.zeros(2), np.zeros((2, 5, 3))), BlockTable(np.zeros(2), np.zeros((2, 5, 3)))
    one.blocks[:] = [0, 1, 3]
    other.blocks[:] = [3, 2, 0]
    found = check_feasibility(problem_of(PLAIN, [(one, 2.0), (other, 3.0)]))
    assert found.proven and len(found.witness) == 0
    assert [least.value for least in found.smallest] == [0, 0]
    assert all(least.within for least in found.smallest)
    assert re.match(facts("limit", "subnet"), found.reason)
    assert len(check_feasibility(problem_of(PLAIN, [(one, 3.0), (other, 3.0)])).witness) == 1


def test_a_peak_against_a_sum():
    """The operation with the low peak is the one with the high sum."""
    peak, total = BlockTable(np.zeros(2), np.zeros((2, 5, 3)), np.maximum), BlockTable(np.zeros(2), np.ones((2, 5, 3)))
    peak.blocks[:] = [5, 9, 9]
    total.blocks[:] = [4, 1, 1]
    assert not len(check_feasibility(problem_of(PLAIN, [(peak, 5.0), (total, 7.9)])).witness)
    assert len(check_feasibility(problem_of(PLAIN, [(peak, 5.0), (total, 8.0)])).witness) == 1


def test_the_least_peak_of_a_stage_that_may_be_left_out():
    peak = BlockTable(np.array([1.0, 2.0]), np.full((2, 5, 3), 7.0), np.maximum)
    peak.blocks[:, 0] = 3
    (least,) = check_feasibility(problem_of(SMALL, [(peak, 1.0)])).smallest
    assert least.value == 3
    assert SMALL.depths(least.genes).tolist() == [[1, 0]]
