"""What a training needs to go on after it was killed: written after every epoch, whole or not at all.

Batches and augmentation are functions of seed, phase, epoch and step, so no generator has a state to keep.
"""

from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch.optim import Optimizer

from nascore.files import replacing
from nascore.supernet import Supernet


@dataclass(frozen=True)
class ResumePoint:
    """The end of an epoch of one phase.

    Parameters
    ----------
    path
        The file.
    identity
        What makes the training what it is: options, seed, images, first weights, code. A file of another training is
        not gone on from.
    """

    path: Path
    identity: str

    def save(self, epoch: int, supernet: Supernet, optimiser: Optimizer, curve: list[dict[str, Any]]) -> None:
        """Write the state after `epoch` epochs."""
        state = {
            "identity": self.identity,
            "epoch": epoch,
            "supernet": supernet.state_dict(),
            "optimiser": optimiser.state_dict(),
            "curve": curve,
        }
        with replacing(self.path) as temporary:
            torch.save(state, temporary)

    def restore(self, supernet: Supernet, optimiser: Optimizer) -> tuple[int, list[dict[str, Any]]]:
        """Load the last state and return its epoch and learning curve; 0 and nothing where there is none."""
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, UnpicklingError):
            return 0, []
        if not isinstance(state, dict) or state.get("identity") != self.identity:
            return 0, []
        supernet.load_state_dict(state["supernet"])
        optimiser.load_state_dict(state["optimiser"])
        return state["epoch"], state["curve"]
