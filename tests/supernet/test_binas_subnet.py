"""Static networks of the BINAS space."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from deterministic_weights import fill, images
from torch import nn

from nascore.efficiency import cost
from nascore.evaluation.calibration import calibrate
from nascore.evaluation.measure import fold
from nascore.evaluation.measured_costs import measured_costs
from nascore.spaces import get_space
from nascore.supernet import Subnet

PUBLISHED = json.loads((Path(__file__).parents[1] / "data" / "binas_models.json").read_text())
SMALL = get_space("binas", resolutions=(64,), n_classes=3)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks_have_their_published_size(name):
    space = get_space("binas")
    subnet = Subnet(space, {"arch_string": PUBLISHED[name]["arch_string"]})
    measured = measured_costs(subnet)
    assert {metric: measured[metric] for metric in ("macs", "params")} == {
        metric: PUBLISHED[name][metric] for metric in ("macs", "params")
    }
    assert measured == cost(space, subnet.genes[None]).iloc[0].to_dict()


def test_activations_are_those_of_the_space():
    subnet = Subnet(SMALL, SMALL.largest())
    kinds = {nn.ReLU: "relu", nn.Hardswish: "hswish", nn.Identity: ""}
    found = [
        [kinds[type(layer.act)] for layer in block.mobile_inverted_conv]
        for block in (subnet.blocks[i] for i in (0, 1, 9))
    ]
    assert found == [["relu", ""], ["relu", "relu", ""], ["hswish", "hswish", ""]]
    assert kinds[type(subnet.first_conv.act)] == kinds[type(subnet.classifier.head[1])] == "hswish"
    gates = [module.act for module in subnet.modules() if hasattr(module, "fc")]
    assert len(gates) == 20 and {type(act) for act in gates} == {nn.ReLU}
    assert {module.eps for module in subnet.modules() if isinstance(module, nn.BatchNorm2d)} == {1e-5}


def by_hand(block: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return what a stride-1 inverted residual with a gate and ReLU computes, written out."""
    state = block.state_dict()

    def layer(name: str, y: torch.Tensor, groups: int = 1) -> torch.Tensor:
        get = {key.removeprefix(f"mobile_inverted_conv.{name}."): value for key, value in state.items()}
        y = torch.conv2d(y, get["conv.weight"], padding=get["conv.weight"].shape[-1] // 2, groups=groups)
        y = (y - get["bn.running_mean"][:, None, None]) / (get["bn.running_var"] + 1e-5).sqrt()[:, None, None]
        return y * get["bn.weight"][:, None, None] + get["bn.bias"][:, None, None]

    gate = {key.split("fc.")[1]: value for key, value in state.items() if ".fc." in key}
    y = layer("inverted_bottleneck", x).clamp(min=0)
    y = layer("depth_conv", y, groups=y.shape[1]).clamp(min=0)
    hidden = (y.mean((2, 3)) @ gate["reduce.weight"][:, :, 0, 0].T + gate["reduce.bias"]).clamp(min=0)
    scale = ((hidden @ gate["expand.weight"][:, :, 0, 0].T + gate["expand.bias"] + 3) / 6).clamp(0, 1)
    return x + layer("point_linear", y * scale[:, :, None, None])


@torch.no_grad()
def test_a_block_computes_what_it_should():
    subnet = Subnet(SMALL, SMALL.largest())
    fill(subnet)
    block, x = subnet.eval().blocks[2], torch.randn(2, 24, 8, 8)
    assert block.residual
    torch.testing.assert_close(block(x), by_hand(block, x), rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_maps_are_those_of_the_stages_and_end_in_the_logits():
    genes = SMALL.sample(1, np.random.default_rng(2))[0]
    subnet = Subnet(SMALL, genes).eval()
    batch = images(2, 64)
    maps = list(subnet.maps(batch))
    assert [tuple(x.shape[1:]) for x in maps] == [
        (32, 32, 32), (16, 32, 32), (24, 16, 16), (40, 8, 8), (80, 4, 4), (112, 4, 4), (192, 2, 2), (960, 2, 2)
    ]  # fmt: skip
    assert torch.equal(subnet.classifier(maps[-1]), subnet(batch))


@torch.no_grad()
def test_it_can_be_calibrated_and_folded():
    subnet = Subnet(SMALL, SMALL.smallest()).train()
    batch = images(4, 64)
    expected = subnet(batch)  # by batch statistics
    calibrate(subnet, batch)
    torch.testing.assert_close(subnet(batch), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(fold(subnet)(batch), expected, rtol=1e-4, atol=1e-4)
