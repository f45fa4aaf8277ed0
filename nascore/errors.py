"""Errors that a user can act on.

Every message says what was given, what was expected, where, and the nearest valid name when one was
misspelt. Code that only this project calls may fail with ordinary Python errors; whatever a user, a
file or a configuration can cause is one of these.
"""

import difflib
from collections.abc import Iterable


class NascoreError(Exception):
    """Base of every error that the project raises on purpose."""


class ConfigError(NascoreError):
    """A configuration key or value is wrong."""


class SpaceError(NascoreError):
    """An architecture, or a choice of one, is outside its design space."""


class DataError(NascoreError):
    """A table, data set or artifact cannot be read as what it should be."""


class TargetError(NascoreError):
    """A constraint target is malformed or asks for something outside its domain."""


class PredictorError(NascoreError):
    """A predictor is unknown, unfitted, or belongs to another space."""


class TrainingError(NascoreError):
    """A training cannot go on."""


def unknown_name(kind: str, given: object, valid: Iterable[object]) -> str:
    """Say that a name is unknown, with the nearest valid one and the whole list.

    Parameters
    ----------
    kind
        What the name stands for, e.g. ``"constraint"``.
    given
        The name that was given.
    valid
        Every name that would have been right.
    """
    names = [str(name) for name in valid]
    near = difflib.get_close_matches(str(given), names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown {kind} {str(given)!r}.{hint} Valid: {', '.join(names)}."


def made_again(rule: str) -> str:
    """Say how to make a file again that an earlier version wrote."""
    return f"if an earlier version wrote it, `snakemake --forcerun {rule}` makes it again"
