"""Measured latencies as Parquet files: of single layers, and of whole networks.

The networks wing measures and writes them, the numbers wing reads them. A file is about one `Setting` on one device;
it stands in the file's header, and with it the columns of a row are the whole signature of the measurement. Everything
is checked on read.

| column | meaning |
|---|---|
| `operation`, `c_in`, ..., `residual` | of a layer: see `nascore.layer_signature` |
| `arch_id`, ... | of a network: see `nascore.architectures` |
| `median_ms`, `spread_ms` | median and interquartile range of the repeats, milliseconds |
| `call_ms` | median of an empty model, called between the others: what one call costs by itself |
| `repeats` | timed calls |
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nascore.architectures import architecture_columns, architecture_fields, genes_of
from nascore.errors import DataError
from nascore.latency_schema import (
    LAYER_FIELDS,
    LAYERS,
    NETWORKS,
    TIMES,
    Correction,
    Setting,
    of_header,
    read_rows,
    write_rows,
)
from nascore.layer_signature import LayerSignature
from nascore.spaces.staged import Genes, StagedSpace

__all__ = ["Correction", "LayerLatencies", "NetworkLatencies", "Setting"]


@dataclass(frozen=True)
class LayerLatencies:
    """A table of layer latencies.

    Parameters
    ----------
    setting
        How they were measured.
    rows
        The columns of the file, one row per signature.
    correction
        What `nascore.efficiency.latency_quality` found; None in a table that has only been measured.
    """

    setting: Setting
    rows: pd.DataFrame
    correction: Correction | None = None

    @property
    def signatures(self) -> list[LayerSignature]:
        """The signature of each row."""
        columns = self.rows[[f.name for f in fields(LayerSignature)]]
        return [LayerSignature(*row) for row in zip(*(columns[name].tolist() for name in columns), strict=True)]

    def times(self) -> list[dict[Any, Any]]:
        """Return the measured columns of each row."""
        return self.rows[[field.name for field in TIMES]].to_dict("records")

    @classmethod
    def of(cls, setting: Setting, measured: Mapping[LayerSignature, Mapping[Any, Any]]) -> Self:
        """Make a table of measured entries, sorted by signature."""
        rows = [{**asdict(signature), **measured[signature]} for signature in sorted(measured)]
        return cls(setting, pd.DataFrame(rows, columns=[field.name for field in (*LAYER_FIELDS, *TIMES)]))

    def only(self, signatures: Iterable[LayerSignature]) -> Self:
        """Return the entries of some layers, all of which it has, as it was measured."""
        entries = dict(zip(self.signatures, self.times(), strict=True))
        return self.of(self.setting, {signature: entries[signature] for signature in signatures})

    def write(self, path: str | Path) -> None:
        """Write the table, whole or not at all."""
        header = {"correction": asdict(self.correction)} if self.correction else {}
        write_rows(path, LAYERS, self.setting, header, self.rows, LAYER_FIELDS)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a table.

        Raises
        ------
        DataError
            If the file is missing, cut short, not a table of layer latencies of this version, lacks a column, or holds
            a signature twice, or a latency that is not above 0.
        """
        setting, header, rows = read_rows(Path(path), LAYERS, LAYER_FIELDS)
        found = header.get("correction")
        table = cls(setting, rows, of_header(Path(path), Correction, found) if found else None)
        signatures = table.signatures
        if len(set(signatures)) < len(signatures):
            twice = next(s for i, s in enumerate(signatures) if s in signatures[:i])
            raise DataError(f"{path} has more than one entry for {twice}")
        return table


@dataclass(frozen=True)
class NetworkLatencies:
    """Latencies of whole networks of one space.

    Parameters
    ----------
    setting
        How they were measured.
    space
        The space.
    genes
        The `(n, n_genes)` canonical architectures.
    times
        The columns `median_ms`, `spread_ms`, `call_ms`, `repeats`; `n` rows.
    """

    setting: Setting
    space: StagedSpace
    genes: Genes
    times: pd.DataFrame

    @property
    def median_ms(self) -> NDArray[np.float64]:
        """The `(n,)` medians."""
        return self.times["median_ms"].to_numpy(dtype=np.float64)

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Self:
        """Return some of the networks, e.g. those to fit on, or the others."""
        return replace(
            self, genes=self.genes[np.asarray(rows)], times=self.times.iloc[np.asarray(rows)].reset_index(drop=True)
        )

    def split(self, n_fit: int, n_heldout: int) -> tuple[Self, Self]:
        """Return the first networks, to fit on, and as many of those behind them as are to be judged on.

        Raises
        ------
        DataError
            If there are too few.
        """
        if len(self.genes) < n_fit + n_heldout:
            raise DataError(
                f"{len(self.genes)} networks are measured on {self.setting.device!r}; expected {n_fit} to fit on and "
                f"{n_heldout} to judge on"
            )
        return self.take(range(n_fit)), self.take(range(n_fit, n_fit + n_heldout))

    def only(self, genes: Genes) -> Self:
        """Return some networks, all of which it has, in the order of the `(n, n_genes)` canonical architectures."""
        rows = {arch_id: row for row, arch_id in enumerate(self.space.arch_id(self.genes))}
        return self.take([rows[arch_id] for arch_id in self.space.arch_id(genes)])

    def write(self, path: str | Path) -> None:
        """Write the table, whole or not at all."""
        rows = architecture_columns(self.space, self.genes).join(self.times)
        write_rows(path, NETWORKS, self.setting, _space_header(self.space), rows, architecture_fields(self.space))

    @classmethod
    def read(cls, path: str | Path, space: StagedSpace) -> Self:
        """Read a table.

        Raises
        ------
        DataError
            If the file is not such a table, or about another space; see `LayerLatencies.read`.
        """
        setting, header, rows = read_rows(Path(path), NETWORKS, architecture_fields(space))
        for key, expected in _space_header(space).items():
            if header.get(key) != expected:
                raise DataError(f"{path} has {key.replace('_', ' ')} {header.get(key)!r}; expected {expected!r}")
        genes = genes_of(rows, space, Path(path))
        return cls(setting, space, genes, rows[[field.name for field in TIMES]])


def _space_header(space: StagedSpace) -> dict[str, Any]:
    """Return what says whose networks a file is about."""
    return {"space": space.name, "space_options": space.options()}
