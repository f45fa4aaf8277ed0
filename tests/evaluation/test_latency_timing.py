import gc
from collections import Counter

import pytest

from nascore.evaluation.latency_timing import CYCLES, Timing, time_calls


class Calls:
    """Calls that take what they are told to, and remember their order."""

    def __init__(self, *milliseconds):
        self.order = []
        self.calls = [
            self._call(index, iter(ms) if isinstance(ms, list) else ms) for index, ms in enumerate(milliseconds)
        ]

    def _call(self, index, ms):
        def call():
            self.order.append(index)
            return ms if isinstance(ms, float) else next(ms)

        return call


@pytest.mark.slow
def test_steady_calls_take_the_fewest_repeats():
    timed = time_calls(Calls(2.0, 3.0).calls, lambda: 0.5, neighbours=2, timing=Timing(8, 80))
    assert timed["median_ms"].tolist() == [2.0, 3.0]
    assert timed["spread_ms"].tolist() == [0.0, 0.0]
    assert timed["call_ms"].tolist() == [0.5, 0.5]
    assert timed["repeats"].tolist() == [8, 8]


@pytest.mark.slow
def test_unsteady_calls_take_more_but_not_endlessly():
    unsteady = [1.0, 1.0, *([1.0, 3.0, 1.0, 3.0, 1.0] * 1000)]
    timed = time_calls(Calls(2.0, unsteady).calls, lambda: 0.5, neighbours=2, timing=Timing(8, 80))
    assert timed["repeats"].tolist() == [80, 80]
    # Every fifth call opens a cycle and is not timed: 1 and 3 remain, half of each.
    assert timed.loc[1, "median_ms"] == 2.0
    assert timed.loc[1, "spread_ms"] == 2.0


@pytest.mark.slow
def test_a_phase_of_the_machine_hits_all_calls():
    calls = Calls(1.0, 1.0, 1.0, 0.5)
    time_calls(calls.calls[:3], calls.calls[3], neighbours=2, timing=Timing(12, 12))
    measured = calls.order[4 * 2 :]  # behind two calls of each to warm up
    rounds = [measured[i : i + 4 * (CYCLES + 1)] for i in range(0, len(measured), 4 * (CYCLES + 1))]
    assert len(rounds) == 3
    for order in rounds:
        assert set(Counter(order).values()) == {CYCLES + 1}  # the empty call as often as the others
        first, second = order[: 2 * (CYCLES + 1)], order[2 * (CYCLES + 1) :]
        assert not set(first) & set(second)
        assert first == first[:2] * (CYCLES + 1)  # neighbours in turn, none twice in a row
    assert len({tuple(order) for order in rounds}) > 1


@pytest.mark.slow
def test_warms_up_until_calls_are_stable():
    calls = Calls([8.0, 4.0, 2.0, 1.0, 1.0, *[1.0] * 100])
    assert time_calls(calls.calls, lambda: 0.5, neighbours=1, timing=Timing(8, 8)).loc[0, "spread_ms"] == 0


def test_garbage_is_collected_again_after_an_error():
    def fail():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        time_calls([fail], lambda: 0.5, neighbours=1, timing=Timing())
    assert gc.isenabled()
