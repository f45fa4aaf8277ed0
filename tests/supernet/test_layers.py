import pytest
import torch

from nascore.spaces.layers import Conv
from nascore.supernet.layers import ElasticConv, ElasticLinear, ElasticSqueezeExcite


def depthwise(kernel: int, channels: int = 4) -> Conv:
    return Conv(channels, channels, kernel, 1, 8, groups=channels)


@pytest.fixture
def layer() -> ElasticConv:
    return ElasticConv(depthwise(7, channels=6), (3, 5, 7))


def test_kernel_maps_start_as_a_crop(layer):
    weight = layer.conv.weight
    assert torch.equal(layer.active(depthwise(7)), weight[:4])
    assert torch.equal(layer.active(depthwise(5)), weight[:4, :, 1:6, 1:6])
    assert torch.equal(layer.active(depthwise(3)), weight[:4, :, 2:5, 2:5])


def test_a_kernel_of_3_goes_through_5(layer):
    with torch.no_grad():
        for kernel_map in layer.parameters(recurse=False):
            kernel_map.normal_()
    seven_to_five, five_to_three = layer.get_parameter("7to5_matrix"), layer.get_parameter("5to3_matrix")
    five = (layer.conv.weight[:4, 0, 1:6, 1:6].reshape(4, 25) @ seven_to_five.T).view(4, 1, 5, 5)
    three = (five[:, 0, 1:4, 1:4].reshape(4, 9) @ five_to_three.T).view(4, 1, 3, 3)
    torch.testing.assert_close(layer.active(depthwise(5)), five)
    torch.testing.assert_close(layer.active(depthwise(3)), three)


def test_active_weights_are_views():
    conv = ElasticConv(Conv(8, 16, 1, 1, 4), (1,))
    kernel = ElasticConv(depthwise(7, channels=6), (3, 5, 7))
    gate = ElasticSqueezeExcite(Conv(8, 4, 1, 1, 1, activation="relu6"), Conv(4, 8, 1, 1, 1))
    pairs = [
        (conv.active(Conv(4, 8, 1, 1, 4)), conv.conv.weight),
        (kernel.active(depthwise(7)), kernel.conv.weight),
        *zip(gate.active(4, 2), gate.parameters(), strict=True),
    ]
    for active, weight in pairs:
        assert active.data_ptr() == weight.data_ptr()
        assert active.numel() < weight.numel()


def test_a_gate_uses_the_bottleneck_that_it_is_told():
    gate = ElasticSqueezeExcite(Conv(8, 4, 1, 1, 1, activation="relu6"), Conv(4, 8, 1, 1, 1))
    x = torch.randn(2, 6, 3, 3)
    pooled = x.mean((2, 3))
    reduce, expand = gate.fc.reduce, gate.fc.expand
    hidden = (pooled @ reduce.weight[:2, :6, 0, 0].T + reduce.bias[:2]).clamp(0, 6)
    scale = ((hidden @ expand.weight[:6, :2, 0, 0].T + expand.bias[:6] + 3) / 6).clamp(0, 1)
    torch.testing.assert_close(gate(x, 2), x * scale[:, :, None, None])


def test_a_linear_layer_uses_its_first_inputs():
    layer = ElasticLinear(8, 3)
    x = torch.randn(2, 5)
    torch.testing.assert_close(layer(x), x @ layer.linear.weight[:, :5].T + layer.linear.bias)
