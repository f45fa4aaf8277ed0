"""Where lineage is kept: records of jobs, and for each path a pointer to the record of the job that made it.

```
records/<sha256 of the file>.json         one job: what it wrote, and what from; never changed
environments/<sha256 of the file>.json    versions and machine; many records share one
paths/<hash of the path>.json             the path, its hash, and the record
```

A pointer also remembers size, time of change and inode of what it hashed. While they stay the same nothing is hashed
again: a store of images of hundreds of megabytes is read by a dozen jobs.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError

from nascore.errors import DataError
from nascore.files import replacing
from nascore.lineage.record import Environment, Record, Sha256, content, identity
from nascore.strict import Strict

FOLDER = "lineage"
RESULTS = "results"

Document = TypeVar("Document", bound=BaseModel)


class Pointer(Strict):
    """What is known of one path."""

    path: str = Field(description="Path from the project's folder, or as the user gave it.")
    sha256: Sha256
    size: int
    files: int | None = None
    record: Sha256 | None = Field(None, description="The job that made it; None for a source.")
    state: str = Field(description="What changes when the path is written; see `state_of`.")


def ledger_folder(path: str) -> Path:
    """Return where the lineage of a path is kept, from the project's folder: with its run, or with all data."""
    parts = Path(path).parts
    return Path(*parts[: 2 if parts[0] == RESULTS else 1], FOLDER)


class Ledger:
    """One folder of lineage.

    Parameters
    ----------
    folder
        Where it is; it need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, document: Record | Environment) -> str:
        """Write a record or an environment and return its name."""
        written = content(document)
        name = identity(written)
        path = self.document_path(document.kind, name)
        if not path.is_file():
            _write(path, written)
        return name

    def point(self, pointer: Pointer) -> None:
        """Write what is known of a path."""
        _write(self.pointer_path(pointer.path), pointer.model_dump_json(indent=1).encode() + b"\n")

    def pointer(self, path: str) -> Pointer | None:
        """Return what is known of a path, None if nothing is; see `record` for errors."""
        file = self.pointer_path(path)
        return read_document(file, Pointer) if file.is_file() else None

    def record(self, name: str) -> Record:
        """Return a record by its name.

        Raises
        ------
        DataError
            If it is missing, or is not what its name says.
        """
        return self._document("record", name, Record)

    def environment(self, name: str) -> Environment:
        """Return an environment by its name; see `record`."""
        return self._document("environment", name, Environment)

    def pointer_files(self) -> Iterator[Path]:
        """Yield the files of all pointers, sorted."""
        yield from _documents(self.folder / "paths")

    def document_files(self, kind: str) -> Iterator[Path]:
        """Yield the files of all records, or of all environments, sorted."""
        yield from _documents(self.folder / f"{kind}s")

    def document_path(self, kind: str, name: str) -> Path:
        """Return the file of a record or an environment."""
        return self.folder / f"{kind}s" / f"{name}.json"

    def pointer_path(self, path: str) -> Path:
        """Return the file of the pointer of a path."""
        return self.folder / "paths" / f"{hashlib.sha256(path.encode(errors='surrogateescape')).hexdigest()[:32]}.json"

    def adopt(self, pointer: Pointer, other: "Ledger") -> None:
        """Copy what another ledger knows of a path, with the records of all that it was made from."""
        waiting, copied = [pointer.record], set[str]()
        while waiting:
            name = waiting.pop()
            if name is None or name in copied:
                continue
            copied.add(name)
            record = other.record(name)
            self.add(other.environment(record.environment))
            self.add(record)
            waiting += [entry.record for entry in record.inputs]
        self.point(pointer)

    def _document(self, kind: str, name: str, model: type[Document]) -> Document:
        path = self.document_path(kind, name)
        if path.is_file() and identity(path.read_bytes()) != name:
            raise DataError(f"{path} was altered: its name is the SHA-256 that its content should have")
        return read_document(path, model)


def _documents(folder: Path) -> list[Path]:
    """Return the documents in a folder, sorted; hidden files are those of killed writers."""
    return sorted(folder.glob("[!.]*.json"))


def read_document(path: Path, model: type[Document]) -> Document:
    """Read a file of lineage.

    Raises
    ------
    DataError
        If it is missing, or is not what the model says.
    """
    try:
        return model.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise DataError(f"{path} is not a file of lineage: {f'{where}: ' if where else ''}{first['msg']}") from None
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)
