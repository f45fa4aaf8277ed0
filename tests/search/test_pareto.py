import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import facts
from search_examples import PLAIN, every_architecture, look_up, random_table
from space_examples import BINAS_LIKE, SMALL, restrictions_of

from nascore.efficiency import METRICS, cost, cost_tables
from nascore.errors import PredictorError
from nascore.predictors import make_predictor
from nascore.results.costs import Constraint
from nascore.search.exact import exact_search
from nascore.search.pareto import pareto_front, pareto_table
from nascore.search.problem import Problem
from nascore.search.targets import UNITS, Target
from nascore.spaces.block_table import BlockTable


def front_by_enumeration(cost, value):
    """Return the (cost, value) pairs that no other pair beats, cheapest first."""
    front = []
    for pair in sorted(zip(cost, value, strict=True), key=lambda pair: (pair[0], -pair[1])):
        if not front or pair[1] > front[-1][1]:
            front.append(pair)
    return front


@pytest.mark.slow
@given(st.data(), st.sampled_from([SMALL, PLAIN]), st.sampled_from([np.add, np.maximum]), st.booleans())
def test_equals_enumeration(data, whole_space, reduce, whole):
    """Eighths, so that equal sums are equal to the last bit."""
    space = data.draw(restrictions_of(whole_space))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    values, costs = random_table(space, rng, low=-5, whole=whole), random_table(space, rng, whole=whole)
    values, costs = (BlockTable(np.round(t.fixed * 8) / 8, np.round(t.blocks * 8) / 8) for t in (values, costs))
    costs = BlockTable(costs.fixed, costs.blocks, reduce)
    front = pareto_front(space, values, costs)
    genes = every_architecture(space)
    expected = front_by_enumeration(look_up(space, costs, genes).tolist(), look_up(space, values, genes).tolist())
    assert list(zip(front.cost.tolist(), front.value.tolist(), strict=True)) == expected
    assert space.allows(front.genes).all()
    assert look_up(space, costs, front.genes).tolist() == front.cost.tolist()
    assert look_up(space, values, front.genes).tolist() == front.value.tolist()


def test_a_space_without_global_choices(rng):
    values = random_table(BINAS_LIKE, rng, low=-5)
    costs = random_table(BINAS_LIKE, rng, whole=True)
    front = pareto_front(BINAS_LIKE, values, costs)
    assert (np.diff(front.cost) > 0).all() and (np.diff(front.value) > 0).all()
    assert look_up(BINAS_LIKE, values, front.genes) == pytest.approx(front.value)


def test_one_architecture_is_its_own_front():
    part = SMALL.restrict({"resolution": [64], "early.depth": [1], "late.depth": [0], "early.block0.kernel": [5]})
    table = BlockTable(np.ones(2), np.ones((2, 5, 3)))
    front = pareto_front(part, table, table)
    assert (front.cost.tolist(), front.value.tolist()) == ([2.0], [2.0])
    assert part.allows(front.genes).all()


@pytest.mark.parametrize("metric", METRICS)
def test_agrees_with_exact_search_on_the_whole_space(space, predictor, metric):
    part = space.restrict({"width": [0, 1], "resolution": [96, 144]})
    table, tables = predictor.additive_table(), cost_tables(space)
    front = pareto_front(part, table, tables[metric])
    assert (cost(space, front.genes)[metric].to_numpy() == front.cost).all()
    assert predictor.predict(front.genes) == pytest.approx(front.value, abs=1e-9)
    assert (np.diff(front.cost) > 0).all() and (np.diff(front.value) > 0).all()
    unit = next(name for name, (column, _) in UNITS.items() if column == metric)
    for row in np.linspace(0, len(front.cost) - 1, 6).astype(int):
        for limit in (front.cost[row], front.cost[row] + 0.5):
            target = Target("t", (Constraint(name=unit, metric=metric, limit=limit, limit_in_metric=limit),))
            found = exact_search(Problem(part, target, tables), table)
            assert found.values[0] == pytest.approx(front.value[row], abs=1e-9)


def test_the_table_has_the_columns_of_the_report(space, predictor):
    part = space.restrict({"width": [0], "resolution": [112]})
    table = pareto_table(part, predictor, "peak_memory_bytes")
    assert list(table) == ["peak_memory_bytes", "predicted_accuracy", "arch_id", "resolution", "width"]
    assert table["peak_memory_bytes"].dtype == np.int64
    assert set(table["resolution"]) == {112} and set(table["width"]) == {0}
    assert table["arch_id"].is_unique


def test_a_predictor_that_is_not_additive_has_no_exact_front(space):
    with pytest.raises(PredictorError, match=facts("Pareto front", "additive", "quadratic")):
        pareto_table(space, make_predictor("quadratic", space), "macs")
