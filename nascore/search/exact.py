"""The proven best subnets under an additive predictor.

Given the global choices, predicted accuracy and every additive cost are sums over blocks, so the best subnet of one
global combination is a multiple-choice knapsack. The search is best first over the global combinations; whichever has
the highest upper bound is worked on next:

1. its bound is tightened by the multipliers of the knapsack's linear relaxation (HiGHS). With multipliers
   `lam >= 0`, every subnet within the limits has `value <= sum of (value - lam * cost) over its blocks + lam * room`,
   and the right side is a longest path (`Trellis`);
2. then its paths are enumerated in the order of that right side, more of them each time. `Trellis` bounds what is not
   yet enumerated, also what it dropped on the way, and what fits the limits competes for the top k.

The search ends when no bound is above the k-th best value found: a proof of optimality (Fisher, 1981, on Lagrangian
bounds; Kellerer, Pferschy and Pisinger, 2004, chapter 11, on multiple-choice knapsacks). Nothing is left to chance, and
the multipliers only matter for speed: any would give a valid bound. One claim is the solver's: that a combination whose
relaxation it finds infeasible has no subnet within the limits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nascore.search.problem import Problem
from nascore.search.relaxation import knapsack_multipliers, knapsack_optimum
from nascore.spaces.block_table import BlockTable
from nascore.spaces.staged import Genes, StagedSpace

TOLERANCE = 1e-12
"""Values closer than this are equal: far below what one more image answered rightly changes, above rounding errors."""

FIRST_PATHS, MORE_PATHS, MAX_PATHS = 256, 8, 1 << 17
"""Paths enumerated at first for one global combination, the factor by which the number grows, and where it ends."""


@dataclass(frozen=True)
class ExactResult:
    """What the search found and what it proved.

    Parameters
    ----------
    genes
        The `(k, n_genes)` best architectures, best first; fewer than asked for if no more exist.
    values
        Their `(k,)` predicted accuracies.
    proven
        Whether nothing better, and for fewer than `k` nothing else, exists within the target.
    root_bound
        The upper bound before any enumeration; ``-inf`` if there is provably nothing.
    best_bound
        The upper bound on every architecture at the end: the best value itself when that is proven.
    global_combinations, closed_by_bound
        Combinations in the searched space, and those that needed no enumeration.
    paths
        Number of paths enumerated.
    """

    genes: Genes
    values: NDArray[np.float64]
    proven: bool
    root_bound: float
    best_bound: float
    global_combinations: int
    closed_by_bound: int
    paths: int


def exact_search(problem: Problem, values: BlockTable, top_k: int = 1) -> ExactResult:
    """Return the `top_k` subnets of highest predicted value within the target, with the proof's figures.

    Parameters
    ----------
    problem
        The target on its space.
    values
        An additive predictor's table (`Predictor.additive_table`).
    top_k
        How many distinct subnets to return.

    Returns
    -------
    ExactResult
        Proven and without genes if nothing satisfies the target.
    """
    return _Search(problem, values, top_k).run()


class _Search:
    """State of one exact search; the module's first paragraphs tell how it works.

    `bounds` holds, for each global combination, an upper bound on what has not been enumerated yet.
    """

    def __init__(self, problem: Problem, values: BlockTable, top_k: int) -> None:
        self.problem, self.table = problem, values
        self.weights = np.where(problem.allowed, values.blocks, -np.inf)
        self.bounds = values.fixed + problem.trellis.best_weight(self.weights)
        self.multipliers: dict[int, NDArray[np.float64]] = {}
        self.asked: dict[int, int] = {}
        self.branched: set[int] = set()
        self.left_open = -np.inf
        """The highest bound of a combination that neither enumeration nor HiGHS could close."""
        self.paths = 0
        self.best = _Best(top_k, space=problem.space)

    def run(self) -> ExactResult:
        """Work on the highest bound until none is above the k-th best value."""
        root_bound = -np.inf
        while (bound := self.bounds.max()) > self.best.threshold + TOLERANCE:
            g = int(self.bounds.argmax())
            if g not in self.multipliers:
                self._tighten(g)
            elif self.asked.get(g, 0) < MAX_PATHS:
                root_bound = max(root_bound, bound)
                self._enumerate(g)
            elif g not in self.branched:
                self._branch(g)
            else:
                self.left_open = max(self.left_open, bound)
                self.bounds[g] = -np.inf
        bound = max(bound, self.left_open)
        proven = bool(bound <= self.best.threshold + TOLERANCE)
        top = self.best.values[0] if len(self.best.values) else -np.inf
        return ExactResult(
            genes=self.best.genes(),
            values=self.best.values,
            proven=proven,
            root_bound=float(root_bound),
            best_bound=float(top if proven else max(top, bound)),
            global_combinations=len(self.problem.space.allowed_globals),
            closed_by_bound=len(self.problem.space.allowed_globals) - len(self.asked),
            paths=self.paths,
        )

    def _tighten(self, g: int) -> None:
        """Solve the relaxation of one combination, and let its multipliers tighten the bounds of all."""
        multipliers = knapsack_multipliers(self.problem, g, self.weights[g])
        if multipliers is None:
            self.bounds[g] = -np.inf
            return
        self.multipliers[g] = multipliers
        reduced = self.weights - np.tensordot(multipliers, self.problem.sum_costs, axes=1)
        bounds = self._offset(multipliers) + self.problem.trellis.best_weight(reduced)
        untouched = [h for h in range(len(bounds)) if h not in self.asked]
        self.bounds[untouched] = np.minimum(self.bounds, bounds)[untouched]

    def _offset(self, multipliers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the `(n_global_combinations,)` part of the Lagrangian bounds that no block changes."""
        return self.table.fixed + multipliers @ self.problem.room

    def _enumerate(self, g: int) -> None:
        """Enumerate more paths of one combination; keep what fits and bound what is left."""
        multipliers = self.multipliers[g]
        self.asked[g] = self.asked.get(g, FIRST_PATHS // MORE_PATHS) * MORE_PATHS
        costs, room = self.problem.sum_costs[:, g], self.problem.room[:, g]
        reduced = self.weights[g] - np.tensordot(multipliers, costs, axes=1)
        offset = self._offset(multipliers)[g]
        at_least = self.best.threshold - TOLERANCE - offset
        weight, ops, others = self.problem.trellis.best_paths(reduced, self.asked[g], costs, room, at_least)
        self.paths += len(weight)
        self.bounds[g] = offset + others
        ops = ops[self.problem.fits(g, ops)]
        self.best.add(g, self._values(g, ops), ops)

    def _branch(self, g: int) -> None:
        """Let HiGHS close one combination whose paths are too many because their bounds are all but equal.

        It happens where predicted accuracy is proportional to a bounded cost (a subset-sum problem). It bounds the best
        subnet only, and with the solver's tolerance, so a small gap stays.
        """
        self.branched.add(g)
        ops, bound = knapsack_optimum(self.problem, g, self.weights[g])
        ops = ops[self.problem.fits(g, ops)]
        self.best.add(g, self._values(g, ops), ops)
        if self.best.k == 1:
            self.bounds[g] = min(self.bounds[g], self.table.fixed[g] + bound)

    def _values(self, g: int, ops: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return the predicted accuracy of `(m, n_blocks)` operation rows of one combination."""
        chosen = self.table.blocks[g][np.arange(ops.shape[1]), ops]
        return self.table.fixed[g] + np.where(ops >= 0, chosen, 0).sum(axis=1)


class _Best:
    """The k best architectures so far."""

    def __init__(self, k: int, space: StagedSpace) -> None:
        self.k, self.space = k, space
        self.values = np.zeros(0)
        self.g = np.zeros(0, dtype=np.int64)
        self.ops = np.zeros((0, space.n_blocks), dtype=np.int8)

    @property
    def threshold(self) -> float:
        """The value that an architecture must exceed to be among the k best."""
        return float(self.values[-1]) if len(self.values) == self.k else -np.inf

    def add(self, g: int, values: NDArray[np.float64], ops: NDArray[np.int8]) -> None:
        """Take in different architectures of one combination, of which some may be known."""
        known = {row.tobytes() for row in self.ops[self.g == g]}
        best = np.argsort(-values, kind="stable")[: self.k]
        new = [i for i in best if ops[i].tobytes() not in known]
        values = np.concatenate([self.values, values[new]])
        order = np.argsort(-values, kind="stable")[: self.k]
        self.values = values[order]
        self.g = np.concatenate([self.g, np.full(len(new), g)])[order]
        self.ops = np.concatenate([self.ops, ops[new]])[order]

    def genes(self) -> Genes:
        """Return the `(k, n_genes)` architectures, best first."""
        return self.space.from_ops(self.g, self.ops)
