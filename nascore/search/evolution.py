"""Evolutionary search, as published for once-for-all networks (Cai et al., 2020; MIT 6.5940 lab 3).

Each generation keeps the best predicted subnets as parents and fills the population with their mutants and crossovers,
every child within the limits. Unlike the published code: a child is redrawn a bounded number of times, there are
always two parents at least, and the last generation's children count.
"""

from collections.abc import Callable

import numpy as np

from nascore.search.candidates import Candidates
from nascore.spaces.staged import Genes

MAX_REDRAWS = 100
"""How often a child outside the limits is drawn anew before its parent takes its place."""


def evolution_search(
    candidates: Candidates,
    rng: np.random.Generator,
    start: Genes,
    *,
    population: int,
    generations: int,
    parent_ratio: float,
    mutation_ratio: float,
    arch_prob: float,
    global_prob: float,
    max_draws: int,
) -> None:
    """Evolve a population.

    Parameters
    ----------
    candidates
        Where subnets are judged and remembered.
    start
        An `(m, n_genes)` array of at least one architecture within the limits. They are part of the first population if
        there are many of them, or if drawing at random does not fill it.
    population, generations
        Size of the population and number of times that it is renewed.
    parent_ratio, mutation_ratio
        Shares of the population: parents that stay, and children that are mutants rather than crossovers.
    arch_prob, global_prob
        Mutation probabilities; see `nascore.spaces.operators.mutate`.
    max_draws
        How many subnets the first population may draw.
    """
    space = candidates.problem.space
    n_parents = max(2, round(parent_ratio * population))
    n_mutants = round(mutation_ratio * population)
    members = start
    if len(start) < n_parents:
        members = candidates.draw(population, rng, max_draws=max_draws)
        members = members if len(members) >= n_parents else np.concatenate([members, start])
    accuracy = candidates.evaluate(members)
    for _ in range(generations):
        order = np.argsort(-accuracy, kind="stable")[:n_parents]
        parents, kept = members[order], accuracy[order]
        first = parents[rng.integers(len(parents), size=population)]
        second = parents[rng.integers(len(parents), size=population - n_mutants)]
        mutants = _within(
            candidates,
            first[:n_mutants],
            lambda rows: space.mutate(rows[0], rng, arch_prob=arch_prob, global_prob=global_prob),
        )
        crossed = _within(candidates, first[n_mutants:], lambda rows: space.crossover(rows[0], rows[1], rng), second)
        children = np.concatenate([mutants, crossed])
        members = np.concatenate([parents, children])
        accuracy = np.concatenate([kept, candidates.evaluate(children)])


def _within(candidates: Candidates, first: Genes, breed: Callable[[tuple[Genes, ...]], Genes], *others: Genes) -> Genes:
    """Return one child per row of `first`, redrawn until it is within the limits; else the parent itself."""
    children = first.copy()
    pending = np.arange(len(first))
    for _ in range(MAX_REDRAWS):
        if not len(pending):
            break
        bred = breed(tuple(rows[pending] for rows in (first, *others)))
        good = candidates.within(bred)
        children[pending[good]] = bred[good]
        pending = pending[~good]
    return children
