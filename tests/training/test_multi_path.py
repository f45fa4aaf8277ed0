"""The training of a BINAS one-shot network: the heaviest network, then a path for each image."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from messages import facts
from torch import nn
from torch.nn import functional

from nascore.errors import ConfigError
from nascore.evaluation.calibration import calibrate
from nascore.evaluation.measure import fold
from nascore.spaces import get_space
from nascore.supernet import build_supernet
from nascore.supernet.checkpoint import load_supernet, read_facts
from nascore.supernet.initialise import initialise
from nascore.training.batches import Batches
from nascore.training.options import TrainingOptions
from nascore.training.ordering import order_channels
from nascore.training.phases import phases
from nascore.training.step import accumulate_multi_path_gradients
from nascore.training.teacher import Teacher
from nascore.training.train import SubnetMonitor, train_phase

CPU = torch.device("cpu")
SPACE = {"name": "binas", "resolutions": [40], "n_classes": 2}
BINAS = get_space(**SPACE)
OPTIONS = {"strategy": "multi_path", "epochs": 4, "batch_size": 8, "monitor_images": 0}


def planned(**options):
    return phases(TrainingOptions(**{**OPTIONS, **options}), BINAS)


# -- phases ------------------------------------------------------------------------------------------


def test_the_heaviest_network_comes_first(rng):
    heaviest, paths = planned(epochs=40, learning_rate=0.1)
    assert (heaviest.name, heaviest.epochs, heaviest.learning_rate) == ("heaviest", 30, 0.1)
    assert (paths.name, paths.epochs, paths.learning_rate) == ("multi_path", 10, pytest.approx(0.01))
    assert heaviest.space.size() == 1 and (heaviest.subnets(rng, 40, 5) == BINAS.largest()).all()
    assert len(heaviest.subnets(rng, 40, 5)) == 1


def test_then_every_image_has_a_path_of_its_own(rng):
    genes = planned()[1].subnets(rng, 40, 2000)
    assert len(genes) == 2000 and len(np.unique(genes, axis=0)) == 2000
    depths = np.stack([(BINAS.depths(genes) == depth).mean(0) for depth in (2, 3, 4)])
    assert abs(depths - 1 / 3).max() < 0.05
    first = BINAS.op_index(genes)[:, 0]
    assert abs(np.bincount(first, minlength=12) / 2000 - 1 / 12).max() < 0.03


def test_strategies_are_for_their_space(small_space):
    with pytest.raises(ConfigError, match=facts("training.strategy", "'multi_path'", "'ofa_mcunet'", "elastic")):
        phases(TrainingOptions(strategy="multi_path"), small_space)
    with pytest.raises(ConfigError, match=facts("training.strategy", "'progressive_shrinking'", "elastic", "'binas'")):
        planned(strategy="progressive_shrinking")


# -- batches and gradients ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def batches(store) -> Batches:
    return Batches(store, planned()[1], batch_size=8, min_crop=0.5, seed=4, device=CPU)


@pytest.fixture(scope="module")
def supernet():
    """Return a network with initial weights, but residual blocks do more than pass on; no test changes it."""
    network = build_supernet(BINAS)
    initialise(network, 1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
    with torch.no_grad():
        network.classifier.linear.weight.mul_(10)  # logits that differ
    return network.train()


def teacher_of(network, batch) -> Teacher:
    """Return the largest network, calibrated on the images that it is asked about: the split has six others alone."""
    subnet = network.subnet(BINAS.largest())
    calibrate(subnet, batch.images)
    return Teacher({40: fold(subnet)})


@pytest.fixture(scope="module")
def teacher(supernet, batches):
    return teacher_of(supernet, next(batches.epoch(0)))


def test_processes_share_images_with_their_paths(batches):
    (whole, _) = batches.epoch(0)
    assert whole.subnets.shape == (8, BINAS.n_genes)
    shares = [next(replace(batches, rank=rank, processes=2).epoch(0)) for rank in range(2)]
    for rank, share in enumerate(shares):
        assert torch.equal(share.images, whole.images[rank::2])
        assert (share.subnets == whole.subnets[rank::2]).all()


@pytest.mark.slow
def test_the_loss_is_that_of_labels_logits_and_maps(supernet, batches, teacher):
    batch = next(batches.epoch(0))
    stepped, plain = deepcopy(supernet), deepcopy(supernet)
    loss = accumulate_multi_path_gradients(stepped, batch, teacher=teacher, label_smoothing=0.1)
    network = teacher.networks[40]
    with torch.no_grad():
        taught_maps, taught = list(network.maps(batch.images)), network(batch.images).log_softmax(1)
    maps = list(plain.maps(batch.images, batch.subnets))
    logits = plain.classifier(maps[-1])
    divergence = (taught.exp() * (taught - logits.log_softmax(1))).sum(1).mean()
    errors = sum((mine - other).square().mean() for mine, other in zip(maps, taught_maps, strict=True))
    assert len(maps) == 8
    expected = functional.cross_entropy(logits, batch.labels, label_smoothing=0.1) + divergence + errors / 50
    expected.backward()
    assert 1 < errors < 100 and divergence > 0.01, (errors, divergence)
    assert float(loss) == pytest.approx(float(expected.detach()), rel=1e-5) and not loss.requires_grad
    others = dict(plain.named_parameters())
    for name, parameter in stepped.named_parameters():
        assert (parameter.grad is None) == (others[name].grad is None)
        if parameter.grad is not None:
            difference = (parameter.grad - others[name].grad).norm()
            assert difference <= 1e-3 * others[name].grad.norm() + 1e-6, name


@pytest.mark.slow
def test_channels_are_ordered_on_training_images(supernet, batches, teacher):
    network = deepcopy(supernet)
    order_channels(network, batches)
    batch = next(batches.epoch(0))
    again = teacher_of(network, batch)
    torch.testing.assert_close(
        again.probabilities(batch.images), teacher.probabilities(batch.images), rtol=1e-3, atol=1e-4
    )
    moved = [
        not torch.equal(after.expand.weight, before.expand.weight)
        for before, after in zip(supernet.blocks, network.blocks, strict=True)
    ]
    assert all(moved) and {parameter.grad for parameter in network.parameters()} == {None}


# -- jobs --------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Ends a training as no error of the project does."""


@pytest.fixture(scope="module")
def job_of(make_job):
    def make(folder, phase, **changes):
        job = make_job(folder, phase=phase, **{**OPTIONS, **changes})
        return job.model_copy(update={"space": SPACE})

    return make


@pytest.fixture(scope="module")
def heaviest(job_of, tmp_path_factory):
    job = job_of(tmp_path_factory.mktemp("heaviest"), "heaviest", epochs=2, batch_size=19)
    train_phase(job)
    return job.checkpoint


@pytest.fixture(scope="module")
def finished(job_of, heaviest, tmp_path_factory):
    """Return the job of an uninterrupted second phase, of two epochs."""
    job = job_of(tmp_path_factory.mktemp("finished"), "multi_path", start=heaviest, epochs=8, batch_size=19)
    train_phase(job)
    return job


@pytest.mark.slow
def test_what_the_phases_leave(heaviest, finished, store):
    assert read_facts(heaviest) == {"phase": "heaviest", **store.facts}
    assert read_facts(finished.checkpoint) == {"phase": "multi_path", **store.facts}
    curve = pd.read_parquet(finished.curve)
    assert curve["epoch"].tolist() == [1, 2] and curve["loss"].max() < 100
    before, after = load_supernet(heaviest, BINAS).state_dict(), load_supernet(finished.checkpoint, BINAS).state_dict()
    # The heaviest network has no kernel of 3 and no last batch normalisation but that of its width with a gate.
    untrained = build_supernet(BINAS).blocks[0].state_dict()
    for name in ("bn2.3.bn.running_var", "bn3.48.bn.running_mean"):
        assert torch.equal(before[f"blocks.0.{name}"], untrained[name])
        assert not torch.equal(after[f"blocks.0.{name}"], untrained[name])


@pytest.mark.long
def test_killed_and_gone_on_is_the_same_to_the_bit(finished, job_of, heaviest, tmp_path, monkeypatch):
    job, epochs = job_of(tmp_path, "multi_path", start=heaviest, epochs=8, batch_size=19), []

    def killed(self, supernet):
        epochs.append(1)
        if len(epochs) == 2:
            raise Killed
        return dict.fromkeys(("accuracy_largest", "accuracy_smallest"), float("nan"))

    with monkeypatch.context() as patch:
        patch.setattr(SubnetMonitor, "__call__", killed)
        with pytest.raises(Killed):
            train_phase(job)
    assert job.resume.exists() and not job.checkpoint.exists()
    train_phase(job)
    assert job.checkpoint.read_bytes() == finished.checkpoint.read_bytes()
    assert job.curve.read_bytes() == finished.curve.read_bytes()


def test_paths_need_a_teacher(job_of, tmp_path):
    with pytest.raises(ConfigError, match=facts("'multi_path'", "teacher", "checkpoint")):
        train_phase(job_of(tmp_path, "multi_path"))
