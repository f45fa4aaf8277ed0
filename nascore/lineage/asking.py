"""What a person may ask for: the path of an artifact, a target, a cell of the report's tables, or a number in them."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nascore.errors import DataError, unknown_name
from nascore.lineage.history import Run

TABLES = ("targets.csv", "searches.csv", "validation.csv", "predictors.csv")
MOST_ANSWERS = 12
"""Cells with the same number that are answered together."""


@dataclass(frozen=True)
class Cell:
    """One cell of a table, and the artifact that its row was read from."""

    table: str
    row: str
    column: str
    value: str
    artifact: str

    @property
    def sentence(self) -> str:
        """Return what a person reads."""
        return f"{self.table}: {self.row}: {self.column} = {self.value}"


@dataclass(frozen=True)
class Answer:
    """What was asked for: artifacts, and the cells of tables that led to them."""

    artifacts: list[str]
    cells: list[Cell]


def find(run: Run, asked: str) -> Answer:
    """Return the artifacts that a question is about.

    Parameters
    ----------
    run
        The run.
    asked
        A path (from the project's folder or from the run's), the name of a target, ``ROW.COLUMN`` of a table, such as
        ``macs_10m.measured_accuracy``, or a number that stands in one, as a fraction or in percent.

    Raises
    ------
    DataError
        If nothing is found; says what is nearest.
    """
    if path := _path(run, asked):
        return Answer([path], [])
    if artifacts := _of_target(run, asked):
        return Answer(artifacts, [])
    cells = list(_cells(run))
    named = [cell for cell in cells if f"{cell.row.split()[0]}.{cell.column}" == asked]
    found = named or _with_number(cells, asked)
    if not found:
        raise DataError(_nothing(run, asked, cells))
    if len(found) > MOST_ANSWERS:
        some = "; ".join(cell.sentence for cell in found[:MOST_ANSWERS])
        raise DataError(f"{asked} stands in {len(found)} cells; give ROW.COLUMN or more digits. Some: {some}")
    return Answer(list(dict.fromkeys(cell.artifact for cell in found)), found)


def _path(run: Run, asked: str) -> str | None:
    """Return the recorded path that was asked for, if it is one; a file in a recorded folder stands for the folder."""
    given = Path(asked)
    tries = [given, run.folder / given]
    if given.is_absolute() and given.is_relative_to(run.project.resolve()):
        tries.append(given.relative_to(run.project.resolve()))
    for path in tries:
        for candidate in (path, *path.parents):
            if candidate.as_posix() in run.made:
                return candidate.as_posix()
    return next((path.as_posix() for path in tries if path.as_posix() in run.pointers), None)


def _of_target(run: Run, name: str) -> list[str]:
    """Return what was found out of a target: its validation, or else its searches."""
    of_target = [path for path, record in run.made.items() if _wildcard(run, record, "target") == name]
    validation = [path for path in of_target if Path(path).name == "validation.json"]
    return validation or [path for path in of_target if Path(path).name == "result.json"]


def _wildcard(run: Run, record: str, wildcard: str) -> str | None:
    found = run.record(record)
    return found.wildcards.get(wildcard) if found else None


def _cells(run: Run) -> Iterator[Cell]:
    """Yield all filled cells of the run's tables."""
    for table in TABLES:
        path = run.project / run.folder / table
        if not path.is_file():
            continue
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                label, artifact = _row(run, table, row)
                yield from (Cell(table, label, name, value, artifact) for name, value in row.items() if value)


def _row(run: Run, table: str, row: dict[str, str]) -> tuple[str, str]:
    """Return how a row is called, and the artifact that it was read from."""
    name = row.get("target") or row.get("predictor") or "?"
    if table == "predictors.csv":
        return name, f"{run.folder}/predictors/{name}/metrics.json"
    if table == "validation.csv":
        file = "finetuning/finetuning.json" if row.get("role") == "finetuned" else "validation.json"
        return f"{name} {row.get('role', '')}".strip(), f"{run.folder}/validation/{name}/{file}"
    searcher = row.get("searcher", "")
    search, folder = f"{run.folder}/search/{name}/{searcher}/result.json", f"{run.folder}/validation/{name}"
    if table == "searches.csv":
        return f"{name} {searcher}", search
    label = f"{name} {row.get('subnet', '')}".strip()
    if not row.get("measured_accuracy"):
        return label, search
    # A row with measurements comes from the validation, which was made from the search.
    return label, f"{folder}/finetuning/finetuning.json" if row.get("finetuned_epochs") else f"{folder}/validation.json"


def _with_number(cells: list[Cell], asked: str) -> list[Cell]:
    """Return the cells that show a number when they are rounded to its digits, as they are or in percent."""
    text = asked.strip().rstrip("%").strip().replace(",", "")
    if not re.fullmatch(r"-?\d+(\.\d+)?", text):
        return []
    digits = len(text.partition(".")[2])
    scales = (1, 100) if digits or "%" in asked else (1,)
    return [cell for cell in cells if _shows(cell.value, text, digits, scales)]


def _shows(value: str, text: str, digits: int, scales: tuple[int, ...]) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    return any(f"{number * scale:.{digits}f}" == text for scale in scales)


def _nothing(run: Run, asked: str, cells: list[Cell]) -> str:
    """Say that nothing was found, with the nearest name."""
    records = (run.record(name) for name in set(run.made.values()))
    targets = sorted({record.wildcards["target"] for record in records if record and "target" in record.wildcards})
    row, dot, column = asked.rpartition(".")
    if dot and row in {cell.row.split()[0] for cell in cells}:
        columns = dict.fromkeys(cell.column for cell in cells if cell.row.split()[0] == row)
        return unknown_name(f"number of {row}", column, columns)
    if re.fullmatch(r"-?[\d.,]+ *%?", asked.strip()):
        tables = ", ".join(dict.fromkeys(cell.table for cell in cells)) or "no table of the run"
        return f"the number {asked} stands in no cell of {tables} of run {run.folder.name!r}"
    paths = [path.removeprefix(f"{run.folder}/") for path in run.made]
    near = unknown_name("artifact, target or number", asked, [*targets, *paths]).partition(" Valid: ")[0]
    return f"{near} Targets of run {run.folder.name!r}: {', '.join(targets) or 'none'}; or give the path of a file"
