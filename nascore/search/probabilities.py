"""One target relaxed: probabilities of operations and of depths in the place of choices.

The value of a point is its expectation when all choices are drawn independently. With the probabilities of the
depths fixed, value and costs are linear in those of the operations; with the operations fixed, costs are linear in
those of the depths. Each of the two linear programmes has one row per block or stage and one per limit. So a vertex has
one choice in all but at most as many blocks or stages as there are limits: a basic solution has no more positive
entries than rows (for one limit, Nayman et al., 2021).
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nascore.search.problem import Problem
from nascore.search.relaxation import Shares, best_shares
from nascore.spaces.bilinear import BilinearForm

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """Probabilities of operations, `(n_blocks, n_ops)`, and of the depths of all stages, `(n_depths,)`."""

    alpha: Array
    beta: Array


@dataclass(frozen=True)
class Relaxation:
    """The relaxed problem of one global combination.

    Parameters
    ----------
    problem, form
        The target, and the value that is maximised.
    g
        Index of the global combination.
    """

    problem: Problem
    form: BilinearForm
    g: int

    @cached_property
    def runs(self) -> Array:
        """A `(n_blocks, n_depths)` array: 1 where a block runs at a depth of its stage."""
        space = self.problem.space
        stage = np.repeat(np.arange(len(space.stages)), [len(stage.depths) for stage in space.stages])
        depth = np.concatenate([stage.depths for stage in space.stages])
        inside = space.stage_of_block[:, None] == stage
        return (inside & (space.place_in_stage[:, None] < depth)).astype(np.float64)

    @cached_property
    def allowed_ops(self) -> NDArray[np.bool_]:
        """The `(n_blocks, n_ops)` operations that may be chosen; any in a block that cannot run."""
        allowed: NDArray[np.bool_] = self.problem.allowed[self.g]
        return allowed | ~allowed.any(axis=1, keepdims=True)

    @cached_property
    def allowed_depths(self) -> NDArray[np.bool_]:
        """The `(n_depths,)` depths that the searched space has and whose blocks all have an operation."""
        space = self.problem.space
        indices = space.allowed_indices[space.depth_slice]
        searched = [np.isin(np.arange(len(stage.depths)), i) for stage, i in zip(space.stages, indices, strict=True)]
        blocked = ~self.problem.allowed[self.g].any(axis=1)
        return np.concatenate(searched) & ~self.runs[blocked].any(axis=0)

    @cached_property
    def depth_slices(self) -> list[slice]:
        """Where each stage's depths stand."""
        ends = np.cumsum([0, *(len(stage.depths) for stage in self.problem.space.stages)]).tolist()
        return [slice(start, end) for start, end in pairwise(ends)]

    @property
    def costs(self) -> Array:
        """The `(n_sums, n_blocks, n_ops)` costs, as shares of what the limits allow."""
        return self.problem.sum_costs[:, self.g]

    def value(self, point: Point) -> float:
        """Return the expected value of a point, the choices taken independently."""
        form, g = self.form, self.g
        per_op = form.blocks[g] + form.products[g] @ point.beta
        worth = (self.runs @ point.beta) @ (point.alpha * per_op).sum(axis=1)
        return float(form.fixed[g] + form.depths[g] @ point.beta + worth)

    def best_alpha(self, beta: Array) -> Array | None:
        """Return the vertex of highest value for fixed depths, or None if nothing fits.

        Blocks that do not run get what would be best if they did, at the price that the limits have at the vertex, so
        that the gradient of the depths knows what more depth is worth.
        """
        runs = (self.runs @ beta)[:, None]
        gain = self.form.blocks[self.g] + self.form.products[self.g] @ beta
        found = self._shares(runs * gain, runs * self.costs)
        if found is None:
            return None
        reduced = np.where(self.allowed_ops, gain - np.tensordot(found.multipliers, self.costs, axes=1), -np.inf)
        best = np.eye(gain.shape[1])[reduced.argmax(axis=1)]
        return np.where(runs > 0, found.share.reshape(gain.shape), best)

    def first_alpha(self, beta: Array) -> Array | None:
        """Return the first operation of every block, as far as the limits allow for fixed depths."""
        first = np.zeros(self.allowed_ops.shape) - np.arange(self.allowed_ops.shape[1])
        found = self._shares(first, (self.runs @ beta)[:, None] * self.costs)
        return None if found is None else found.share.reshape(first.shape)

    def _shares(self, gain: Array, costs: Array) -> Shares | None:
        """Return a vertex of highest `(n_blocks, n_ops)` gain."""
        block = np.repeat(np.arange(len(gain)), gain.shape[1])
        flat = costs.reshape(len(costs), gain.size)
        return best_shares(gain.ravel(), flat, self._room, block, self.allowed_ops.ravel())

    def beta_gradient(self, point: Point) -> Array:
        """Return the `(n_depths,)` gradient of the value."""
        form, g = self.form, self.g
        per_op = form.blocks[g] + form.products[g] @ point.beta
        through_products = np.einsum("b,bo,bod->d", self.runs @ point.beta, point.alpha, form.products[g])
        gradient: Array = form.depths[g] + self.runs.T @ (point.alpha * per_op).sum(axis=1) + through_products
        return gradient

    def beta_vertex(self, gain: Array, alpha: Array) -> Array | None:
        """Return the vertex of highest `(n_depths,)` gain within the limits for fixed operations."""
        costs = (alpha * self.costs).sum(axis=2) @ self.runs
        stage = np.repeat(np.arange(len(self.depth_slices)), [s.stop - s.start for s in self.depth_slices])
        found = best_shares(gain, costs, self._room, stage, self.allowed_depths)
        return None if found is None else found.share

    @property
    def _room(self) -> Array:
        return self.problem.room[:, self.g]
