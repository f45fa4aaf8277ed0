"""One search: a target, a searcher and a predictor in, the best subnets and the proof out."""

from collections.abc import Callable, Mapping

import numpy as np

from nascore.errors import PredictorError
from nascore.predictors import Predictor
from nascore.predictors.linear import LinearPerGlobal
from nascore.results.search import Certificate, SearchResult
from nascore.search.bcfw import bcfw_search
from nascore.search.candidates import Candidates
from nascore.search.evolution import evolution_search
from nascore.search.exact import TOLERANCE, ExactResult, exact_search
from nascore.search.feasibility import check_feasibility, implausible_latency
from nascore.search.options import (
    BcfwOptions,
    EvolutionOptions,
    EvolutionSettings,
    ExactOptions,
    RandomOptions,
    Searcher,
)
from nascore.search.problem import Problem, tables_of
from nascore.search.random_search import random_search
from nascore.search.result import Found, search_result
from nascore.search.targets import Target
from nascore.search.unfold import exact_search_given_depths
from nascore.seeds import generator, integer_seed
from nascore.spaces.bilinear import BilinearForm
from nascore.spaces.block_table import BlockTable
from nascore.spaces.staged import Genes, StagedSpace

Prover = Callable[[Problem, int], ExactResult]
"""From a problem and a number of subnets to the proven best of them."""


def run_search(
    space: StagedSpace,
    target: Target,
    predictor: Predictor,
    options: Searcher,
    *,
    searcher: str,
    top_k: int = 10,
    seed: int = 0,
    latencies: Mapping[str, BlockTable] | None = None,
) -> SearchResult:
    """Search one target.

    Parameters
    ----------
    space
        The design space, restricted to what may be searched.
    target
        What the subnets must satisfy.
    predictor
        The fitted and calibrated predictor whose accuracy is maximised.
    options
        The algorithm and its options.
    searcher
        The searcher's name, which also names its random stream.
    top_k
        How many distinct subnets to return.
    seed
        The root seed.
    latencies
        The latency table of each measured device by name; see `nascore.search.problem.tables_of`.

    Returns
    -------
    SearchResult
        Also where nothing satisfies the target: the proof is the result.

    Raises
    ------
    TargetError
        If the target fixes a choice outside `space`.
    """
    problem = Problem.of(space, target, tables_of(space, latencies))
    feasibility, warning = check_feasibility(problem), implausible_latency(problem)
    witness, prove = feasibility.witness, _prover(predictor)
    if not len(witness):
        found = Found(witness)
    elif isinstance(options, ExactOptions) and prove is not None:
        found = _certified(problem, witness, prove, top_k)
    else:
        found = _sampled(problem, predictor, witness, options, searcher=searcher, top_k=top_k, seed=seed)
    return search_result(
        problem, predictor, feasibility, found, searcher=searcher, algorithm=options.algorithm, warning=warning
    )


def _prover(predictor: Predictor) -> Prover | None:
    """Return the exact search for a predictor that is additive, or so given all depths; None for any other."""
    table, conditional = predictor.additive_table(), predictor.conditional_table()
    if table is not None:
        return lambda problem, top_k: exact_search(problem, table, top_k)
    if conditional is not None:
        return lambda problem, top_k: exact_search_given_depths(problem, conditional, top_k)
    return None


def _certified(problem: Problem, witness: Genes, prove: Prover, top_k: int) -> Found:
    """Return the proven best subnets."""
    found = prove(problem, top_k)
    if not len(found.genes):
        return Found(witness, note="not certified: the bounds are all but equal")
    objective = float(found.values[0])
    certificate = Certificate(
        objective=objective,
        best_bound=found.best_bound,
        gap=found.best_bound - objective,
        top_k_proven=found.proven,
        root_bound=found.root_bound,
        global_combinations=found.global_combinations,
        closed_by_bound=found.closed_by_bound,
        paths_enumerated=found.paths,
        binding=_binding(problem, prove, objective),
        n_architectures=problem.space.size(),
        tolerance=TOLERANCE,
    )
    return Found(found.genes, certificate=certificate)


def _binding(problem: Problem, prove: Prover, objective: float) -> list[str]:
    """Return the constraints without any one of which a better subnet exists."""
    return [
        constraint.name
        for constraint in problem.target.constraints
        if (prove(problem.without(constraint), 1).values > objective + TOLERANCE).any()
    ]


def _sampled(
    problem: Problem,
    predictor: Predictor,
    witness: Genes,
    options: Searcher,
    *,
    searcher: str,
    top_k: int,
    seed: int,
) -> Found:
    """Return the best of the subnets that a sampling search looks at."""
    rng = generator(seed, "search", searcher, problem.target.name)
    candidates = Candidates(problem, predictor.predict)
    note = ""
    if isinstance(options, RandomOptions):
        random_search(candidates, rng, samples=options.samples, max_draws=options.max_draws)
        if candidates.evaluations < options.samples:
            note = f"only {candidates.evaluations} of {options.max_draws} random subnets are within the limits"
    elif isinstance(options, EvolutionOptions):
        _evolve(candidates, witness, options, rng)
    elif isinstance(options, BcfwOptions):
        bcfw_search(candidates, _bilinear(predictor), rng, options)
        if not candidates.evaluations:
            candidates.evaluate(witness)
    else:
        start = _stand_in_best(problem, predictor, options, seed)
        _evolve(candidates, start if len(start) else witness, options.refinement, rng)
        note = (
            f"not certified: predictor {predictor.name!r} is not additive, so the exact best subnets of an additive "
            "stand-in were refined by evolution"
        )
    return Found(candidates.best(top_k), candidates.evaluations, note=note)


def _bilinear(predictor: Predictor) -> BilinearForm:
    """Return a predictor's bilinear form.

    Raises
    ------
    PredictorError
        If it has none.
    """
    form = predictor.bilinear_form()
    if form is None:
        raise PredictorError(
            "bcfw needs an additive or bilinear predictor, such as linear_per_global or bilinear; "
            f"{predictor.name!r} is neither"
        )
    return form


def _evolve(candidates: Candidates, start: Genes, settings: EvolutionSettings, rng: np.random.Generator) -> None:
    """Run the evolution with its settings."""
    evolution_search(
        candidates, rng, start, **{name: getattr(settings, name) for name in EvolutionSettings.model_fields}
    )


def _stand_in_best(problem: Problem, predictor: Predictor, options: ExactOptions, seed: int) -> Genes:
    """Return the exact best subnets under an additive predictor that imitates another one."""
    rng = generator(seed, "search", "stand-in", problem.target.name)
    genes = problem.space.sample(options.surrogate_rows, rng)
    stand_in = LinearPerGlobal(problem.space)
    stand_in.fit(genes, np.clip(predictor.predict(genes), 0, 1), seed=integer_seed(seed, "search", "stand-in"))
    table = stand_in.additive_table()
    assert table is not None
    return exact_search(problem, table, options.refinement.population).genes
