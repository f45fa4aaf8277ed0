"""Reads and writes the JSON files that cross from one stage to another, and checks them both times."""

from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from nascore.errors import DataError, made_again
from nascore.files import read_json, write_json

Cost = int | float
"""A cost in the unit of its metric: whole where it is counted, milliseconds where it is a latency."""


class Record(BaseModel):
    """Part of a file: exact types, no key without a meaning, no NaN, not changed after it is read."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False, extra="forbid")


class RecordFile(Record):
    """A whole file.

    A file without `version` was written before files said theirs. It is read as version 1, and refused only if it does
    not hold what version 1 does.
    """

    WHAT: ClassVar[str]
    """What messages call such a file, with its article."""
    RULE: ClassVar[str]
    """The rule that makes it."""

    version: Literal[1] = 1

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a file.

        Raises
        ------
        DataError
            If the file is missing, is no whole JSON, or is not what it should be; names the key, and the command that
            makes the file again.
        """
        content = read_json(path)
        try:
            record = cls.model_validate(content)
            record.check()
        except ValidationError as error:
            raise DataError(f"{path} is not {cls.WHAT}: {_first(error)}; {made_again(cls.RULE)}") from None
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
        return record

    def write(self, path: str | Path) -> None:
        """Write the file, whole or not at all.

        Raises
        ------
        DataError
            If it is not what it should be, or cannot be written.
        """
        self.check()
        write_json(path, self.model_dump(mode="json"))

    def check(self) -> None:
        """Check what types alone do not say, such as that an architecture is one of the space.

        Raises
        ------
        DataError
            With what is wrong; `read` adds the file.
        """


def _first(error: ValidationError) -> str:
    """Return the place and the message of the first thing that is wrong."""
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"])) or "the whole file"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"
