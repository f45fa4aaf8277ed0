"""Options of predictors: numbers with a default and a valid range, checked when a predictor is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from nascore.errors import PredictorError, unknown_name


@dataclass(frozen=True)
class Option:
    """A number that a user can set.

    Parameters
    ----------
    default
        The value when none is given; an `int` makes the option whole-numbered.
    low, high
        The valid range. `low` is inside it, `high` is not.
    """

    default: int | float
    low: int | float
    high: int | float = inf


def checked(predictor: str, valid: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every option's value: the given one, or its default.

    Raises
    ------
    PredictorError
        If an option is unknown, of another type, or out of range.
    """
    for name in given:
        if name not in valid:
            raise PredictorError(_unknown(predictor, name, valid))
    return {
        name: _checked_value(f"option {name} of predictor {predictor!r}", option, given.get(name, option.default))
        for name, option in valid.items()
    }


def _unknown(predictor: str, name: str, valid: Mapping[str, Option]) -> str:
    """Say that an option is unknown; some predictors have none at all."""
    if not valid:
        return f"predictor {predictor!r} has no options; got {name!r}"
    return unknown_name(f"option of predictor {predictor!r}", name, valid)


def _checked_value(where: str, option: Option, value: Any) -> int | float:
    """Return a valid value as the type of the option's default."""
    whole = isinstance(option.default, int)
    right_type = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not right_type or not option.low <= value < option.high:
        kind = "a whole number" if whole else "a number"
        bound = "" if option.high == inf else f" and below {option.high}"
        raise PredictorError(f"{where} must be {kind} of at least {option.low}{bound}; got {value!r}")
    return value if whole else float(value)
