import pytest

from nascore.spaces.layers import Conv, inverted_residual, make_divisible

ACTIVATIONS = {"activation": "hswish", "gate_activation": "relu"}


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (16, 16),
        (12, 16),
        (20, 24),
        (18, 24),
        (19.9, 24),
        (36, 40),
        (60, 64),
        (3, 8),
        (0.5, 8),
        (72, 72),
        (37, 40),
        (91, 88),
    ],
)
def test_make_divisible_rounds_half_up_and_never_loses_a_tenth(value, rounded):
    assert make_divisible(value) == rounded


def test_make_divisible_by_another_divisor():
    assert make_divisible(10, 1) == 10
    assert make_divisible(27, 16) == 32


@pytest.mark.parametrize(
    ("kernel", "stride", "in_size", "out_size"),
    [(3, 2, 112, 56), (7, 2, 7, 4), (5, 1, 7, 7), (3, 2, 1, 1), (1, 1, 1, 1)],
)
def test_conv_output_size_is_that_of_padding_half_the_kernel(kernel, stride, in_size, out_size):
    assert Conv(3, 8, kernel, stride, in_size).out_size == out_size
    assert (in_size + 2 * (kernel // 2) - kernel) // stride + 1 == out_size


def test_inverted_residual_expands_filters_and_projects():
    unit = inverted_residual(24, 40, expand=6, kernel=5, stride=2, in_size=28, se_channels=6, **ACTIVATIONS)
    expand, depthwise, project = unit.convs
    assert (expand.c_in, expand.c_out, expand.kernel, expand.stride, expand.in_size) == (24, 144, 1, 1, 28)
    assert (depthwise.c_in, depthwise.c_out, depthwise.groups, depthwise.kernel, depthwise.stride) == (
        144,
        144,
        144,
        5,
        2,
    )
    assert (project.c_in, project.c_out, project.in_size, project.out_size) == (144, 40, 14, 14)
    assert all(conv.batch_norm and not conv.bias for conv in unit.convs)
    assert [(conv.c_in, conv.c_out, conv.in_size) for conv in unit.squeeze_excite] == [(144, 6, 1), (6, 144, 1)]
    assert all(conv.bias and not conv.batch_norm for conv in unit.squeeze_excite)
    assert [conv.activation for conv in (*unit.convs, *unit.squeeze_excite)] == [
        "hswish",
        "hswish",
        "",
        "relu",
        "hsigmoid",
    ]
    assert not unit.residual


def test_no_gate_without_squeeze_excite_channels():
    assert inverted_residual(8, 8, expand=3, kernel=3, stride=1, in_size=8, **ACTIVATIONS).squeeze_excite == ()
