"""One block in which each image takes an operation of its own, against the same written out with masks."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from deterministic_weights import fill
from torch.nn import functional

from nascore.spaces import get_space
from nascore.supernet.multi_path import MultiPathBlock, merged, picked

SPACE = get_space("binas", resolutions=(64,))
FIRST, LATER = 4, 5
"""Blocks of stage 2: one with stride 2 and no residual, one with a residual. 24 to 40 channels."""
OPS = np.array([11, 0, 3, 8, 6, 1, 3, 10, 4])


def make(number: int) -> MultiPathBlock:
    block = MultiPathBlock([SPACE.block_unit(0, number, op) for op in range(SPACE.n_ops)], eps=1e-5)
    fill(block)
    return block


def taken(ops: np.ndarray) -> np.ndarray:
    return np.isin(np.arange(SPACE.n_ops), ops)


@pytest.fixture(params=[FIRST, LATER])
def block(request) -> MultiPathBlock:
    return make(request.param)


@pytest.fixture
def x(block) -> torch.Tensor:
    return torch.randn(len(OPS), block.expand.in_channels, 8, 8, generator=torch.Generator().manual_seed(1))


def normalised(layer, y, chosen, expected: dict, name: str):
    """Normalise by the images that chose each channel, `(n, c)`, and note the statistics that this should leave."""
    weight = chosen[:, :, None, None].expand_as(y).double()
    n = weight.sum((0, 2, 3))
    mean = (weight * y).sum((0, 2, 3)) / n
    variance = (weight * (y - mean[:, None, None]) ** 2).sum((0, 2, 3)) / n
    some = n > 0
    before = layer.bn.running_mean, layer.bn.running_var
    expected[name] = [
        torch.where(some, 0.9 * old + 0.1 * new, old)
        for old, new in zip(before, (mean, variance * n / (n - 1)), strict=True)
    ]
    scaled = (y - mean[:, None, None]) / (variance + 1e-5).sqrt()[:, None, None]
    return scaled * layer.bn.weight[:, None, None] + layer.bn.bias[:, None, None]


@torch.no_grad()
def masked(block: MultiPathBlock, x: torch.Tensor, ops: np.ndarray, expected: dict) -> torch.Tensor:
    """Run every operation at full width on all images, as published, with masks where statistics are taken."""
    wide = torch.from_numpy(block.mid[ops][:, None] > np.arange(block.mid.max()))
    y = normalised(block.bn1, functional.conv2d(x, block.expand.weight), wide, expected, "bn1")
    y, outputs = block.act(y), 0
    for kernel, conv in block.depthwise.items():
        mine = torch.from_numpy(block.kernel[ops] == int(kernel))[:, None]
        z = functional.conv2d(y, conv.weight, stride=block.stride, padding=int(kernel) // 2, groups=y.shape[1])
        z = normalised(block.bn2[kernel], z, wide & mine, expected, f"bn2.{kernel}")
        outputs = outputs + torch.where((wide & mine)[:, :, None, None], block.act(z), 0)
    reduce, expand = block.gate.reduce, block.gate.expand
    bottleneck = torch.from_numpy(block.bottleneck[ops][:, None] > np.arange(reduce.out_channels))
    hidden = functional.relu(outputs.mean((2, 3)) @ reduce.weight[:, :, 0, 0].T.double() + reduce.bias) * bottleneck
    scale = functional.hardsigmoid(hidden @ expand.weight[:, :, 0, 0].T.double() + expand.bias)
    gated = torch.from_numpy(block.bottleneck[ops] > 0)[:, None]
    outputs = outputs * torch.where(gated, scale, 1)[:, :, None, None]
    projected, y = functional.conv2d(outputs, block.project.weight), 0
    for name, layer in block.bn3.items():
        same = torch.tensor([block._pair(op) == name for op in ops])[:, None]
        z = normalised(layer, projected, same.expand(projected.shape[:2]), expected, f"bn3.{name}")
        y = y + torch.where(same[:, :, None, None], z, 0)
    return x + y if block.residual else y


def test_output_and_statistics_are_those_of_the_images_that_chose_each_channel(block, x):
    block, x, expected = block.double().train(), x.double(), {}
    wanted = masked(block, x, OPS, expected)
    torch.testing.assert_close(block(x, OPS, taken(OPS)), wanted, rtol=1e-8, atol=1e-8)
    assert len(expected) == 1 + 2 + 6
    for name, (mean, variance) in expected.items():
        bn = block.get_submodule(name).bn
        torch.testing.assert_close(bn.running_mean, mean, rtol=1e-8, atol=1e-8, msg=name)
        torch.testing.assert_close(bn.running_var, variance, rtol=1e-8, atol=1e-8, msg=name)


def test_the_mask_of_the_published_code_is_the_slice_of_this_one(block, x):
    # In evaluation mode statistics are given, so that full-width layers and masks say the same as narrow layers.
    block.eval()
    for op in range(SPACE.n_ops):
        mid, kernel, pair = block.mid[op], str(block.kernel[op]), block._pair(op)
        y = block.act(block.bn1(functional.conv2d(x, block.expand.weight)))
        y = functional.conv2d(
            y, block.depthwise[kernel].weight, stride=block.stride, padding=int(kernel) // 2, groups=y.shape[1]
        )
        mask = (torch.arange(y.shape[1]) < mid)[:, None, None]
        y = block.act(block.bn2[kernel](y) * mask)
        if block.bottleneck[op]:
            hidden = functional.relu(block.gate.reduce(y.mean((2, 3), keepdim=True)))
            hidden = hidden * (torch.arange(hidden.shape[1]) < block.bottleneck[op])[:, None, None]
            y = y * functional.hardsigmoid(block.gate.expand(hidden))
        y = block.bn3[pair](block.project(y))
        expected = x + y if block.residual else y
        found = block(x, np.full(len(x), op), taken(np.array([op])))
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_what_no_image_takes_is_left_alone():
    block = make(LATER).train()
    before = deepcopy(block.state_dict())
    ops = np.array([0, 4, 0, 4])  # kernel 3, no gate, widths 3 and 4
    block(torch.randn(4, 40, 8, 8), ops, taken(ops)).square().sum().backward()
    unused = ["depthwise.5", "bn2.5", "gate", "bn3.240", "bn3.120_se", "bn3.160_se", "bn3.240_se"]
    for prefix in unused:
        for name, value in block.state_dict().items():
            if name.startswith(prefix + "."):
                assert torch.equal(value, before[name]), name
        assert {p.grad for name, p in block.named_parameters() if name.startswith(prefix + ".")} == {None}
    assert not torch.equal(block.bn3["120"].bn.running_mean, before["bn3.120.bn.running_mean"])
    # Of what is shared, the channels that only the widest operation has.
    assert torch.equal(block.bn1.bn.running_mean[160:], before["bn1.bn.running_mean"][160:])
    assert not block.expand.weight.grad[160:].any() and block.expand.weight.grad[:160].any()


def test_one_value_per_channel_is_normalised_by_the_running_statistics():
    block = make(LATER).train()
    before = deepcopy(block.state_dict())
    alone = np.array([3])
    found = block(torch.ones(1, 40, 1, 1), alone, taken(alone))
    assert all(torch.equal(value, before[name]) for name, value in block.state_dict().items())
    assert torch.equal(found, block.eval()(torch.ones(1, 40, 1, 1), alone, taken(alone)))


def test_no_images_are_no_mistake(block):
    # As in a process of which no image takes what another's does.
    empty = block.eval()(torch.zeros(0, block.expand.in_channels, 8, 8), np.zeros(0, int), taken(OPS))
    size = 8 // block.stride
    assert empty.shape == (0, 40, size, size)


def test_rows_are_picked_and_put_back():
    x = torch.arange(5)[:, None]
    rows = [np.array([3, 0]), np.array([1, 4, 2])]
    assert torch.equal(merged([picked(x, part) for part in rows], rows), x)
    assert picked(x, np.arange(5)) is x and picked(x, np.arange(4)).flatten().tolist() == [0, 1, 2, 3]
