"""Latencies of layers and of whole networks, measured on the machine that runs this.

Both are resumable: what a file holds already is measured again only if its setting or its signature differ.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from nascore.errors import DataError
from nascore.evaluation.latency_backends import Backend
from nascore.evaluation.latency_timing import Timing, time_calls
from nascore.latency_files import LayerLatencies, NetworkLatencies, Setting
from nascore.layer_signature import LayerSignature
from nascore.progress import progress
from nascore.seeds import generator
from nascore.spaces.layers import Unit
from nascore.spaces.staged import Genes, StagedSpace

LAYERS_AT_A_TIME, NETWORKS_AT_A_TIME = 240, 25
"""How many are prepared together, which is what an interrupted measurement loses."""
NEIGHBOURS = 24
"""Layers in turn: about as many as a network has, so that as much of their weights is in the caches as in a network."""


def setting_of(backend: Backend, *, device: str, batch: int = 1) -> Setting:
    """Return the setting of measurements by a backend.

    Parameters
    ----------
    device
        What the user calls this machine.
    batch
        Images per call.
    """
    return Setting(device, backend.hardware, backend.name, backend.runtime_version, backend.threads, batch)


def sample_networks(space: StagedSpace, n: int, *, seed: int) -> Genes:
    """Draw different architectures to measure, `(n, n_genes)` in random order: the first and the last are samples, too.

    Raises
    ------
    DataError
        If the space has too few architectures to draw that many.
    """
    genes = np.unique(space.sample(2 * n, generator(seed, "latency", "sample")), axis=0)
    if len(genes) < n:
        raise DataError(f"{n} different networks of space {space.name} are to be measured; {len(genes)} were drawn")
    return generator(seed, "latency", "networks").permutation(genes)[:n]


def measure_layers(
    path: str | Path,
    signatures: Iterable[LayerSignature],
    backend: Backend,
    *,
    device: str,
    batch: int = 1,
    timing: Timing = Timing(),  # noqa: B008 - frozen
) -> LayerLatencies:
    """Measure every layer that a table lacks, and write the table after each group of them.

    Parameters
    ----------
    path
        The table; where it exists, its entries are kept.
    signatures
        The layers, e.g. `nascore.layer_signature.layers_of(space)`.
    device, batch
        See `setting_of`.

    Raises
    ------
    DataError
        If the file is not a table of layer latencies, or of another setting.
    """
    setting = setting_of(backend, device=device, batch=batch)
    table = LayerLatencies.of(setting, {})
    if Path(path).exists():
        table = LayerLatencies.read(path)
        table.setting.check(asdict(setting), str(path))
    entries = dict(zip(table.signatures, table.times(), strict=True))
    missing = sorted(set(signatures) - entries.keys())
    # Shuffled, so that every group has layers of all kinds.
    missing = [missing[i] for i in generator(0, "latency", "groups").permutation(len(missing))]
    groups = [missing[i : i + LAYERS_AT_A_TIME] for i in range(0, len(missing), LAYERS_AT_A_TIME)]
    for group in progress(groups, f"measuring {len(missing)} layers on {device} with {backend.name}"):
        times = _measure([[signature.unit()] for signature in group], backend, batch, NEIGHBOURS, timing)
        entries |= dict(zip(group, times.to_dict("records"), strict=True))
        table = LayerLatencies.of(setting, entries)
        table.write(path)
    return table


def measure_networks(
    path: str | Path,
    space: StagedSpace,
    genes: Genes,
    backend: Backend,
    *,
    device: str,
    batch: int = 1,
    timing: Timing = Timing(),  # noqa: B008 - frozen
) -> NetworkLatencies:
    """Measure whole networks from the image to the classifier that a table lacks; see `measure_layers`.

    Parameters
    ----------
    genes
        The `(n, n_genes)` canonical architectures.

    Raises
    ------
    DataError
        If the file is not a table of this space's networks, or of another setting.
    """
    setting = setting_of(backend, device=device, batch=batch)
    table = NetworkLatencies(setting, space, genes[:0], pd.DataFrame())
    if Path(path).exists():
        table = NetworkLatencies.read(path, space)
        table.setting.check(asdict(setting), str(path))
    known = set(space.arch_id(table.genes))
    missing = np.unique(genes[[arch_id not in known for arch_id in space.arch_id(genes)]], axis=0)
    missing = generator(0, "latency", "groups").permutation(missing)
    groups = [missing[i : i + NETWORKS_AT_A_TIME] for i in range(0, len(missing), NETWORKS_AT_A_TIME)]
    for group in progress(groups, f"measuring {len(missing)} networks on {device} with {backend.name}"):
        times = _measure([network_units(space, row) for row in group], backend, batch, 1, timing)
        both = np.concatenate([table.genes, group]), pd.concat([table.times, times], ignore_index=True)
        table = NetworkLatencies(setting, space, *both)
        table.write(path)
    return table


def _measure(
    networks: Sequence[Sequence[Unit]], backend: Backend, batch: int, neighbours: int, timing: Timing
) -> pd.DataFrame:
    """Prepare and time networks."""
    with backend.running():
        calls = [backend.prepare(units, batch) for units in networks]
        return time_calls(calls, backend.prepare([], batch), neighbours=neighbours, timing=timing)


def network_units(space: StagedSpace, genes: Genes) -> list[Unit]:
    """Return the units of one canonical `(n_genes,)` architecture, in order of execution, as deployed."""
    return [LayerSignature.of(unit).unit() for unit in space.units(genes)]
