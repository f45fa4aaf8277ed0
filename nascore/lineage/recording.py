"""The recording of one job: what it reads is hashed before it starts, what it wrote when it has ended well.

The workflow's wrapper calls this for every script; no script does anything for it. Paths are from the working
directory, which is the project's folder.
"""

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nascore.errors import DataError
from nascore.lineage.hashing import Content, hash_content, state_of
from nascore.lineage.ledger import FOLDER, Ledger, Pointer, ledger_folder
from nascore.lineage.record import Artifact, Code, Input, Record, Seed, content, identity
from nascore.lineage.redaction import redacted
from nascore.lineage.surroundings import code_state, environment
from nascore.seeds import drawn_streams

NamedPath = tuple[str | None, str]

TIMING = ("measure_layers", "measure_networks", "measure_found", "measure_bundles")
"""Rules that measure time, which is never the same twice."""


@dataclass(frozen=True)
class Job:
    """A job as the workflow describes it, in plain data.

    Parameters
    ----------
    rule, script
        The rule, and its script from the code's folder.
    code_folder
        Where the code is, with the package and the scripts.
    results
        Folder of the run.
    wildcards, params
        As the rule has them; `params` has the fingerprint of the code under ``code``.
    inputs, outputs
        Pairs of a name (None without one) and a path.
    given
        Likewise the paths and addresses of the user's that the job reads; see `nascore.lineage.given_files`.
    threads
        Threads that the job has.
    """

    rule: str
    script: str
    code_folder: Path
    results: Path
    wildcards: dict[str, str]
    params: dict[str, Any]
    inputs: list[NamedPath]
    outputs: list[NamedPath]
    given: list[NamedPath] = field(default_factory=list)
    threads: int = 1


@dataclass
class Recording:
    """A job under way; made by `Recording.begin`, written by `end`."""

    job: Job
    code: Code
    inputs: list[Input]
    start: datetime
    _clock: float = field(default_factory=time.monotonic)

    @classmethod
    def begin(cls, job: Job) -> "Recording":
        """Hash what a job reads, and note which code it runs.

        Raises
        ------
        DataError
            If an input is missing.
        """
        start, clock = datetime.now(UTC), time.monotonic()
        ledger = Ledger(job.results / FOLDER)
        given = [(key, path) for key, path in job.given if Path(path).exists()]
        inputs = [_input(ledger, name, path) for name, path in [*job.inputs, *given]]
        code = code_state(job.code_folder, str(job.params.get("code", "unknown")))
        return cls(job, code, inputs, start, clock)

    def altered_inputs(self) -> list[str]:
        """Return what the job read that is not what another job had recorded: damaged, or edited by hand."""
        ledger = Ledger(self.job.results / FOLDER)
        unmade = (entry.path for entry in self.inputs if entry.sha256 and not entry.record)
        return [path for path in unmade if (known := _pointer_or_none(ledger, path)) and known.record]

    def end(self) -> str:
        """Hash what the job wrote, write its record, and return the record's name.

        Raises
        ------
        DataError
            If an output is missing, or the record cannot be written.
        """
        job = self.job
        contents = [(name, path, hash_content(Path(path))) for name, path in job.outputs]
        surroundings = environment(job.code_folder)
        params = _plain({key: value for key, value in job.params.items() if key != "code"})
        device = params.get("device", "cpu")
        record = Record(
            rule=job.rule,
            script=job.script,
            wildcards=job.wildcards,
            outputs=[
                Artifact(name=name, path=path, sha256=found.sha256, size=found.size, files=found.files)
                for name, path, found in contents
            ],
            inputs=self.inputs,
            params=params,
            seed=Seed(root=params.get("seed"), streams=drawn_streams()),
            code=self.code,
            environment=identity(content(surroundings)),
            threads=job.threads,
            bit_for_bit=(surroundings.machine.gpu is None or device == "cpu") and job.rule not in TIMING,
            start=_utc(self.start),
            end=_utc(datetime.now(UTC)),
            seconds=round(time.monotonic() - self._clock, 3),
        )
        name = identity(content(record))
        for folder in sorted({job.results / FOLDER, *(ledger_folder(path) for _, path in job.outputs)}):
            ledger = Ledger(folder)
            ledger.add(surroundings)
            ledger.add(record)
            for _, path, found in contents:
                ledger.point(_pointer(path, found, name))
        return name


def _input(ledger: Ledger, name: str | None, path: str) -> Input:
    """Return what a job reads, hashed only if nothing that is known of it still holds."""
    if name == "images" and Path(path).is_dir():
        # Raw images: the job itself reads every one and writes its hash to the manifest.
        return Input(name=name, path=path, sha256=None, size=None)
    known = _known(ledger, path)
    return Input(name=name, path=path, sha256=known.sha256, size=known.size, files=known.files, record=known.record)


def _known(ledger: Ledger, path: str) -> Pointer:
    """Return what is known of a path, and remember it with the run."""
    state = state_of(Path(path))
    elsewhere = Ledger(Path(ledger_folder(path)))
    own, other = _pointer_or_none(ledger, path), None
    if own and own.state == state:
        return own
    if elsewhere.folder != ledger.folder and (other := _pointer_or_none(elsewhere, path)) and other.state == state:
        _adopt(ledger, other, elsewhere)
        return other
    found = hash_content(Path(path))
    for pointer, keeper in ((own, ledger), (other, elsewhere)):
        if pointer and pointer.sha256 == found.sha256:
            refreshed = pointer.model_copy(update={"state": state})
            keeper.point(refreshed)
            if keeper is elsewhere:
                _adopt(ledger, refreshed, elsewhere)
            return refreshed
    source = _pointer(path, found, None)
    # What a job recorded stays as it was written, so that an audit sees that the file is another now.
    if own is None or own.record is None:
        ledger.point(source)
    return source


def _pointer_or_none(ledger: Ledger, path: str) -> Pointer | None:
    """Return what a ledger knows of a path; a broken pointer is as good as none, and audits name it."""
    try:
        return ledger.pointer(path)
    except DataError:
        return None


def _adopt(ledger: Ledger, pointer: Pointer, other: Ledger) -> None:
    """Copy a path's lineage into the run's; where the other ledger has lost it, the job goes on without."""
    try:
        ledger.adopt(pointer, other)
    except DataError:
        ledger.point(pointer)


def _pointer(path: str, found: Content, record: str | None) -> Pointer:
    return Pointer(
        path=path,
        sha256=found.sha256,
        size=found.size,
        files=found.files,
        record=record,
        state=state_of(Path(path)),
    )


def _plain(params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters as JSON gives them back, without secrets."""
    plain: dict[str, Any] = json.loads(json.dumps(redacted(params), default=str))
    return plain


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
