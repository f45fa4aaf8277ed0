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
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError, field_validator, model_serializer, model_validator

from nascore.devices import DEVICES, Device, get_device
from nascore.errors import TargetError, unknown_name
from nascore.latency_schema import LATENCY, latency_metric
from nascore.results.costs import Constraint
from nascore.spaces.staged import StagedSpace
from nascore.strict import Strict, mistakes

UNITS = {
    "macs_m": ("macs", 1_000_000),
    "thop_macs_m": ("thop_macs", 1_000_000),
    "peak_memory_kb": ("peak_memory_bytes", 1024),
    "flash_kb": ("flash_bytes", 1024),
    "params_m": ("params", 1_000_000),
}
"""Constraint name -> the cost column that it bounds, and how much of it one unit is."""

# The largest number whose product with every unit is finite.
Limit = Annotated[float, Field(gt=0, le=sys.float_info.max / 1_000_000)]


class TargetOptions(Strict):
    """A target as it is written: upper bounds, a device, and global choices of the space that are kept to one value."""

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        json_schema_extra={
            "additionalProperties": {
                "type": "integer",
                "description": "A global choice of the space, such as `resolution`, that is kept to this value.",
            }
        },
    )

    macs_m: Limit | None = Field(None, description="Multiply-accumulates, millions.")
    thop_macs_m: Limit | None = Field(None, description="Multiply-accumulates as thop counts them, millions.")
    peak_memory_kb: Limit | None = Field(None, description="Peak activation memory in int8, KB of 1,024 bytes.")
    flash_kb: Limit | None = Field(None, description="Weights in int8 with their constants, KB of 1,024 bytes.")
    params_m: Limit | None = Field(None, description="Parameters, millions.")
    latency_ms: Limit | None = Field(None, description="Measured latency of an inference, milliseconds.")
    latency_on: str | None = Field(
        None,
        description="The device of `latency.devices` that `latency_ms` is meant for; may be left out if it is alone.",
    )
    device: str | None = Field(
        None, description="A microcontroller, whose SRAM and flash are bounds.", json_schema_extra={"enum": [*DEVICES]}
    )

    @model_validator(mode="before")
    @classmethod
    def _is_mapping(cls, given: Any) -> Any:
        """Refuse what is no mapping with an example of one."""
        if not isinstance(given, Mapping | TargetOptions):
            raise ValueError(f"expected a mapping such as {{macs_m: 50}}; got {given!r}")
        return given

    @field_validator("*", mode="before")
    @classmethod
    def _not_empty(cls, given: Any) -> Any:
        """Refuse a key without a value, which would be a limit that bounds nothing."""
        if given is None:
            raise ValueError("expected a number or a name; got None")
        return given

    @model_serializer
    def given(self) -> dict[str, Any]:
        """Return what is given, in one order, so that writing it differently changes nothing."""
        return {key: value for key, value in sorted(self) if value is not None}

    def __str__(self) -> str:
        return ", ".join(
            f"{key} {value if isinstance(value, str) else f'{value:g}'}" for key, value in self.given().items()
        )


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
        Bounds, an optional ``device``, and optional fixed global choices of `space`; see `TargetOptions`. The
        constraints are in its order.
    measured_devices
        Names of the devices that the run has latency tables of; any of them can be bounded.

    Raises
    ------
    TargetError
        If a key is unknown, a limit is not a positive finite number, a fixed value is not a choice of the
        space, a bound is given both by itself and by the device, or a latency is bounded on a device without table.
    """
    try:
        options = TargetOptions.model_validate(spec)
    except ValidationError as error:
        raise TargetError(f"target {name!r}: {'; '.join(mistakes(error))}") from None
    choices = {choice.name: choice.values for choice in space.global_choices}
    limits = {key: float(getattr(options, key)) for key in spec if key in UNITS or key == LATENCY}
    others = options.model_extra or {}
    if unknown := others.keys() - choices.keys():
        valid = [*TargetOptions.model_fields, *choices]
        said = " ".join(unknown_name("constraint", key, valid) for key in sorted(unknown))
        raise TargetError(f"target {name!r}: {said}")
    fixed = {key: _fixed_choice(name, key, value, choices[key]) for key, value in others.items()}
    device = get_device(name, options.device) if options.device is not None else None
    for key, limit in device.limits().items() if device else ():
        if key in limits:
            raise TargetError(f"target {name!r} bounds {key} itself and through device {device!s}; keep one of them")
        limits[key] = limit
    if not limits and not fixed:
        raise TargetError(f"target {name!r} has no constraint; expected at least one of {', '.join(UNITS)}")
    units = UNITS | _latency_unit(name, options, measured_devices)
    constraints = tuple(
        Constraint(name=key, metric=units[key][0], limit=limit, limit_in_metric=_in_metric(limit, units[key][1]))
        for key, limit in limits.items()
    )
    return Target(name, constraints, fixed, device)


def _latency_unit(target: str, given: TargetOptions, measured: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Return the entry of `UNITS` that a latency limit has on the device that it is meant for, if there is a limit."""
    if given.latency_ms is None:
        if given.latency_on is not None:
            raise TargetError(f"target {target!r} has latency_on but no {LATENCY}; expected both, or none")
        return {}
    if not measured:
        raise TargetError(
            f"target {target!r} bounds {LATENCY}, but there is no latency table to know it from: measure one of the "
            "device, see docs/latency.md"
        )
    device = given.latency_on or (measured[0] if len(measured) == 1 else None)
    if device is None:
        raise TargetError(
            f"target {target!r} bounds {LATENCY}, and several devices are measured; say which with latency_on: "
            f"{', '.join(measured)}"
        )
    if device not in measured:
        raise TargetError(f"target {target!r}: {unknown_name('measured device', device, measured)}")
    return {LATENCY: (latency_metric(device), 1)}


def _in_metric(limit: float, unit: int) -> float:
    """Return a limit in the unit of its metric, as its decimals say: 129.22856 M is 129,228,560, not a little less."""
    return float(Decimal(repr(limit)) * unit)


def _fixed_choice(target: str, key: str, value: Any, valid: tuple[int, ...]) -> int:
    """Return a value that is one of a global choice's."""
    if isinstance(value, bool) or value not in valid:
        raise TargetError(f"target {target!r}: {key} {value!r} is not one of {', '.join(map(str, valid))}")
    return int(value)
