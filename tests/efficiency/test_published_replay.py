"""The random searches of a published lab write-up, drawn again: the pools and the costs, not the accuracies.

With `random.seed(1)` the write-up's four searches draw from one stream, in the order of the lab's sampler. The
numbers of draws show that the first two, meant as 50 M and 100 M MACs, rejected nothing.
"""

import random

import pandas as pd
import pytest

from nascore.efficiency import cost

POOL = 300
KB = 1024


@pytest.fixture(scope="module")
def stream(space) -> pd.DataFrame:
    """Return the costs of the first 2,000 architectures that the write-up's sampler draws."""
    draw = random.Random(1)
    dicts = []
    for _ in range(2000):
        ks, e, d = draw.choices((3, 5, 7), k=20), draw.choices((3, 4, 6), k=20), draw.choices((0, 1, 2), k=6)
        image_size = draw.choice((96, 112, 128, 144, 160))
        dicts.append({"ks": ks, "e": e, "d": d, "image_size": image_size, "wid": draw.choice(range(3))})
    return cost(space, space.from_dicts(dicts))


@pytest.fixture(scope="module")
def pools(stream) -> list[tuple[pd.DataFrame, int]]:
    """Return the accepted architectures of each search, and how many draws it needed."""
    pools, start = [], 0
    for limit in (None, None, 256 * KB, 512 * KB):
        rest = stream.iloc[start:]
        accepted = rest if limit is None else rest[rest["peak_memory_bytes"] <= limit]
        accepted = accepted.iloc[:POOL]
        draws = accepted.index[-1] + 1 - start
        pools.append((accepted, draws))
        start += draws
    return pools


def test_draws_that_each_search_needed(pools):
    assert [draws for _, draws in pools] == [300, 300, 659, 328]


def test_costs_of_the_published_winners(pools):
    winners = [accepted.iloc[i] for (accepted, _), i in zip(pools, (46, 141, 206, 259), strict=True)]
    assert [round(row["thop_macs"] / 1e6, 3) for row in winners] == [121.451, 123.346, 58.040, 123.958]
    assert [row["peak_memory_bytes"] / KB for row in winners] == [500, 500, 250, 500]


def test_the_published_50_million_winner_has_more_than_twice_that(pools):
    winner = pools[0][0].iloc[46]
    assert winner["thop_macs"] / 1e6 == pytest.approx(121.45, abs=0.005)
    assert winner["macs"] / 1e6 == pytest.approx(111.0, abs=0.05)


def test_acceptance_rates_of_uniform_samples(stream):
    """Published from 6,000 samples of another stream, so equal within sampling error."""
    millions, kilobytes = stream["thop_macs"] / 1e6, stream["peak_memory_bytes"] / KB
    assert (millions <= 50).mean() == pytest.approx(0.378, abs=0.04)
    assert (millions <= 100).mean() == pytest.approx(0.788, abs=0.04)
    assert (kilobytes <= 256).mean() == pytest.approx(0.462, abs=0.04)
    assert (kilobytes <= 512).mean() == pytest.approx(0.913, abs=0.03)
    assert (kilobytes <= 64).sum() == 0
