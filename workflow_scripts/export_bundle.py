"""Rule `export_bundle`: what one target's winner needs to be deployed."""

from pathlib import Path

import common
import torch

from nascore.deploy.bundle import write_bundle, write_empty_bundle
from nascore.results.outcome import Outcome
from nascore.results.search import SearchResult
from nascore.results.validation import WEIGHTS, Validation


def main(snakemake):
    """Export, quantise, check and describe the winner, or say that there is none."""
    torch.set_num_threads(1)
    files, folder = snakemake.input, Path(snakemake.output.bundle)
    search, validation = SearchResult.read(files.search), Validation.read(files.validation)
    outcome, weights = Outcome((search,), validation), Path(files.weights, WEIGHTS)
    if not weights.exists():
        print(write_empty_bundle(folder, outcome).message)
        return
    images, count = Path(files.images[0]).parent, snakemake.params.calibration_images
    checks = write_bundle(folder, weights, images, calibration_images=count, outcome=outcome)
    print({name: model.accuracy for name, model in checks.models.items()})


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
