"""Random search: the best predicted of many random subnets within the limits.

The published algorithm (MIT 6.5940 lab 3) draws until it has enough and so never ends on a target that nothing, or
almost nothing, satisfies. Here the number of draws is bounded.
"""

import numpy as np

from nascore.search.candidates import Candidates


def random_search(candidates: Candidates, rng: np.random.Generator, *, samples: int, max_draws: int) -> None:
    """Evaluate random subnets.

    Parameters
    ----------
    candidates
        Where they are judged and remembered.
    samples
        How many subnets within the limits to evaluate.
    max_draws
        How many subnets to draw at most, inside the limits or not.
    """
    candidates.evaluate(candidates.draw(samples, rng, max_draws=max_draws))
