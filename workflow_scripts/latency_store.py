"""What the scripts that measure latency share; apart from `common`, because it needs torch.

A store is what was measured of one device on this machine, whatever run asked for it. It is no output of a rule:
Snakemake deletes outputs before a job starts, and an interrupted measurement goes on where it was.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from nascore.evaluation.latency import measure_layers, measure_networks
from nascore.evaluation.latency_backends import get_backend
from nascore.evaluation.latency_timing import Timing
from nascore.latency_files import LayerLatencies, NetworkLatencies
from nascore.layer_signature import layers_of
from nascore.spaces.staged import Genes, StagedSpace

FOLDER = Path("latency")


class Store:
    """The store of one device, and the backend that measures what it lacks."""

    def __init__(self, snakemake: Any) -> None:
        options = snakemake.params.options
        device = snakemake.wildcards.measured_device
        self.folder = FOLDER / device
        self._how = {
            "backend": get_backend(options["backend"], options["threads"]),
            "device": device,
            "batch": options["batch"],
            "timing": Timing.up_to(snakemake.params.repeats),
        }

    def layers(self, space: StagedSpace) -> LayerLatencies:
        """Return all layers of a space."""
        signatures = layers_of(space)
        return measure_layers(self.folder / "layers.parquet", signatures, **self._how).only(signatures)

    def networks(self, space: StagedSpace, genes: Genes) -> NetworkLatencies:
        """Return networks of a space in the order of the `(n, n_genes)` architectures; each space has its own file."""
        # Global choices are part of the file's form, other options of what its networks are.
        about = json.dumps([{c.name: c.values for c in space.global_choices}, space.options()], sort_keys=True)
        name = f"networks_{space.name}_{hashlib.sha256(about.encode()).hexdigest()[:8]}.parquet"
        return measure_networks(self.folder / name, space, genes, **self._how).only(genes)
