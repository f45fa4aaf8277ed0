"""Files are written whole or not at all, and always with the same bytes for the same content."""

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from nascore.errors import DataError

WRITING = ".writing."
"""How the names of temporary files start."""


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its place when the block ends well.

    A reader sees the old file or the new one, never a part; after an error or Ctrl-C the old one stays. What a killed
    process leaves, `remove_leftovers` removes.

    Raises
    ------
    DataError
        If the folder cannot be written, or the block ends in an error of the operating system, such as a full disk.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = _temporary_beside(path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror} ({error.filename})") from None
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)
        os.close(handle)


def _temporary_beside(path: Path) -> tuple[int, Path]:
    """Make a temporary file that is locked while it is open, which says that its writer lives."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{WRITING}{path.name}.", suffix=path.suffix)
        with suppress(OSError):  # on a file system without locks nothing is taken for a leftover
            fcntl.flock(handle, fcntl.LOCK_SH)
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)  # somebody has removed it before it was locked


def remove_leftovers(folder: str | Path) -> None:
    """Remove the temporary files below a folder whose writers were killed; others may be writing there."""
    for path in Path(folder).rglob(f"{WRITING}*"):
        with suppress(OSError), open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def _umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    current = os.umask(0)
    os.umask(current)
    return current


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write bytes, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, content: Any) -> None:
    """Write JSON that people can read: two-space indent, keys in the given order, NaN refused."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    DataError
        If the file is missing or is not whole, valid JSON; says where it breaks.
    """
    path = Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}") from None
    except RecursionError:
        raise DataError(f"{path} is nested too deeply to be JSON that this program reads") from None
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path} is not whole, valid JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None


def file_sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file in hexadecimal.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
