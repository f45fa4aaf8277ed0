import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nascore.errors import TargetError
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
    assert target.satisfied(costs).tolist() == [True, False, False, True]
    assert parse({"width": 1}).satisfied(costs).all()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"millonMACs": 50}, "target 't': unknown constraint 'millonMACs'."),
        (
            {"mac_m": 50},
            "unknown constraint 'mac_m'. Did you mean 'macs_m'? Valid: macs_m, thop_macs_m, peak_memory_kb",
        ),
        ({"peak_memory_kB": 50}, "Did you mean 'peak_memory_kb'?"),
        ({"devise": "stm32f746"}, "Did you mean 'device'?"),
        ({"resolutoin": 96}, "Did you mean 'resolution'?"),
        ({3: 50}, "unknown constraint '3'"),
        ({"macs_m": -1}, "target 't': macs_m must be a finite number above 0; got -1"),
        ({"macs_m": 0}, "macs_m must be a finite number above 0; got 0"),
        ({"macs_m": NAN}, "macs_m must be a finite number above 0; got nan"),
        ({"macs_m": INF}, "macs_m must be a finite number above 0; got inf"),
        ({"macs_m": 1e305}, "macs_m must be a finite number above 0; got 1e\\+305"),
        ({"macs_m": 10**400}, "macs_m must be a finite number above 0; got 1000"),
        ({"macs_m": "50"}, "macs_m must be a number; got '50'"),
        ({"macs_m": True}, "macs_m must be a number; got True"),
        ({"macs_m": None}, "macs_m must be a number; got None"),
        ({"macs_m": [50]}, r"macs_m must be a number; got \[50\]"),
        ({"device": "stm32f476"}, "target 't': unknown device 'stm32f476'. Did you mean 'stm32f"),
        ({"device": ["rp2040"]}, "target 't': unknown device"),
        ({"device": None}, "unknown device 'None'"),
        ({"resolution": 100}, "target 't': resolution 100 is not one of 96, 112, 128, 144, 160"),
        ({"resolution": "96"}, "resolution '96' is not one of 96"),
        ({"resolution": [96]}, r"resolution \[96\] is not one of 96"),
        ({"width": True}, "width True is not one of 0, 1, 2"),
        ({"device": "rp2040", "flash_kb": 100}, "bounds flash_kb itself and through device rp2040; keep one of them"),
        ({"peak_memory_kb": 9, "device": "rp2040"}, "bounds peak_memory_kb itself and through device rp2040"),
        ({}, "target 't' has no constraint; expected at least one of macs_m, thop_macs_m"),
        ([("macs_m", 50)], r"target 't' must be a mapping such as \{macs_m: 50\}; got \["),
        (50, "must be a mapping such as .*; got 50"),
        (None, "must be a mapping such as .*; got None"),
    ],
)
def test_what_is_wrong_is_said(spec, message):
    with pytest.raises(TargetError, match=message.replace("?", r"\?")):
        parse(spec)


def test_resolutions_are_those_of_the_space():
    few = get_space("ofa_mcunet", resolutions=(64, 96))
    assert parse({"resolution": 64}, few).fixed == {"resolution": 64}
    with pytest.raises(TargetError, match="resolution 128 is not one of 64, 96"):
        parse({"resolution": 128}, few)


@given(st.integers(1, 10**10))
def test_a_limit_equal_to_a_cost_admits_it(value):
    (constraint,) = parse({"macs_m": value / 1_000_000}).constraints
    assert constraint.limit_in_metric == value
