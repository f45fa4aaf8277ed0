from dataclasses import replace

import pytest
from messages import facts

from nascore.errors import DataError
from nascore.layer_signature import LayerSignature, layers_of
from nascore.spaces import get_space
from nascore.spaces.layers import Conv, Unit


def test_says_everything_about_a_block():
    # stage 3 of BINAS, second block, operation 9: expand 6, kernel 3, with SE; 6 * 80 = 480, a quarter of it 120.
    signature = LayerSignature.of(get_space("binas").block_unit(0, 9, 9))
    assert signature == LayerSignature(
        "inverted_residual", 80, 480, 80, 3, 1, 14, 14, 120, "hswish,hswish,-;relu,hsigmoid", True
    )
    assert str(signature) == (
        "inverted_residual 80→480→80, kernel 3, stride 1, 14x14, SE 120, hswish,hswish,-;relu,hsigmoid, residual"
    )


def test_says_everything_about_the_fixed_part():
    stem, first, _, head = map(LayerSignature.of, get_space("binas").fixed_units(0))
    assert stem == LayerSignature("conv", 3, 0, 32, 3, 2, 224, 224, 0, "hswish", False)
    assert first == LayerSignature("separable", 32, 32, 16, 3, 1, 112, 112, 0, "relu,-", False)
    assert head == LayerSignature("classifier", 960, 1280, 1000, 1, 1, 7, 7, 0, "hswish,-", False)


@pytest.mark.parametrize("space", [get_space("binas"), get_space("ofa_mcunet", resolutions=(96, 128))])
def test_units_of_one_signature_are_one_layer(space):
    units = {u for g in range(len(space.global_values)) for u in space.fixed_units(g)}
    blocks = [
        (g, b, op) for g in range(len(space.global_values)) for b in range(space.n_blocks) for op in range(space.n_ops)
    ]
    units |= {space.block_unit(*block) for block in blocks}
    # What is built from a signature differs from the unit by the folded batch normalisation alone.
    folded = {LayerSignature.of(unit).unit() for unit in units}
    assert len(folded) == len(units)
    for unit in units:
        built = LayerSignature.of(unit).unit()
        assert [replace(conv, batch_norm=True, bias=False) for conv in built.convs] == [
            replace(conv, batch_norm=True, bias=False) for conv in unit.convs
        ]


def test_a_table_of_binas_has_two_shapes_per_stage():
    space = get_space("binas")
    assert len(layers_of(space)) == 5 * 2 * 12 + 4
    assert len(layers_of(space.restrict({"stage1.block0.kernel": [3]}))) == 5 * 2 * 12 + 4 - 6


def test_refuses_what_it_cannot_say():
    two_kernels = Unit((Conv(8, 8, 3, 1, 4), Conv(8, 8, 5, 1, 4)))
    valid = ("separable convolutions", "inverted residuals", "classifiers")
    with pytest.raises(DataError, match=facts(two_kernels, *valid)):
        LayerSignature.of(two_kernels)
