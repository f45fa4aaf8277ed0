import numpy as np
import pytest

from nascore.search.evolution import evolution_search
from nascore.search.feasibility import check_feasibility

TARGET = {"thop_macs_m": 30, "peak_memory_kb": 200}


def evolve(candidates, seed=0, start=None, **changes):
    """Run a small evolution and return its candidates."""
    settings = {
        "population": 20,
        "generations": 5,
        "parent_ratio": 0.25,
        "mutation_ratio": 0.3,
        "arch_prob": 0.1,
        "global_prob": 0.5,
        "max_draws": 20_000,
    }
    start = check_feasibility(candidates.problem).witness if start is None else start
    evolution_search(candidates, np.random.default_rng(seed), start, **settings | changes)
    return candidates


def test_everything_that_is_evaluated_is_within_the_limits_and_the_searched_part(space, candidates):
    part = space.restrict({"width": [0, 1], "stage2.depth": [2, 3], "stage1.block0.kernel": [3, 7]})
    found = evolve(candidates(TARGET, part))
    everything = found.best(10**6)
    assert found.within(everything).all()
    assert part.allows(everything).all()
    assert (space.canonical(everything) == everything).all()


def test_every_generation_evaluates_a_population(candidates):
    assert evolve(candidates(TARGET)).evaluations == 20 + 5 * 20
    assert evolve(candidates(TARGET), generations=0).evaluations == 20


def test_more_generations_are_never_worse(candidates, predictor):
    """The same seed continues the same evolution, so the best can only rise."""
    best = [predictor.predict(evolve(candidates(TARGET), generations=g).best(1))[0] for g in (0, 1, 2, 5, 15)]
    assert best == sorted(best)
    assert best[-1] > best[0]


def test_the_last_generation_counts(candidates, monkeypatch):
    """Only the children of the only generation are any good."""
    found, calls = candidates(TARGET), []

    def predict(genes):
        calls.append(genes)
        return np.full(len(genes), float(len(calls)))

    monkeypatch.setattr(found, "predict", predict)
    evolve(found, generations=1)
    assert len(calls) == 2
    assert found.best(1)[0].tolist() in calls[1].tolist()


def test_a_generation_breeds_from_the_best(candidates, monkeypatch):
    """Without mutation all children are crossovers of the two best: their genes are from either parent."""
    found, calls = candidates({"macs_m": 1000}), []
    monkeypatch.setattr(found, "predict", lambda genes: calls.append(genes) or np.arange(len(genes), dtype=float))
    evolve(found, generations=1, parent_ratio=0, mutation_ratio=0)
    population, children = calls
    first, second = population[-1], population[-2]
    globals_ = found.problem.space.n_globals
    assert ((children == first) | (children == second))[:, :globals_].all()
    assert len(np.unique(children, axis=0)) > 2


@pytest.mark.parametrize("parent_ratio", [0.0, 0.01, 1.0])
@pytest.mark.parametrize("mutation_ratio", [0.0, 0.5, 1.0])
def test_any_shares_work(candidates, parent_ratio, mutation_ratio):
    found = evolve(
        candidates(TARGET), population=4, generations=2, parent_ratio=parent_ratio, mutation_ratio=mutation_ratio
    )
    assert found.evaluations == 4 + 2 * 4


def test_the_same_seed_finds_the_same(candidates):
    first, second, other = (evolve(candidates(TARGET), seed=seed).best(10) for seed in (7, 7, 8))
    assert (first == second).all()
    assert (first != other).any()


def test_a_tight_target_ends_with_what_it_started_from(space, candidates):
    """The least are 7.24 M MACs: no random subnet and hardly a child is within."""
    found = candidates({"macs_m": 7.3})
    witness = check_feasibility(found.problem).witness
    evolve(found, max_draws=2000, generations=2)
    best = found.best(100)
    assert found.within(best).all()
    assert witness[0].tolist() in best.tolist()


def test_a_large_start_is_the_first_population(space, candidates, monkeypatch):
    found = candidates(TARGET)
    start = found.draw(8, np.random.default_rng(0), max_draws=10_000)
    monkeypatch.setattr(found, "draw", None)
    evolve(found, start=start, generations=1)
    assert found.evaluations == 8 + 20
    assert {row.tobytes() for row in start} <= {row.tobytes() for row in found.best(100)}
