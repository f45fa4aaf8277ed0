"""One phase of a training as a job: an image store and a checkpoint in, a checkpoint and a learning curve out."""

from dataclasses import dataclass

import torch

from nascore.data.store import ImageStore
from nascore.errors import ConfigError, unknown_name
from nascore.evaluation.measure import calibrate_on_store, measure
from nascore.results.training import CURVE
from nascore.seeds import integer_seed
from nascore.supernet import AnySupernet, MultiPathSupernet, Supernet
from nascore.supernet.allocator import keep_freed_memory
from nascore.supernet.checkpoint import load_supernet, save_supernet
from nascore.supernet.initialise import new_supernet
from nascore.supernet.inputs import channels_last, find_device
from nascore.supernet.sorting import sort_channels
from nascore.training.batches import Batches
from nascore.training.job import PhaseJob
from nascore.training.loop import Trainer
from nascore.training.ordering import order_channels
from nascore.training.phases import Phase, phases
from nascore.training.processes import is_first, process_group
from nascore.training.resume import ResumePoint
from nascore.training.teacher import Teacher


def train_phase(job: PhaseJob) -> None:
    """Run one phase, going on where an earlier run of the same job was killed.

    Raises
    ------
    ConfigError
        If the phase is none of the training's, the device is not there, the number of processes is another, or there
        is no teacher for a phase that needs one.
    DataError
        If the images or a checkpoint cannot be read or do not belong to the space, or a result cannot be written.
    TrainingError
        If loss or gradients are no longer finite numbers.
    """
    named = {phase.name: phase for phase in phases(job.options, job.build_space())}
    if job.phase not in named:
        raise ConfigError(unknown_name("phase", job.phase, named))
    torch.set_num_threads(job.options.threads)
    keep_freed_memory()
    with process_group(find_device(job.device), job.options.processes) as (rank, processes, device):
        store = ImageStore.open(job.images)
        batches = Batches(
            store, named[job.phase], job.options.batch_size, job.options.min_crop, job.seed, device, rank, processes
        )
        _train(job, batches)


def _train(job: PhaseJob, batches: Batches) -> None:
    """Train and write."""
    phase = batches.phase
    teacher = teacher_of(job, batches)
    supernet = channels_last(_first_weights(job, phase), batches.device)
    if isinstance(supernet, MultiPathSupernet) and phase.sort_channels:
        order_channels(supernet, batches)
    monitor = SubnetMonitor(batches.store, job, batches.device)
    resume = ResumePoint(job.resume, job.identity(batches.store, batches.device))
    curve = Trainer(supernet, batches, job.options, resume, monitor, teacher).run()
    if is_first():
        save_supernet(job.checkpoint, supernet, {"phase": phase.name, **batches.store.facts})
        CURVE.write_rows(job.curve, curve)
        job.resume.unlink(missing_ok=True)


def _first_weights(job: PhaseJob, phase: Phase) -> AnySupernet:
    """Return the supernet that the phase starts with."""
    if job.start is None:
        return new_supernet(job.build_space(), integer_seed(job.seed, "training", "initial weights"))
    supernet = load_supernet(job.start, job.build_space())
    if isinstance(supernet, Supernet) and phase.sort_channels:
        sort_channels(supernet, phase.sort_channels)
    return supernet


def teacher_of(job: PhaseJob, batches: Batches) -> Teacher | None:
    """Return who teaches from outside; in a sandwich the largest subnet of each step does it."""
    checkpoint = job.teacher or job.start
    if checkpoint is None and batches.phase.multi_path:
        raise ConfigError(f"phase {batches.phase.name!r} needs a teacher; give the checkpoint of the phase before")
    if checkpoint is None or batches.phase.sandwich:
        return None
    supernet = load_supernet(checkpoint, job.build_space())
    n_images = job.calibration_images
    return Teacher.of(supernet, batches.store, batches.resolutions, n_images=n_images, device=batches.device)


@dataclass(frozen=True)
class SubnetMonitor:
    """Measures the largest and the smallest subnet after each epoch, on images that training does not see."""

    store: ImageStore
    job: PhaseJob
    device: torch.device

    def __call__(self, supernet: AnySupernet) -> dict[str, float]:
        """Return `accuracy_largest` and `accuracy_smallest`, each at its own resolution; NaN where it is turned off."""
        space = self.job.build_space()
        archs = {"accuracy_largest": space.largest(), "accuracy_smallest": space.smallest()}
        if not self.job.options.monitor_images:
            return dict.fromkeys(archs, float("nan"))
        measured = {}
        for column, genes in archs.items():
            subnet = supernet.subnet(genes)
            calibrate_on_store(subnet, self.store, n_images=self.job.calibration_images, device=self.device)
            n_images = self.job.options.monitor_images
            measured[column] = measure(
                subnet, self.store, split="search", device=self.device, n_images=n_images
            ).accuracy
        return measured
