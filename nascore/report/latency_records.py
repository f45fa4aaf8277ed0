"""The files about one measured device that the report reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pandas as pd

from nascore.efficiency.latency_judgement import ESTIMATES
from nascore.errors import DataError
from nascore.latency_files import LayerLatencies
from nascore.report.reading import read_table

HELDOUT = ("arch_id", "resolution", "measured_ms", "spread_ms", *ESTIMATES)
QUALITY = ("estimate", "mape", "spearman", "kendall_tau")
FOUND = ("arch_id", "predicted_ms", "measured_ms", "spread_ms")


@dataclass(frozen=True)
class DeviceLatency:
    """One measured device.

    Parameters
    ----------
    table
        The latencies of layers, with the correction if networks were measured.
    quality
        Indexed by estimate: `mape` (a share), `spearman`, `kendall_tau`; no rows if no networks were measured.
    heldout
        The networks that nothing was fitted to, columns `HELDOUT`.
    found
        Indexed by `arch_id`: the other columns `FOUND`; NaN where nothing was measured.
    """

    table: LayerLatencies
    quality: pd.DataFrame
    heldout: pd.DataFrame
    found: pd.DataFrame

    @property
    def name(self) -> str:
        """The user's name of the device."""
        return self.table.setting.device

    @property
    def is_judged(self) -> bool:
        """Whether networks were measured to judge the table on."""
        return len(self.heldout) > 0

    @property
    def measured_spread(self) -> float:
        """The median over held-out networks of the interquartile range as a share of the median."""
        return float((self.heldout["spread_ms"] / self.heldout["measured_ms"]).median())


def read_latency(*, table: str | Path, quality: str | Path, heldout: str | Path, found: str | Path) -> DeviceLatency:
    """Read the files of one device.

    Raises
    ------
    DataError
        If a file is missing or is not what it should be.
    """
    return DeviceLatency(
        LayerLatencies.read(table),
        _read_csv(quality, QUALITY),
        read_table(heldout, HELDOUT),
        _read_csv(found, FOUND),
    )


def _read_csv(path: str | Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table whose first column is its index."""
    try:
        table = pd.read_csv(StringIO(Path(path).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{path} is not a CSV table: {error}") from None
    if list(table.columns) != list(columns):
        raise DataError(f"{path} has columns {', '.join(map(str, table.columns))}; expected {', '.join(columns)}")
    return table.set_index(columns[0])
