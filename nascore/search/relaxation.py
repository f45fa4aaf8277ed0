"""Knapsacks as linear programmes, solved by HiGHS: relaxations, and where all else fails the whole."""

from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from nascore.search.problem import Problem
from nascore.search.trellis import NOT_EXECUTED, Trellis

NODE_LIMIT = 2000
"""Branch-and-bound nodes that `knapsack_optimum` may spend: seconds, and unlike a time limit the same everywhere."""

SOLVER_TOLERANCE = 1e-6
"""How far HiGHS may be off; added to what it proves, so that such a proof keeps a gap instead of claiming none."""


def knapsack_multipliers(problem: Problem, g: int, weights: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the optimal multipliers of the additive limits for one global combination.

    Parameters
    ----------
    problem
        The target on its space.
    g
        Index of the global combination.
    weights
        The `(n_blocks, n_ops)` values; ``-inf`` forbids an operation.

    Returns
    -------
    numpy.ndarray or None
        The `(n_sums,)` values of one unit of each limit, at least 0, in the order of `problem.sums` and with costs as
        shares of the limit. None if not even fractions of operations fit: a proof that nothing does.
    """
    if not problem.sums:
        return np.zeros(0)
    solver = _solve(_programme(problem, g, weights, whole=False))
    if solver.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return None
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"HiGHS could not solve a relaxation: {solver.getModelStatus()}")
    return np.maximum(-np.array(solver.getSolution().row_dual)[-len(problem.sums) :], 0)


def knapsack_optimum(problem: Problem, g: int, weights: NDArray[np.float64]) -> tuple[NDArray[np.int8], float]:
    """Return a best path of one global combination within the additive limits, and a bound on all.

    Returns
    -------
    ops
        A `(1, n_blocks)` array of operations, or `(0, n_blocks)` if none was found. A path over a limit by HiGHS's
        tolerance alone (about 1e-6 of it) may be returned.
    bound
        No path within the limits is heavier; ``-inf`` if there is none.
    """
    solver = _solve(_programme(problem, g, weights, whole=True))
    ops = np.full((1, problem.space.n_blocks), NOT_EXECUTED, dtype=np.int8)
    if solver.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return ops[:0], -np.inf
    bound = SOLVER_TOLERANCE - float(solver.getInfo().mip_dual_bound)
    if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return ops[:0], bound
    block, op = np.nonzero(weights > -np.inf)
    chosen = np.array(solver.getSolution().col_value) > 0.5
    ops[0, block[chosen]] = op[chosen]
    return ops, bound


@dataclass(frozen=True)
class Shares:
    """A vertex of a linear programme over shares of choices.

    Parameters
    ----------
    share
        A `(n,)` array.
    multipliers
        The `(n_costs,)` gain that one more unit of each cost's room would give.
    """

    share: NDArray[np.float64]
    multipliers: NDArray[np.float64]


def best_shares(
    gain: NDArray[np.float64],
    costs: NDArray[np.float64],
    room: NDArray[np.float64],
    group: NDArray[np.int64],
    allowed: NDArray[np.bool_],
) -> Shares | None:
    """Return a vertex of highest gain whose shares are 1 in all in every group, or None if nothing fits.

    Parameters
    ----------
    gain
        A `(n,)` array.
    costs, room
        A `(n_costs, n)` array of costs that add up, and the `(n_costs,)` most of each.
    group
        The `(n,)` group of each share, from 0 on.
    allowed
        A `(n,)` mask of the shares that may be positive.
    """
    n_costs, n = costs.shape
    n_groups = int(group[-1]) + 1
    programme = highspy.HighsLp()
    programme.num_col_, programme.num_row_ = n, n_groups + n_costs
    programme.col_cost_ = -gain
    programme.col_lower_, programme.col_upper_ = np.zeros(n), allowed.astype(np.float64)
    programme.row_lower_ = np.concatenate([np.ones(n_groups), np.full(n_costs, -np.inf)])
    programme.row_upper_ = np.concatenate([np.ones(n_groups), room])
    rows = np.broadcast_to(n_groups + np.arange(n_costs), (n, n_costs))
    programme.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    programme.a_matrix_.start_ = np.arange(n + 1) * (1 + n_costs)
    programme.a_matrix_.index_ = np.concatenate([group[:, None], rows], axis=1).ravel()
    programme.a_matrix_.value_ = np.concatenate([np.ones((n, 1)), costs.T], axis=1).ravel()
    solver = _solve(programme)
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    solution = solver.getSolution()
    return Shares(np.array(solution.col_value), np.maximum(-np.array(solution.row_dual)[n_groups:], 0))


def _programme(problem: Problem, g: int, weights: NDArray[np.float64], whole: bool) -> highspy.HighsLp:
    """Return the knapsack over shares of operations, or over whole ones, as a minimisation."""
    block, op = np.nonzero(weights > -np.inf)
    paths, lower, upper = path_rows(problem.trellis, block)
    matrix = csc_array(np.vstack([paths, problem.sum_costs[:, g, block, op]]))
    programme = highspy.HighsLp()
    programme.num_col_, programme.num_row_ = len(block), matrix.shape[0]
    programme.col_cost_ = -weights[block, op]
    programme.col_lower_, programme.col_upper_ = np.zeros(len(block)), np.ones(len(block))
    programme.row_lower_ = np.concatenate([lower, np.full(len(problem.sums), -np.inf)])
    programme.row_upper_ = np.concatenate([upper, problem.room[:, g]])
    programme.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    programme.a_matrix_.start_, programme.a_matrix_.index_ = matrix.indptr, matrix.indices
    programme.a_matrix_.value_ = matrix.data
    if whole:
        programme.integrality_ = [highspy.HighsVarType.kInteger] * len(block)
    return programme


def _solve(programme: highspy.HighsLp) -> highspy.Highs:
    """Run HiGHS silently on one thread, so that every machine takes the same steps."""
    solver = highspy.Highs()
    options: dict[str, bool | int | float | str] = {
        "output_flag": False,
        "threads": 1,
        "mip_rel_gap": 0.0,
        "mip_max_nodes": NODE_LIMIT,
    }
    # The simplex method ends at a vertex; an interior point method may end inside a face.
    options["solver"] = "simplex"
    for option, value in options.items():
        solver.setOptionValue(option, value)
    solver.passModel(programme)
    solver.run()
    return solver


def path_rows(
    trellis: Trellis, block: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the linear rows, and their lower and upper sides, that make shares of operations a path.

    The shares of a stage's first block are 1 in all. Any other block runs as much as the one before it, or at most as
    much if the stage may stop there, and not at all behind the largest allowed depth.

    Parameters
    ----------
    block
        An `(n_variables,)` array: the block of each share.
    """
    rows, lower, upper = [], [], []
    for first, n_blocks, depths in trellis.stages:
        for place in range(n_blocks):
            row = (block == first + place).astype(float)
            if 0 < place < max(depths):
                row -= block == first + place - 1
            side = 1.0 if place == 0 < max(depths) else 0.0
            rows.append(row)
            lower.append(-np.inf if place in depths and place < max(depths) else side)
            upper.append(side)
    return np.array(rows), np.array(lower), np.array(upper)
