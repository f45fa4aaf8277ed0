import random
from copy import deepcopy

import numpy as np
import pytest
import torch
from deterministic_weights import fill
from torch.nn import functional

from nascore.supernet import build_supernet
from nascore.supernet.inputs import channels_last
from nascore.training.batches import Batches
from nascore.training.options import TrainingOptions
from nascore.training.phases import phases
from nascore.training.step import accumulate_gradients
from nascore.training.teacher import Teacher

CPU = torch.device("cpu")
SMOOTHING = 0.1


@pytest.fixture(scope="module")
def supernet(small_space):
    network = build_supernet(small_space)
    fill(network)
    return channels_last(network.train(), CPU)


@pytest.fixture(scope="module")
def teacher(supernet, store):
    return Teacher.of(supernet, store, (32, 40), n_images=4, device=CPU)


@pytest.fixture(scope="module")
def batch(store, small_space):
    (phase,) = phases(TrainingOptions(random_subnets=1), small_space)
    return next(Batches(store, phase, batch_size=6, min_crop=0.5, seed=4, device=CPU).epoch(0))


def plain_loss(network, batch, teacher, sandwich):
    """Return the loss of a step as one expression."""
    outputs = [network(batch.images, genes) for genes in batch.subnets]
    losses = [functional.cross_entropy(y, batch.labels, label_smoothing=SMOOTHING) for y in outputs]
    soft = teacher.probabilities(batch.images) if teacher else outputs[0].detach().softmax(1)
    for number, logits in enumerate(outputs):
        if teacher or (sandwich and number > 0):
            losses[number] = (losses[number] + functional.cross_entropy(logits, soft)) / 2
    return sum(losses) / len(outputs)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "sandwich", "taught"])
def test_gradients_are_those_of_the_mean_loss(supernet, batch, teacher, kind):
    stepped, plain = deepcopy(supernet), deepcopy(supernet)
    how = {"teacher": teacher if kind == "taught" else None, "sandwich": kind == "sandwich"}
    loss = accumulate_gradients(stepped, batch, label_smoothing=SMOOTHING, **how)
    expected = plain_loss(plain, batch, **how)
    expected.backward()
    assert float(loss) == pytest.approx(float(expected.detach()), rel=1e-6)
    assert not loss.requires_grad
    gradients = {name: parameter.grad for name, parameter in plain.named_parameters()}
    for name, parameter in stepped.named_parameters():
        if gradients[name] is None:
            assert parameter.grad is None, name
        else:
            torch.testing.assert_close(parameter.grad, gradients[name], rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.slow
def test_a_share_of_a_batch_has_its_share_of_the_loss(supernet, batch):
    parts = []
    for n_global in (6, 12):
        share = type(batch)(batch.images, batch.labels, n_global, batch.subnets)
        how = {"teacher": None, "sandwich": True, "label_smoothing": SMOOTHING}
        parts.append(float(accumulate_gradients(deepcopy(supernet), share, **how)))
    assert parts[0] == pytest.approx(2 * parts[1])


def generator_states() -> tuple:
    """Return the states of all global random generators."""
    return random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()  # noqa: NPY002


@pytest.mark.slow
def test_a_step_leaves_the_teacher_and_the_generators_alone(supernet, batch, teacher):
    # The published teacher is in training mode, where it drifts, and the published step seeds the global generators.
    before = {size: deepcopy(network.state_dict()) for size, network in teacher.networks.items()}
    states = generator_states()
    accumulate_gradients(deepcopy(supernet), batch, teacher=teacher, sandwich=False, label_smoothing=SMOOTHING)
    assert generator_states() == states
    for size, network in teacher.networks.items():
        assert not any(module.training for module in network.modules())
        assert all(torch.equal(value, before[size][name]) for name, value in network.state_dict().items())
        assert all(parameter.grad is None for parameter in network.parameters())


# -- the teacher -------------------------------------------------------------------------------------


def test_what_the_teacher_says_of_an_image_does_not_depend_on_the_others(teacher, batch):
    together = teacher.probabilities(batch.images)
    alone = torch.cat([teacher.probabilities(image[None]) for image in batch.images])
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(together.sum(1), torch.ones(6))
    assert not together.requires_grad


@pytest.mark.slow
def test_the_teacher_is_the_largest_network_with_its_own_statistics(supernet, store, teacher, batch):
    # The supernet's running statistics are those of the last subnets, whichever these were.
    spoilt = deepcopy(supernet)
    with torch.no_grad():
        for name, value in spoilt.named_buffers():
            if "running" in name:
                value.fill_(7.0)
    again = Teacher.of(spoilt, store, (32, 40), n_images=4, device=CPU)
    assert torch.equal(again.probabilities(batch.images), teacher.probabilities(batch.images))
    for size, network in teacher.networks.items():
        assert network.arch == {**network.arch, "wid": 2, "ks": [7] * 20, "e": [6] * 20, "image_size": size}
        assert network.arch["d"] == [2, 2, 2, 2, 2, 0]
