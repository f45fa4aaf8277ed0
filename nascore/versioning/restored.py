"""Runs whose files something else than their jobs has put in place, such as `dvc pull`, `dvc checkout` or `dvc add`.

Such files have the times at which they were put there, in any order, and may be links into DVC's cache. Snakemake goes
by times, so it would make a whole run again that is all there. The lineage knows better: it has the hash of all that
each job read and wrote.
"""

import hashlib
import os
import shutil
import stat
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nascore.errors import DataError
from nascore.files import replacing, write_text
from nascore.lineage.hashing import hash_content, state_of
from nascore.lineage.history import Run
from nascore.lineage.ledger import FOLDER, RESULTS
from nascore.versioning.notes import give_back_notes

READERS = 2
"""Threads that hash."""


def accept_restored(name: str, project: Path = Path()) -> None:
    """Make Snakemake see what the files of a run are, if something else than its jobs has put them in place.

    The workflow calls this before it plans its jobs. Where nothing has happened it only asks for the state of files.

    Parameters
    ----------
    name
        The run; it need not exist.
    project
        The project's folder.

    Raises
    ------
    DataError
        If a file cannot be read or written.
    """
    run = Run(project, Path(RESULTS, name))
    if not run.ledger.folder.is_dir():
        return
    try:
        _detach(run)
        noted, state = project / ".snakemake" / "accepted" / name, _state(run)
        if noted.is_file() and noted.read_text(encoding="utf-8") == state:
            return
        if any(_is_other(run, path) for path in run.made):
            _accept(run)
            state = _state(run)
        write_text(noted, state)
    except OSError as error:
        raise DataError(f"cannot accept the files of run {name!r}: {error.filename}: {error.strerror}") from None


def as_recorded(run: Run) -> dict[str, bool]:
    """Say of each path of a run, and of all that its jobs read, whether its content is what was recorded."""
    hashes = {path: pointer.sha256 for path, pointer in run.pointers.items()}
    with ThreadPoolExecutor(READERS) as pool:
        found = dict(zip(hashes, pool.map(lambda path: _sha256(run.project / path), hashes), strict=True))
    return {path: found[path] == sha256 for path, sha256 in hashes.items()}


def _accept(run: Run) -> None:
    """Give Snakemake its notes back, and set times that say which jobs need not run again."""
    now = time.time()
    intact = as_recorded(run)
    give_back_notes(run, [path for path in run.made if intact[path]])
    # Snakemake takes a job to be as old as its oldest file, and its timing is one.
    for timing in (run.project / run.folder / "benchmarks").rglob("*.tsv"):
        _set_time(timing, now)
    for record in run.jobs().values():
        outputs = [entry.path for entry in record.outputs if entry.path.startswith(f"{run.folder}/")]
        read = {entry.path: run.pointers.get(entry.path) for entry in record.inputs if entry.sha256}
        same = {e.path for e in record.inputs if (p := read.get(e.path)) and p.sha256 == e.sha256 and intact[e.path]}
        # One time for all that is as it was: an input is not newer than what was made from it.
        moment = now
        if changed := [run.project / path for path in read if path not in same]:
            moment = min([now, *(path.stat().st_mtime for path in changed if path.exists())]) - 1
        for path in outputs:
            if intact.get(path):
                _set_time(run.project / path, moment)


def _sha256(path: Path) -> str | None:
    try:
        return hash_content(path).sha256
    except DataError:
        return None


def _is_other(run: Run, path: str) -> bool:
    """Say whether a file is not the very one that its job wrote."""
    file = run.project / path
    return file.exists() and state_of(file) != run.pointers[path].state


def _set_time(path: Path, moment: float) -> None:
    """Set the time of change of a file, or of all files in a folder."""
    for file in path.rglob("*") if path.is_dir() else [path]:
        os.utime(file, (moment, moment))


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
