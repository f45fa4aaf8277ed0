"""The lineage of artifacts as a tree for people, and as plain data."""

import os
from collections.abc import Iterator
from typing import Any

from nascore.errors import DataError
from nascore.lineage.history import Run, by_producer, compact, raw_images
from nascore.lineage.record import UNKNOWN, Artifact, Input, Record

DIGITS = 12
"""Digits of a hash that people are shown; `--json` has all."""

LONGEST = 100
"""Characters of a line of parameters."""

MAIN_PACKAGES = ("numpy", "pandas", "torch", "scipy", "highspy", "snakemake")
"""Packages whose versions are shown without asking."""

Groups = list[tuple[str | None, list[Input]]]
"""What a job read, by the job that made it."""


def describe(run: Run, paths: list[str]) -> dict[str, Any]:
    """Return the whole chain behind artifacts as plain data: every record and environment upstream."""
    records = run.upstream(paths)
    environments = {record.environment: run.environment(record) for record in records.values()}
    return {
        "run": run.folder.name,
        "artifacts": [
            {key: run.pointers[path].model_dump()[key] for key in ("path", "sha256", "record")} for path in paths
        ],
        "records": {name: record.model_dump(mode="json") for name, record in records.items()},
        "environments": {name: found.model_dump(mode="json") for name, found in environments.items() if found},
    }


class Tree:
    """Prints lineage line by line; what has been printed once is only named when it comes again.

    Parameters
    ----------
    run
        The run.
    files
        Whether every file of a group is listed, down to each raw image.
    """

    def __init__(self, run: Run, *, files: bool = False) -> None:
        self.run = run
        self.files = files
        self._printed: set[str] = set()

    def lines(self, paths: list[str]) -> Iterator[str]:
        """Yield the lines of one tree per path.

        Raises
        ------
        DataError
            If a record that a path needs is missing or broken.
        """
        for path in paths:
            pointer = self.run.pointers[path]
            if pointer.record and self.run.record(pointer.record) is None:
                raise DataError(f"the lineage of {path} is lost: {next(iter(self.run.broken.values()))}")
            shown = Artifact(name=None, path=path, sha256=pointer.sha256, size=pointer.size, files=pointer.files)
            yield from self._made([shown], pointer.record, "", "")
        used = {record.environment: record for record in self.run.upstream(paths).values()}
        yield ""
        for record in used.values():
            yield from self._surroundings(record)

    def _made(self, artifacts: list[Artifact], name: str | None, branch: str, below: str) -> Iterator[str]:
        """Yield artifacts of one job, and the job with what it read."""
        for number, line in enumerate(self._titles(artifacts, name)):
            yield f"{branch if number == 0 else below}{line}"
        if name is None:
            return
        record = self.run.record(name)
        if record is None:
            yield f"{below}   ! its record {name[:DIGITS]} is missing or broken"
        elif name in self._printed:
            yield f"{below}   rule {record.title}: above"
        else:
            self._printed.add(name)
            yield from (f"{below}{line}" for line in self._job(name, record))
            groups = self._folded(by_producer(record))
            for number, (producer, entries, alike) in enumerate(groups):
                last = number == len(groups) - 1
                corner, bar = ("└─ ", "   ") if last else ("├─ ", "│  ")
                yield from self._made(list(entries), producer, below + corner, below + bar)
                if alike:
                    yield f"{below}{bar}   and {len(alike)} more of the rule, made from the same: {_some(alike)}"

    def _folded(self, groups: Groups) -> list[tuple[str | None, list[Input], list[str]]]:
        """Put jobs that differ in their wildcards alone, such as shards, with the first of them."""
        folded: list[tuple[str | None, list[Input], list[str]]] = []
        first: dict[str, list[str]] = {}
        for producer, entries in groups:
            record = self.run.record(producer) if producer else None
            key = _likeness(record) if record and not self.files else None
            if key and record and key in first:
                first[key].append(" ".join(record.wildcards.values()))
                continue
            alike: list[str] = []
            folded.append((producer, entries, alike))
            if key:
                first[key] = alike
        return folded

    def _titles(self, artifacts: list[Artifact], name: str | None) -> Iterator[str]:
        """Yield a line per artifact, or one for many of the same job."""
        if self.files or len(artifacts) <= 2:
            yield from (_title(artifact, source=name is None) for artifact in artifacts)
        else:
            folder = os.path.commonpath([artifact.path for artifact in artifacts])
            size = sum(artifact.size or 0 for artifact in artifacts)
            yield f"{folder}/: {len(artifacts)} files, {size:,} bytes"
        for artifact in artifacts:
            if manifest := self.run.manifest(artifact.path):
                images = list(raw_images(manifest))
                digest = f"manifest sha256 {(artifact.sha256 or '?')[:DIGITS]}"
                yield f"   {len(images):,} images, {digest}{'' if self.files else '; --files lists them'}"
                if self.files:
                    yield from (f"   {split}  {image}  sha256 {sha256}" for split, image, sha256 in images)

    def _job(self, name: str, record: Record) -> Iterator[str]:
        """Yield what was done, with which code, parameters and seeds."""
        code, commit = record.code, record.code.commit[:DIGITS]
        state = f"dirty, diff {(code.diff_sha256 or '?')[:DIGITS]}" if code.state == "dirty" else code.state
        at = "commit unknown" if commit == UNKNOWN else f"commit {commit} ({state})"
        yield f"   rule {record.title}"
        yield f"   record {name[:DIGITS]}, code {code.fingerprint}, {at}"
        if record.seed.root is not None or record.seed.streams:
            streams = record.seed.streams.items()
            drawn = ", ".join(f"{stream} ×{count:,}" if count > 1 else stream for stream, count in streams)
            root = "no root seed" if record.seed.root is None else f"seed {record.seed.root}"
            yield f"   {root}, streams drawn: {drawn or 'none'}"
        for key, value in record.params.items():
            if value is None or (key in ("seed", "space") and not self.files):
                continue
            text = compact(value)
            yield f"   {key}: {text if self.files or len(text) <= LONGEST else text[: LONGEST - 1] + '…'}"

    def _surroundings(self, record: Record) -> Iterator[str]:
        """Yield versions and machine of a job."""
        found = self.run.environment(record)
        if found is None:
            yield f"environment {record.environment[:DIGITS]} is missing or broken"
            return
        versions = ", ".join(f"{name} {found.packages[name]}" for name in MAIN_PACKAGES if name in found.packages)
        lock = f"lock sha256 {found.lock_sha256[:DIGITS]}" if found.lock_sha256 else "no lock"
        yield f"environment {record.environment[:DIGITS]}: Python {found.python}, {lock}"
        yield f"   {len(found.packages)} packages: {versions}"
        machine = found.machine
        yield f"   {machine.cpu}, {machine.cores} cores, {machine.gpu or 'no GPU'}, {machine.system}"
        if self.files:
            yield from (f"   {name}=={version}" for name, version in found.packages.items())


def _likeness(record: Record) -> str:
    """Return what jobs have in common that differ in their wildcards alone."""
    inputs = [(entry.path, entry.sha256) for entry in record.inputs]
    return compact([record.rule, record.params, record.code.fingerprint, record.code.diff_sha256, inputs])


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{names[0]}, {names[1]} … {names[-1]}"


def _title(artifact: Artifact, *, source: bool) -> str:
    """Return an artifact in one line."""
    digest = f"sha256 {artifact.sha256[:DIGITS]}" if artifact.sha256 else "raw images, each hashed in the manifest"
    many = f", {artifact.files} files" if artifact.files is not None else ""
    return f"{artifact.path}  {digest}{many}{'  (given)' if source else ''}"
