"""Architectures as paths through a graph, and the best paths under weights on the blocks.

For one global combination an architecture is a path: through the blocks of a stage, one operation each, until the stage
stops at an allowed depth, then on to the next stage. With a weight per (block, operation) the best path, and the n best
ones in order, follow by dynamic programming over about one node per block.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nascore.spaces.staged import StagedSpace

NOT_EXECUTED = -1


ROUNDING = 1e-9
"""Slack on sums of shares of a limit, so that rounding never drops a path; whoever needs exactness checks again."""


@dataclass(frozen=True)
class _Tails:
    """The best continuations from one node, best first.

    `op` is the next operation, or `NOT_EXECUTED` where the stage stops; `child` is the row of the continuation among
    the tails of the node that follows; `costs` is `(n_costs, m)`.
    """

    weight: NDArray[np.float64]
    costs: NDArray[np.float64]
    op: NDArray[np.int8]
    child: NDArray[np.intp]

    def take(self, rows: NDArray[np.intp]) -> "_Tails":
        """Return some of the tails."""
        return _Tails(self.weight[rows], self.costs[:, rows], self.op[rows], self.child[rows])


class Trellis:
    """The graph of one space's blocks; a restricted space gives the smaller graph."""

    def __init__(self, space: StagedSpace) -> None:
        self.n_blocks, self.n_ops = space.n_blocks, space.n_ops
        self.allowed_ops = space.allowed_ops
        firsts = np.cumsum([0, *(stage.n_blocks for stage in space.stages)])
        self.stages = [
            (int(first), stage.n_blocks, frozenset(stage.depths[i] for i in allowed))
            for first, stage, allowed in zip(
                firsts, space.stages, space.allowed_indices[space.depth_slice], strict=False
            )
        ]

    def best_weight(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weight of the heaviest path for each of `(..., n_blocks, n_ops)` weights.

        Operations of weight ``-inf`` are forbidden; ``-inf`` is returned where no path is left.
        """
        return self._prefixes(weights)[1]

    def _prefixes(self, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the `(..., n_blocks)` heaviest way to each block, the block itself not counted, and to the end."""
        per_block = weights.max(axis=-1)
        prefix = np.empty(per_block.shape)
        before = np.zeros(per_block.shape[:-1])
        for first, n_blocks, depths in self.stages:
            inside = per_block[..., first : first + n_blocks].cumsum(axis=-1)
            inside = np.concatenate([np.zeros((*before.shape, 1)), inside], axis=-1)
            prefix[..., first : first + n_blocks] = before[..., None] + inside[..., :-1]
            before = before + inside[..., sorted(depths)].max(axis=-1)
        return prefix, before

    def best_paths(
        self,
        weights: NDArray[np.float64],
        n: int,
        costs: NDArray[np.float64],
        room: NDArray[np.float64],
        at_least: float = -np.inf,
    ) -> tuple[NDArray[np.float64], NDArray[np.int8], float]:
        """Return heavy paths in order, without those over a limit or lighter than `at_least`, and bound the others.

        Every block keeps the `n` heaviest ways to go on from it. Without costs that gives the `n` heaviest paths. With
        costs, a way that was not kept may be the one that fits behind an expensive start, so a path that is not
        returned may be heavier than the last that is.

        Parameters
        ----------
        weights
            An `(n_blocks, n_ops)` array; ``-inf`` forbids an operation.
        n
            How many paths to return at most.
        costs, room
            An `(n_costs, n_blocks, n_ops)` array of costs that add up, and the `(n_costs,)` most of each. A path
            over its room by rounding errors alone may be returned.

        Returns
        -------
        weight
            An `(m,)` array, decreasing, with `m <= n`.
        ops
            An `(m, n_blocks)` array of operation indices, `NOT_EXECUTED` where a block does not run.
        bound
            No other path within the limits and of weight `at_least` is heavier; ``-inf`` if there is none.
        """
        bound = -np.inf
        heaviest = self._prefixes(weights)[0]
        cheapest = -self._prefixes(np.where(weights > -np.inf, -costs, -np.inf))[0]
        end = _Tails(np.zeros(1), np.zeros((len(costs), 1)), np.zeros(1, np.int8), np.zeros(1, np.intp))
        nodes: list[list[_Tails]] = []
        for first, n_blocks, depths in reversed(self.stages):
            in_stage: list[_Tails] = []
            for place in reversed(range(n_blocks)):
                block = first + place
                go_on = in_stage[-1] if in_stage else end
                if place + 1 == n_blocks and n_blocks not in depths:
                    go_on = end.take(np.zeros(0, np.intp))
                choices = _extend(weights[block], costs[:, block], go_on)
                if place in depths:
                    choices = _either(_stop(end), choices)
                needed = at_least - heaviest[block] if heaviest[block] > -np.inf else np.inf
                over = (choices.costs > (room - cheapest[:, block] + ROUNDING)[:, None]).any(axis=0)
                kept = _heaviest(choices.weight, (choices.weight >= needed) & ~over, n + 1)
                if len(kept) > n:
                    bound = max(bound, float(heaviest[block] + choices.weight[kept[n]]))
                in_stage.append(choices.take(kept[:n]))
            nodes.append(in_stage[::-1])
            end = in_stage[-1]
        return end.weight, self._decode(nodes[::-1], len(end.weight)), bound

    def _decode(self, nodes: list[list[_Tails]], n: int) -> NDArray[np.int8]:
        """Follow the back pointers of all `n` paths at once."""
        ops = np.full((n, self.n_blocks), NOT_EXECUTED, dtype=np.int8)
        row = np.arange(n)
        for (first, _, _), in_stage in zip(self.stages, nodes, strict=True):
            running = np.arange(n)
            for place, tails in enumerate(in_stage):
                at = row[running]
                ops[running, first + place] = tails.op[at]
                row[running] = tails.child[at]
                running = running[tails.op[at] != NOT_EXECUTED]
        return ops


def _extend(weights: NDArray[np.float64], costs: NDArray[np.float64], tails: _Tails) -> _Tails:
    """Return every tail behind every usable operation of one block."""
    usable = np.flatnonzero(weights > -np.inf)
    m = len(tails.weight)
    return _Tails(
        np.add.outer(weights[usable], tails.weight).ravel(),
        (costs[:, usable, None] + tails.costs[:, None, :]).reshape(len(costs), len(usable) * m),
        np.repeat(usable.astype(np.int8), m),
        np.tile(np.arange(m), len(usable)),
    )


def _stop(tails: _Tails) -> _Tails:
    """Return the tails of the next stage as tails of a block that does not run."""
    m = len(tails.weight)
    return _Tails(tails.weight, tails.costs, np.full(m, NOT_EXECUTED, dtype=np.int8), np.arange(m))


def _either(first: _Tails, second: _Tails) -> _Tails:
    """Return the tails of both."""
    return _Tails(
        np.concatenate([first.weight, second.weight]),
        np.concatenate([first.costs, second.costs], axis=1),
        np.concatenate([first.op, second.op]),
        np.concatenate([first.child, second.child]),
    )


def _heaviest(weight: NDArray[np.float64], usable: NDArray[np.bool_], n: int) -> NDArray[np.intp]:
    """Return the rows of the `n` heaviest usable weights, heaviest first."""
    rows = np.flatnonzero(usable)
    if len(rows) > n:
        rows = rows[np.argpartition(-weight[rows], n - 1)[:n]]
    return rows[np.argsort(-weight[rows], kind="stable")]
