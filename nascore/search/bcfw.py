"""Block-coordinate Frank-Wolfe on the relaxation of operations and depths to probabilities (Nayman et al., 2021).

One step moves the probabilities of the operations, or those of the depths, towards the vertex that the linear
programme of their gradient finds; every point on the way is within the limits. The value is linear along a step of the
operations, so the exact step is the whole one; along a step of the depths it is a parabola, whose top is the exact
step. At the end at most one block and one stage per limit are fractional (`nascore.search.probabilities`); rounding
tries what they may become, keeps the limits, and then improves one choice at a time.

A local method: it depends on where it starts, and proves nothing. The published one takes constant steps of 0.002 from
the smallest network, which after 1,000 steps still weighs a third, and rounds without looking at the limit.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nascore.search.candidates import Candidates
from nascore.search.options import BcfwOptions
from nascore.search.probabilities import Point, Relaxation
from nascore.search.rounding import polish, rounded
from nascore.spaces.bilinear import BilinearForm

Array = NDArray[np.float64]

MAX_ROUNDS = 50
"""Alternations from one start; the value grows each time, and a handful is usual."""
ENOUGH = 1e-9
"""Growth of the value, as a share, that ends the alternation."""
POLISHED = 5
"""Rounded subnets, the best ones, that are improved one choice at a time."""


def bcfw_search(candidates: Candidates, form: BilinearForm, rng: np.random.Generator, options: BcfwOptions) -> None:
    """Search all global combinations; what is found is in `candidates`, the best of it improved choice by choice."""
    found = [np.zeros((0, candidates.problem.space.n_genes), dtype=np.int8)]
    for g in candidates.problem.space.allowed_globals.tolist():
        relaxation = Relaxation(candidates.problem, form, g)
        ends: list[tuple[float, Point]] = []
        for start in _starts(relaxation, rng, options.starts if options.step == "exact" else 1):
            end = walk(relaxation, start, rng, options)
            ends += [] if end is None else [(relaxation.value(end), end)]
        ends.sort(key=lambda pair: -pair[0])
        if options.step == "exact":
            ends += [_other_depths(relaxation, *ends[0])] if ends else []
        found += [rounded(candidates, relaxation, end) for _, end in ends]
    genes = np.unique(np.concatenate(found), axis=0)
    if len(genes):
        best = np.argsort(-candidates.evaluate(genes), kind="stable")[:POLISHED]
        for row in genes[best]:
            polish(candidates, row[None])


def _starts(relaxation: Relaxation, rng: np.random.Generator, n: int) -> Iterator[Array]:
    """Yield one-hot depths, each stage's uniform over what is allowed, the smallest first."""
    yield _one_hot(relaxation, relaxation.allowed_depths.astype(np.float64))
    for _ in range(n - 1):
        yield _one_hot(relaxation, rng.random(len(relaxation.allowed_depths)) * relaxation.allowed_depths)


def _one_hot(relaxation: Relaxation, weights: Array) -> Array:
    """Return the depths of the greatest weights, one per stage."""
    beta = np.zeros(len(weights))
    for where in relaxation.depth_slices:
        beta[where.start + weights[where].argmax()] = 1
    return beta


def walk(relaxation: Relaxation, start: Array, rng: np.random.Generator, options: BcfwOptions) -> Point | None:
    """Return where the steps from some depths end, or None if nothing fits them.

    Parameters
    ----------
    start
        The `(n_depths,)` one-hot depths; the operations are the best for them, or the first ones with constant steps.
    """
    if options.step == "constant":
        return _constant_steps(relaxation, start, rng, options)
    alpha = relaxation.best_alpha(start)
    if alpha is None:
        return None
    point = Point(alpha, start)
    value = relaxation.value(point)
    for _ in range(MAX_ROUNDS):
        point = _exact_step(relaxation, point)
        alpha = relaxation.best_alpha(point.beta)
        point = Point(point.alpha if alpha is None else alpha, point.beta)
        before, value = value, relaxation.value(point)
        if value - before <= ENOUGH * max(1.0, abs(value)):
            break
    return _at_vertices(relaxation, point)


def _exact_step(relaxation: Relaxation, point: Point) -> Point:
    """Return the best point between a point and the vertex that its depths' gradient leads to."""
    vertex = relaxation.beta_vertex(relaxation.beta_gradient(point), point.alpha)
    if vertex is None:
        return point
    along = [relaxation.value(Point(point.alpha, point.beta + t * (vertex - point.beta))) for t in (0.0, 0.5, 1.0)]
    curvature = 2 * (along[0] + along[2]) - 4 * along[1]
    slope = along[2] - along[0] - curvature
    if slope <= 0:
        return point
    step = 1.0 if slope + 2 * curvature >= 0 else slope / (-2 * curvature)
    return Point(point.alpha, _towards(point.beta, vertex, step))


def _constant_steps(
    relaxation: Relaxation, start: Array, rng: np.random.Generator, options: BcfwOptions
) -> Point | None:
    """Take the published steps: constant ones, on operations or depths as a coin falls."""
    alpha = relaxation.first_alpha(start)
    if alpha is None:
        return None
    point, size = Point(alpha, start), options.step_size
    for _ in range(options.iterations):
        if rng.random() < 0.5:
            vertex, beta = relaxation.best_alpha(point.beta), None
        else:
            vertex, beta = None, relaxation.beta_vertex(relaxation.beta_gradient(point), point.alpha)
        point = Point(_towards(point.alpha, vertex, size), _towards(point.beta, beta, size))
    return _at_vertices(relaxation, point)


def _other_depths(relaxation: Relaxation, value: float, point: Point) -> tuple[float, Point]:
    """Change the depth of one stage at a time, the operations solved again, as long as the value grows."""
    while True:
        around = []
        for where in relaxation.depth_slices:
            for place in np.flatnonzero(relaxation.allowed_depths[where]) + where.start:
                beta = point.beta.copy()
                beta[where] = 0
                beta[place] = 1
                alpha = relaxation.best_alpha(beta)
                around += [] if alpha is None else [Point(alpha, beta)]
        values = [relaxation.value(neighbour) for neighbour in around]
        if not values or max(values) <= value + ENOUGH:
            return value, point
        value, point = max(values), around[int(np.argmax(values))]


def _towards(start: Array, end: Array | None, step: float) -> Array:
    """Return the point a step of the way to `end`; `start` where there is no end."""
    return start if end is None else start + step * (end - start)


def _at_vertices(relaxation: Relaxation, point: Point) -> Point:
    """Return a point whose probabilities are vertices of their programmes, in the direction of the probabilities."""
    beta = relaxation.beta_vertex(point.beta, point.alpha)
    beta = point.beta if beta is None else beta
    alpha = relaxation.best_alpha(beta)
    return Point(point.alpha if alpha is None else alpha, beta)
