import numpy as np
import pytest
from messages import facts
from result_examples import COSTS, bound

from nascore.efficiency import METRICS
from nascore.errors import DataError
from nascore.results.costs import COUNTED, check_costs, within
from nascore.results.labels import METRICS as LABELS


def test_every_counted_cost_has_a_unit_and_a_label():
    assert list(COUNTED) == list(METRICS) == list(LABELS)


def test_a_bound_is_inclusive_for_numbers_and_arrays():
    macs, params = bound("macs", 5), bound("params", 2)
    assert macs.holds(5) and not macs.holds(5.1)
    costs = {"macs": np.array([5, 6, 4]), "params": np.array([2, 1, 3])}
    assert within(costs, [macs]).tolist() == [True, False, True]
    assert within(costs, [macs, params]).tolist() == [True, False, False]
    assert bool(within({"macs": 5}, [macs])) and bool(within({}, []))


def test_a_missing_cost_is_named():
    check_costs("ab", COSTS, ["macs"])
    with pytest.raises(DataError, match=facts("ab", "'latency_ms@board'")):
        check_costs("ab", COSTS, ["latency_ms@board"])
    with pytest.raises(DataError, match=facts("ab", "'params'")):
        check_costs("ab", {name: value for name, value in COSTS.items() if name != "params"}, [])
