"""Which subnets of one target the final validation measures.

The best predicted subnets stand beside what would have been had without a search: as many random subnets within the
limits, and the smallest and the largest subnet within them. All are from the part of the space that was searched.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from nascore.errors import DataError, SpaceError
from nascore.predictors.base import Predictor
from nascore.results.search import INTERVAL_LEVEL, SearchResult
from nascore.search.candidates import Candidates
from nascore.search.exact import exact_search
from nascore.search.problem import Problem, tables_of
from nascore.search.targets import Target
from nascore.seeds import generator
from nascore.spaces.block_table import BlockTable
from nascore.spaces.staged import Genes, StagedSpace

SIZE = "macs"
"""What makes a subnet the smallest or the largest."""

MILLION = 1e6
"""The exact search and its solver compare with absolute tolerances, so MACs are given in millions."""


def contenders(
    space: StagedSpace,
    target: Target,
    predictor: Predictor,
    result: SearchResult,
    *,
    top_k: int,
    seed: int,
    max_draws: int = 1_000_000,
    latencies: Mapping[str, BlockTable] | None = None,
) -> tuple[Genes, pd.DataFrame]:
    """Choose the subnets to measure; `nascore.architectures.write_architectures` writes them.

    Parameters
    ----------
    space
        The design space, restricted to what was searched.
    target
        What the subnets must satisfy.
    predictor
        The fitted and calibrated predictor of the search.
    result
        The search's result.
    top_k
        How many of the found subnets to measure at most.
    seed
        The root seed.
    max_draws
        How many random subnets to draw at most, within the limits or not. Where few are within, there are fewer
        random contenders than found ones, or none.
    latencies
        The latency table of each measured device by name; see `nascore.search.problem.tables_of`.

    Returns
    -------
    genes
        An `(n, n_genes)` array; none if nothing satisfies the target. A subnet may have several roles.
    columns
        `n` rows: `role` (``found``, ``random``, ``smallest`` or ``largest``), `rank` within the role from 0,
        `predicted_accuracy`, `lower` and `upper` (the 90 % interval), every counted cost, and the latency on each
        measured device, milliseconds.

    Raises
    ------
    DataError
        If the result is another target's or predictor's, or has a subnet outside the target.
    """
    problem = Problem.of(space, target, tables_of(space, latencies))
    found = _found(problem, predictor, result)[:top_k]
    smallest, largest = (_extreme(problem, sign) for sign in (-1, 1))
    within = Candidates(problem, predictor.predict)
    # Where the exact search for the smallest found nothing, drawing would go on to its bound for nothing.
    n_random = len(found) if len(smallest) else 0
    random = within.draw(n_random, generator(seed, "contenders", target.name), max_draws=max_draws)
    random = random[np.sort(np.unique(random, axis=0, return_index=True)[1])]
    roles = {"found": found, "random": random, "smallest": smallest, "largest": largest}
    genes = np.concatenate(list(roles.values()))
    lower, upper = predictor.interval(genes, INTERVAL_LEVEL)
    columns = pd.DataFrame(
        {
            "role": pd.Series([role for role, rows in roles.items() for _ in rows], dtype=str),
            "rank": np.concatenate([np.arange(len(rows), dtype=np.int32) for rows in roles.values()]),
            "predicted_accuracy": predictor.predict(genes),
            "lower": lower,
            "upper": upper,
        }
    )
    return genes, columns.join(problem.costs(genes))


def _found(problem: Problem, predictor: Predictor, result: SearchResult) -> Genes:
    """Return the subnets of a search result, best first, after a check that they are this target's."""
    target = problem.target
    if (result.target, result.predictor) != (target.name, predictor.name):
        raise DataError(
            f"the search result is of target {result.target!r} and predictor {result.predictor!r}; "
            f"expected {target.name!r} and {predictor.name!r}"
        )
    try:
        genes = problem.space.from_dicts([subnet.arch for subnet in result.subnets])
    except SpaceError as error:
        raise DataError(f"target {target.name!r}: the search result has a subnet that is none: {error}") from None
    inside = Candidates(problem, predictor.predict).within(genes) & problem.space.allows(genes)
    if not inside.all():
        row = int(inside.argmin())
        raise DataError(f"target {target.name!r}: subnet {row} of the search result does not satisfy it")
    return genes


def _extreme(problem: Problem, sign: int) -> Genes:
    """Return the `(1, n_genes)` subnet with the most (+1) or fewest (-1) MACs within the target, or no row."""
    table = problem.tables[SIZE]
    return exact_search(problem, BlockTable(sign * table.fixed / MILLION, sign * table.blocks / MILLION)).genes
