"""Fine-tuning: a saved subnet, a plain static network, is trained further, and the supernet's largest teaches it."""

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from nascore.data.store import ImageStore
from nascore.errors import ConfigError
from nascore.evaluation.measure import calibrate_on_store, measure
from nascore.results.training import FINETUNING_CURVE
from nascore.spaces.staged import Genes, StagedSpace
from nascore.supernet import Subnet
from nascore.supernet.allocator import keep_freed_memory
from nascore.supernet.checkpoint import load_subnet, read_facts, save_subnet
from nascore.supernet.inputs import channels_last, find_device
from nascore.training.batches import Batches
from nascore.training.job import PhaseJob
from nascore.training.loop import Trainer
from nascore.training.phases import Phase
from nascore.training.resume import ResumePoint
from nascore.training.train import teacher_of

PHASE = "finetuning"
"""The name of the one phase, in the learning curve and of its random streams."""


class Alone(nn.Module):
    """A subnet that is called as a supernet of which it is the only one."""

    def __init__(self, subnet: Subnet) -> None:
        super().__init__()
        self.subnet = subnet

    def forward(self, images: Tensor, _: Genes) -> Tensor:
        """Return the `(n, n_classes)` logits of `(n, 3, resolution, resolution)` normalised images."""
        logits: Tensor = self.subnet(images)
        return logits


def finetune(job: PhaseJob) -> None:
    """Train a saved subnet further, calibrate it, and save it, going on where an earlier run of the job was killed.

    Loss and loop are those of a training: labels and the teacher's probabilities with equal weights. The facts that
    were saved with the subnet are kept, with `finetuned_epochs` beside them.

    Parameters
    ----------
    job
        Starts from the subnet's file, is taught by the supernet's checkpoint, and has one process.

    Raises
    ------
    ConfigError
        If the job lacks the subnet or the teacher, or the device is not there.
    DataError
        If images or weights cannot be read or do not belong to the space, or a result cannot be written.
    TrainingError
        If loss or gradients are no longer finite numbers.
    """
    if job.start is None or job.teacher is None:
        raise ConfigError("a fine-tuning needs a saved subnet to start from and the checkpoint of its teacher")
    torch.set_num_threads(job.options.threads)
    keep_freed_memory()
    device, store, options = find_device(job.device), ImageStore.open(job.images), job.options
    subnet = load_subnet(job.start, job.build_space())
    phase = Phase(PHASE, only(subnet), options.epochs, options.learning_rate, n_random=1)
    batches = Batches(store, phase, options.batch_size, options.min_crop, job.seed, device)
    student = Alone(channels_last(subnet, device))
    resume = ResumePoint(job.resume, job.identity(store, device))
    monitor = AloneMonitor(store, job, device)
    curve = Trainer(student, batches, options, resume, monitor, teacher_of(job, batches), section=PHASE).run()
    calibrate_on_store(subnet, store, n_images=job.calibration_images, device=device)
    facts = read_facts(job.start) | store.facts | {"finetuned_epochs": str(options.epochs)}
    save_subnet(job.checkpoint, subnet, facts)
    FINETUNING_CURVE.write_rows(job.curve, curve)
    job.resume.unlink(missing_ok=True)


def nothing_to_finetune(weights: Path, curve: Path) -> None:
    """Write what `finetune` leaves for a target without a winner: an empty folder, and a learning curve of no epoch."""
    weights.mkdir(parents=True, exist_ok=True)
    FINETUNING_CURVE.write_rows(curve, [])


def only(subnet: Subnet) -> StagedSpace:
    """Return the subnet's space with that one architecture left in it."""
    choices = zip(subnet.space.gene_choices, subnet.genes.tolist(), strict=True)
    return subnet.space.restrict({choice.name: [choice.values[gene]] for choice, gene in choices})


@dataclass(frozen=True)
class AloneMonitor:
    """Measures the subnet after each epoch, on images that training does not see."""

    store: ImageStore
    job: PhaseJob
    device: torch.device

    def __call__(self, student: Alone) -> dict[str, float]:
        """Return its `accuracy`; NaN where that is turned off."""
        n_images = self.job.options.monitor_images
        if not n_images:
            return {"accuracy": float("nan")}
        subnet = deepcopy(student.subnet)
        calibrate_on_store(subnet, self.store, n_images=self.job.calibration_images, device=self.device)
        return {"accuracy": measure(subnet, self.store, split="search", device=self.device, n_images=n_images).accuracy}
