import numpy as np
import pytest

from nascore.efficiency import cost


def test_drawn_subnets_are_within_the_limits(space, candidates, rng):
    found = candidates({"thop_macs_m": 30, "peak_memory_kb": 200})
    genes = found.draw(50, rng, max_draws=100_000)
    assert genes.shape == (50, space.n_genes)
    costs = cost(space, genes)
    assert (costs["thop_macs"] <= 30e6).all() and (costs["peak_memory_bytes"] <= 200 * 1024).all()


def test_a_fixed_choice_alone_is_no_limit(space, candidates, rng):
    genes = candidates({"resolution": 96}).draw(20, rng, max_draws=20)
    assert len(genes) == 20
    assert set(space.global_columns(genes)["resolution"]) == {96}


@pytest.mark.parametrize(("n", "max_draws"), [(10, 1), (10, 10), (10, 11), (10, 12_345), (3, 70_001)])
def test_draws_are_bounded(candidates, rng, monkeypatch, n, max_draws):
    """Nothing is within the limits here."""
    found, drawn = candidates({"macs_m": 7.3}), []
    monkeypatch.setattr(found, "within", lambda genes: drawn.append(len(genes)) or np.zeros(len(genes), dtype=bool))
    assert len(found.draw(n, rng, max_draws=max_draws)) == 0
    assert sum(drawn) == max_draws


def test_no_more_are_drawn_than_needed(candidates, rng, monkeypatch):
    found, drawn = candidates({"macs_m": 1000}), []
    monkeypatch.setattr(found, "within", lambda genes: drawn.append(len(genes)) or np.ones(len(genes), dtype=bool))
    assert len(found.draw(7, rng, max_draws=10**6)) == 7
    assert drawn == [7]


def test_within_equals_the_costs(space, candidates, rng):
    genes = space.sample(500, rng)
    inside = candidates({"macs_m": 40, "flash_kb": 900, "peak_memory_kb": 300}).within(genes)
    costs = cost(space, genes)
    expected = (costs["macs"] <= 40e6) & (costs["flash_bytes"] <= 900 * 1024)
    assert inside.tolist() == (expected & (costs["peak_memory_bytes"] <= 300 * 1024)).tolist()
    assert inside.any() and not inside.all()


def test_a_limit_that_is_just_met_is_met(space, candidates):
    smallest = space.canonical(np.zeros((1, space.n_genes), dtype=int))
    assert candidates({"macs_m": 7.237104, "peak_memory_kb": 72}).within(smallest).tolist() == [True]
    assert candidates({"macs_m": 7.237103}).within(smallest).tolist() == [False]


def test_the_best_are_distinct_and_in_order(space, candidates, predictor, rng):
    found = candidates({"macs_m": 1000})
    genes = space.sample(30, rng)
    found.evaluate(genes[:20])
    found.evaluate(genes[10:])
    assert found.evaluations == 40
    best = found.best(10)
    assert predictor.predict(best).tolist() == sorted(predictor.predict(genes), reverse=True)[:10]
    assert len(found.best(100)) == 30


def test_equal_accuracies_do_not_depend_on_the_order_of_evaluation(space, candidates, rng):
    genes = space.sample(30, rng)
    first, second = candidates({"macs_m": 1000}), candidates({"macs_m": 1000})
    first.predict = second.predict = lambda genes: np.full(len(genes), 0.5)
    first.evaluate(genes)
    second.evaluate(genes[::-1])
    assert (first.best(5) == second.best(5)).all()


def test_nothing_seen_has_no_best(space, candidates):
    found = candidates({"macs_m": 7.3})
    found.evaluate(np.zeros((0, space.n_genes), dtype=np.int8))
    assert found.best(3).shape == (0, space.n_genes)
