"""Options of the searchers, with their bounds; a configuration is checked against these."""

from typing import Annotated, Literal

from pydantic import Field

from nascore.strict import Strict

Count = Annotated[int, Field(ge=1, le=10_000_000)]
Share = Annotated[float, Field(ge=0, le=1)]


class SearcherOptions(Strict):
    """What every searcher has: an algorithm, and the predictor whose accuracy it maximises."""

    predictor: str = Field("linear_per_global", description="Name of one of the run's predictors.")


class RandomOptions(SearcherOptions):
    """Random search: the best predicted of many random subnets within the limits."""

    algorithm: Literal["random"] = Field("random", description="Random search.")
    samples: Count = Field(1000, description="Subnets within the limits to evaluate.")
    max_draws: Count = Field(1_000_000, description="Subnets to draw at most, within the limits or not.")


class EvolutionSettings(Strict):
    """How a population is evolved, with the published mutation and crossover."""

    population: Annotated[int, Field(ge=4, le=100_000)] = Field(50, description="Subnets per generation.")
    generations: Annotated[int, Field(ge=0, le=100_000)] = Field(20, description="Times the population is renewed.")
    parent_ratio: Share = Field(0.25, description="Share of the population that stays as parents; two at least.")
    mutation_ratio: Share = Field(0.3, description="Share of the children that are mutants; the rest are crossovers.")
    arch_prob: Share = Field(0.1, description="Probability that a mutant redraws a block or a depth.")
    global_prob: Share = Field(0.5, description="Probability that a mutant redraws a global choice.")
    max_draws: Count = Field(1_000_000, description="Random subnets that the first population may draw.")


class EvolutionOptions(SearcherOptions, EvolutionSettings):
    """Evolutionary search."""

    algorithm: Literal["evolution"] = Field("evolution", description="Evolutionary search.")


class ExactOptions(SearcherOptions):
    """Exact search: the proven optimum under an additive predictor.

    Under a predictor that is not additive, an additive one is fitted to its predictions, the exact best subnets of
    that start an evolution, and the result is not certified.
    """

    algorithm: Literal["exact"] = Field("exact", description="Exact search.")
    surrogate_rows: Count = Field(5000, description="Predictions that the additive stand-in is fitted to.")
    refinement: EvolutionSettings = Field(
        EvolutionSettings(population=200, generations=50),
        description="The evolution that follows under a predictor that is not additive.",
    )


class BcfwOptions(SearcherOptions):
    """Block-coordinate Frank-Wolfe on the relaxation, under an additive or bilinear predictor."""

    algorithm: Literal["bcfw"] = Field("bcfw", description="Block-coordinate Frank-Wolfe.")
    step: Literal["exact", "constant"] = Field(
        "exact", description="`exact` line search, or the published `constant` steps from the smallest network."
    )
    starts: Annotated[int, Field(ge=1, le=1000)] = Field(
        8, description="Random depths to start from, per global combination; with constant steps there is one."
    )
    iterations: Count = Field(1000, description="Steps, where they are constant.")
    step_size: Annotated[float, Field(gt=0, le=1)] = Field(0.002, description="Their size.")


Searcher = Annotated[RandomOptions | EvolutionOptions | ExactOptions | BcfwOptions, Field(discriminator="algorithm")]
"""Any searcher's options, told apart by `algorithm`."""
