"""Options of the searchers, with their bounds; a configuration is checked against these."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1, le=10_000_000)]
Share = Annotated[float, Field(ge=0, le=1)]


class SearcherOptions(BaseModel):
    """What every searcher has: an algorithm, and the predictor whose accuracy it maximises."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    module: ClassVar[str]
    """The module that does the work; whoever caches results asks for its code's fingerprint."""

    predictor: str = Field("linear_per_global", description="Name of one of the run's predictors.")


class RandomOptions(SearcherOptions):
    """Random search: the best predicted of many random subnets within the limits."""

    module = "nascore.search.random_search"
    algorithm: Literal["random"] = "random"
    samples: Count = Field(1000, description="Subnets within the limits to evaluate.")
    max_draws: Count = Field(1_000_000, description="Subnets to draw at most, within the limits or not.")


class EvolutionOptions(SearcherOptions):
    """Evolutionary search with the published mutation and crossover."""

    module = "nascore.search.evolution"
    algorithm: Literal["evolution"] = "evolution"
    population: Annotated[int, Field(ge=4, le=100_000)] = Field(50, description="Subnets per generation.")
    generations: Annotated[int, Field(ge=0, le=100_000)] = Field(20, description="Times the population is renewed.")
    parent_ratio: Share = Field(0.25, description="Share of the population that stays as parents; two at least.")
    mutation_ratio: Share = Field(0.3, description="Share of the children that are mutants; the rest are crossovers.")
    arch_prob: Share = Field(0.1, description="Probability that a mutant redraws a block or a depth.")
    global_prob: Share = Field(0.5, description="Probability that a mutant redraws a global choice.")
    max_draws: Count = Field(1_000_000, description="Random subnets that the first population may draw.")


class ExactOptions(SearcherOptions):
    """Exact search: the proven optimum under an additive predictor.

    Under a predictor that is not additive, an additive one is fitted to its predictions, the exact best subnets of
    that start an evolution, and the result is not certified.
    """

    module = "nascore.search.exact"
    algorithm: Literal["exact"] = "exact"
    surrogate_rows: Count = Field(5000, description="Predictions that the additive stand-in is fitted to.")
    refinement: EvolutionOptions = Field(
        EvolutionOptions(population=200, generations=50),
        description="The evolution that follows under a predictor that is not additive.",
    )


Searcher = Annotated[RandomOptions | EvolutionOptions | ExactOptions, Field(discriminator="algorithm")]
"""Any searcher's options, told apart by `algorithm`."""
