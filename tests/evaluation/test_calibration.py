import json
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from deterministic_weights import fill, images
from messages import facts
from torch import nn

from nascore.errors import SpaceError
from nascore.evaluation.calibration import calibrate
from nascore.evaluation.measure import fold
from nascore.supernet import build_supernet

GOLDEN = Path(__file__).parents[1] / "data" / "forward.json"
ARCH = {"wid": 1, "ks": 5, "e": 4, "d": 1, "image_size": 32}


def layers_of(subnet) -> list[nn.BatchNorm2d]:
    return [module for module in subnet.modules() if isinstance(module, nn.BatchNorm2d)]


@pytest.fixture
def subnet(supernet):
    return supernet.subnet(ARCH)


@pytest.mark.slow
@torch.no_grad()
def test_calibrated_logits_of_the_published_network(space):
    golden = json.loads(GOLDEN.read_text())
    network = build_supernet(space)
    fill(network)
    for row in golden[::4]:
        resolution = row["arch"]["image_size"]
        subnet = network.subnet(row["arch"])
        calibrate(subnet, images(16, resolution, seed=11))
        expected = torch.tensor(row["calibrated_logits"])
        for measured in (subnet, fold(subnet)):
            torch.testing.assert_close(measured(images(2, resolution)), expected, rtol=0, atol=1e-4)


@torch.no_grad()
def test_statistics_are_mean_and_biased_variance_of_all_images(subnet):
    subnet, batch = subnet.double(), images(6, 32).double()
    calibrate(subnet, batch)
    seen = []
    hooks = [layer.register_forward_pre_hook(lambda _, x: seen.append(x[0].clone())) for layer in layers_of(subnet)]
    subnet(batch)
    for hook in hooks:
        hook.remove()
    # Through a calibrated network the same images have just these statistics.
    for layer, x in zip(layers_of(subnet), seen, strict=True):
        pooled = x.permute(1, 0, 2, 3).flatten(1)
        torch.testing.assert_close(layer.running_mean, pooled.mean(1), rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(layer.running_var, pooled.var(1, correction=0), rtol=1e-9, atol=1e-9)


def test_the_statistics_before_do_not_matter(supernet, subnet):
    spoilt = supernet.subnet(ARCH).train()
    for layer in layers_of(spoilt):
        layer.running_mean.fill_(9)
        layer.running_var.fill_(9)
    calibrate(subnet, images(4, 32))
    calibrate(spoilt, images(4, 32))
    assert not spoilt.training
    assert all(torch.equal(a, b) for a, b in zip(subnet.buffers(), spoilt.buffers(), strict=True))


def test_weights_and_images_stay(subnet):
    before, batch = deepcopy(subnet), images(4, 32)
    given = batch.clone()
    calibrate(subnet, batch)
    assert torch.equal(batch, given)
    assert all(torch.equal(a, b) for a, b in zip(subnet.parameters(), before.parameters(), strict=True))
    assert all(parameter.requires_grad for parameter in subnet.parameters())
    subnet(batch).sum().backward()  # what was written in inference mode can be trained on


def test_images_of_another_size_are_refused(subnet):
    with pytest.raises(SpaceError, match=facts("(2, 3, 40, 40)", "(n, 3, 32, 32)")):
        calibrate(subnet, images(2, 40))


def test_one_image_is_enough(subnet):
    calibrate(subnet, images(1, 32))  # the last maps are of one position: their variance is 0
    assert subnet(images(1, 32)).isfinite().all()
