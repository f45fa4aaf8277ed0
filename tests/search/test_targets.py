import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import facts

from nascore.errors import TargetError
from nascore.results.costs import within
from nascore.search.targets import UNITS, parse_target
from nascore.spaces import get_space

OFA = get_space("ofa_mcunet")
INF, NAN = float("inf"), float("nan")


def parse(spec, space=OFA):
    return parse_target("t", spec, space)


@pytest.mark.parametrize(
    ("spec", "metric", "limit"),
    [
        ({"macs_m": 50}, "macs", 50_000_000),
        ({"thop_macs_m": 7.5}, "thop_macs", 7_500_000),
        ({"peak_memory_kb": 256}, "peak_memory_bytes", 262_144),
        ({"flash_kb": 0.5}, "flash_bytes", 512),
        ({"params_m": 1}, "params", 1_000_000),
    ],
)
def test_units(spec, metric, limit):
    (constraint,) = parse(spec).constraints
    assert (constraint.metric, constraint.limit_in_metric) == (metric, limit)
    assert {constraint.name: constraint.limit} == spec
    assert constraint.name in UNITS


def test_a_device_is_its_memories():
    target = parse({"device": "stm32f746", "macs_m": 40})
    assert {c.name: c.limit for c in target.constraints} == {"macs_m": 40, "peak_memory_kb": 320, "flash_kb": 1024}
    assert target.device is not None and target.device.name == "stm32f746"


def test_global_choices_can_be_fixed_with_or_without_a_limit():
    assert parse({"peak_memory_kb": 256, "resolution": 128}).fixed == {"resolution": 128}
    target = parse({"resolution": 96.0, "width": 1})
    assert (target.fixed, target.constraints) == ({"resolution": 96, "width": 1}, ())


def test_only_rows_within_every_limit_satisfy():
    costs = pd.DataFrame({"macs": [10, 11, 10, 9], "peak_memory_bytes": [2048, 2048, 2049, 1]})
    target = parse({"macs_m": 10e-6, "peak_memory_kb": 2})
    assert within(costs, target.constraints).tolist() == [True, False, False, True]
    assert within(costs, parse({"width": 1}).constraints).all()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"millonMACs": 50}, ("'millonMACs'",)),
        ({"mac_m": 50}, ("'mac_m'", "'macs_m'", "macs_m, thop_macs_m, peak_memory_kb")),
        ({"peak_memory_kB": 50}, ("'peak_memory_kB'", "'peak_memory_kb'")),
        ({"devise": "stm32f746"}, ("'devise'", "'device'")),
        ({"resolutoin": 96}, ("'resolutoin'", "'resolution'")),
        ({3: 50}, (3,)),
        ({"macs_m": -1}, ("macs_m", 0, -1)),
        ({"macs_m": 0.0}, ("macs_m", 0, 0.0)),
        ({"macs_m": NAN}, ("macs_m", "nan")),
        ({"macs_m": INF}, ("macs_m", "inf")),
        ({"macs_m": 1e305}, ("macs_m", "1e+305")),
        ({"macs_m": 10**400}, ("macs_m", 10**400)),
        ({"macs_m": "50"}, ("macs_m", "number", "'50'")),
        ({"macs_m": True}, ("macs_m", "number", True)),
        ({"macs_m": None}, ("macs_m", "number", None)),
        ({"macs_m": [50]}, ("macs_m", "number", [50])),
        ({"device": "stm32f476"}, ("device", "'stm32f476'", "'stm32f767'")),
        ({"device": ["rp2040"]}, ("device", ["rp2040"])),
        ({"device": None}, ("device", None)),
        ({"resolution": 100}, ("resolution", 100, "96, 112, 128, 144, 160")),
        ({"resolution": "96"}, ("resolution", "'96'", "96, 112, 128, 144, 160")),
        ({"resolution": [96]}, ("resolution", [96], "96, 112, 128, 144, 160")),
        ({"width": True}, ("width", True, "0, 1, 2")),
        ({"device": "rp2040", "flash_kb": 100}, ("flash_kb", "rp2040")),
        ({"peak_memory_kb": 9, "device": "rp2040"}, ("peak_memory_kb", "rp2040")),
        ({}, ("constraint", "macs_m, thop_macs_m, peak_memory_kb, flash_kb, params_m")),
        ([("macs_m", 50)], ("{macs_m: 50}", [("macs_m", 50)])),
        (60, ("{macs_m: 50}", 60)),
        (None, ("{macs_m: 50}", None)),
    ],
)
def test_what_is_wrong_is_said(spec, message):
    with pytest.raises(TargetError, match=facts("'t'", *message)):
        parse(spec)


def test_resolutions_are_those_of_the_space():
    few = get_space("ofa_mcunet", resolutions=(64, 96))
    assert parse({"resolution": 64}, few).fixed == {"resolution": 64}
    with pytest.raises(TargetError, match=facts("'t'", "resolution", 128, "64, 96")):
        parse({"resolution": 128}, few)


@given(st.integers(1, 10**10))
def test_a_limit_equal_to_a_cost_admits_it(value):
    (constraint,) = parse({"macs_m": value / 1_000_000}).constraints
    assert constraint.limit_in_metric == value
