"""Reads YAML that people write, and refuses what YAML would read as something else than was written."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from nascore.errors import NascoreError

OCTAL = re.compile(r"[-+]?0[0-9_]+")
"""What YAML 1.1 reads to the base of eight."""


def read_yaml(path: str | Path, error: type[NascoreError], what: str) -> Any:
    """Read a file.

    Parameters
    ----------
    error
        What to raise.
    what
        What messages call the file, e.g. ``"configuration"``.

    Raises
    ------
    NascoreError
        `error`, if the file is missing, is not UTF-8 or not YAML, has a key twice, or has a key or a number that YAML
        reads as another; with the line.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise error(f"{what} {path} does not exist; expected YAML") from None
    except OSError as reason:
        raise error(f"{what} {path} cannot be read: {reason.strerror}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        kind = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "another encoding, such as Latin-1"
        raise error(f"{what} {path} is not UTF-8 at byte {reason.start}, but {kind}; save it as UTF-8") from None
    return load_yaml(text, error, f"{what} {path} cannot be read as YAML")


def load_yaml(text: str, error: type[NascoreError], wrong: str) -> Any:
    """Return what text says; see `read_yaml`. `wrong` begins the message of an error."""
    try:
        return _Loader(text).get_single_data()
    except yaml.YAMLError as reason:
        raise error(f"{wrong}: {_place(reason)}") from None


def _place(error: yaml.YAMLError) -> str:
    """Return what is wrong and where, in one line."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    return (
        f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
        if mark and problem
        else str(error).replace("\n", " ")
    )


class _Loader(yaml.SafeLoader):
    """Loads YAML whose keys are all different pieces of text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping, unless a key is there twice or is no text."""
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            line = key.start_mark.line + 1
            if key.tag != "tag:yaml.org,2002:str":
                read = self.construct_object(key, deep=True)
                self._refuse(key, f'the key {key.value} is read as {read!r}; write "{key.value}" in quotes')
            if key.value in lines:
                self._refuse(key, f"the key {key.value!r} is already on line {lines[key.value]}")
            lines[key.value] = line
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """Return a whole number, unless its zero in front makes it another one."""
        number: int = super().construct_yaml_int(node)
        if OCTAL.fullmatch(node.value):
            written = node.value.replace("_", "").lstrip("+-0") or "0"
            self._refuse(node, f"{node.value} is read to the base of eight, as {number}; write {written}")
        return number

    @staticmethod
    def _refuse(node: yaml.Node, problem: str) -> None:
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def with_types(config: Any, overrides: Any) -> Any:
    """Return a configuration with the types that values inside of overriding mappings and lists were meant to have.

    Snakemake reads ``--config 'targets={mine: {macs_m: 3.5}}'`` and leaves 3.5 as text.

    Parameters
    ----------
    config
        The configuration as Snakemake has merged it.
    overrides
        What of it was given on the command line.
    """
    if isinstance(config, dict) and isinstance(overrides, dict):
        return {key: _typed(config[key], overrides[key]) if key in overrides else config[key] for key in config}
    return config


def _typed(value: Any, given: Any, *, inside: bool = False) -> Any:
    """Return a value with the types of YAML wherever `given` has text inside of a mapping or a list."""
    if isinstance(given, dict) and isinstance(value, dict):
        return {key: _typed(entry, given[key], inside=True) if key in given else entry for key, entry in value.items()}
    if isinstance(given, list):
        return [_typed(entry, entry, inside=True) for entry in given]
    return _Loader(value).get_single_data() if inside and isinstance(value, str) else value
