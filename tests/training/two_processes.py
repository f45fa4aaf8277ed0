"""What one of several processes does in `test_processes.py`: two steps in double precision.

Usage: two_processes.py STORE RESULT
"""

import sys
from dataclasses import replace

import torch

from nascore.data.store import ImageStore
from nascore.spaces import get_space
from nascore.supernet import build_supernet
from nascore.supernet.initialise import initialise
from nascore.supernet.inputs import channels_last
from nascore.training.batches import Batches
from nascore.training.loop import Trainer
from nascore.training.options import TrainingOptions
from nascore.training.phases import phases
from nascore.training.processes import process_group


class DoubleBatches(Batches):
    """Batches of float64 images."""

    def epoch(self, number):
        whole = super().epoch(number)
        return (replace(batch, images=batch.images.double()) for batch in whole)


class NoResume:
    """Starts at the beginning and keeps nothing."""

    def restore(self, *_):
        return 0, []

    def save(self, *_):
        pass


def train(folder: str, processes: int) -> dict[str, torch.Tensor]:
    """Return the weights after two steps on 7 images each, of which one process has more, and the loss."""
    options = TrainingOptions(epochs=1, batch_size=7, random_subnets=0, learning_rate=2e-3)
    space = get_space("ofa_mcunet", resolutions=(32,)).restrict({"width": [0]})
    (phase,) = phases(options, space)
    with process_group(torch.device("cpu"), processes) as (rank, _, device):
        batches = DoubleBatches(ImageStore.open(folder), phase, 7, 0.5, 3, device, rank, processes)
        supernet = build_supernet(space)
        initialise(supernet, 1)
        supernet = channels_last(supernet, device).double()
        curve = Trainer(supernet, batches, options, NoResume(), lambda _: {}).run()
    return {**supernet.state_dict(), "losses": torch.tensor([entry["loss"] for entry in curve])}


if __name__ == "__main__":
    torch.set_num_threads(1)
    result = train(sys.argv[1], 2)
    if result["losses"].numel():  # only the first process has the curve
        torch.save(result, sys.argv[2])
