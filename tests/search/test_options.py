import pytest
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
        ({"algorithm": "random", "sample": 5}, "unknown key 'sample'. Did you mean 'samples'? Valid: .*max_draws"),
        ({"algorithm": "evolution", "popluation": 50}, "unknown key 'popluation'. Did you mean 'population'?"),
        ({"algorithm": "evolution", "samples": 50}, "unknown key 'samples'"),
        ({"algorithm": "exact", "refinement": {"generation": 5}}, "Did you mean 'generations'?"),
        ({"algorithm": "evolve"}, "'evolve'.*'random', 'evolution', 'exact'"),
        ({"samples": 50}, "Unable to extract tag using discriminator 'algorithm'"),
        ({"algorithm": "random", "samples": 0}, "greater than or equal to 1"),
        ({"algorithm": "random", "samples": 10_000_001}, "less than or equal to 10000000"),
        ({"algorithm": "random", "samples": 1.5}, "valid integer"),
        ({"algorithm": "random", "max_draws": -1}, "greater than or equal to 1"),
        ({"algorithm": "evolution", "population": 3}, "greater than or equal to 4"),
        ({"algorithm": "evolution", "generations": -1}, "greater than or equal to 0"),
        ({"algorithm": "evolution", "parent_ratio": 1.01}, "less than or equal to 1"),
        ({"algorithm": "evolution", "mutation_ratio": -0.1}, "greater than or equal to 0"),
        ({"algorithm": "evolution", "arch_prob": NAN}, "less than or equal to 1"),
        ({"algorithm": "evolution", "global_prob": "high"}, "valid number"),
        ({"algorithm": "exact", "surrogate_rows": 0}, "greater than or equal to 1"),
        ({"algorithm": "exact", "predictor": 3}, "valid string"),
    ],
)
def test_what_is_wrong_is_said(options, message):
    with pytest.raises(ValidationError, match=message.replace("?", r"\?")):
        SEARCHER.validate_python(options)


def test_options_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        RandomOptions().samples = 3
