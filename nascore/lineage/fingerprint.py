"""A short hash of the code that a job really uses, so that it reruns when that code changes and only then.

It has two parts, ``source+packages``: the parsed source of the project, and the installed versions of the packages that
this source imports. Packages that those use in turn are not seen.

Imports are followed in the source, without importing anything: from a script or module through every `nascore`
module, or script beside it, that it can reach, imports inside functions included. Comments, docstrings and layout
don't count, and neither does what only type checkers read. Not seen: modules that are imported by a name put together
while running, as registries do (whoever chooses from a registry adds that module as an entry point), and relative
imports (the project has none).
"""

import ast
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from nascore.errors import DataError, unknown_name
from nascore.lineage.surroundings import installed_versions, normal_name

PACKAGE = "nascore"


DISTRIBUTIONS = {"PIL": "pillow", "vl_convert": "vl-convert-python", "yaml": "pyyaml"}
"""Packages that are not installed under the name that they are imported by."""

NO_EFFECT = {"requests", "tqdm"}
"""Packages that no result depends on: downloads are checked by their hashes, and the other shows progress."""

NOT_INSTALLED = "not installed"


def fingerprint(root: Path, *entry_points: str, versions: Mapping[str, str] | None = None) -> str:
    """Return twice 16 hexadecimal digits, ``source+packages``, that change when the code behind entry points does.

    Parameters
    ----------
    root
        The folder that holds the package `nascore` and the scripts.
    *entry_points
        Scripts as paths from `root` (``"workflow_scripts/search.py"``) or modules (``"nascore.search.exact"``).
    versions
        Versions of packages; by default those that are installed.

    Raises
    ------
    DataError
        If an entry point does not exist, or a file is not valid Python; says which, and the line.
    """
    root = root.resolve()
    used = _reached(root, entry_points)
    digest = hashlib.sha256()
    for name in sorted(used):
        digest.update(f"{name}\0{_parsed(used[name])[0]}\0".encode())
    for path in _data_files(used):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()}\0{content}\0".encode())
    versions = installed_versions() if versions is None else versions
    lines = (f"{name}=={versions.get(name, NOT_INSTALLED)}\n" for name in _packages(used))
    return f"{digest.hexdigest()[:16]}+{hashlib.sha256(''.join(lines).encode()).hexdigest()[:16]}"


def packages(root: Path, *entry_points: str) -> list[str]:
    """Return the packages that the source behind entry points imports, sorted; see `fingerprint`."""
    return _packages(_reached(root.resolve(), entry_points))


def source_part(printed: str) -> str:
    """Return the part of a fingerprint that stands for the project's own source."""
    return printed.partition("+")[0]


def _reached(root: Path, entry_points: Sequence[str]) -> dict[str, Path]:
    """Return all modules and scripts that entry points lead to, by name."""
    used: dict[str, Path] = {}
    waiting = {name: _entry_path(root, name) for name in entry_points}
    while waiting:
        name, path = waiting.popitem()
        used[name] = path
        for imported in _parsed(path)[1] - used.keys():
            if there := _imported_path(root, path, imported):
                waiting[imported] = there
    return used


def _packages(used: dict[str, Path]) -> list[str]:
    """Return the packages that modules import, under the names of their installation."""
    imported = {name.partition(".")[0] for path in used.values() for name in _parsed(path)[1]}
    others = imported - sys.stdlib_module_names - used.keys() - NO_EFFECT - {PACKAGE}
    return sorted(normal_name(DISTRIBUTIONS.get(name, name)) for name in others)


def _entry_path(root: Path, name: str) -> Path:
    """Return the file of an entry point."""
    path = root / name if name.endswith(".py") else _module_path(root, name)
    if path is None:
        files = sorted((root / PACKAGE).rglob("*.py"))
        modules = [".".join(f.relative_to(root).with_suffix("").parts).removesuffix(".__init__") for f in files]
        raise DataError(unknown_name("module", name, modules))
    if not path.is_file():
        scripts = sorted(f.relative_to(root).as_posix() for f in path.parent.glob("*.py"))
        raise DataError(unknown_name("script", name, scripts))
    return path


def _imported_path(root: Path, importer: Path, name: str) -> Path | None:
    """Return the file behind an import: of the package, or for a script also one beside it."""
    if name.split(".")[0] == PACKAGE:
        return _module_path(root, name)
    is_script = importer.relative_to(root).parts[0] != PACKAGE
    return _module_path(importer.parent, name) if is_script else None


def _module_path(root: Path, name: str) -> Path | None:
    """Return the file of a module or package, or None where there is none."""
    base = os.path.join(root, *name.split("."))
    # Strings, not paths: thousands of names that turn out to be no modules are tried while a workflow starts.
    return next((Path(p) for p in (f"{base}.py", f"{base}/__init__.py") if os.path.isfile(p)), None)


def _data_files(used: dict[str, Path]) -> list[Path]:
    """Return the templates and other files that lie beside the used modules of the package, sorted."""
    folders = {path.parent for name, path in used.items() if name.split(".")[0] == PACKAGE}
    beside = (file for folder in folders for file in folder.iterdir())
    return sorted(f for f in beside if f.is_file() and f.suffix != ".py" and not f.name.startswith("."))


def _parsed(path: Path) -> tuple[str, frozenset[str]]:
    """Return the hash of a file's code, and the names that it imports."""
    status = path.stat()
    return _parse(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1024)
def _parse(path: Path, _mtime_ns: int, _size: int) -> tuple[str, frozenset[str]]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise DataError(f"{path}{f', line {line}' if line else ''}: not valid Python: {error.args[0]}") from None
    names = {name for statement in _pruned(tree) for name in _imported(statement)}
    code = ast.dump(tree)
    parents = {name.rsplit(".", dots)[0] for name in names for dots in range(1, name.count(".") + 1)}
    return hashlib.sha256(code.encode()).hexdigest(), frozenset(names | parents)


def _pruned(tree: ast.Module) -> Iterator[ast.stmt]:
    """Remove docstrings and `if TYPE_CHECKING` bodies from a tree; yield the statements that are left."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            inside = getattr(node, field, None)
            if isinstance(inside, list):
                inside[:] = [statement for statement in inside if not _is_text(statement)]
                waiting += inside
        if isinstance(node, ast.stmt):
            yield node


def _is_text(node: ast.AST) -> bool:
    """Say whether a statement is a docstring, also one below an assignment, or is for type checkers only."""
    if isinstance(node, ast.If) and not node.orelse:
        return ast.unparse(node.test).removeprefix("typing.") == "TYPE_CHECKING"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _imported(statement: ast.stmt) -> Iterator[str]:
    """Yield the modules that a statement may import; `from a import b` may mean `a.b`."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom) and statement.module:
        yield statement.module
        yield from (f"{statement.module}.{alias.name}" for alias in statement.names)
