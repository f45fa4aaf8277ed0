"""What a training needs to go on after it was killed: written after every epoch, whole or not at all.

Batches and augmentation are functions of seed, phase, epoch and step, so no generator has a state to keep.
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from nascore.files import replacing
from nascore.training.processes import is_first


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

    def save(self, epoch: int, supernet: nn.Module, optimiser: Optimizer, curve: list[dict[str, Any]]) -> None:
        """Write the state after `epoch` epochs.

        Raises
        ------
        DataError
            If the file cannot be written, e.g. because the disk is full; the one before stays.
        """
        state = {
            "identity": self.identity,
            "epoch": epoch,
            "supernet": supernet.state_dict(),
            "optimiser": optimiser.state_dict(),
            "curve": curve,
        }
        # By way of memory, because PyTorch's own writer answers a full disk with errors of many kinds.
        content = BytesIO()
        torch.save(state, content)
        with replacing(self.path) as temporary:
            temporary.write_bytes(content.getbuffer())

    def restore(self, supernet: nn.Module, optimiser: Optimizer) -> tuple[int, list[dict[str, Any]]]:
        """Load the last state and return its epoch and learning curve; 0 and nothing where there is none.

        Nothing in the file is executed. One that is not whole, or not of this training, is left alone with a note.
        """
        if not self.path.exists():
            return 0, []
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:  # PyTorch's reader raises almost anything on bytes that are not its own
            reason = str(error).split("\n")[0].split(". ")[0] or type(error).__name__
            return self._not_gone_on_from(f"it is no whole file of tensors: {reason}")
        if not isinstance(state, dict) or state.get("identity") != self.identity:
            return self._not_gone_on_from("it is of a training with other options, images, first weights or code")
        supernet.load_state_dict(state["supernet"])
        optimiser.load_state_dict(state["optimiser"])
        return state["epoch"], state["curve"]

    def _not_gone_on_from(self, reason: str) -> tuple[int, list[dict[str, Any]]]:
        """Say why the training begins anew."""
        if is_first():
            print(f"not going on from {self.path}: {reason}", flush=True)
        return 0, []
