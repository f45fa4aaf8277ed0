"""Rule `import_start`: weights of a published network to a supernet that training starts from."""

from pathlib import Path

import common

from nascore.data.store import ImageStore
from nascore.spaces import get_space
from nascore.supernet.checkpoint import save_supernet
from nascore.training.start import started_supernet


def main(snakemake):
    """Read, check and write."""
    params, store = snakemake.params, ImageStore.open(Path(snakemake.input.images[0]).parent)
    supernet = started_supernet(
        snakemake.config["supernet"]["start"],
        get_space(**params.space),
        store,
        seed=params.seed,
        known_accuracy=params.start_accuracy,
        device=params.device,
    )
    save_supernet(snakemake.output.checkpoint, supernet, {"phase": "start", **store.facts})


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
