"""Zip archives that others made: members are read one by one, nothing is unpacked, and odd archives are refused."""

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from nascore.errors import DataError

MAX_MEMBER_BYTES = 1 << 31
MAX_RATIO = 200
"""Times that a member may be larger than its compressed form; photographs and annotations stay far below."""


class Archive:
    """A zip archive, whose every member is checked before any is read.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    DataError
        If it is not a whole zip archive, or has a member that would leave the folder it is unpacked into, is a link,
        or would unpack to far more than it promises.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise DataError(f"{path} is not a whole zip archive: {error}") from None
        for member in self._zip.infolist():
            problem = _problem(member)
            if problem:
                self._zip.close()
                raise DataError(f"{path} is refused: its member {member.filename!r} {problem}")

    @property
    def names(self) -> set[str]:
        """Return the names of all members."""
        return set(self._zip.namelist())

    def read(self, name: str) -> bytes:
        """Return the content of a member.

        Raises
        ------
        DataError
            If there is no such member, or it is damaged.
        """
        try:
            return self._zip.read(name)
        except KeyError:
            raise DataError(f"{self.path} has no member {name}") from None
        # Encrypted and unknown forms of compression are a RuntimeError and one of its children.
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
            raise DataError(f"{self.path}: member {name} cannot be read: {error}") from None


def _problem(member: zipfile.ZipInfo) -> str | None:
    """Say what is wrong with a member."""
    # orig_filename: zipfile rewrites separators of the platform and cuts names at a null byte.
    path = PurePosixPath(member.orig_filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in member.orig_filename:
        return "would be unpacked outside its folder"
    if "\0" in member.orig_filename:
        return "has a name with a null byte"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    if member.file_size > MAX_MEMBER_BYTES or member.file_size > MAX_RATIO * max(member.compress_size, 1 << 10):
        return f"unpacks from {member.compress_size} to {member.file_size} bytes"
    return None
