"""One phase of a training as a job that can be written down: what goes in, and where the results go."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch

from nascore.data.store import ImageStore
from nascore.files import file_sha256
from nascore.spaces import get_space
from nascore.spaces.staged import StagedSpace
from nascore.strict import Strict
from nascore.training.options import TrainingOptions


class PhaseJob(Strict):
    """What one phase, or the fine-tuning of a subnet, is made from and where it goes.

    Attributes
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
        Checkpoint of the phase before; the first phase starts from the seed. Of a fine-tuning the saved subnet.
    teacher
        Checkpoint whose largest network teaches in every strategy but the sandwich, as published that of the first
        phase; by default `start`.
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
    teacher: Path | None = None
    device: str = "auto"
    code: str = ""

    @property
    def resume(self) -> Path:
        """Where the state after each epoch is kept until the phase is done."""
        return self.curve.with_name("resume.pt")

    def build_space(self) -> StagedSpace:
        """Make the design space."""
        return get_space(**self.space)

    def identity(self, store: ImageStore, device: torch.device) -> str:
        """Return the hash of everything that the weights and the learning curve depend on."""
        facts = {
            "job": self.model_dump(
                mode="json", exclude={"images", "checkpoint", "curve", "start", "teacher", "device"}
            ),
            "images": store.sha256,
            "given": [file_sha256(path) if path else None for path in (self.start, self.teacher)],
            "device": device.type,
            "torch": torch.__version__,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
