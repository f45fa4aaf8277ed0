"""Timing of many calls side by side, on machines that also do other things.

The calls are taken in rounds, each in a new random order, so that a slow phase of the machine hits all of them alike
and the median of each is of the same phases. Within a round, calls are run in cycles of a few neighbours: a layer of a
network is called again only after the other layers, and finds the caches as they leave them.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nascore.evaluation.latency_backends import Call
from nascore.seeds import generator

CYCLES = 4
"""Timed cycles of each group of neighbours per round; one before them is not timed."""
MAX_WARM_UP, STABLE = 20, 0.1
"""Warm-up ends when a call takes as long as the one before, but for a tenth, or after this many calls."""


@dataclass(frozen=True)
class Timing:
    """How long to measure.

    Parameters
    ----------
    min_repeats, max_repeats
        Timed calls of each entry, at least and at most.
    precision
        Measuring ends earlier than at `max_repeats` when the standard error of every median is below this share of it.
    """

    min_repeats: int = 32
    max_repeats: int = 256
    precision: float = 0.01

    @classmethod
    def up_to(cls, repeats: int) -> "Timing":
        """Return the timing with at most this many calls, and at least the default's or as many."""
        return cls(min_repeats=min(cls.min_repeats, repeats), max_repeats=repeats)


def time_calls(calls: Sequence[Call], empty: Call, *, neighbours: int, timing: Timing) -> pd.DataFrame:
    """Time calls.

    Parameters
    ----------
    calls
        What to time, milliseconds each.
    empty
        A call of the same backend that runs nothing; it is timed as one of the others, so it finds the same caches.
    neighbours
        How many calls are run in turn: the layers of a network, or 1 for whole networks.

    Returns
    -------
    DataFrame
        `median_ms`, `spread_ms` (interquartile range), `call_ms`, `repeats`; a row per call.
    """
    rng = generator(0, "latency", "order")
    everything = [*calls, empty]
    for call in everything:
        _warm_up(call)
    times = np.empty((0, len(everything)))
    with _no_garbage_collection():
        while not _enough(times[:, :-1], timing):
            times = np.concatenate([times, _round(everything, rng.permutation(len(everything)), neighbours)])
    low, median, high = np.quantile(times, (0.25, 0.5, 0.75), axis=0)
    columns = {"median_ms": median, "spread_ms": high - low, "call_ms": median[-1]}
    return pd.DataFrame(columns).assign(repeats=len(times))[:-1]


def _round(calls: Sequence[Call], order: NDArray[np.int64], neighbours: int) -> NDArray[np.float64]:
    """Return the `(CYCLES, n)` times of one round."""
    times = np.empty((CYCLES + 1, len(calls)))
    for start in range(0, len(order), neighbours):
        for cycle in range(CYCLES + 1):
            for index in order[start : start + neighbours]:
                times[cycle, index] = calls[index]()
    return times[1:]


def _enough(times: NDArray[np.float64], timing: Timing) -> bool:
    """Say whether `(repeats, n)` times have precise medians, or are as many as there may be."""
    if len(times) < timing.min_repeats:
        return False
    low, median, high = np.quantile(times, (0.25, 0.5, 0.75), axis=0)
    # 0.93 IQR / sqrt(n): the standard error of the median of a normal sample.
    precise = 0.93 * (high - low) / np.sqrt(len(times)) <= timing.precision * median
    return bool(precise.all()) or len(times) + CYCLES > timing.max_repeats


def _warm_up(call: Call) -> None:
    """Call until two calls in a row take about as long."""
    before = call()
    for _ in range(MAX_WARM_UP):
        now = call()
        if abs(now - before) <= STABLE * before:
            return
        before = now


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Keep Python from collecting garbage inside a timed call."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
