"""The files about one measured device that the report reads."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from nascore.latency_files import LayerLatencies
from nascore.results.latency import FOUND, HELDOUT, QUALITY


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
        The networks that nothing was fitted to: `nascore.results.latency.HELDOUT`.
    found
        Indexed by `arch_id`: the other columns of `FOUND`; NaN where nothing was measured.
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
        QUALITY.read(quality).set_index("estimate"),
        HELDOUT.read(heldout),
        FOUND.read(found).set_index("arch_id"),
    )
