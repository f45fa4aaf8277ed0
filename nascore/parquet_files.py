"""Parquet files: the same content gives the same bytes, and a damaged file is named.

Apart from `nascore.files`, so that what writes no table does not depend on pandas.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nascore.errors import DataError
from nascore.files import replacing


def write_parquet(path: str | Path, frame: pd.DataFrame) -> None:
    """Write a table whole or not at all, without anything that changes from run to run."""
    with replacing(path) as temporary:
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), temporary, compression="zstd")


def read_parquet(path: str | Path, what: str) -> pa.Table:
    """Read a whole Parquet file.

    Parameters
    ----------
    what
        What the file should be, for the message where it is missing.

    Raises
    ------
    DataError
        If the file is missing or cut short.
    """
    try:
        return pq.read_table(path)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; expected {what}") from None
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is not a whole Parquet file; expected {what}: {error}") from None


def parquet_header(table: pa.Table, key: str, what: str, path: str | Path) -> dict[str, Any]:
    """Return the JSON mapping that a Parquet file has under a key of its metadata.

    Parameters
    ----------
    what
        What a file with that key is called in messages, with its article.

    Raises
    ------
    DataError
        If there is no such key, or something else under it.
    """
    text = (table.schema.metadata or {}).get(key.encode())
    if text is None:
        raise DataError(f"{path} is a Parquet file but not {what}: it has no {key} key")
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError):
        raise DataError(f"{path}: its {key} key is not a JSON mapping; got {text!r}") from None
