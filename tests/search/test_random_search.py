import numpy as np

from nascore.search.random_search import random_search


def test_the_best_of_the_samples(space, candidates, predictor):
    found = candidates({"thop_macs_m": 60, "peak_memory_kb": 250})
    random_search(found, np.random.default_rng(0), samples=200, max_draws=10_000)
    assert found.evaluations == 200
    drawn = candidates({"thop_macs_m": 60, "peak_memory_kb": 250}).draw(200, np.random.default_rng(0), max_draws=10_000)
    assert predictor.predict(found.best(1))[0] == predictor.predict(drawn).max()
    assert found.within(found.best(200)).all()


def test_a_tight_target_ends_after_the_draws(candidates, rng):
    found = candidates({"macs_m": 7.3})
    random_search(found, rng, samples=100, max_draws=5000)
    assert found.evaluations == 0 and len(found.best(5)) == 0


def test_the_same_seed_finds_the_same(candidates):
    best = []
    for _ in range(2):
        found = candidates({"macs_m": 30})
        random_search(found, np.random.default_rng(3), samples=50, max_draws=10_000)
        best.append(found.best(5))
    assert (best[0] == best[1]).all()


def test_keeps_to_the_searched_part(space, candidates, rng):
    part = space.restrict({"width": [1], "stage3.depth": [2, 4], "stage1.block0.expand": [4]})
    found = candidates({"macs_m": 60, "resolution": 96}, part)
    random_search(found, rng, samples=100, max_draws=10_000)
    best = found.best(100)
    assert part.allows(best).all() and set(space.global_columns(best)["resolution"]) == {96}
