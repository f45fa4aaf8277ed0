"""The Parquet contract of the accuracy dataset: checked when it is written and again when it is read.

| column | meaning |
|---|---|
| `arch_id` and the space's own columns | the architecture, one row each; see `nascore.architectures` |
| `accuracy` | measured top-1, in [0, 1] |
| `n_images` | images that it was measured on |
| `source` | where the row comes from |
| `loss` | measured cross-entropy, nats per image; null for published tables |
| `checkpoint_sha256` | the supernet whose weights were measured; null for published tables |
| `macs`, `thop_macs`, `peak_memory_bytes`, `params`, `flash_bytes` | costs; see `nascore.efficiency.counting` |

Rows are in the order of `arch_id`, so the same measurements make the same bytes, in whatever order they came. How long
a measurement took is not here: it would make the bytes of two runs differ.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
from numpy.typing import NDArray

from nascore.architectures import (
    TableKind,
    architecture_columns,
    architecture_fields,
    check_column,
    genes_of,
    read_table,
    write_table,
)
from nascore.efficiency import METRICS, cost
from nascore.errors import DataError
from nascore.spaces.staged import Genes, StagedSpace

KIND = TableKind("an accuracy dataset", "nascore.accuracy_dataset", 2)

MEASURED_FIELDS = (
    arrow.field("accuracy", arrow.float64()),
    arrow.field("n_images", arrow.int32()),
    arrow.field("source", arrow.string()),
    arrow.field("loss", arrow.float64()),
    arrow.field("checkpoint_sha256", arrow.string()),
    *(arrow.field(metric, arrow.int64()) for metric in METRICS),
)

MEASUREMENT_COLUMNS = {
    "arch_id": pa.Column(str, [pa.Check.str_matches(r"^[0-9a-f]{16}$")], unique=True),
    "accuracy": pa.Column(float, [pa.Check.in_range(0, 1)]),
    "loss": pa.Column(float, [pa.Check.ge(0), pa.Check.lt(float("inf"))]),
    "n_images": pa.Column("int32", [pa.Check.ge(1)]),
    "checkpoint_sha256": pa.Column(str, [pa.Check.str_matches(r"^[0-9a-f]{64}$")]),
}
"""What a measurement of a subnet holds, in a shard and in the dataset."""

CHECKS = pa.DataFrameSchema(
    {
        **MEASUREMENT_COLUMNS,
        "source": pa.Column(str, [pa.Check.str_length(min_value=1)]),
    }
).update_columns({"loss": {"nullable": True}, "checkpoint_sha256": {"nullable": True}})
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
    space: StagedSpace,
    genes: Genes,
    *,
    accuracy: NDArray[np.float64],
    n_images: NDArray[np.int64],
    source: list[str],
    loss: NDArray[np.float64] | None = None,
    checkpoint_sha256: list[str] | None = None,
) -> None:
    """Write measurements, with their costs, as one Parquet file.

    Parameters
    ----------
    genes
        An `(n, n_genes)` canonical array without duplicates.
    accuracy, n_images, source, loss, checkpoint_sha256
        `n` entries each. Rows that come without a supernet have neither of the last two.

    Raises
    ------
    DataError
        If a value is outside the schema, or the folder cannot be written.
    """
    frame = architecture_columns(space, genes).assign(
        accuracy=accuracy,
        n_images=np.asarray(n_images, np.int32),
        source=source,
        loss=np.nan if loss is None else loss,
        checkpoint_sha256=pd.Series(checkpoint_sha256, dtype=str, index=range(len(genes))),
    )
    frame = pd.concat([frame, cost(space, genes)], axis=1).sort_values("arch_id", ignore_index=True)
    _check(frame, Path(path))
    write_table(path, KIND, space, frame, _schema(space))


def read_accuracy_dataset(path: str | Path, space: StagedSpace) -> AccuracyDataset:
    """Read an accuracy dataset of one space, and check all of it again.

    Raises
    ------
    DataError
        If the file is missing or cut short, is not an accuracy dataset, has another schema version or another
        space, or holds a value outside the schema, an unknown choice, or a cost that is not the architecture's.
    """
    path = Path(path)
    table = read_table(path, KIND, space)
    schema = _schema(space)
    if not table.schema.equals(schema):
        raise DataError(f"{path} has columns {table.schema.names}; expected {schema.names} with their types")
    frame = table.to_pandas()
    _check(frame, path)
    genes = genes_of(frame, space, path)
    for metric, expected in cost(space, genes).items():
        check_column(str(metric), frame[metric], expected, path)
    unordered = frame["arch_id"].to_numpy()[1:] < frame["arch_id"].to_numpy()[:-1]
    if unordered.any():
        raise DataError(f"{path}: row {int(unordered.argmax()) + 1} is not in the order of arch_id that writers leave")
    return AccuracyDataset(frame, genes)


def _schema(space: StagedSpace) -> arrow.Schema:
    """Return the columns of an accuracy dataset of a space."""
    return arrow.schema([*architecture_fields(space), *MEASURED_FIELDS])


def check_values(frame: pd.DataFrame, checks: pa.DataFrameSchema, path: Path) -> None:
    """Raise at the first value that is not what its column holds; names the column, the row and the value."""
    try:
        checks.validate(frame)
    except pa.errors.SchemaError as error:
        cases = error.failure_cases
        shown = ""
        if isinstance(cases, pd.DataFrame) and len(cases):
            shown = f": row {cases['index'].iloc[0]} is {np.asarray(cases['failure_case'].iloc[0]).item()!r}"
        raise DataError(f"{path}: column {error.schema.name!r} fails {error.check}{shown}") from None


def _check(frame: pd.DataFrame, path: Path) -> None:
    """Check what can be checked without the space."""
    if not len(frame):
        raise DataError(f"{path} has no rows")
    check_values(frame, CHECKS, path)
    alone = (frame["loss"].isna() != frame["checkpoint_sha256"].isna()).to_numpy()
    if alone.any():
        row = int(alone.argmax())
        raise DataError(
            f"{path}: row {row} has loss {frame['loss'][row]} and checkpoint_sha256 {frame['checkpoint_sha256'][row]}; "
            "expected both or neither"
        )
