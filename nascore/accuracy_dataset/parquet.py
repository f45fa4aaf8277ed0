"""The Parquet contract of the accuracy dataset: checked when it is written and again when it is read.

| column | meaning |
|---|---|
| `arch_id` | hash of the architecture; one row per architecture |
| `wid`, `resolution` | width index, input pixels |
| `ks`, `e`, `d` | kernel sizes and expand ratios of the blocks, extra depths of the stages |
| `accuracy` | measured top-1, in [0, 1] |
| `n_images` | images that it was measured on |
| `source` | where the row comes from |
| `macs`, `thop_macs`, `peak_memory_bytes`, `params`, `flash_bytes` | costs; see `nascore.efficiency.counting` |

Rows are in the order of `arch_id`, so the same measurements make the same bytes, in whatever order they came.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nascore.efficiency import METRICS, cost
from nascore.errors import DataError, SpaceError
from nascore.files import replacing
from nascore.spaces.ofa_mcunet import OfaMcunet
from nascore.spaces.staged import Genes

SCHEMA_VERSION = 1
METADATA_KEY = b"nascore.accuracy_dataset"

ARROW_SCHEMA = arrow.schema(
    [
        ("arch_id", arrow.string()),
        ("wid", arrow.int8()),
        ("resolution", arrow.int16()),
        ("ks", arrow.list_(arrow.int8())),
        ("e", arrow.list_(arrow.int8())),
        ("d", arrow.list_(arrow.int8())),
        ("accuracy", arrow.float64()),
        ("n_images", arrow.int32()),
        ("source", arrow.string()),
        *((metric, arrow.int64()) for metric in METRICS),
    ]
)

CHECKS = pa.DataFrameSchema(
    {
        "arch_id": pa.Column(str, [pa.Check.str_matches(r"^[0-9a-f]{16}$")], unique=True),
        "accuracy": pa.Column(float, [pa.Check.in_range(0, 1)]),
        "n_images": pa.Column("int32", [pa.Check.ge(1)]),
        "source": pa.Column(str, [pa.Check.str_length(min_value=1)]),
    }
)
"""What the columns hold; architectures and costs are checked against the space, which says more."""


@dataclass(frozen=True)
class AccuracyDataset:
    """The rows, and what every reader needs from them.

    Parameters
    ----------
    frame
        All columns, in the order of `arch_id`.
    genes
        The `(n, n_genes)` architectures of the rows.
    """

    frame: pd.DataFrame
    genes: Genes

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """The `(n,)` measured accuracies, in [0, 1]."""
        return self.frame["accuracy"].to_numpy()


def write_accuracy_dataset(
    path: str | Path,
    space: OfaMcunet,
    genes: Genes,
    *,
    accuracy: NDArray[np.float64],
    n_images: NDArray[np.int64],
    source: list[str],
) -> None:
    """Write measurements, with their costs, as one Parquet file.

    Parameters
    ----------
    genes
        An `(n, n_genes)` canonical array without duplicates.
    accuracy, n_images, source
        `n` entries each.

    Raises
    ------
    DataError
        If a value is outside the schema, or the folder cannot be written.
    """
    published = pd.DataFrame(space.to_dicts(genes)).rename(columns={"image_size": "resolution"})
    frame = published.assign(
        arch_id=space.arch_id(genes), accuracy=accuracy, n_images=np.asarray(n_images, np.int32), source=source
    )
    frame = pd.concat([frame, cost(space, genes)], axis=1).sort_values("arch_id", ignore_index=True)
    _check(frame, Path(path))
    metadata = {METADATA_KEY: json.dumps({"schema_version": SCHEMA_VERSION, "space": space.name}).encode()}
    table = arrow.Table.from_pandas(frame[ARROW_SCHEMA.names], ARROW_SCHEMA, preserve_index=False)
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata(metadata), temporary, compression="zstd")


def read_accuracy_dataset(path: str | Path, space: OfaMcunet) -> AccuracyDataset:
    """Read an accuracy dataset of one space, and check all of it again.

    Raises
    ------
    DataError
        If the file is missing or cut short, is not an accuracy dataset, has another schema version or another
        space, or holds a value outside the schema, an unknown choice, or a cost that is not the architecture's.
    """
    path = Path(path)
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except (arrow.ArrowException, OSError) as error:
        raise DataError(f"{path} is not a whole Parquet file: {error}") from None
    _check_header(table.schema, space, path)
    frame = table.to_pandas()
    _check(frame, path)
    try:
        lengths = {"ks": space.n_blocks, "e": space.n_blocks, "d": len(space.stages)}
        columns = {key: _stacked(frame[key], length) for key, length in lengths.items()}
        genes = space.from_columns({**columns, "wid": frame["wid"], "image_size": frame["resolution"]})
    except SpaceError as error:
        raise DataError(f"{path}: {error}") from None
    _check_identity(frame, genes, space, path)
    return AccuracyDataset(frame, genes)


def _stacked(lists: pd.Series, length: int) -> NDArray[np.int64]:
    """Return a column of lists as an `(n, length)` array."""
    for row, entry in enumerate(lists):
        if entry is None or len(entry) != length or pd.isna(entry).any():
            raise SpaceError(f"row {row}: {lists.name} must be a list of {length} whole numbers; got {entry}")
    return np.stack(lists.to_list())


def _check_header(schema: arrow.Schema, space: OfaMcunet, path: Path) -> None:
    """Refuse what is not an accuracy dataset of this version and space."""
    header = (schema.metadata or {}).get(METADATA_KEY)
    if header is None:
        raise DataError(f"{path} is a Parquet file but not an accuracy dataset: it has no {METADATA_KEY.decode()} key")
    try:
        facts = dict(json.loads(header))
    except (ValueError, TypeError):
        raise DataError(f"{path}: its {METADATA_KEY.decode()} key is not a JSON mapping; got {header!r}") from None
    if facts.get("schema_version") != SCHEMA_VERSION:
        raise DataError(
            f"{path} has schema version {facts.get('schema_version')}; this program reads version {SCHEMA_VERSION}. "
            "Make the dataset again from its source."
        )
    if facts.get("space") != space.name:
        raise DataError(f"{path} is about space {facts.get('space')!r}; expected {space.name!r}")
    if not schema.remove_metadata().equals(ARROW_SCHEMA):
        raise DataError(f"{path} has columns {schema.names}; expected {ARROW_SCHEMA.names} with their types")


def _check(frame: pd.DataFrame, path: Path) -> None:
    """Check the values of the columns and name the first wrong one."""
    if not len(frame):
        raise DataError(f"{path} has no rows")
    try:
        CHECKS.validate(frame)
    except pa.errors.SchemaError as error:
        cases = error.failure_cases
        shown = ""
        if isinstance(cases, pd.DataFrame) and len(cases):
            shown = f": row {cases['index'].iloc[0]} is {np.asarray(cases['failure_case'].iloc[0]).item()!r}"
        raise DataError(f"{path}: column {error.schema.name!r} fails {error.check}{shown}") from None


def _check_identity(frame: pd.DataFrame, genes: Genes, space: OfaMcunet, path: Path) -> None:
    """Check that identities and costs are those of the architectures, in order."""
    expected = cost(space, genes).assign(arch_id=space.arch_id(genes))
    for column in expected:
        differs = (expected[column] != frame[column]).to_numpy()
        if differs.any():
            row = int(differs.argmax())
            raise DataError(
                f"{path}: row {row}: {column} is {frame[column][row]}; its architecture has {expected[column][row]}. "
                "The file was altered or made for a space with other options (resolutions, classes)."
            )
    unordered = frame["arch_id"].to_numpy()[1:] < frame["arch_id"].to_numpy()[:-1]
    if unordered.any():
        raise DataError(f"{path}: row {int(unordered.argmax()) + 1} is not in the order of arch_id that writers leave")
