"""The layers of every space, as whoever builds or measures them reads them."""

import pytest

from nascore.spaces import get_space

ACTIVATIONS = {"", "relu", "relu6", "hswish", "hsigmoid"}
SPACES = [get_space("ofa_mcunet", resolutions=(64,)), get_space("binas", resolutions=(64,))]


def units_of(space):
    """Return all units of a space."""
    for g in range(len(space.global_values)):
        yield from space.fixed_units(g)
        for block in range(space.n_blocks):
            yield from (space.block_unit(g, block, op) for op in range(space.n_ops))


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_layers_hold_whole_numbers_and_a_known_activation(space):
    for unit in units_of(space):
        for conv in (*unit.convs, *unit.squeeze_excite):
            sizes = (conv.c_in, conv.c_out, conv.kernel, conv.stride, conv.in_size, conv.groups)
            assert all(type(size) is int and size > 0 for size in sizes), conv
            assert conv.activation in ACTIVATIONS, conv


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_gates_are_two_layers_on_one_position(space):
    gates = {unit.squeeze_excite for unit in units_of(space) if unit.squeeze_excite}
    assert gates
    for squeeze, excite in gates:
        assert (squeeze.kernel, squeeze.stride, squeeze.in_size) == (1, 1, 1)
        assert (excite.kernel, excite.stride, excite.in_size) == (1, 1, 1)
        assert squeeze.c_in == excite.c_out and squeeze.c_out == excite.c_in
        assert squeeze.activation in ACTIVATIONS - {""} and excite.activation == "hsigmoid"


def test_stems_and_last_layers_have_their_activation():
    ofa, binas = (space.fixed_units(0) for space in SPACES)
    assert [unit.convs[-1].activation for unit in ofa] == ["relu6", "", "relu6", ""]
    assert binas[0].convs[0].activation == "hswish"
    assert (ofa[2].convs[0].kernel, ofa[2].convs[0].stride) == (1, 1)
