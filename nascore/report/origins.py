"""Which file each row of the report was read from: every row links to its lineage."""

import os
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from nascore.files import file_sha256

Row = tuple[str, ...]
"""What a row is about: ``("search", target, searcher)``, ``("predictor", name)`` and so on."""


@dataclass(frozen=True)
class Origin:
    """The file that a row was read from.

    Parameters
    ----------
    number
        Its place in the list.
    path
        From the run's folder; of a file outside of it as it was given, from the project's folder.
    href
        Link from the report.
    sha256
        Hash of the file.
    """

    number: int
    path: str
    href: str
    sha256: str

    @property
    def command(self) -> str:
        """The command that shows what it was made from."""
        return f"nascore lineage {shlex.quote(self.path)}"


def read_origins(folder: str | Path, files: Iterable[tuple[Row, str | Path]]) -> dict[Row, Origin]:
    """Hash the files that rows were read from.

    Parameters
    ----------
    folder
        The folder of the report.
    files
        Each row with its file.

    Raises
    ------
    DataError
        If a file cannot be read.
    """
    origins: dict[Row, Origin] = {}
    for row, file in files:
        link = Path(os.path.relpath(file, folder)).as_posix()
        path = Path(file).as_posix() if link.startswith("../") else link
        origins[row] = Origin(len(origins) + 1, path, quote(link), file_sha256(file))
    return origins
