"""What stands in every file of latencies: the setting of the measurement, the measured columns, and the checks on read.

See `nascore.latency_files` for the files.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as pq

from nascore.errors import DataError
from nascore.files import replacing
from nascore.layer_signature import LayerSignature
from nascore.parquet_files import parquet_header, read_parquet

SCHEMA_VERSION = 1
LAYERS, NETWORKS = "nascore.layer_latencies", "nascore.network_latencies"
"""Names of the headers."""

LATENCY = "latency_ms"
"""A bound on measured latency, as targets write it."""

_KINDS = {LAYERS: "a table of layer latencies", NETWORKS: "a table of network latencies"}
_TYPES = {str: arrow.string(), int: arrow.int32(), bool: arrow.bool_()}
TIMES = (
    arrow.field("median_ms", arrow.float64()),
    arrow.field("spread_ms", arrow.float64()),
    arrow.field("call_ms", arrow.float64()),
    arrow.field("repeats", arrow.int32()),
)
LAYER_FIELDS = tuple(arrow.field(f.name, _TYPES[f.type]) for f in fields(LayerSignature))  # type: ignore[index]


def latency_metric(device: str) -> str:
    """Return the cost column of the latency on a measured device, milliseconds."""
    return f"{LATENCY}@{device}"


@dataclass(frozen=True)
class Setting:
    """How latencies were measured; tables of different settings do not mix.

    Parameters
    ----------
    device
        The user's name of the machine, which targets refer to.
    hardware
        The processor that ran the networks.
    backend, runtime_version
        E.g. ``"onnxruntime"`` and its version.
    threads
        Threads of one inference.
    batch
        Images per call.
    dtype
        Of weights and activations.
    """

    device: str
    hardware: str
    backend: str
    runtime_version: str
    threads: int = 1
    batch: int = 1
    dtype: str = "float32"

    def check(self, expected: Mapping[str, Any], what: str) -> None:
        """Refuse latencies of another setting.

        Parameters
        ----------
        expected
            Names of fields and what they must be.
        what
            Whose setting this is, for the message.

        Raises
        ------
        DataError
            Names every field that differs.
        """
        found = asdict(self)
        wrong = [
            f"{key.replace('_', ' ')} {found[key]!r}; expected {value!r}"
            for key, value in expected.items()
            if found[key] != value
        ]
        if wrong:
            raise DataError(
                f"{what} was measured with {', and with '.join(wrong)}. Latencies of different settings do not mix: "
                "measure again, into another file."
            )


@dataclass(frozen=True)
class Correction:
    """From the sum over layers to the latency of a whole network of one space: `slope * sum + intercept_ms`."""

    space: str
    slope: float
    intercept_ms: float
    n_networks: int


def write_rows(
    path: str | Path,
    kind: str,
    setting: Setting,
    header: Mapping[str, Any],
    rows: pd.DataFrame,
    columns: Sequence[arrow.Field],
) -> None:
    """Write rows of one kind, their own columns and the measured ones, with a header; same rows, same bytes."""
    facts = json.dumps({"schema_version": SCHEMA_VERSION, "setting": asdict(setting), **header}, allow_nan=False)
    schema = arrow.schema([*columns, *TIMES])
    table = arrow.Table.from_pandas(rows[schema.names], schema, preserve_index=False)
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata({kind.encode(): facts.encode()}), temporary, compression="zstd")


def read_rows(path: Path, kind: str, columns: Sequence[arrow.Field]) -> tuple[Setting, dict[str, Any], pd.DataFrame]:
    """Read and check a file of one kind."""
    table = read_parquet(path, _KINDS[kind])
    header = parquet_header(table, kind, _KINDS[kind], path)
    if header.get("schema_version") != SCHEMA_VERSION:
        raise DataError(
            f"{path} has schema version {header.get('schema_version')}; this program reads version {SCHEMA_VERSION}"
        )
    schema = arrow.schema([*columns, *TIMES])
    if not table.schema.remove_metadata().equals(schema):
        raise DataError(f"{path} has columns {table.schema.names}; expected {schema.names} with their types")
    rows = table.to_pandas()
    _check_times(path, rows)
    return of_header(path, Setting, header.get("setting")), header, rows


def _check_times(path: Path, rows: pd.DataFrame) -> None:
    """Refuse a time that no measurement gives."""
    for name, low in (("median_ms", 0.0), ("spread_ms", -1.0), ("call_ms", -1.0), ("repeats", 0.0)):
        values = rows[name].to_numpy(dtype=np.float64)
        wrong = np.flatnonzero(~(np.isfinite(values) & (values > low)))
        if len(wrong):
            raise DataError(
                f"{path}: row {wrong[0]}: {name} is {values[wrong[0]]}; expected a finite number above {low:g}"
            )


def of_header(path: Path, kind: type[Any], found: Any) -> Any:
    """Return a part of the header as what it stands for."""
    types: dict[str, Any] = {f.name: f.type for f in fields(kind)}
    if not isinstance(found, dict) or set(found) != set(types):
        raise DataError(f"{path}: its header has {found!r}; expected {kind.__name__} with {', '.join(types)}")
    for name, expected in types.items():
        right = isinstance(found[name], (int, float) if expected is float else expected)
        if not right or isinstance(found[name], bool):
            raise DataError(f"{path}: {name} in its header is {found[name]!r}; expected {expected.__name__}")
    return kind(**found)
