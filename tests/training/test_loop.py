from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from messages import facts

from nascore.errors import TrainingError
from nascore.supernet import build_supernet
from nascore.supernet.initialise import initialise
from nascore.supernet.inputs import channels_last
from nascore.training import loop
from nascore.training.batches import Batches
from nascore.training.loop import Trainer
from nascore.training.options import TrainingOptions
from nascore.training.phases import phases

CPU = torch.device("cpu")


@pytest.fixture
def trainer(store, small_space):
    """Return a function that makes a trainer of a new supernet; what it saves is kept in memory."""

    def make(**options) -> Trainer:
        told = TrainingOptions(**{"batch_size": 8, "random_subnets": 0, "epochs": 2, **options})
        (phase,) = phases(told, small_space)
        supernet = build_supernet(small_space)
        initialise(supernet, 1)
        batches = Batches(store, phase, told.batch_size, told.min_crop, 3, CPU)
        return Trainer(channels_last(supernet, CPU), batches, told, NoResume(), lambda _: {"measured": 0.5})

    return make


class NoResume(SimpleNamespace):
    saved = ()

    def restore(self, *_):
        return 0, []

    def save(self, epoch, *_):
        self.saved = (*self.saved, epoch)


class DarkAndBright:
    """Sixteen images, whose class is their brightness."""

    def labels(self, split):
        return np.arange(16) % 2

    def images(self, split, resolution):
        rng = np.random.default_rng(0)
        dark = rng.integers(0, 120, (16, resolution, resolution, 3))
        return (dark + 130 * self.labels(split)[:, None, None, None]).astype(np.uint8)


@pytest.mark.slow
def test_the_loss_of_a_few_images_falls(trainer):
    tried = trainer(epochs=4, batch_size=16, learning_rate=2e-3, label_smoothing=0)
    tried.batches = replace(tried.batches, store=DarkAndBright())
    losses = [entry["loss"] for entry in tried.run()]
    assert losses[-1] < 0.8 * losses[0], losses


@pytest.mark.slow
def test_the_curve_says_what_each_epoch_was(trainer):
    tried = trainer(learning_rate=1e-3, warmup=0)
    curve = tried.run()
    assert [list(entry) for entry in curve] == [
        ["phase", "epoch", "step", "images", "learning_rate", "loss", "measured"]
    ] * 2
    assert [(e["phase"], e["epoch"], e["step"], e["images"], e["measured"]) for e in curve] == [
        ("sandwich", 1, 2, 16, 0.5),
        ("sandwich", 2, 4, 32, 0.5),
    ]
    # Half a cosine over four steps: the second and the last one.
    assert [entry["learning_rate"] for entry in curve] == pytest.approx([8.5355339e-4, 1.4644661e-4])
    assert tried.resume.saved == (1, 2)


def spoil(monkeypatch, at_step: int, what: str) -> None:
    """Make loss or gradients of one step no number."""
    real, steps = loop.accumulate_gradients, []

    def spoilt(supernet, *arguments, **named):
        loss = real(supernet, *arguments, **named)
        steps.append(1)
        if len(steps) == at_step:
            if what == "loss":
                return loss * float("nan")
            supernet.classifier.linear.linear.bias.grad[0] = float("inf")
        return loss

    monkeypatch.setattr(loop, "accumulate_gradients", spoilt)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "step", "message"),
    [
        ("loss", 3, ("loss", "nan", "step 3", "'sandwich'", "epoch 2", "epoch 1")),
        ("gradients", 2, ("gradients", "inf", "step 2", "'sandwich'", "epoch 1")),
    ],
)
def test_a_lost_training_stops_before_it_changes_the_weights(trainer, monkeypatch, what, step, message):
    spoil(monkeypatch, step, what)
    tried = trainer(learning_rate=1e-3)
    with pytest.raises(TrainingError, match=facts(*message)):
        tried.run()
    assert all(parameter.isfinite().all() for parameter in tried.supernet.parameters())
    assert tried.resume.saved == tuple(range(1, (step + 1) // 2))


def test_the_message_says_what_may_help(trainer, monkeypatch):
    spoil(monkeypatch, 1, "loss")
    with pytest.raises(TrainingError, match=facts("training.learning_rate", 0.003)):
        trainer(learning_rate=3e-3).run()


@pytest.mark.slow
def test_the_batch_may_be_larger_than_the_split(trainer):
    (entry,) = trainer(batch_size=64, epochs=1, learning_rate=1e-3).run()
    assert (entry["step"], entry["images"]) == (1, 19)
    assert isinstance(entry["loss"], float)
