import math
from copy import deepcopy

import numpy as np
import pytest
import torch
from messages import facts
from torch import nn
from torch.nn import functional

from nascore.errors import DataError
from nascore.evaluation import measure as module
from nascore.evaluation.calibration import calibrate
from nascore.evaluation.measure import Measurement, calibrate_on_store, chosen_images, fold, measure
from nascore.supernet.inputs import normalise

CPU = torch.device("cpu")
ARCH = {"wid": 1, "ks": 5, "e": 4, "d": 1, "image_size": 40}


@pytest.fixture(scope="module")
def subnet(supernet, store):
    calibrated = supernet.subnet(ARCH)
    calibrate_on_store(calibrated, store, n_images=12, device=CPU)
    return calibrated


# -- folding -----------------------------------------------------------------------------------------


@pytest.mark.slow
@torch.no_grad()
@pytest.mark.parametrize("calibrated", [False, True])
def test_folding_changes_the_network_and_not_what_it_says(supernet, subnet, store, calibrated):
    # Maps of few pixels have small variances, which blow up rounding: a calibrated one is compared in more digits.
    subnet = deepcopy(subnet).double() if calibrated else supernet.subnet(ARCH)
    before = deepcopy(subnet.state_dict())
    batch = normalise(store.images("search", 40), CPU).to(subnet.classifier.linear.weight)
    folded = fold(subnet)
    torch.testing.assert_close(folded(batch), subnet(batch), rtol=1e-5, atol=1e-5)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in folded.modules())
    assert not any(layer.training for layer in folded.modules())
    assert subnet.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in subnet.state_dict().items())


def test_a_subnet_in_training_mode_is_folded_as_in_evaluation(subnet, store):
    training = deepcopy(subnet).train()
    batch = normalise(store.images("search", 40), CPU)
    assert torch.equal(fold(training)(batch), fold(subnet)(batch))
    assert training.training


# -- accuracy and loss -------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 4, 13, 64])
def test_accuracy_and_loss_are_those_of_a_plain_loop(subnet, store, batch_size):
    # The published code weighs a small last batch as much as a whole one.
    measured = measure(subnet, store, split="search", device=CPU, batch_size=batch_size)
    losses, correct = [], 0
    with torch.no_grad():
        for pixels, label in zip(store.images("search", 40), store.labels("search").tolist(), strict=True):
            logits = subnet(normalise(pixels[None], CPU)).double()
            losses.append(float(functional.cross_entropy(logits, torch.tensor([label]))))
            correct += int(logits.argmax()) == label
    assert (measured.n_correct, measured.n_images) == (correct, 13)
    assert measured.accuracy == correct / 13
    assert measured.loss == pytest.approx(math.fsum(losses) / 13, rel=1e-5)


def test_everything_but_subnet_and_store_is_named(subnet, store):
    # The published code swaps resolution and batch size in every call (defect 2).
    with pytest.raises(TypeError):
        measure(subnet, store, "search", CPU)
    with pytest.raises(TypeError):
        calibrate_on_store(subnet, store, 4, CPU)


def test_a_measurement_leaves_no_graph_and_the_subnet_alone(subnet, store, monkeypatch):
    seen = []
    real = functional.cross_entropy

    def spy(logits, labels):
        seen.append(logits.is_inference())
        return real(logits, labels)

    monkeypatch.setattr(module.functional, "cross_entropy", spy)
    before = deepcopy(subnet.state_dict())
    measure(subnet, store, split="test", device=CPU)
    assert seen == [True]
    assert all(torch.equal(value, before[name]) for name, value in subnet.state_dict().items())


def test_an_unknown_split_is_named(subnet, store):
    with pytest.raises(DataError, match=facts("split", "'val'", "train, calibration, search, test")):
        measure(subnet, store, split="val", device=CPU)


# -- which images ------------------------------------------------------------------------------------


class SortedLabels:
    """A split as it comes from folders of classes."""

    def n_images(self, split: str) -> int:
        return 1000


def test_some_images_stand_for_all():
    few, more = (chosen_images(SortedLabels(), "search", n) for n in (100, 200))
    for chosen in (few, more):
        assert (np.diff(chosen) > 0).all()
        # Neither the first half of the split, i.e. one class, nor every second image.
        assert 0.35 < (chosen < 500).mean() < 0.65 and 0.35 < (chosen % 2).mean() < 0.65
    assert set(few) < set(more)
    assert (len(few), len(more)) == (100, 200)


@pytest.mark.parametrize("n_images", [None, 13, 99])
def test_all_images_are_in_their_order(store, n_images):
    assert chosen_images(store, "search", n_images).tolist() == list(range(13))


def test_fewer_images_are_a_part(subnet, store):
    chosen = chosen_images(store, "search", 5)
    assert measure(subnet, store, split="search", device=CPU, n_images=5).n_images == len(chosen) == 5


@pytest.mark.slow
@pytest.mark.parametrize("n_images", [5, 12, 500])
def test_calibration_uses_its_own_split_at_the_subnet_s_resolution(supernet, store, n_images):
    measured, plain = supernet.subnet(ARCH), supernet.subnet(ARCH)
    calibrate_on_store(measured, store, n_images=n_images, device=CPU)
    pixels = store.images("calibration", 40)[chosen_images(store, "calibration", n_images)]
    assert len(pixels) == min(n_images, 12)
    calibrate(plain, normalise(pixels, CPU))
    assert all(torch.equal(a, b) for a, b in zip(measured.buffers(), plain.buffers(), strict=True))


def test_the_accuracy_of_a_measurement():
    assert Measurement(n_correct=3, n_images=4, loss=0.5).accuracy == 0.75
