import pytest
from messages import facts
from pydantic import TypeAdapter, ValidationError

from nascore.search.options import EvolutionOptions, ExactOptions, RandomOptions, Searcher

SEARCHER = TypeAdapter(Searcher)
NAN = float("nan")


def test_the_algorithm_tells_which_options():
    assert SEARCHER.validate_python({"algorithm": "random", "samples": 5}) == RandomOptions(samples=5)
    assert SEARCHER.validate_python({"algorithm": "exact"}) == ExactOptions()
    evolution = SEARCHER.validate_python({"algorithm": "evolution", "generations": 0, "predictor": "mlp"})
    assert evolution == EvolutionOptions(generations=0, predictor="mlp")


def test_published_defaults():
    """As in the published write-ups: a population of 50, 20 generations, a quarter parents, 30 % mutants."""
    options = EvolutionOptions()
    assert (options.population, options.generations, options.parent_ratio) == (50, 20, 0.25)
    assert (options.mutation_ratio, options.arch_prob, options.global_prob) == (0.3, 0.1, 0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"algorithm": "random", "sample": 5}, ("random", "'sample'", "'samples'", "max_draws")),
        ({"algorithm": "evolution", "popluation": 50}, ("evolution", "'popluation'", "'population'")),
        ({"algorithm": "evolution", "samples": 50}, ("evolution", "'samples'", "population, generations")),
        (
            {"algorithm": "exact", "refinement": {"generation": 5}},
            ("exact.refinement", "'generation'", "'generations'"),
        ),
        ({"algorithm": "evolve"}, ("'evolve'", "'random', 'evolution', 'exact', 'bcfw'")),
        ({"samples": 50}, ("'algorithm'", {"samples": 50})),
        ({"algorithm": "random", "samples": 0}, ("random.samples", "greater than or equal to 1", "input_value=0")),
        ({"algorithm": "random", "samples": 10_000_001}, ("random.samples", 10000000, 10000001)),
        ({"algorithm": "random", "samples": 1.5}, ("random.samples", "integer", 1.5)),
        ({"algorithm": "random", "max_draws": -1}, ("random.max_draws", "greater than or equal to 1", -1)),
        ({"algorithm": "evolution", "population": 3}, ("evolution.population", 4, 3)),
        ({"algorithm": "evolution", "generations": -1}, ("evolution.generations", 0, -1)),
        ({"algorithm": "evolution", "parent_ratio": 1.01}, ("evolution.parent_ratio", "less than or equal to 1", 1.01)),
        ({"algorithm": "evolution", "mutation_ratio": -0.1}, ("evolution.mutation_ratio", 0, -0.1)),
        ({"algorithm": "evolution", "arch_prob": NAN}, ("evolution.arch_prob", "finite", "nan")),
        ({"algorithm": "evolution", "global_prob": "high"}, ("evolution.global_prob", "number", "'high'")),
        (
            {"algorithm": "exact", "surrogate_rows": 0},
            ("exact.surrogate_rows", "greater than or equal to 1", "input_value=0"),
        ),
        ({"algorithm": "exact", "predictor": 3}, ("exact.predictor", "string", "input_value=3")),
    ],
)
def test_what_is_wrong_is_said(options, message):
    with pytest.raises(ValidationError, match=facts(*message)):
        SEARCHER.validate_python(options)


def test_options_cannot_be_changed():
    with pytest.raises(ValidationError, match=facts("samples", "frozen")):
        RandomOptions().samples = 3
