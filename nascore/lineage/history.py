"""The lineage of one run, as read: which job made an artifact, and what that was made from."""

import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from nascore.errors import DataError, unknown_name
from nascore.files import read_json
from nascore.lineage.ledger import FOLDER, RESULTS, Ledger, Pointer, read_document
from nascore.lineage.record import Environment, Input, Record

MANIFEST = "manifest.json"


class Run:
    """The lineage of one run; made by `Run.open`.

    Parameters
    ----------
    project
        The project's folder, from which recorded paths start.
    folder
        The run's results, from the project's folder.
    """

    def __init__(self, project: Path, folder: Path) -> None:
        self.project = project
        self.folder = folder
        self.ledger = Ledger(project / folder / FOLDER)
        self.broken: dict[str, str] = {}
        """Files of lineage that cannot be read, and why."""
        self._records: dict[str, Record | None] = {}
        self._environments: dict[str, Environment | None] = {}

    @classmethod
    def open(cls, name: str | None, project: Path = Path()) -> "Run":
        """Open a run by its name or its folder; without one, the only run there is.

        Raises
        ------
        DataError
            If there is no such run, or nothing is recorded of it.
        """
        names = runs(project)
        if name is None:
            if len(names) != 1:
                listed = f"one of {', '.join(names)}" if names else f"there is none in {project / RESULTS}"
                raise DataError(f"which run? Give its name: {listed}")
            name = names[0]
        given = Path(name)
        if len(given.parts) > 1 and (given / FOLDER).is_dir() and given.parent.name == RESULTS:
            return cls(given.parent.parent, Path(RESULTS, given.name))
        if name not in names:
            folder = project / RESULTS / name
            if len(given.parts) == 1 and folder.is_dir():
                raise DataError(
                    f"nothing is recorded of run {name!r}: {folder / FOLDER} does not exist. The workflow of "
                    "this version records what it makes; `snakemake --forceall` makes it again"
                )
            if not names:
                raise DataError(f"there is no run {name!r}: no folder in {project / RESULTS} has a folder {FOLDER}")
            raise DataError(unknown_name("run", name, names))
        return cls(project, Path(RESULTS, name))

    @cached_property
    def pointers(self) -> dict[str, Pointer]:
        """What is known of each path; broken pointers are in `broken`."""
        found: dict[str, Pointer] = {}
        for file in self.ledger.pointer_files():
            try:
                pointer = read_document(file, Pointer)
            except DataError as error:
                self.broken[str(file)] = str(error)
            else:
                found[pointer.path] = pointer
        return dict(sorted(found.items()))

    @property
    def made(self) -> dict[str, str]:
        """The paths that jobs of the run made, and the names of their records."""
        return {path: pointer.record for path, pointer in self.pointers.items() if pointer.record}

    def record(self, name: str) -> Record | None:
        """Return a record, or None where it is missing or broken, which `broken` then says."""
        if name not in self._records:
            try:
                self._records[name] = self.ledger.record(name)
            except DataError as error:
                self._records[name] = None
                self.broken[str(self.ledger.document_path("record", name))] = str(error)
        return self._records[name]

    def environment(self, record: Record) -> Environment | None:
        """Return what a job ran with, or None where that is missing or broken."""
        name = record.environment
        if name not in self._environments:
            try:
                self._environments[name] = self.ledger.environment(name)
            except DataError as error:
                self._environments[name] = None
                self.broken[str(self.ledger.document_path("environment", name))] = str(error)
        return self._environments[name]

    def jobs(self) -> dict[str, Record]:
        """Return the readable records of the jobs that made what is there now."""
        names = sorted(set(self.made.values()))
        return {name: record for name in names if (record := self.record(name))}

    def upstream(self, paths: Iterable[str]) -> dict[str, Record]:
        """Return the readable records of all jobs that paths were made by and from, nearest first."""
        waiting = [self.made[path] for path in paths if path in self.made]
        found: dict[str, Record] = {}
        while waiting:
            name = waiting.pop(0)
            if name not in found and (record := self.record(name)):
                found[name] = record
                waiting += [entry.record for entry in record.inputs if entry.record]
        return found

    def manifest(self, path: str) -> dict[str, Any] | None:
        """Return the manifest of an image store, None for any other path or if it cannot be read."""
        if Path(path).name != MANIFEST:
            return None
        try:
            content = read_json(self.project / path)
        except DataError:
            return None
        return content if isinstance(content, dict) and isinstance(content.get("splits"), dict) else None


def runs(project: Path) -> list[str]:
    """Return the names of the runs that have lineage, sorted."""
    return sorted(folder.parent.name for folder in (project / RESULTS).glob(f"*/{FOLDER}") if folder.is_dir())


def raw_images(manifest: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield split, name and SHA-256 of each raw image in a manifest."""
    for split, entries in manifest["splits"].items():
        yield from ((split, entry["name"], entry["sha256"]) for entry in entries)


def by_producer(record: Record) -> list[tuple[str | None, list[Input]]]:
    """Group what a job read by the job that made it, in the order in which the rule names them; sources are alone."""
    groups: dict[str | int, list[Input]] = {}
    for number, entry in enumerate(record.inputs):
        groups.setdefault(entry.record or number, []).append(entry)
    return [(key if isinstance(key, str) else None, entries) for key, entries in groups.items()]


def compact(value: object) -> str:
    """Write a parameter in one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
