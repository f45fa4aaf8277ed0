"""What every searcher that samples has in common: who is inside the limits, and the best of all that were seen."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nascore.results.costs import within
from nascore.search.problem import Problem
from nascore.spaces.block_table import BlockTableLookup
from nascore.spaces.staged import Genes

Predict = Callable[[Genes], NDArray[np.float64]]


class Candidates:
    """The subnets that a searcher has looked at under one problem.

    Parameters
    ----------
    problem
        The target on its space.
    predict
        Predicted accuracy of an `(n, n_genes)` array.
    """

    def __init__(self, problem: Problem, predict: Predict) -> None:
        self.problem, self.predict = problem, predict
        tables = [problem.tables[c.metric] for c in problem.target.constraints]
        self._lookup = BlockTableLookup(problem.space, tables)
        self._seen: list[tuple[Genes, NDArray[np.float64]]] = []

    @property
    def evaluations(self) -> int:
        """How many predictions were made."""
        return sum(len(genes) for genes, _ in self._seen)

    def within(self, genes: Genes) -> NDArray[np.bool_]:
        """Return an `(n,)` mask of the architectures that satisfy every limit."""
        constraints = self.problem.target.constraints
        costs = dict(zip((c.metric for c in constraints), self._lookup(genes), strict=True))
        # Without a constraint the answer is one for all.
        return np.ones(len(genes), dtype=bool) & within(costs, constraints)

    def evaluate(self, genes: Genes) -> NDArray[np.float64]:
        """Predict and remember architectures."""
        accuracy = self.predict(genes)
        self._seen.append((genes, accuracy))
        return accuracy

    def draw(self, n: int, rng: np.random.Generator, *, max_draws: int) -> Genes:
        """Draw up to `n` architectures within the limits by rejection, and never more than `max_draws` in all."""
        kept: list[Genes] = [np.zeros((0, self.problem.space.n_genes), dtype=np.int8)]
        drawn, batch = 0, n
        while sum(map(len, kept)) < n and drawn < max_draws:
            batch = min(batch, max_draws - drawn)
            genes = self.problem.space.sample(batch, rng)
            kept.append(genes[self.within(genes)])
            drawn += batch
            batch = min(4 * batch, 1 << 16)
        return np.concatenate(kept)[:n]

    def best(self, k: int) -> Genes:
        """Return the `k` best distinct architectures seen, best first; equals in the order of their genes."""
        genes, first = np.unique(np.concatenate([genes for genes, _ in self._seen]), axis=0, return_index=True)
        accuracy = np.concatenate([accuracy for _, accuracy in self._seen])[first]
        return genes[np.argsort(-accuracy, kind="stable")[:k]]
