"""What Snakemake notes of each output (parameters, inputs, their checksums), kept in a snapshot and given back.

Snakemake keeps its notes in `.snakemake/`, which is in no snapshot. Without them it cannot see in a fresh clone that a
parameter has changed, and a change of the configuration would rerun nothing.
"""

import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

from pydantic import Field

from nascore.files import read_json, replacing, write_text
from nascore.lineage.history import Run
from nascore.lineage.ledger import read_document
from nascore.lineage.record import Sha256
from nascore.strict import Strict

FILE = "snakemake.json"
LONGEST_NAME = 254
"""Characters of a part of a note's name; Snakemake splits longer ones."""


class Note(Strict):
    """Snakemake's note of one path, and the job that it is about."""

    record: Sha256
    metadata: dict[str, Any]


class Notes(Strict):
    """The notes of a run's outputs and of its images."""

    notes: dict[str, Note] = Field(description="By path from the project's folder.")


def save_notes(run: Run, paths: list[str]) -> None:
    """Write what Snakemake has noted of paths beside the lineage of a run."""
    found = {}
    for path in paths:
        file = _note_file(run.project, path)
        if path in run.made and file.is_file():
            found[path] = Note(record=run.made[path], metadata=read_json(file))
    write_text(run.ledger.folder / FILE, Notes(notes=found).model_dump_json(indent=1) + "\n")


def give_back_notes(run: Run, paths: list[str]) -> None:
    """Give Snakemake the notes of paths back, if they are about the jobs that made what is there now.

    Raises
    ------
    DataError
        If the file of notes is not what was written.
    """
    file = run.ledger.folder / FILE
    notes = read_document(file, Notes).notes if file.is_file() else {}
    if notes:
        # Without this folder Snakemake takes the notes to be of an old version.
        (run.project / ".snakemake" / "incomplete").mkdir(parents=True, exist_ok=True)
    for path in paths:
        if path in notes and notes[path].record == run.made.get(path):
            with replacing(_note_file(run.project, path)) as temporary:
                temporary.write_text(json.dumps(notes[path].metadata), encoding="utf-8")


def _note_file(project: Path, path: str) -> Path:
    """Return where Snakemake notes what it knows of a path."""
    name = urlsafe_b64encode(path.encode(errors="surrogateescape")).decode()
    parts = [name[start : start + LONGEST_NAME] for start in range(0, len(name), LONGEST_NAME)]
    return Path(project, ".snakemake", "metadata", *(f"@{part}" for part in parts[:-1]), parts[-1])
