"""A source file as code: a hash that comments, docstrings, messages and layout leave as it is, and its imports.

Parsing all of the package takes most of the time in which a workflow is planned, so what was found in a file is kept
beside its compiled form, in `__pycache__`, and holds as long as the file has the same bytes.
"""

import ast
import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from nascore.errors import DataError
from nascore.lineage import said


class Source(NamedTuple):
    """What a file holds as code: the hash of its syntax tree, and the names of the modules that it may import."""

    code_sha256: str
    imports: frozenset[str]


def parsed(path: Path) -> Source:
    """Return what a file holds as code.

    Raises
    ------
    DataError
        If it is not valid Python; says which line.
    """
    status = path.stat()
    return _parsed(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1024)
def _parsed(path: Path, _mtime_ns: int, _size: int) -> Source:
    """Return what is known of a file, or parse it and keep that."""
    content = path.read_bytes()
    identity = hashlib.sha256(_rules() + content).hexdigest()
    keeper = Path(importlib.util.cache_from_source(str(path))).with_suffix(".code.json")
    known = _read(keeper)
    if known.get("identity") == identity:
        return Source(known["code_sha256"], frozenset(known["imports"]))
    source = _parse(path, content)
    if not sys.dont_write_bytecode:
        _keep(keeper, {"identity": identity, "code_sha256": source.code_sha256, "imports": sorted(source.imports)})
    return source


@cache
def _rules() -> bytes:
    """Return the hash of the modules whose rules decide what counts; the version of Python is in the file's name."""
    return hashlib.sha256(Path(__file__).read_bytes() + Path(said.__file__).read_bytes()).digest()


def _read(keeper: Path) -> dict[str, Any]:
    """Return what was kept; nothing where it is missing or damaged."""
    try:
        kept = json.loads(keeper.read_bytes())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) and kept.keys() == {"identity", "code_sha256", "imports"} else {}


def _keep(keeper: Path, kept: dict[str, Any]) -> None:
    """Keep what was found, where the folder may be written to."""
    try:
        keeper.parent.mkdir(exist_ok=True)
        # Not written in place: another process may read it, and copies of the folder may share it.
        part = keeper.with_name(f"{keeper.name}.{os.getpid()}")
        part.write_text(json.dumps(kept))
        part.replace(keeper)
    except OSError:
        pass


def _parse(path: Path, content: bytes) -> Source:
    """Parse a file."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise DataError(f"{path}{f', line {line}' if line else ''}: not valid Python: {error.args[0]}") from None
    _prune(tree)
    said.without_words(tree)
    names = {name for node in ast.walk(tree) for name in _imported(node)}
    code = ast.dump(tree)
    parents = {name.rsplit(".", dots)[0] for name in names for dots in range(1, name.count(".") + 1)}
    return Source(hashlib.sha256(code.encode()).hexdigest(), frozenset(names | parents))


def _prune(tree: ast.Module) -> None:
    """Remove docstrings and `if TYPE_CHECKING` bodies from a tree."""
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            inside = getattr(node, field, None)
            if isinstance(inside, list):
                inside[:] = [statement for statement in inside if not _is_text(statement)]


def _is_text(node: ast.AST) -> bool:
    """Say whether a statement is a docstring, also one below an assignment, or is for type checkers only."""
    if isinstance(node, ast.If) and not node.orelse:
        return ast.unparse(node.test).removeprefix("typing.") == "TYPE_CHECKING"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _imported(statement: ast.AST) -> Iterator[str]:
    """Yield the modules that a statement may import; `from a import b` may mean `a.b`."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom) and statement.module:
        yield statement.module
        yield from (f"{statement.module}.{alias.name}" for alias in statement.names)
