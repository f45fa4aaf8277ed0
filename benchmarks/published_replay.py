"""The random searches of a published write-up of MIT 6.5940 lab 3, drawn again as published.

With `random.seed(1)` the write-up's four searches draw from one stream, in the order of the lab's sampler, until 300
architectures satisfy a constraint. Whether they do is asked as in the lab: constraints that no measured cost has the
name of are passed over. The first two constraints are misspelt, so these searches reject nothing. The lab's accuracy
predictor is not needed: which architecture of each pool was published is known.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from nascore.efficiency import cost
from nascore.spaces import OfaMcunet

SEED = 1
POOL = 300
"""Accepted architectures per search."""
DRAWS_AT_MOST = 3000
"""The published loop has no such bound: under a limit that nothing satisfies it does not end."""


@dataclass(frozen=True)
class Search:
    """A published search: its constraint as written, the limit that was meant, and the place of its result."""

    target: str
    constraint: Mapping[str, float]
    meant: Mapping[str, float]
    best: int
    """The number of the published subnet in the pool."""


SEARCHES = (
    Search("macs_50m", {"millonMACs": 50}, {"millionMACs": 50}, 46),
    Search("macs_100m", {"millonMACs": 100}, {"millionMACs": 100}, 141),
    Search("memory_256kb", {"KBPeakMemory": 256}, {"KBPeakMemory": 256}, 206),
    Search("memory_512kb", {"KBPeakMemory": 512}, {"KBPeakMemory": 512}, 259),
)
"""In the order in which they draw from the stream."""


@dataclass(frozen=True)
class Pool:
    """What a search accepted: one row per architecture, with the draws that it needed."""

    search: Search
    accepted: pd.DataFrame
    draws: int

    @property
    def published(self) -> pd.Series:
        """The published subnet's costs."""
        return self.accepted.iloc[self.search.best]

    @property
    def breaking(self) -> pd.DataFrame:
        """The accepted architectures that are beyond the limit that was meant."""
        return self.accepted[[not satisfied(row, self.search.meant) for row in self.accepted.to_dict("records")]]


def satisfied(measured: Mapping[str, float], target: Mapping[str, float]) -> bool:
    """Compare as the lab does: by the names of what was measured, so that a misspelt limit is ignored."""
    return all(measured[name] <= target[name] for name in measured if name in target)


def sampled(draw: random.Random) -> dict[str, Any]:
    """Draw one architecture in the order of the lab's sampler."""
    ks, e, d = draw.choices((3, 5, 7), k=20), draw.choices((3, 4, 6), k=20), draw.choices((0, 1, 2), k=6)
    image_size = draw.choice((96, 112, 128, 144, 160))
    return {"ks": ks, "e": e, "d": d, "image_size": image_size, "wid": draw.choice(range(3))}


def stream(space: OfaMcunet, draws: int = DRAWS_AT_MOST) -> pd.DataFrame:
    """Return the costs of the first architectures that are drawn, under the lab's names and units, and true MACs."""
    draw = random.Random(SEED)
    costs = cost(space, space.from_dicts([sampled(draw) for _ in range(draws)]))
    return pd.DataFrame(
        {
            "millionMACs": costs["thop_macs"] / 1e6,
            "KBPeakMemory": costs["peak_memory_bytes"] / 1024,
            "true_million_macs": costs["macs"] / 1e6,
        }
    )


def replay(drawn: pd.DataFrame) -> Iterator[Pool]:
    """Yield the pool of each search."""
    rows = drawn.to_dict("records")
    start = 0
    for search in SEARCHES:
        accepted = [i for i in range(start, len(rows)) if satisfied(rows[i], search.constraint)][:POOL]
        draws = accepted[-1] + 1 - start
        yield Pool(search, drawn.iloc[accepted], draws)
        start += draws
