"""Constraint targets: what a found subnet must satisfy.

A target is written as a mapping, in a configuration or on the command line:

    {thop_macs_m: 30, peak_memory_kb: 200}      any mix of upper bounds
    {device: stm32f746, macs_m: 40}             a microcontroller's SRAM and flash, and a bound
    {peak_memory_kb: 256, resolution: 128}      a global choice of the space kept to one value
    {latency_ms: 5, latency_on: phone}          a measured device; latency_on may be left out where there is one alone
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from nascore.devices import Device, get_device
from nascore.errors import TargetError, unknown_name
from nascore.latency_schema import LATENCY, latency_metric
from nascore.results.costs import Constraint
from nascore.spaces.staged import StagedSpace

UNITS = {
    "macs_m": ("macs", 1_000_000),
    "thop_macs_m": ("thop_macs", 1_000_000),
    "peak_memory_kb": ("peak_memory_bytes", 1024),
    "flash_kb": ("flash_bytes", 1024),
    "params_m": ("params", 1_000_000),
}
"""Constraint name -> the cost column that it bounds, and how much of it one unit is."""
LATENCY_ON = "latency_on"
"""The name of the device that a bound on latency is meant for."""


@dataclass(frozen=True)
class Target:
    """A named set of constraints, with global choices that are kept to one value."""

    name: str
    constraints: tuple[Constraint, ...]
    fixed: Mapping[str, int] = field(default_factory=dict)
    device: Device | None = None

    @property
    def measured_devices(self) -> list[str]:
        """The devices whose latency it bounds."""
        return [c.metric.removeprefix(latency_metric("")) for c in self.constraints if c.name == LATENCY]


def parse_target(
    name: str, spec: Mapping[str, Any], space: StagedSpace, *, measured_devices: Sequence[str] = ()
) -> Target:
    """Read a target.

    Parameters
    ----------
    name
        The target's name, for messages and result folders.
    spec
        Bounds, an optional ``device``, and optional fixed global choices of `space`.
    measured_devices
        Names of the devices that the run has latency tables of; any of them can be bounded.

    Raises
    ------
    TargetError
        If a key is unknown, a limit is not a positive finite number, a fixed value is not a choice of the
        space, a bound is given both by itself and by the device, or a latency is bounded on a device without table.
    """
    if not isinstance(spec, Mapping):
        raise TargetError(f"target {name!r} must be a mapping such as {{macs_m: 50}}; got {spec!r}")
    choices = {choice.name: choice.values for choice in space.global_choices}
    limits: dict[str, float] = {}
    fixed: dict[str, int] = {}
    device = None
    for key, value in spec.items():
        if key in UNITS or key == LATENCY:
            limits[key] = _limit(name, key, value)
        elif key == LATENCY_ON:
            continue  # read with the limit, below
        elif key in choices:
            fixed[key] = _fixed_choice(name, key, value, choices[key])
        elif key == "device":
            device = get_device(name, value)
        else:
            raise TargetError(
                f"target {name!r}: {unknown_name('constraint', key, [*UNITS, *choices, 'device', LATENCY, LATENCY_ON])}"
            )
    for key, limit in device.limits().items() if device else ():
        if key in limits:
            raise TargetError(f"target {name!r} bounds {key} itself and through device {device!s}; keep one of them")
        limits[key] = limit
    if not limits and not fixed:
        raise TargetError(f"target {name!r} has no constraint; expected at least one of {', '.join(UNITS)}")
    units = UNITS | _latency_unit(name, spec, measured_devices)
    constraints = tuple(
        Constraint(name=key, metric=units[key][0], limit=limit, limit_in_metric=_in_metric(limit, units[key][1]))
        for key, limit in limits.items()
    )
    return Target(name, constraints, fixed, device)


def _latency_unit(target: str, spec: Mapping[str, Any], measured: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Return the entry of `UNITS` that a latency limit has on the device that it is meant for, if there is a limit."""
    if LATENCY not in spec:
        if LATENCY_ON in spec:
            raise TargetError(f"target {target!r} has {LATENCY_ON} but no {LATENCY}; expected both, or none")
        return {}
    if not measured:
        raise TargetError(
            f"target {target!r} bounds {LATENCY}, but there is no latency table to know it from: measure one of the "
            "device, see docs/latency.md"
        )
    device = spec.get(LATENCY_ON, measured[0] if len(measured) == 1 else None)
    if device is None:
        raise TargetError(
            f"target {target!r} bounds {LATENCY}, and several devices are measured; say which with {LATENCY_ON}: "
            f"{', '.join(measured)}"
        )
    if device not in measured:
        raise TargetError(f"target {target!r}: {unknown_name('measured device', device, measured)}")
    return {LATENCY: (latency_metric(device), 1)}


def _limit(target: str, key: str, value: Any) -> float:
    """Return a positive finite limit."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TargetError(f"target {target!r}: {key} must be a number; got {value!r}")
    if not 0 < value <= sys.float_info.max / UNITS.get(key, ("", 1))[1]:
        raise TargetError(f"target {target!r}: {key} must be a finite number above 0; got {value!r}")
    return float(value)


def _in_metric(limit: float, unit: int) -> float:
    """Return a limit in the unit of its metric, as its decimals say: 129.22856 M is 129,228,560, not a little less."""
    return float(Decimal(repr(limit)) * unit)


def _fixed_choice(target: str, key: str, value: Any, valid: tuple[int, ...]) -> int:
    """Return a value that is one of a global choice's."""
    if isinstance(value, bool) or value not in valid:
        raise TargetError(f"target {target!r}: {key} {value!r} is not one of {', '.join(map(str, valid))}")
    return int(value)
