"""Reads the description of a design space from a file that people write."""

from pathlib import Path
from typing import Any

from nascore.errors import SpaceError
from nascore.spaces import DEFAULT_SPACE, get_space
from nascore.spaces.description import SpaceDescription, read_description
from nascore.yaml_files import read_yaml

SUFFIXES = (".yaml", ".yml")


def is_space_file(name: str) -> bool:
    """Return whether a space is given by a file, and not by its name."""
    return name.endswith(SUFFIXES)


def read_space_file(path: str | Path) -> SpaceDescription:
    """Read a description.

    Raises
    ------
    SpaceError
        If the file is missing, is not YAML, or a key is wrong; names the file, and the line or the key.
    """
    return read_description(read_yaml(path, SpaceError, "space file"), f"space file {path}")


def find_space(name: str | None, **options: Any) -> Any:
    """Return a published space by its name, or the one that a file describes; see `nascore.spaces.get_space`."""
    name = name or DEFAULT_SPACE
    if is_space_file(name):
        description = read_space_file(name)
        return get_space(description.name, description=description, **options)
    return get_space(name, **options)
