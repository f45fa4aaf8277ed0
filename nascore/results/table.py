"""Reads and writes the tables that cross from one stage to another, and checks their columns both times."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nascore.errors import DataError, made_again
from nascore.files import replacing, write_text
from nascore.parquet_files import parquet_header, read_parquet

HEADER = "nascore.table"
"""The key of what a Parquet file says about itself."""
TYPES = {"text": "str", "integer": "int64", "number": "float64"}
"""How pandas holds each kind of column."""


@dataclass(frozen=True)
class Column:
    """One column.

    Parameters
    ----------
    kind
        What it holds.
    unit
        The unit of its numbers; empty for text, and for numbers without one.
    optional
        Whether it may be empty, or NaN.
    """

    kind: Literal["text", "integer", "number"]
    unit: str = ""
    optional: bool = False


TEXT = Column("text")
COUNT = Column("integer")
NUMBER = Column("number")
PIXELS = Column("integer", "pixels")
SHARE = Column("number", "in [0, 1]")
MILLISECONDS = Column("number", "ms")
CORRELATION = Column("number", "in [-1, 1]", optional=True)


@dataclass(frozen=True)
class Table:
    """The schema of a table.

    Parameters
    ----------
    what
        What messages call such a file, with its article.
    rule
        The rule that makes it.
    columns
        By name. A file may have more, such as other global choices of its space; whoever reads leaves them alone.
    further
        How the names of further columns begin that are read too, such as latencies of the devices of a run.
    version
        Of the schema. Files without a version were written before files said theirs.
    """

    what: str
    rule: str
    columns: Mapping[str, Column]
    further: str | None = None
    version: int = 1

    def empty(self) -> pd.DataFrame:
        """Return a table without rows."""
        return pd.DataFrame({name: pd.Series(dtype=TYPES[column.kind]) for name, column in self.columns.items()})

    def write(self, path: str | Path, frame: pd.DataFrame) -> None:
        """Write a table, as Parquet or CSV by the end of its name; the same rows make the same bytes.

        Raises
        ------
        DataError
            If a column is missing or does not hold what it should, or the file cannot be written.
        """
        frame = self.checked(frame, path)
        if Path(path).suffix == ".csv":
            write_text(path, frame.to_csv(index=False))
            return
        table = pa.Table.from_pandas(frame, preserve_index=False)
        units = {name: column.unit for name, column in self.columns.items() if column.unit}
        about = {"what": self.what, "version": self.version, "units": units}
        with replacing(path) as temporary:
            pq.write_table(table.replace_schema_metadata({HEADER: json.dumps(about)}), temporary, compression="zstd")

    def write_rows(self, path: str | Path, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a table that is given as one mapping per row; see `write`."""
        self.write(path, pd.DataFrame(list(rows), columns=list(self.columns)))

    def read(self, path: str | Path) -> pd.DataFrame:
        """Read the columns of the schema.

        Raises
        ------
        DataError
            If the file is missing or cut short, is of another schema or version, lacks a column, or has one that does
            not hold what it should.
        """
        frame = self._read_csv(path) if Path(path).suffix == ".csv" else self._read_parquet(path)
        known = [*self.columns, *(name for name in map(str, frame) if self.further and name.startswith(self.further))]
        return self.checked(frame, path)[known]

    def _read_parquet(self, path: str | Path) -> pd.DataFrame:
        """Read a Parquet file, and check what it says about itself."""
        table = read_parquet(path, f"{self.what} with the columns {', '.join(self.columns)}")
        if HEADER.encode() in (table.schema.metadata or {}):
            about = parquet_header(table, HEADER, self.what, path)
            if (about.get("what"), about.get("version")) != (self.what, self.version):
                raise DataError(
                    f"{path} is {about.get('what')}, version {about.get('version')}; expected {self.what}, version "
                    f"{self.version}; {made_again(self.rule)}"
                )
        return table.to_pandas()

    def _read_csv(self, path: str | Path) -> pd.DataFrame:
        """Read a CSV file."""
        text = {name: str for name, column in self.columns.items() if column.kind == "text"}
        try:
            return pd.read_csv(StringIO(Path(path).read_text(encoding="utf-8")), dtype=text)
        except FileNotFoundError:
            raise DataError(f"{path} does not exist; expected {self.what}") from None
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise DataError(f"{path} is not a CSV table: {error}") from None

    def checked(self, frame: pd.DataFrame, path: str | Path) -> pd.DataFrame:
        """Return a table whose columns hold what they should: numbers finite, NaN for what is not known.

        Raises
        ------
        DataError
            If a column is missing or does not hold what it should.
        """
        missing = [name for name in self.columns if name not in frame.columns]
        if missing:
            has, expected = (", ".join(map(str, names)) for names in (frame.columns, self.columns))
            raise DataError(
                f"{path} is not {self.what}: it has no column {missing[0]!r}; it has {has}; expected {expected}; "
                f"{made_again(self.rule)}"
            )
        for name, column in self.columns.items():
            if column.kind == "text" or not len(frame):
                continue
            if column.optional:
                # Among other values, pandas keeps None as it is.
                known = frame[name].notna()
                frame = frame.assign(**{name: frame[name].where(known, np.nan).infer_objects()})
            if not pd.api.types.is_numeric_dtype(frame[name]):
                raise DataError(f"{path}: column {name!r} must hold numbers; it holds {frame[name].dtype}")
            values = frame[name].to_numpy(dtype=float)
            wrong = np.flatnonzero(~(np.isfinite(values) | (column.optional & np.isnan(values))))
            if len(wrong):
                raise DataError(f"{path}: column {name!r} is not a finite number in row {wrong[0]}")
        return frame
