"""The measurements of all shards as one accuracy dataset, the same bytes in whatever order the shards came.

A shard is a Parquet file of measured subnets:

| column | type | meaning |
|---|---|---|
| `arch_id` | string | one of the sampled architectures |
| `accuracy` | double | top-1, in [0, 1] |
| `loss` | double | cross-entropy, nats per image |
| `n_images` | int32 | images measured on |
| `checkpoint_sha256` | string | the supernet whose weights were measured |
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow

from nascore.accuracy_dataset.parquet import MEASUREMENT_COLUMNS, check_values, write_accuracy_dataset
from nascore.architectures import read_architectures
from nascore.errors import DataError
from nascore.parquet_files import read_parquet
from nascore.results.dataset import SupernetReport
from nascore.spaces.staged import StagedSpace

SHARD_SCHEMA = arrow.schema(
    [
        ("arch_id", arrow.string()),
        ("accuracy", arrow.float64()),
        ("loss", arrow.float64()),
        ("n_images", arrow.int32()),
        ("checkpoint_sha256", arrow.string()),
    ]
)
SHARD_CHECKS = pa.DataFrameSchema(MEASUREMENT_COLUMNS)


def gather_shards(
    architectures_path: str | Path,
    shard_paths: Sequence[str | Path],
    out_path: str | Path,
    space: StagedSpace,
    *,
    source: str,
    strategy: str,
) -> SupernetReport:
    """Write the accuracy dataset of a supernet's measured subnets.

    Parameters
    ----------
    architectures_path
        The sampled architectures; every one must be in one of the shards, and nothing else.
    shard_paths
        The shards' measurements.
    out_path
        Where the dataset goes.
    source
        What was measured on, for the rows' `source` and for people.
    strategy
        How the architectures were sampled, for people.

    Raises
    ------
    DataError
        If a file is missing or not what it should be, an architecture was measured twice, by no shard, or is none of
        the sampled ones, or if the shards measured different checkpoints or on different numbers of images. Names the
        shard.
    """
    sampled, genes = read_architectures(architectures_path, space)
    shards = {Path(path): _read_shard(Path(path)) for path in sorted(map(str, shard_paths))}
    if not shards:
        raise DataError(f"no shard was given; the architectures of {architectures_path} must be measured first")
    for column in ("checkpoint_sha256", "n_images"):
        _check_alike(column, shards)
    rows = pd.concat([shard.assign(shard=str(path)) for path, shard in shards.items()], ignore_index=True)
    _check_complete(rows, sampled["arch_id"], Path(architectures_path))
    measured = rows.set_index("arch_id").loc[sampled["arch_id"]]
    write_accuracy_dataset(
        out_path,
        space,
        genes,
        accuracy=measured["accuracy"].to_numpy(),
        n_images=measured["n_images"].to_numpy(),
        source=[source] * len(genes),
        loss=measured["loss"].to_numpy(),
        checkpoint_sha256=measured["checkpoint_sha256"].tolist(),
    )
    # Sums of floats depend on their order; this one is that of the architectures, not of the shards.
    accuracy = measured["accuracy"].to_numpy()
    return SupernetReport(
        source=source,
        strategy=strategy,
        n_shards=len(shards),
        n_rows=len(genes),
        n_images=int(measured["n_images"].iloc[0]),
        checkpoint_sha256=str(measured["checkpoint_sha256"].iloc[0]),
        accuracy_min=float(accuracy.min()),
        accuracy_mean=float(accuracy.mean()),
        accuracy_max=float(accuracy.max()),
    )


def _read_shard(path: Path) -> pd.DataFrame:
    """Read and check one shard."""
    table = read_parquet(path, "a shard of the accuracy dataset")
    try:
        # pandas writes text as large strings, which is the same to a reader.
        table = table.cast(SHARD_SCHEMA)
    except (arrow.ArrowException, ValueError):
        raise DataError(
            f"shard {path} has columns {', '.join(f'{f.name} ({f.type})' for f in table.schema)}; "
            f"expected {', '.join(f'{f.name} ({f.type})' for f in SHARD_SCHEMA)}"
        ) from None
    if not len(table):
        raise DataError(f"shard {path} has no rows")
    frame = table.to_pandas()
    check_values(frame, SHARD_CHECKS, path)
    return frame


def _check_alike(column: str, shards: dict[Path, pd.DataFrame]) -> None:
    """Raise if the shards, or the rows of one, differ in what must be the same everywhere."""
    seen = [(path, value) for path, shard in shards.items() for value in shard[column].unique()]
    (first, expected), *others = seen
    for path, value in others:
        if value != expected:
            raise DataError(
                f"{column} is {value} in shard {path} and {expected} in shard {first}; all subnets must be measured "
                "in the same way. Measure one of the shards again."
            )


def _check_complete(rows: pd.DataFrame, arch_ids: pd.Series, path: Path) -> None:
    """Raise unless the shards together hold each sampled architecture exactly once."""
    listed_twice = arch_ids[arch_ids.duplicated()]
    if len(listed_twice):
        raise DataError(f"{path}: row {listed_twice.index[0]}: architecture {listed_twice.iloc[0]} is listed twice")
    foreign = rows[~rows["arch_id"].isin(arch_ids)]
    if len(foreign):
        raise DataError(
            f"shard {foreign['shard'].iloc[0]} measured {foreign['arch_id'].iloc[0]}, which is not in {path}: "
            "the shard belongs to another sample"
        )
    again = np.flatnonzero(rows["arch_id"].duplicated())
    if len(again):
        second = rows.iloc[again[0]]
        first = rows[rows["arch_id"] == second["arch_id"]].iloc[0]
        raise DataError(f"architecture {second['arch_id']} is in shard {first['shard']} and in shard {second['shard']}")
    missing = arch_ids[~arch_ids.isin(rows["arch_id"])]
    if len(missing):
        counts = ", ".join(f"{shard} ({n} rows)" for shard, n in rows.groupby("shard").size().items())
        raise DataError(
            f"{len(missing)} of the {len(arch_ids)} architectures of {path} are in no shard, the first of them "
            f"{missing.iloc[0]} (row {missing.index[0]}); there are {counts}"
        )
