"""The audit of a run: everything is hashed again, and every edge from output to record to input is checked."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nascore.config import Config
from nascore.errors import DataError
from nascore.lineage.expected import Expected
from nascore.lineage.hashing import Content, files_in, hash_content
from nascore.lineage.history import Run, compact, raw_images
from nascore.lineage.ledger import FOLDER, Ledger, ledger_folder
from nascore.lineage.record import Input, Record, identity
from nascore.lineage.redaction import redacted

UNDERIVED = ("logs", "benchmarks", FOLDER)
"""Folders of a run whose files differ from run to run; what a rule declares as output there is audited all the same."""

READERS = 2
"""Threads that hash; reading and hashing release Python's lock."""

KINDS = {
    "altered": "its content is not what was recorded",
    "missing": "it is not there any more",
    "broken": "a file of lineage is altered, missing or unreadable",
    "unrecorded": "no record says where it comes from",
    "stale": "its code, parameters or inputs have changed since",
    "dirty": "it was made by code that is in no commit",
}
"""Kinds of findings, the gravest first, and what each means."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be."""

    kind: str
    path: str
    message: str


@dataclass(frozen=True)
class Audit:
    """What an audit found, and how much it looked at."""

    run: str
    findings: list[Finding]
    n_artifacts: int
    n_records: int
    n_bytes: int
    n_edges: int
    n_raw_images: int
    configuration: str | None
    """The configuration that parameters were compared with; None where there was none."""

    @property
    def passed(self) -> bool:
        """Say whether nothing was found."""
        return not self.findings

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {**asdict(self), "passed": self.passed}


def audit(run: Run, code_folder: Path, config: Config | None = None, configuration: str | None = None) -> Audit:
    """Audit a run.

    Parameters
    ----------
    run
        The run.
    code_folder
        The code of today, to tell what it would make otherwise.
    config
        The configuration of today, if it is known.
    configuration
        How that is called.
    """
    auditor = _Auditor(run, Expected(code_folder, config))
    findings = sorted(set(auditor.findings()), key=lambda f: (list(KINDS).index(f.kind), f.path, f.message))
    return Audit(
        run=run.folder.name,
        findings=findings,
        n_artifacts=len(run.pointers),
        n_records=len(run.jobs()),
        n_bytes=sum(pointer.size for pointer in run.pointers.values()),
        n_edges=auditor.n_edges,
        n_raw_images=auditor.n_raw_images,
        configuration=configuration if config else None,
    )


class _Auditor:
    """One audit: the hashes of today, and what they say."""

    def __init__(self, run: Run, expected: Expected) -> None:
        self.run = run
        self.expected = expected
        self.n_edges = 0
        self.n_raw_images = 0

    @cached_property
    def today(self) -> Mapping[str, Content | None]:
        """The content of every recorded path and input as it is now, None where it is missing or cannot be read."""
        inputs = (entry.path for record in self.run.jobs().values() for entry in record.inputs if entry.sha256)
        paths = list(dict.fromkeys([*self.run.pointers, *inputs]))
        with ThreadPoolExecutor(READERS) as pool:
            return dict(zip(paths, pool.map(self._hash, paths), strict=True))

    def _hash(self, path: str) -> Content | None:
        try:
            return hash_content(self.run.project / path)
        except DataError:
            return None

    def findings(self) -> Iterator[Finding]:
        """Yield everything that is wrong."""
        for path in self.run.pointers:
            yield from self._artifact(path)
        for record in self.run.jobs().values():
            outputs = [entry.path for entry in record.outputs if entry.path in self.run.made]
            where = outputs[0] if outputs else record.rule
            for entry in record.inputs:
                yield from self._edge(record, entry, where)
            yield from self._made_today(record, where)
        yield from self._documents()
        yield from self._unrecorded()

    def _artifact(self, path: str) -> Iterator[Finding]:
        """Compare a file with its pointer, and the pointer with its record."""
        pointer, now = self.run.pointers[path], self.today[path]
        file = self.run.ledger.pointer_path(path).relative_to(self.run.project).as_posix()
        record = self.run.record(pointer.record) if pointer.record else None
        # A record is known by its hash to be what it was, a pointer is not.
        made = {entry.sha256 for entry in record.outputs if entry.path == path} if record else {pointer.sha256}
        what = "it was made" if pointer.record else "it was read"
        if now is None:
            yield Finding("missing", path, f"recorded with sha256 {pointer.sha256[:12]}, and not there or not readable")
        elif now.sha256 not in made | {pointer.sha256}:
            yield Finding("altered", path, f"sha256 {now.sha256[:12]}; when {what} it was {pointer.sha256[:12]}")
        elif now.sha256 == pointer.sha256 and (now.size, now.files) != (pointer.size, pointer.files):
            yield Finding("broken", file, f"it has the hash of {path} with another size")
        if pointer.sha256 not in made:
            yield Finding(
                "broken", file, f"it and the record {(pointer.record or '')[:12]} that it names disagree on {path}"
            )
        if pointer.record and not record:
            yield Finding("broken", path, f"its record {pointer.record[:12]} is missing or altered")

    def _edge(self, record: Record, entry: Input, where: str) -> Iterator[Finding]:
        """Compare what a job read with what is there now, and with what the job that made it had recorded."""
        self.n_edges += 1
        if entry.sha256 is None:
            yield from self._raw_images(record, entry)
            return
        now, pointer = self.today[entry.path], self.run.pointers.get(entry.path)
        if now and now.sha256 != entry.sha256 and (pointer is None or now.sha256 == pointer.sha256):
            message = f"made from {entry.path} with sha256 {entry.sha256[:12]}, which is {now.sha256[:12]} now"
            yield Finding("stale", where, message)
        if now is None and pointer is None:
            yield Finding("missing", entry.path, f"read by {record.title}, and not there or not readable")
        producer = self.run.record(entry.record) if entry.record else None
        if entry.record and producer is None and self.run.made.get(entry.path) != entry.record:
            message = f"the record {entry.record[:12]} of its input {entry.path} is missing or altered"
            yield Finding("broken", where, message)
        if producer and (entry.path, entry.sha256) not in ((made.path, made.sha256) for made in producer.outputs):
            message = (
                f"read {entry.path} with sha256 {entry.sha256[:12]}, which the named record {entry.record} did not make"
            )
            yield Finding("broken", where, message)
        if entry.record is None and entry.path.startswith(f"{self.run.folder}/"):
            yield Finding("unrecorded", entry.path, f"{record.title} read it, and no job recorded that content")

    def _raw_images(self, record: Record, entry: Input) -> Iterator[Finding]:
        """Hash raw images again and compare them with the manifest that was made of them."""
        manifests = (self.run.manifest(made.path) for made in record.outputs)
        manifest = next(filter(None, manifests), None)
        if manifest is None or record.params.get("options", {}).get("source") != "image_folder":
            return
        images = list(raw_images(manifest))
        paths = [f"{entry.path}/{name}" for _, name, _ in images]
        with ThreadPoolExecutor(READERS) as pool:
            for path, (_, _, sha256), now in zip(paths, images, pool.map(self._hash, paths), strict=True):
                self.n_raw_images += 1
                if now is None:
                    yield Finding("missing", path, "a raw image of the manifest, and not there or not readable")
                elif now.sha256 != sha256:
                    yield Finding("altered", path, f"sha256 {now.sha256[:12]}; the manifest has {sha256[:12]}")

    def _made_today(self, record: Record, where: str) -> Iterator[Finding]:
        """Compare code and parameters of a job with those of today."""
        if record.code.state == "dirty":
            diff = (record.code.diff_sha256 or "unknown")[:12]
            yield Finding("dirty", where, f"code of commit {record.code.commit[:12]} with changes (diff sha256 {diff})")
        for message in self.expected.changed_code(record, self.run.environment(record)):
            yield Finding("stale", where, message)
        for key, today in self.expected.parameters(record).items():
            if key in record.params and record.params[key] != (today := redacted(today)):
                message = f"{key} was {compact(record.params[key])}; the configuration has {compact(today)}"
                yield Finding("stale", where, message)

    def _documents(self) -> Iterator[Finding]:
        """Compare every file of lineage with its name, and name those that cannot be read."""
        for record in self.run.jobs().values():
            self.run.environment(record)
        broken = dict(self.run.broken)
        for file in self._document_files():
            try:
                same = identity(file.read_bytes()) == file.stem
            except OSError:
                same = False
            if not same:
                broken.setdefault(str(file), "altered: its name is the SHA-256 that its content should have")
        broken |= self._broken_shared_pointers()
        for name, message in broken.items():
            path = Path(name).relative_to(self.run.project).as_posix()
            yield Finding("broken", path, message.removeprefix(f"{name} "))

    def _document_files(self) -> Iterator[Path]:
        """Yield the files of records and environments, of the run and of data: there they are kept for runs to come."""
        for folder in sorted(set(map(ledger_folder, self.run.made))):
            for kind in ("record", "environment"):
                yield from Ledger(self.run.project / folder).document_files(kind)

    def _broken_shared_pointers(self) -> dict[str, str]:
        """Return pointers kept with the data that are unreadable or about other content, and why."""
        broken = {}
        for path, own in self.run.pointers.items():
            shared, now = Ledger(self.run.project / ledger_folder(path)), self.today[path]
            if own.record is None or shared.folder == self.run.ledger.folder:
                continue
            try:
                pointer = shared.pointer(path)
                if pointer and pointer.record:
                    shared.record(pointer.record)
            except DataError as error:
                broken[str(shared.pointer_path(path))] = str(error)
                continue
            known = [(path, content.sha256, content.size) for content in (own, now) if content]
            if pointer and (pointer.path, pointer.sha256, pointer.size) not in known:
                broken[str(shared.pointer_path(path))] = f"is not about {path}, or not about its content"
        return broken

    def _unrecorded(self) -> Iterator[Finding]:
        """Name the run's files that no record knows."""
        made = self.run.made
        for file in files_in(self.run.project / self.run.folder):
            path = file.relative_to(self.run.project)
            if path.relative_to(self.run.folder).parts[0] in UNDERIVED:
                continue
            if path.as_posix() not in made and not any(parent.as_posix() in made for parent in path.parents):
                yield Finding("unrecorded", path.as_posix(), "no job of the workflow recorded it")
