"""Hashes of files and folders, and what tells without reading that one has not changed."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from nascore.errors import DataError

NOT_CONTENT = ".snakemake_timestamp"
"""What Snakemake leaves in a folder that a rule made; it says when, not what."""


@dataclass(frozen=True)
class Content:
    """What a file or folder holds: its hash, its bytes, and for a folder the number of files."""

    sha256: str
    size: int
    files: int | None = None


def hash_content(path: Path) -> Content:
    """Hash a file, or a folder over the sorted relative paths and hashes of its files.

    Raises
    ------
    DataError
        If it is missing or cannot be read.
    """
    try:
        if not path.is_dir():
            return _hash_file(path)
        digest, size = hashlib.sha256(), 0
        files = files_in(path)
        for file in files:
            one = _hash_file(file)
            digest.update(os.fsencode(file.relative_to(path).as_posix()) + f"\0{one.sha256}\0".encode())
            size += one.size
        return Content(digest.hexdigest(), size, len(files))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None


def _hash_file(path: Path) -> Content:
    with open(path, "rb") as file:
        return Content(hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size)


def files_in(folder: Path) -> list[Path]:
    """Return all files below a folder, sorted by their relative paths."""
    files = (Path(top) / name for top, _, names in os.walk(folder) for name in names if name != NOT_CONTENT)
    return sorted(files, key=lambda file: file.relative_to(folder).as_posix())


def state_of(path: Path) -> str:
    """Return what changes when a file is written or replaced: size, time of change and inode, of a folder all files'.

    Raises
    ------
    DataError
        If it is missing.
    """
    try:
        if not path.is_dir():
            return _file_state(path)
        states = (f"{file.relative_to(path).as_posix()}\0{_file_state(file)}\0" for file in files_in(path))
        return hashlib.sha256("".join(states).encode(errors="surrogateescape")).hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None


def _file_state(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"
