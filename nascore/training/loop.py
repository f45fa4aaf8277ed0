"""One phase of a training, from its first weights to its last, going on where it was killed."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from nascore.errors import TrainingError
from nascore.progress import progress
from nascore.supernet import MultiPathSupernet
from nascore.training.batches import Batch, Batches
from nascore.training.optimiser import GRADIENT_NORM, learning_rate, new_optimiser
from nascore.training.options import TrainingOptions
from nascore.training.processes import is_first, sum_over_processes
from nascore.training.resume import ResumePoint
from nascore.training.step import accumulate_gradients, accumulate_multi_path_gradients
from nascore.training.teacher import Teacher

Monitor = Callable[[Any], dict[str, float]]
"""Measures what is trained after an epoch: columns of the learning curve and their values."""


@dataclass
class Trainer:
    """Trains one phase.

    Parameters
    ----------
    supernet
        Has the first weights of the phase; is trained in place. It is called with images and the genes of a subnet.
    batches
        What it is trained on.
    options
        How.
    resume
        Where to go on from, and to write to after each epoch.
    monitor
        What to measure after each epoch.
    teacher
        A fixed network that teaches all subnets.
    section
        The section of the configuration that the learning rate is from.
    """

    supernet: nn.Module
    batches: Batches
    options: TrainingOptions
    resume: ResumePoint
    monitor: Monitor
    teacher: Teacher | None = None
    section: str = "training"

    def run(self) -> list[dict[str, Any]]:
        """Train to the end of the phase and return the learning curve, one entry per epoch.

        Of several processes the first one alone measures, writes, and has the whole curve.

        Raises
        ------
        TrainingError
            If loss or gradients are no longer finite numbers; the state of the last whole epoch stays.
        DataError
            If the state cannot be written.
        """
        phase = self.batches.phase
        optimiser = new_optimiser(self.supernet, self.options.weight_decay)
        done, curve = self.resume.restore(self.supernet, optimiser)
        epochs = range(done, phase.epochs)
        if not is_first():
            for epoch in epochs:
                self._epoch(epoch, optimiser)
            return curve
        if done:
            print(f"phase {phase.name}: going on after epoch {done} of {phase.epochs}", flush=True)
        for epoch in progress(epochs, f"phase {phase.name}, epoch"):
            curve.append(self._entry(epoch, self._epoch(epoch, optimiser), optimiser))
            self.resume.save(epoch + 1, self.supernet, optimiser, curve)
        return curve

    def _entry(self, epoch: int, loss: float, optimiser: torch.optim.Optimizer) -> dict[str, Any]:
        """Return an epoch's entry of the learning curve, with the learning rate of its last step."""
        return {
            "phase": self.batches.phase.name,
            "epoch": epoch + 1,
            "step": (epoch + 1) * self.batches.steps_per_epoch,
            "images": (epoch + 1) * self.batches.images_per_epoch,
            "learning_rate": optimiser.param_groups[0]["lr"],
            "loss": loss,
            **self.monitor(self.supernet),
        }

    def _epoch(self, epoch: int, optimiser: torch.optim.Optimizer) -> float:
        """Train one epoch and return its mean loss."""
        phase = self.batches.phase
        steps = self.batches.steps_per_epoch
        self.supernet.train()
        losses = []
        for number, batch in enumerate(self.batches.epoch(epoch)):
            step = epoch * steps + number
            rate = learning_rate(phase.learning_rate, step, phase.epochs * steps, self.options.warmup)
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.zero_grad()
            loss = self._gradients(batch)
            parameters = [parameter for parameter in self.supernet.parameters() if parameter.grad is not None]
            losses.append(sum_over_processes(loss, parameters))
            self._check("loss", losses[-1], epoch, step)
            self._check("norm of the gradients", float(clip_grad_norm_(parameters, GRADIENT_NORM)), epoch, step)
            optimiser.step()
        return math.fsum(losses) / len(losses)

    def _gradients(self, batch: Batch) -> Tensor:
        """Compute the gradients of a step and return its loss."""
        phase, smoothing = self.batches.phase, self.options.label_smoothing
        if phase.multi_path:
            assert isinstance(self.supernet, MultiPathSupernet) and self.teacher is not None
            return accumulate_multi_path_gradients(
                self.supernet, batch, teacher=self.teacher, label_smoothing=smoothing
            )
        return accumulate_gradients(
            self.supernet, batch, teacher=self.teacher, sandwich=phase.sandwich, label_smoothing=smoothing
        )

    def _check(self, what: str, value: float, epoch: int, step: int) -> None:
        """Stop a training that is lost, before it changes the weights."""
        if not math.isfinite(value):
            kept = f"the state after epoch {epoch} is kept" if epoch else "no epoch was finished"
            raise TrainingError(
                f"the {what} is {value} at step {step + 1} of phase {self.batches.phase.name!r}, epoch {epoch + 1}; "
                f"{kept}. A smaller {self.section}.learning_rate than {self.options.learning_rate:g} may help."
            )
