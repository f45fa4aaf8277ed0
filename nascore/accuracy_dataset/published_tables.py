"""Import of accuracy tables in the published form: JSON lists of `[architecture, top-1]` pairs.

The form is that of MIT 6.5940 lab 3: a folder of files, each a list of pairs of a dictionary
`{wid, ks, e, d, image_size}` and an accuracy in percent. The order of files and rows changes nothing.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nascore.errors import DataError, SpaceError
from nascore.files import read_json
from nascore.progress import progress
from nascore.results.dataset import TablesReport
from nascore.spaces.staged import Genes, StagedSpace

AccuracyUnit = Literal["percent", "fraction"]


@dataclass(frozen=True)
class PublishedTables:
    """The rows of a folder of tables, without duplicates, in the order of `arch_id`.

    Parameters
    ----------
    genes
        An `(n, n_genes)` canonical array.
    accuracy
        The `(n,)` accuracies, in [0, 1].
    source
        The file that each row comes from.
    report
        What is known about them.
    """

    genes: Genes
    accuracy: NDArray[np.float64]
    source: list[str]
    report: TablesReport


def table_files(folder: str | Path) -> list[Path]:
    """Return the JSON files of a folder, by name.

    Raises
    ------
    DataError
        If the folder does not exist or has no JSON file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"the folder of accuracy tables {folder} does not exist")
    files = sorted(folder.glob("*.json"))
    if not files:
        raise DataError(f"the folder of accuracy tables {folder} has no .json file")
    return files


def import_published_tables(
    files: list[Path], space: StagedSpace, *, n_images: int, accuracy_unit: AccuracyUnit = "percent"
) -> PublishedTables:
    """Read published tables.

    Parameters
    ----------
    files
        The tables.
    space
        The space whose architectures they hold.
    n_images
        How many images each accuracy was measured on; every accuracy must be a whole number of them.
    accuracy_unit
        Unit of the tables' accuracies.

    Raises
    ------
    DataError
        If a file is not such a table, an architecture is not of the space, an accuracy is not in the unit or not a
        whole number of images, or one architecture has different accuracies. Names the file and the row.
    """
    files = sorted(files, key=lambda path: path.name)
    tables = [_read_table(path, space, n_images, accuracy_unit) for path in progress(files, "reading tables")]
    genes = np.concatenate([genes for genes, _ in tables])
    accuracy = np.concatenate([accuracy for _, accuracy in tables])
    origin = [(path.name, row) for path, (rows, _) in zip(files, tables, strict=True) for row in range(len(rows))]
    arch_id = np.array(space.arch_id(genes))
    _, first, group = np.unique(arch_id, return_index=True, return_inverse=True)
    _refuse_contradictions(accuracy, first[group], arch_id, origin)
    kept = accuracy[first]
    report = TablesReport(
        source="published tables",
        n_files=len(files),
        n_rows=len(first),
        n_duplicates_dropped=len(genes) - len(first),
        n_images=n_images,
        accuracy_min=float(kept.min()),
        accuracy_mean=float(kept.mean()),
        accuracy_max=float(kept.max()),
    )
    return PublishedTables(genes[first], kept, [origin[row][0] for row in first], report)


def _read_table(path: Path, space: StagedSpace, n_images: int, unit: AccuracyUnit) -> tuple[Genes, NDArray[np.float64]]:
    """Return the architectures and accuracies (in [0, 1]) of one file."""
    rows = read_json(path)
    if not isinstance(rows, list) or not rows:
        got = "an empty list" if rows == [] else type(rows).__name__
        raise DataError(f"{path} must hold a list of [architecture, accuracy] pairs; got {got}")
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != 2:
            raise DataError(f"{path}: row {number} must be an [architecture, accuracy] pair; got {str(row)[:80]}")
    try:
        genes = space.from_dicts([arch for arch, _ in rows])
    except SpaceError as error:
        raise DataError(f"{path}: {error}") from None
    accuracy = [_fraction(path, number, value, unit) for number, (_, value) in enumerate(rows)]
    images = np.array(accuracy) * n_images
    off = np.abs(images - images.round()) > 0.01
    if off.any():
        number = int(off.argmax())
        raise DataError(
            f"{path}: row {number}: accuracy {rows[number][1]} is not a whole number of {n_images} images "
            f"({images[number]:.2f}); n_images must be the number that the tables were measured on"
        )
    return genes, images.round() / n_images


def _fraction(path: Path, number: int, value: Any, unit: AccuracyUnit) -> float:
    """Return an accuracy in [0, 1], or say that it is not in its unit."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -math.inf < value < math.inf:
        raise DataError(f"{path}: row {number}: accuracy must be a finite number; got {value!r}")
    if unit == "fraction" and not 0 <= value <= 1:
        raise DataError(
            f"{path}: row {number}: accuracy is {value}; expected a fraction from 0 to 1 (is it in percent?)"
        )
    if unit == "percent" and not (value == 0 or 1 < value <= 100):
        raise DataError(
            f"{path}: row {number}: accuracy is {value}; expected percent, above 1 to 100 (is it a fraction?)"
        )
    return value / 100 if unit == "percent" else float(value)


def _refuse_contradictions(
    accuracy: NDArray[np.float64], twin: NDArray[np.intp], arch_id: NDArray[np.str_], origin: list[tuple[str, int]]
) -> None:
    """Raise if a row's accuracy is not that of the first row of the same architecture, `twin`."""
    differs = accuracy != accuracy[twin]
    if differs.any():
        row = int(differs.argmax())
        (file, number), (first_file, first_number) = origin[row], origin[twin[row]]
        raise DataError(
            f"architecture {arch_id[row]} has two accuracies: {accuracy[twin[row]]:.6f} in {first_file} row "
            f"{first_number} and {accuracy[row]:.6f} in {file} row {number}. Keep one of the rows, or average them "
            "before the import."
        )
