from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp
from search_examples import PLAIN, Solved, every_architecture, look_up, problem_of, random_table, solved_problems
from space_examples import BINAS_LIKE, SMALL

from nascore.efficiency import cost_tables
from nascore.search import exact
from nascore.search.exact import TOLERANCE, exact_search
from nascore.search.problem import Problem
from nascore.search.targets import parse_target
from nascore.spaces.block_table import BlockTable


def check(case: Solved, found: exact.ExactResult, k: int) -> None:
    """Check everything that holds for any exact search, finished or not."""
    assert len(found.genes) == len(found.values) <= k
    assert (case.space.canonical(found.genes) == found.genes).all()
    assert len(np.unique(found.genes, axis=0)) == len(found.genes)
    assert case.fits(found.genes).all()
    assert found.values == pytest.approx(case.value(found.genes), abs=1e-12)
    assert (np.diff(found.values) <= 0).all()
    best = case.best(1)
    assert found.best_bound >= best.max(initial=-np.inf) - TOLERANCE
    assert found.root_bound >= best.max(initial=-np.inf) - TOLERANCE
    assert found.closed_by_bound <= found.global_combinations == len(case.space.allowed_globals)


class TestAgainstEnumeration:
    @pytest.mark.slow
    @given(solved_problems(), st.integers(1, 5))
    def test_top_k(self, case, k):
        found = exact_search(case.problem, case.values, k)
        check(case, found, k)
        assert found.values == pytest.approx(case.best(k), abs=1e-12)
        assert found.proven
        if len(found.values):
            assert found.best_bound == found.values[0]

    @pytest.mark.parametrize("seed", range(60))
    def test_top_k_from_a_few_paths_at_a_time(self, seed):
        """Tight limits and small batches of paths: the proof rests on the bounds of what is not enumerated."""
        rng, limits, k = np.random.default_rng(seed), [], 1 + seed % 5
        for _ in range(1 + seed % 3):
            table = random_table(PLAIN, rng, whole=seed % 2 == 0)
            costs = look_up(PLAIN, table, every_architecture(PLAIN))
            limits.append((table, float(np.quantile(costs, rng.uniform(0.005, 0.5))) + 1e-9))
        case = Solved(problem_of(PLAIN, limits), random_table(PLAIN, rng, low=-5, whole=seed % 2 == 0))
        with mock.patch.multiple(exact, FIRST_PATHS=2, MORE_PATHS=2):
            found = exact_search(case.problem, case.values, k)
        check(case, found, k)
        assert found.values == pytest.approx(case.best(k), abs=1e-12)
        assert found.proven

    @pytest.mark.slow
    @given(solved_problems(), st.integers(1, 5))
    def test_where_paths_run_out_the_answer_stays_right_and_says_what_it_proves(self, case, k):
        with mock.patch.multiple(exact, FIRST_PATHS=2, MORE_PATHS=2, MAX_PATHS=2):
            found = exact_search(case.problem, case.values, k)
        check(case, found, k)
        best = case.best(k)
        assert found.values[:1] == pytest.approx(best[:1], abs=2e-6)
        if found.proven:
            assert found.values == pytest.approx(best, abs=2e-6)

    def test_more_subnets_than_exist(self):
        space = PLAIN.restrict({"late.depth": [1], "early.depth": [1], "resolution": [64]})
        case = Solved(problem_of(space, []), random_table(space, np.random.default_rng(0)))
        found = exact_search(case.problem, case.values, 50)
        assert len(found.genes) == 9 and found.proven
        assert found.values == pytest.approx(case.best(50), abs=1e-12)

    def test_constant_values(self, rng):
        """Every architecture within the limits is a best one."""
        limit = random_table(PLAIN, rng)
        costs = np.sort(look_up(PLAIN, limit, every_architecture(PLAIN)))
        for allowed in (1, 7, 300):
            case = Solved(
                problem_of(PLAIN, [(limit, float(costs[allowed - 1]) + 1e-9)]),
                BlockTable(np.full(2, 0.5), np.zeros((2, 5, 3))),
            )
            found = exact_search(case.problem, case.values, 10)
            check(case, found, 10)
            assert found.proven and found.values.tolist() == [0.5] * min(allowed, 10)

    @pytest.mark.parametrize("limit", [8.0, 12.5, 17.0, 23.25])
    def test_values_proportional_to_the_cost(self, limit):
        """A subset-sum problem: the bound of every path is the same."""
        cost = random_table(PLAIN, np.random.default_rng(3))
        case = Solved(problem_of(PLAIN, [(cost, limit)]), cost)
        found = exact_search(case.problem, cost)
        check(case, found, 1)
        assert found.proven
        assert found.values == pytest.approx(case.best(1), abs=1e-12)

    def test_nothing_satisfies_the_limits(self, rng):
        cost = random_table(PLAIN, rng)
        least = look_up(PLAIN, cost, every_architecture(PLAIN)).min()
        found = exact_search(problem_of(PLAIN, [(cost, float(least) - 1e-6)]), random_table(PLAIN, rng), 3)
        assert found.proven and found.genes.shape == (0, PLAIN.n_genes)
        assert found.root_bound == found.best_bound == -np.inf

    def test_a_peak_that_the_fixed_part_exceeds_closes_its_combination(self):
        peak = BlockTable(np.array([9.0, 1.0]), np.ones((2, 5, 3)), np.maximum)
        values = BlockTable(np.array([100.0, 0.0]), np.zeros((2, 5, 3)))
        found = exact_search(problem_of(PLAIN, [(peak, 5.0)]), values)
        assert PLAIN.global_index(found.genes).tolist() == [1]


class TestBinasShape:
    """No global choices, 12 operations in each of 20 blocks: too many architectures to enumerate."""

    def test_without_limits_every_stage_is_best_by_itself(self, rng):
        values = random_table(BINAS_LIKE, rng, low=-5)
        found = exact_search(problem_of(BINAS_LIKE, []), values, 3)
        block_best = values.blocks[0].max(axis=1).reshape(5, 4).cumsum(axis=1)
        assert found.proven
        assert found.values[0] == pytest.approx(values.fixed[0] + block_best[:, 1:].max(axis=1).sum())

    @pytest.mark.slow
    def test_with_limits_equals_a_linear_programme(self):
        rng = np.random.default_rng(5)
        cost, other = random_table(BINAS_LIKE, rng), random_table(BINAS_LIKE, rng)
        values = BlockTable(cost.fixed, cost.blocks + rng.uniform(0, 5, cost.blocks.shape))
        problem = problem_of(BINAS_LIKE, [(cost, 30.0), (other, 25.0)])
        found = exact_search(problem, values)
        assert found.proven and found.global_combinations == 1
        assert found.values[0] == pytest.approx(best_by_milp(problem, values), abs=1e-6)


def best_by_milp(problem: Problem, values: BlockTable) -> float:
    """Return the best value with one binary per (block, operation) and one per (stage, depth), by SciPy's solver."""
    space = problem.space
    return max(_milp_of_combination(problem, values, int(g)) for g in space.allowed_globals)


def _milp_of_combination(problem: Problem, values: BlockTable, g: int) -> float:
    space = problem.space
    depths = [(s, depth) for s, stage in enumerate(space.stages) for depth in stage.depths]
    allowed_depths = [
        space.stages[s].depths.index(depth) in space.allowed_indices[space.depth_slice.start + s] for s, depth in depths
    ]
    n_ops = space.n_blocks * space.n_ops
    upper = np.concatenate([space.allowed_ops.ravel(), allowed_depths]).astype(float)
    one_depth = np.zeros((len(space.stages), n_ops + len(depths)))
    runs = np.zeros((space.n_blocks, n_ops + len(depths)))
    for column, (s, depth) in enumerate(depths, start=n_ops):
        one_depth[s, column] = 1
        runs[(space.stage_of_block == s) & (space.place_in_stage < depth), column] = -1
    for block in range(space.n_blocks):
        runs[block, block * space.n_ops : (block + 1) * space.n_ops] = 1
    rows = [LinearConstraint(one_depth, 1, 1), LinearConstraint(runs, 0, 0)]
    for constraint in problem.target.constraints:
        table, limit = problem.tables[constraint.metric], constraint.limit_in_metric
        if table.reduce is np.maximum:
            if table.fixed[g] > limit:
                return -np.inf
            upper[:n_ops] *= (table.blocks[g] <= limit).ravel()
        else:
            cost = np.concatenate([table.blocks[g].ravel(), np.zeros(len(depths))])
            rows.append(LinearConstraint(cost[None] / limit, -np.inf, 1 - table.fixed[g] / limit))
    objective = -np.concatenate([values.blocks[g].ravel(), np.zeros(len(depths))])
    solved = milp(objective, integrality=np.ones(len(upper)), bounds=Bounds(0, upper), constraints=rows)
    return -np.inf if solved.x is None else float(values.fixed[g] - solved.fun)


TARGETS = {
    "macs": {"macs_m": 21.7},
    "two_sums_and_a_peak": {"thop_macs_m": 35, "params_m": 0.9, "peak_memory_kb": 180},
    "device": {"device": "stm32f411", "macs_m": 12},
}


class TestWholeSpace:
    @pytest.mark.parametrize("name", TARGETS)
    def test_equals_an_independent_integer_programme(self, space, name):
        """Values grow with the costs, as accuracy does, so that the limits bind."""
        rng = np.random.default_rng(len(name))
        tables = cost_tables(space)
        macs = tables["macs"]
        values = BlockTable(
            0.8 + 0.02 * np.log(macs.fixed / macs.fixed.min()),
            0.002 * np.log(macs.blocks / macs.blocks.min()) + rng.normal(0, 0.001, macs.blocks.shape),
        )
        problem = Problem.of(space.restrict({"width": [0, 1]}), parse_target(name, TARGETS[name], space), tables)
        found = exact_search(problem, values, 5)
        assert found.proven and found.best_bound == found.values[0]
        assert found.root_bound >= found.best_bound
        assert found.values[0] == pytest.approx(best_by_milp(problem, values), abs=1e-6)
        assert problem.space.allows(found.genes).all()
        assert len(np.unique(found.genes, axis=0)) == 5
        assert found.global_combinations == 10

    def test_a_part_of_the_space(self, space):
        values = BlockTable(np.arange(15.0), np.random.default_rng(0).uniform(size=(15, 20, 9)))
        part = space.restrict({"resolution": [112], "width": [1], "stage2.depth": [3], "stage1.block0.kernel": [5]})
        problem = Problem.of(part, parse_target("t", {"macs_m": 60}, space), cost_tables(space))
        found = exact_search(problem, values, 20)
        assert part.allows(found.genes).all() and len(found.genes) == 20
        assert found.values[0] == pytest.approx(best_by_milp(problem, values), abs=1e-6)

    def test_costs_are_within_the_limits_to_the_last_unit(self, space):
        """A limit of exactly one subnet's cost is met, one unit less is not."""
        part = space.restrict({"resolution": [96], "width": [0]})
        values = BlockTable(np.zeros(15), np.zeros((15, 20, 9)))
        for macs, exists in ((7_237_104, True), (7_237_103, False)):
            problem = Problem.of(part, parse_target("t", {"macs_m": macs / 1e6}, space), cost_tables(space))
            assert (len(exact_search(problem, values).genes) == 1) is exists


def test_a_stage_that_may_be_left_out():
    values = BlockTable(np.zeros(2), -np.ones((2, 5, 3)))
    found = exact_search(problem_of(SMALL, []), values)
    assert SMALL.depths(found.genes).tolist() == [[1, 0]]
    assert found.values.tolist() == [-1]
