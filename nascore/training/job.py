"""One phase of a training as a job that can be written down: what goes in, and where the results go."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch

from nascore.data.store import ImageStore
from nascore.spaces import OfaMcunet, get_space
from nascore.strict import Strict
from nascore.supernet.checkpoint import file_sha256
from nascore.training.options import TrainingOptions


class PhaseJob(Strict):
    """What one phase is made from and where it goes.

    Parameters
    ----------
    space
        The arguments of `nascore.spaces.get_space`, with the number of classes of the images.
    options, phase
        The training, and the name of the phase of it that is run.
    seed
        The root seed.
    images
        Folder of the image store.
    calibration_images
        Images for the batch normalisation of the subnets that the learning curve shows.
    checkpoint, curve
        The files to write: weights, and the learning curve (Parquet).
    start
        Checkpoint of the phase before; the first phase starts from the seed.
    device
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    code
        A fingerprint of the code; a state that other code left is not gone on from.
    """

    space: dict[str, Any]
    options: TrainingOptions
    phase: str
    seed: int
    images: Path
    calibration_images: int
    checkpoint: Path
    curve: Path
    start: Path | None = None
    device: str = "auto"
    code: str = ""

    @property
    def resume(self) -> Path:
        """Where the state after each epoch is kept until the phase is done."""
        return self.checkpoint.with_name("resume.pt")

    def build_space(self) -> OfaMcunet:
        """Make the design space."""
        return get_space(**self.space)

    def identity(self, store: ImageStore) -> str:
        """Return the hash of everything that the weights depend on."""
        options = self.options.model_dump(mode="json")
        start = file_sha256(self.start) if self.start else None
        facts = [self.space, options, self.phase, self.seed, store.sha256, self.calibration_images, start, self.code]
        return hashlib.sha256(json.dumps([*facts, torch.__version__], sort_keys=True).encode()).hexdigest()
