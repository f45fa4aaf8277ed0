"""Parquet files whose rows are architectures: the form in which the two wings hand them to each other.

| column | meaning |
|---|---|
| `arch_id` | hash of the architecture |
| others | the space's own, `StagedSpace.column_types` |

Of OFA-MCUNet these are `wid` (index of the width), `resolution` (pixels), `ks` and `e` (kernel sizes and expand ratios
of the blocks) and `d` (extra depths of the stages); of BINAS `resolution` and the published `arch_string`.

More columns may follow. The accuracy dataset is such a file with a stricter schema. Everything is checked on read, so
whoever reads such a file has architectures of the space.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as pq

from nascore.errors import DataError, SpaceError
from nascore.files import replacing
from nascore.parquet_files import parquet_header, read_parquet
from nascore.spaces.staged import Genes, StagedSpace

ARROW_TYPES = {
    "string": arrow.string(),
    "int8": arrow.int8(),
    "int16": arrow.int16(),
    "list<int8>": arrow.list_(arrow.int8()),
}


def architecture_fields(space: StagedSpace) -> list[arrow.Field]:
    """Return the columns that every such file of a space starts with."""
    own = [arrow.field(name, ARROW_TYPES[kind]) for name, kind in space.column_types.items()]
    return [arrow.field("arch_id", arrow.string()), *own]


@dataclass(frozen=True)
class TableKind:
    """A kind of file whose rows are architectures.

    Parameters
    ----------
    what
        What messages call such a file, with its article.
    name
        The key of its header in the Parquet metadata.
    version
        The version of its schema.
    """

    what: str
    name: str
    version: int

    def header(self, space: StagedSpace) -> dict[bytes, bytes]:
        """Return the Parquet metadata that marks a file of this kind."""
        return {self.name.encode(): json.dumps({"schema_version": self.version, "space": space.identity}).encode()}


ARCHITECTURES = TableKind("a list of architectures", "nascore.architectures", 1)


def write_architectures(path: str | Path, space: StagedSpace, genes: Genes, extra: pd.DataFrame | None = None) -> None:
    """Write architectures in the given order; one may occur more than once, and there may be none.

    Parameters
    ----------
    genes
        An `(n, n_genes)` canonical array.
    extra
        More columns, `n` rows; `read_architectures` returns them as they are.

    Raises
    ------
    DataError
        If the folder cannot be written.
    """
    frame = architecture_columns(space, genes)
    if extra is not None:
        frame = pd.concat([frame, extra.reset_index(drop=True)], axis=1, verify_integrity=True)
    fields = architecture_fields(space)
    added = arrow.Schema.from_pandas(frame.drop(columns=[field.name for field in fields]))
    schema = arrow.schema([*fields, *added.remove_metadata()])
    write_table(path, ARCHITECTURES, space, frame, schema)


def read_architectures(path: str | Path, space: StagedSpace) -> tuple[pd.DataFrame, Genes]:
    """Read a list of architectures.

    Returns
    -------
    frame
        All columns, in the order of the file.
    genes
        The `(n, n_genes)` architectures of the rows.

    Raises
    ------
    DataError
        If the file is missing or cut short, is not a list of architectures of this schema version and space, lacks a
        column, or holds an unknown choice or an `arch_id` that is not its architecture's.
    """
    path = Path(path)
    table = read_table(path, ARCHITECTURES, space)
    names, fields = table.schema.names, architecture_fields(space)
    if not table.select(names[: len(fields)]).schema.equals(arrow.schema(fields)):
        expected = [field.name for field in fields]
        raise DataError(f"{path} has columns {names}; expected {expected} with their types first")
    frame = table.to_pandas()
    return frame, genes_of(frame, space, path)


def architecture_columns(space: StagedSpace, genes: Genes) -> pd.DataFrame:
    """Return `(n, n_genes)` canonical architectures as the columns that every such file has."""
    columns = space.to_columns(genes)
    # Without rows pandas would take every column for one of floats.
    return pd.DataFrame(columns, dtype=None if len(genes) else object).assign(arch_id=space.arch_id(genes))


def write_table(
    path: str | Path, kind: TableKind, space: StagedSpace, frame: pd.DataFrame, schema: arrow.Schema
) -> None:
    """Write the columns of a schema with the header of a kind, whole or not at all; same rows, same bytes."""
    table = arrow.Table.from_pandas(frame[schema.names], schema, preserve_index=False)
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata(kind.header(space)), temporary, compression="zstd")


def read_table(path: Path, kind: TableKind, space: StagedSpace) -> arrow.Table:
    """Read a whole Parquet file of a kind, of its version and about a space; the columns are the caller's to check.

    Raises
    ------
    DataError
        If the file is missing, cut short, or of another kind, version or space.
    """
    table = read_parquet(path, kind.what)
    facts = parquet_header(table, kind.name, kind.what, path)
    if facts.get("schema_version") != kind.version:
        raise DataError(
            f"{path} has schema version {facts.get('schema_version')}; this program reads version {kind.version}. "
            "Make the file again from its source."
        )
    if facts.get("space") != space.identity:
        raise DataError(f"{path} is about space {facts.get('space')!r}; expected {space.identity!r}")
    return table.replace_schema_metadata(None)


def genes_of(frame: pd.DataFrame, space: StagedSpace, path: Path) -> Genes:
    """Return the `(n, n_genes)` architectures of a frame's rows.

    Raises
    ------
    DataError
        If a row is not an architecture of the space, or its `arch_id` is another's; names the row and the column.
    """
    try:
        genes = space.from_columns({name: frame[name].tolist() for name in space.column_types})
    except SpaceError as error:
        raise DataError(f"{path}: {error}") from None
    check_column("arch_id", frame["arch_id"], pd.Series(space.arch_id(genes), dtype=str), path)
    return genes


def check_column(name: str, given: pd.Series, expected: pd.Series, path: Path) -> None:
    """Raise at the first row that does not hold what its architecture has."""
    differs = (given != expected).to_numpy()
    if differs.any():
        row = int(differs.argmax())
        raise DataError(
            f"{path}: row {row}: {name} is {given[row]}; its architecture has {expected[row]}. "
            "The file was altered or made for a space with other options (resolutions, classes)."
        )
