"""What one of several processes does in `training/test_processes.py`: two steps in double precision."""

import os
from dataclasses import replace
from itertools import islice

import torch

from nascore.data.store import ImageStore
from nascore.evaluation.measure import fold
from nascore.spaces import get_space
from nascore.supernet import MultiPathSupernet, build_supernet
from nascore.supernet.initialise import initialise
from nascore.supernet.inputs import channels_last
from nascore.training.batches import Batches
from nascore.training.loop import Trainer
from nascore.training.options import TrainingOptions
from nascore.training.ordering import order_channels
from nascore.training.phases import phases
from nascore.training.processes import process_group
from nascore.training.teacher import Teacher

STRATEGIES = {"ofa_mcunet": "sandwich", "binas": "multi_path"}
RESTRICTED = {"ofa_mcunet": {"width": [0]}, "binas": {}}


class DoubleBatches(Batches):
    """Two batches of float64 images."""

    def epoch(self, number):
        whole = islice(super().epoch(number), 2)
        return (replace(batch, images=batch.images.double()) for batch in whole)


class NoResume:
    """Starts at the beginning and keeps nothing."""

    def restore(self, *_):
        return 0, []

    def save(self, *_):
        pass


def train(folder: str, processes: int, space_name: str) -> dict[str, torch.Tensor]:
    """Return the weights after two steps on 3 images each, of which one process has more, and the losses.

    Of OFA-MCUNet by the sandwich rule; of BINAS with a path for each image, after sorting channels.
    """
    space = get_space(space_name, resolutions=(40,), n_classes=2).restrict(RESTRICTED[space_name])
    options = TrainingOptions(
        epochs=1, batch_size=3, random_subnets=0, learning_rate=2e-3, strategy=STRATEGIES[space_name]
    )
    phase = phases(options, space)[-1]
    with process_group(torch.device("cpu"), processes) as (rank, _, device):
        batches = DoubleBatches(ImageStore.open(folder), phase, 3, 0.5, 3, device, rank, processes)
        supernet = build_supernet(space)
        initialise(supernet, 1)
        supernet = channels_last(supernet, device).double()
        teacher = None
        if isinstance(supernet, MultiPathSupernet):
            teacher = Teacher({40: fold(supernet.subnet(space.largest()))})
            order_channels(supernet, batches)
        curve = Trainer(supernet, batches, options, NoResume(), lambda _: {}, teacher).run()
    return {**supernet.state_dict(), "losses": torch.tensor([entry["loss"] for entry in curve])}


def train_as(rank: int, meeting: dict[str, str], folder: str, result: str, space_name: str) -> None:
    """Train as one of two processes that torchrun starts with these variables, and save what `train` returns."""
    os.environ.update(meeting, RANK=str(rank), LOCAL_RANK=str(rank))
    torch.set_num_threads(1)
    weights = train(folder, 2, space_name)
    if weights["losses"].numel():  # only the first process has the curve
        torch.save(weights, result)
