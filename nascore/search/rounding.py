"""From probabilities to subnets: rounding that keeps the limits, and improvement one choice at a time."""

from itertools import islice, product

import numpy as np

from nascore.search.candidates import Candidates
from nascore.search.probabilities import Point, Relaxation
from nascore.search.problem import Problem
from nascore.search.trellis import NOT_EXECUTED
from nascore.spaces.staged import Genes

FRACTIONAL = 1e-6
"""Probabilities above this count as positive."""
MAX_ROUNDINGS = 256


def rounded(candidates: Candidates, relaxation: Relaxation, point: Point) -> Genes:
    """Return the subnets within the limits that a point's positive probabilities allow, at most `MAX_ROUNDINGS`."""
    space = candidates.problem.space
    depths = [np.flatnonzero(point.beta[where] > FRACTIONAL).tolist() for where in relaxation.depth_slices]
    ops = [np.flatnonzero(row > FRACTIONAL).tolist() for row in point.alpha]
    rows = []
    for choice in islice(product(*depths, *ops), MAX_ROUNDINGS):
        chosen, row = choice[: len(depths)], np.array(choice[len(depths) :], dtype=np.int8)
        numbers = np.array([stage.depths[index] for stage, index in zip(space.stages, chosen, strict=True)])
        row[space.place_in_stage >= numbers[space.stage_of_block]] = NOT_EXECUTED
        rows.append(row)
    genes = space.from_ops(np.full(len(rows), relaxation.g), np.array(rows))
    return genes[space.allows(genes) & candidates.within(genes)]


def polish(candidates: Candidates, row: Genes) -> None:
    """Change one choice at a time for the better, as long as there is a better one within the limits."""
    value = float(candidates.evaluate(row)[0])
    while True:
        neighbours = _neighbours(candidates.problem, row)
        neighbours = neighbours[candidates.within(neighbours)]
        if not len(neighbours):
            return
        values = candidates.evaluate(neighbours)
        best = int(values.argmax())
        if values[best] <= value:
            return
        row, value = neighbours[best : best + 1], float(values[best])


def _neighbours(problem: Problem, row: Genes) -> Genes:
    """Return every architecture that differs in one block's operation or one stage's depth.

    The blocks that a greater depth adds all get the same operation, any one.
    """
    space = problem.space
    g, ops, runs = space.global_index(row), space.op_index(row)[0], space.executed(row)[0]
    ops = np.where(runs, ops, NOT_EXECUTED).astype(np.int8)
    rows = []
    for block, op in product(np.flatnonzero(runs), range(space.n_ops)):
        changed = ops.copy()
        changed[block] = op
        rows.append(changed)
    for s, stage in enumerate(space.stages):
        for depth, op in product(stage.depths, range(space.n_ops)):
            changed = ops.copy()
            inside = space.stage_of_block == s
            changed[inside & (space.place_in_stage >= depth)] = NOT_EXECUTED
            changed[inside & (space.place_in_stage < depth) & ~runs] = op
            rows.append(changed)
    genes = space.from_ops(np.repeat(g, len(rows)), np.array(rows))
    return np.unique(genes[space.allows(genes)], axis=0)
