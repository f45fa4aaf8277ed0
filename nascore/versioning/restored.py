"""What happened to the files of a run since its jobs wrote them, found out before the next jobs are planned.

Files that `dvc pull`, `dvc checkout` or `dvc add` has put in place have the times at which they were put there, in any
order, and may be links into DVC's cache. Snakemake goes by times, so it would make a whole run again that is all there,
and take a file that was edited or cut for a new one. The lineage knows better: it has the hash of all that each job
read and wrote.
"""

import hashlib
import os
import shutil
import stat
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import Field

from nascore.errors import DataError
from nascore.files import replacing, write_text
from nascore.lineage.hashing import hash_content, state_of
from nascore.lineage.history import Run
from nascore.lineage.ledger import FOLDER, RESULTS, Ledger, Pointer, ledger_folder, read_document
from nascore.strict import Strict
from nascore.versioning.notes import give_back_notes

READERS = 2
"""Threads that hash."""


class Accepted(Strict):
    """The state of all files of a run when it was last looked at, and what was wrong with them."""

    state: str = Field(description="What changes when any file is written or replaced, or its time is set.")
    altered: list[str] = Field(description="Paths whose content is not what their jobs wrote.")


def accept_restored(name: str, project: Path = Path(), *, repaired: bool = False) -> dict[str, str]:
    """Make Snakemake see what the files of a run are, if something else than its jobs has put them in place.

    The workflow calls this before it plans its jobs. Where nothing has happened it only asks for the state of files.

    Parameters
    ----------
    name
        The run; it need not exist.
    project
        The project's folder.
    repaired
        Whether jobs have just made again what was found before: their files are newer than what was made from them.

    Returns
    -------
    dict of str to str
        The made paths that are not as recorded, and what is wrong with each. Snakemake does not see it, as their times
        are now those of all others: whoever calls this has them made again. Images that are missing are not among them;
        they are made when a job needs them.

    Raises
    ------
    DataError
        If a file cannot be read or written.
    """
    run = Run(project, Path(RESULTS, name))
    if not run.ledger.folder.is_dir():
        return {}
    try:
        _detach(run)
        noted, state = project / ".snakemake" / "accepted" / f"{name}.json", _state(run)
        accepted = _read_accepted(noted)
        if repaired or accepted is None or accepted.state != state:
            made = _latest(run)
            others = [path for path in made if _is_other(project, run.pointers[path])]
            if others or repaired:
                _accept(run, made)
                state = _state(run)
            accepted = Accepted(state=state, altered=_altered(project, [made[path] for path in others]))
            write_text(noted, accepted.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise DataError(f"cannot accept the files of run {name!r}: {error.filename}: {error.strerror}") from None
    missing = [path for path in run.made if path.startswith(f"{run.folder}/") and not (project / path).exists()]
    return dict.fromkeys(accepted.altered, "is not what its job wrote") | dict.fromkeys(missing, "is missing")


def as_recorded(run: Run) -> dict[str, bool]:
    """Say of each path of a run, and of all that its jobs read, whether its content is what was recorded."""
    altered = set(_altered(run.project, run.pointers.values()))
    return {path: path not in altered for path in run.pointers}


def _latest(run: Run) -> dict[str, Pointer]:
    """Return what is known of each path that jobs made: of images, what the last run has noted that made them."""
    made = {path: run.pointers[path] for path in run.made}
    for path in made:
        keeper = Ledger(run.project / ledger_folder(path))
        if keeper.folder != run.ledger.folder:
            try:
                made[path] = keeper.pointer(path) or made[path]
            except DataError:  # damaged, which an audit says
                continue
    return made


def _altered(project: Path, pointers: Iterable[Pointer]) -> list[str]:
    """Return the paths whose content is not what is known of them, in their order."""
    known = list(pointers)
    with ThreadPoolExecutor(READERS) as pool:
        found = pool.map(lambda pointer: _sha256(project / pointer.path), known)
        return [pointer.path for pointer, sha256 in zip(known, found, strict=True) if sha256 != pointer.sha256]


def _accept(run: Run, made: dict[str, Pointer]) -> None:
    """Give Snakemake its notes back, and set times that say which jobs need not run again."""
    now = time.time()
    give_back_notes(run, [path for path in made if (run.project / path).exists()])
    # Snakemake takes a job to be as old as its oldest file, and its timing is one.
    for timing in (run.project / run.folder / "benchmarks").rglob("*.tsv"):
        _set_time(timing, now)
    sources = {path: pointer for path, pointer in run.pointers.items() if not pointer.record}
    altered = set(_altered(run.project, sources.values()))
    latest = {path: pointer.sha256 for path, pointer in (sources | made).items() if path not in altered}
    for record in run.jobs().values():
        changed = [run.project / e.path for e in record.inputs if e.sha256 and latest.get(e.path) != e.sha256]
        # One time for all that is as it was: an input is not newer than what was made from it.
        moment = min([now, *(path.stat().st_mtime - 1 for path in changed if path.exists())])
        for entry in record.outputs:
            if entry.path.startswith(f"{run.folder}/"):
                _set_time(run.project / entry.path, moment)


def _sha256(path: Path) -> str | None:
    try:
        return hash_content(path).sha256
    except DataError:
        return None


def _is_other(project: Path, pointer: Pointer) -> bool:
    """Say whether a file is not the very one that its job wrote."""
    file = project / pointer.path
    return file.exists() and state_of(file) != pointer.state


def _set_time(path: Path, moment: float) -> None:
    """Set the time of change of a file, or of all files in a folder."""
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.exists():
            os.utime(file, (moment, moment))


def _read_accepted(file: Path) -> Accepted | None:
    """Return what was noted; None where nothing was, or a kill or another version has left something else."""
    try:
        return read_document(file, Accepted)
    except DataError:
        return None


def _files(run: Run) -> Iterable[Path]:
    """Yield the files of a run, but for its lineage, and those of its images."""
    folders = {Path(*Path(path).parts[:2]) for path in run.made}
    for folder in sorted(folders):
        for top, inner, names in os.walk(run.project / folder):
            inner[:] = sorted(set(inner) - {FOLDER})
            yield from (Path(top, name) for name in sorted(names))


def _state(run: Run) -> str:
    """Return what changes when any file is written or replaced, or its time is set."""
    digest = hashlib.sha256()
    for file in _files(run):
        status = file.lstat()
        digest.update(f"{file}\0{status.st_size} {status.st_mtime_ns} {status.st_ino}\0".encode(errors="replace"))
    return digest.hexdigest()


def _detach(run: Run) -> None:
    """Make plain files of links into DVC's cache, where a job could not replace them or would write into the cache.

    Snakemake refuses to replace write-protected files, which hard links are, and writes timings into the file that is
    there. The images, which are large, may stay symbolic links.
    """
    results = run.project / run.folder
    for file in _files(run):
        status = file.lstat()
        protected = status.st_nlink > 1 and not status.st_mode & stat.S_IWUSR
        if protected or (stat.S_ISLNK(status.st_mode) and file.is_relative_to(results) and file.exists()):
            with replacing(file) as temporary:
                shutil.copyfile(file, temporary)
                shutil.copystat(file, temporary)
