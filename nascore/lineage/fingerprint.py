"""A short hash of the code that a job really uses, so that it reruns when that code changes and only then.

It has two parts, ``source+packages``: the parsed source of the project, and the installed versions of the packages that
this source imports. Packages that those use in turn are not seen.

Imports are followed in the source, without importing anything: from a script or module through every `nascore`
module, or script beside it, that it can reach, imports inside functions included. Comments, docstrings, layout and
words (see `nascore.lineage.said`) don't count, and neither does what only type checkers read. Not seen: modules that
are imported by a name put together while running, as registries do (whoever chooses from a registry adds that module
as an entry point), and relative imports (the project has none).
"""

import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from nascore.errors import DataError, unknown_name
from nascore.lineage.parsed_source import parsed
from nascore.lineage.said import SPOKEN
from nascore.lineage.surroundings import installed_versions, normal_name

PACKAGE = "nascore"


DISTRIBUTIONS = {"PIL": "pillow", "vl_convert": "vl-convert-python", "yaml": "pyyaml"}
"""Packages that are not installed under the name that they are imported by."""

NO_EFFECT = {"requests", "tqdm"}
"""Packages that no result depends on: downloads are checked by their hashes, and the other shows progress."""

CARRIERS = ("nascore.results.table", "nascore.data.download")
"""Modules that bring content from one place to another as it is: readers check the form of a table and refuse another,
and what is downloaded is the same however it came."""

OF_ONE_SPACE = {
    "described": ("nascore.spaces.described", "nascore.spaces.description"),
    "binas": ("nascore.spaces.binas", "nascore.spaces.block_strings", "nascore.supernet.multi_path_supernet",
              "nascore.supernet.multi_path"),
}  # fmt: skip
"""Modules that only jobs on one space use anything of, though all jobs import them."""

NOT_INSTALLED = "not installed"


class SourceTree:
    """The modules in a folder of source, looked for once however many fingerprints are made of it.

    Parameters
    ----------
    root
        The folder that holds the package `nascore` and the scripts.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.package = self.modules(self.root / PACKAGE, self.root)
        self._scripts: dict[Path, dict[str, Path]] = {}

    def known_in(self, path: Path) -> dict[str, Path]:
        """Return the files of all modules that a script can import, by name."""
        if path.parent not in self._scripts:
            self._scripts[path.parent] = self.modules(path.parent, path.parent) | self.package
        return self._scripts[path.parent]

    @staticmethod
    def modules(folder: Path, root: Path) -> dict[str, Path]:
        """Return the files of all modules in a folder, by their names when `root` is on the path of imports."""
        # One walk, as thousands of names that turn out to be no modules are looked up while a workflow starts.
        files = sorted(folder.rglob("*.py"))
        start = len(root.parts)
        return {".".join((*f.parts[start:-1], f.stem)).removesuffix(".__init__"): f for f in files}


def fingerprint(
    source: Path | SourceTree, *entry_points: str, space: str | None = None, versions: Mapping[str, str] | None = None
) -> str:
    """Return twice 16 hexadecimal digits, ``source+packages``, that change when the code behind entry points does.

    Parameters
    ----------
    source
        The folder that holds the package `nascore` and the scripts, or what is known of it.
    *entry_points
        Scripts as paths from `root` (``"workflow_scripts/search.py"``) or modules (``"nascore.search.exact"``).
    space
        Kind of the design space that the job is on: a name, or ``"described"``; modules of other spaces do not count.
        By default all do.
    versions
        Versions of packages; by default those that are installed.

    Raises
    ------
    DataError
        If an entry point does not exist, or a file is not valid Python; says which, and the line.
    """
    tree = _tree(source)
    used = _reached(tree, entry_points, space)
    digest = hashlib.sha256()
    for name in sorted(used):
        digest.update(f"{name}\0{parsed(used[name]).code_sha256}\0".encode())
    for path in _data_files(used):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(tree.root).as_posix()}\0{content}\0".encode())
    versions = installed_versions() if versions is None else versions
    lines = (f"{name}=={versions.get(name, NOT_INSTALLED)}\n" for name in _packages(used))
    return f"{digest.hexdigest()[:16]}+{hashlib.sha256(''.join(lines).encode()).hexdigest()[:16]}"


def packages(source: Path | SourceTree, *entry_points: str, space: str | None = None) -> list[str]:
    """Return the packages that the source behind entry points imports, sorted; see `fingerprint`."""
    return _packages(_reached(_tree(source), entry_points, space))


def source_part(printed: str) -> str:
    """Return the part of a fingerprint that stands for the project's own source."""
    return printed.partition("+")[0]


def _tree(source: Path | SourceTree) -> SourceTree:
    return source if isinstance(source, SourceTree) else SourceTree(source)


def _reached(tree: SourceTree, entry_points: Sequence[str], space: str | None) -> dict[str, Path]:
    """Return all modules and scripts that entry points lead to and whose code counts, by name."""
    others = {module for name, modules in OF_ONE_SPACE.items() if space not in (None, name) for module in modules}
    without = {*SPOKEN, *CARRIERS, *others}
    used: dict[str, Path] = {}
    waiting = {name: _entry_path(tree.root, tree.package, name) for name in entry_points}
    while waiting:
        name, path = waiting.popitem()
        used[name] = path
        known = tree.package if name in tree.package else tree.known_in(path)
        found = (parsed(path).imports & known.keys()) - used.keys() - without
        waiting |= {imported: known[imported] for imported in found}
    return used


def _packages(used: dict[str, Path]) -> list[str]:
    """Return the packages that modules import, under the names of their installation."""
    imported = {name.partition(".")[0] for path in used.values() for name in parsed(path).imports}
    others = imported - sys.stdlib_module_names - used.keys() - NO_EFFECT - {PACKAGE}
    return sorted(normal_name(DISTRIBUTIONS.get(name, name)) for name in others)


def _entry_path(root: Path, package: Mapping[str, Path], name: str) -> Path:
    """Return the file of an entry point."""
    if not name.endswith(".py"):
        if name not in package:
            raise DataError(unknown_name("module", name, list(package)))
        return package[name]
    path = root / name
    if not path.is_file():
        scripts = sorted(f.relative_to(root).as_posix() for f in path.parent.glob("*.py"))
        raise DataError(unknown_name("script", name, scripts))
    return path


def _data_files(used: dict[str, Path]) -> list[Path]:
    """Return the templates and other files that lie beside the used modules of the package, sorted."""
    folders = {path.parent for name, path in used.items() if name.split(".")[0] == PACKAGE}
    beside = (file for folder in folders for file in folder.iterdir())
    return sorted(f for f in beside if f.is_file() and f.suffix != ".py" and not f.name.startswith("."))
