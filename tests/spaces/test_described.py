"""Spaces that are described by plain data: their layers, genes, and every mistake in a description."""

from copy import deepcopy
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import facts
from space_examples import DESCRIPTION

from nascore.errors import SpaceError
from nascore.space_files import find_space, is_space_file, read_space_file
from nascore.spaces import get_space
from nascore.spaces.described import DescribedSpace
from nascore.spaces.description import read_description
from nascore.spaces.layers import Conv

EXAMPLES = sorted((Path(__file__).parents[2] / "config" / "spaces").glob("*.yaml"))


def changed(*path_and_value):
    """Return the description with one entry changed, by its keys and numbers."""
    *path, key, value = path_and_value
    description = deepcopy(DESCRIPTION)
    inner = description
    for step in path:
        inner = inner[step]
    inner[key] = value
    return description


@pytest.fixture(scope="module")
def space():
    return DescribedSpace.build(DESCRIPTION)


class TestGenes:
    def test_are_the_choices_that_any_stage_has(self, space):
        assert [c.name for c in space.block_choices] == ["kernel", "expand", "middle", "se"]
        assert [c.values for c in space.block_choices] == [(1, 3, 5), (2, 4), (50, 100), (0, 1)]
        assert space.size() == 2 * 2 * (1) * (4 + 4 * 4) * (2 + 2 * 2) * 2

    def test_keep_to_what_their_stage_has(self, space):
        dicts = space.to_dicts(space.sample(200, np.random.default_rng(0)))
        assert {d["stage1.block0.kernel"] for d in dicts} == {3}
        assert {d["stage2.block0.kernel"] for d in dicts} == {3, 5}
        assert {d["stage4.block0.kernel"] for d in dicts} == {1}

    def test_others_are_refused_unless_the_block_does_not_run(self, space):
        (arch,) = space.to_dicts(space.smallest()[None])
        assert space.from_dicts([arch | {"stage2.block1.kernel": 1}]).tolist() == [space.smallest().tolist()]
        with pytest.raises(SpaceError, match=facts("stage2.block0.kernel", 1, "3, 5")):
            space.from_dicts([arch | {"stage2.block0.kernel": 1}])

    def test_a_restriction_ends_where_the_stage_does(self, space):
        assert space.restrict({"stage2.block0.kernel": [5]}).unrestricted() == space
        with pytest.raises(SpaceError, match=facts("stage2.block0.kernel", 1)):
            space.restrict({"stage2.block0.kernel": [1]})

    def test_columns_are_genes(self, space):
        genes = space.sample(20, np.random.default_rng(1))
        assert (space.from_columns(space.to_columns(genes)) == genes).all()
        assert space.from_columns({name: [] for name in space.column_types}).shape == (0, space.n_genes)


class TestLayers:
    def test_of_each_kind(self, space):
        largest = space.units(space.largest())
        kinds = [unit.layer_names for unit in largest]
        assert kinds == [
            ("conv1",),
            ("depth_conv", "point_linear"),
            *[("inverted_bottleneck", "depth_conv", "point_linear")] * 2,
            *[("conv1", "conv2")] * 2,
            ("point_linear",),
            ("point_linear",),
            ("point_linear",),
        ]
        assert [unit.residual for unit in largest] == [False, False, False, True, True, True, False, False, False]
        assert largest[4].shortcut == Conv(24, 32, 1, 2, 12 * 48 // 48) and largest[5].shortcut is None
        assert [c.activation for c in largest[4].convs] == ["relu6", ""] and largest[4].activation == "relu6"

    @pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
    @pytest.mark.parametrize("row", ["smallest", "largest"])
    def test_fit_one_another(self, path, row):
        space = find_space(str(path))
        units = space.units(getattr(space, row)())
        for before, after in pairwise(units):
            size = after.pooled_from or after.convs[0].in_size
            assert (before.convs[-1].c_out, before.convs[-1].out_size) == (after.convs[0].c_in, size)
        for unit in units:
            first, last = unit.convs[0], unit.convs[-1]
            if unit.shortcut:
                assert (unit.shortcut.c_in, unit.shortcut.in_size) == (first.c_in, first.in_size)
                assert (unit.shortcut.c_out, unit.shortcut.out_size) == (last.c_out, last.out_size)
            elif unit.residual:
                assert (first.c_in, first.in_size) == (last.c_out, last.out_size)

    def test_groups_have_one_size(self):
        space = DescribedSpace.build(changed("stages", 1, "group_size", 8))
        for g in range(len(space.global_values)):
            for op in range(space.n_ops):
                depthwise = space.block_unit(g, 1, op).convs[1]
                assert depthwise.c_in == 8 * depthwise.groups == depthwise.c_out


class TestPadding:
    @given(st.integers(1, 40), st.sampled_from([1, 3, 5, 7]), st.integers(1, 3))
    def test_same_is_the_least_that_the_output_needs(self, size, kernel, stride):
        conv = Conv(1, 1, kernel, stride, size, padding="same")
        before, behind = conv.pads
        assert 0 <= behind - before <= 1
        needed = (conv.out_size - 1) * stride + kernel
        assert before + behind == max(needed - size, 0) and conv.out_size == -(-size // stride)


class TestIdentity:
    def test_another_description_of_the_same_name_is_another_space(self, space):
        other = DescribedSpace.build(changed("stages", 0, "channels", 24))
        assert other.name == space.name and other.identity != space.identity
        assert space.arch_id(space.smallest()[None]) != other.arch_id(other.smallest()[None])

    def test_names_defaults_and_resolutions_change_nothing(self, space):
        same = DescribedSpace.build(changed("activation", "relu6"), resolutions=[32])
        assert same.arch_id(same.smallest()[None]) == space.arch_id(space.smallest()[None])

    def test_binas_base_and_large(self):
        base, large = get_space("binas"), get_space("binas", channels="large")
        assert base.arch_id(base.smallest()[None]) != large.arch_id(large.smallest()[None])

    def test_options_make_the_same_space(self, space):
        assert get_space(space.name, resolutions=(32, 48), **space.options()) == space
        with pytest.raises(SpaceError, match=facts("'own'", "'other'")):
            get_space("other", **space.options())


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("stages", 1, "kernel", [4]), ("stages.1", 4, "odd")),
        (("stem", "kernel", 2), ("stem", 2, "odd")),
        (("stages", 1, "depth", [0]), ("stages.1.depth.0", 1)),
        (("stages", 1, "kernel", [3, 3]), ("stages.1", "[3, 3]")),
        (("width", [50, 50]), ("width", "[50, 50]")),
        (("stages", 1, "block", "inverted_residal"), ("stages.1.block", "'inverted_residual'")),
        (("stages", 1, "activation", "gelu"), ("stages.1.activation", "'relu6'", "'hswish'")),
        (("stages", 1, "kernle", [3]), ("kernle", "kernel")),
        (("stages", 1, "expand", []), ("stages.1.expand", "[]")),
        (("stages", 0, "expand", [3]), ("stages.0", "expand", "inverted_residual")),
        (("stages", 0, "middle", [50]), ("stages.0", "middle", "residual")),
        (("stages", 2, "residual", False), ("stages.2", "residual", "convolution")),
        (("stages", 3, "group_size", 4), ("stages.3", "group_size")),
        (("stages", 0, "name", "stage2"), ("stages", "stage2")),
        (("stages", []), ("stages",)),
        (("stem", "channels", True), ("channels", "True")),
        (("padding", "valid"), ("padding", "'symmetric'", "'same'")),
        (("name", "a/b"), ("name",)),
    ],
)
def test_a_mistake_is_named(path, expected):
    with pytest.raises(SpaceError, match=facts("the description of a space", *expected)):
        read_description(changed(*path))


def test_what_only_the_whole_shows():
    with pytest.raises(SpaceError, match=facts("stage3", 2, "one pixel", 8)):
        DescribedSpace.build(changed("stem", "stride", 4) | {"resolutions": [8]})
    with pytest.raises(SpaceError, match=facts("resolutions", "[48, 48]")):
        DescribedSpace.build(DESCRIPTION, resolutions=[48, 48])
    with pytest.raises(SpaceError, match=facts("group_size", 32)):
        DescribedSpace.build(changed("stages", 1, "group_size", 32))


class TestFiles:
    def test_a_name_with_a_suffix_is_a_file(self):
        assert is_space_file("a.yaml") and is_space_file("a.yml") and not is_space_file("ofa_mcunet")
        assert find_space("ofa_mcunet", resolutions=(96,)).name == "ofa_mcunet"

    def test_what_is_wrong_is_named_with_the_file(self, tmp_path):
        with pytest.raises(SpaceError, match=facts(tmp_path / "a.yaml", "does not exist")):
            read_space_file(tmp_path / "a.yaml")
        (tmp_path / "a.yaml").write_text("name: [\n")
        with pytest.raises(SpaceError, match=facts(tmp_path / "a.yaml", "line 2")):
            read_space_file(tmp_path / "a.yaml")
        (tmp_path / "a.yaml").write_text("name: a\n")
        with pytest.raises(SpaceError, match=facts(tmp_path / "a.yaml", "stem", "stages")):
            read_space_file(tmp_path / "a.yaml")

    @pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
    def test_the_examples_take_forty_lines_at_most(self, path):
        assert len(path.read_text().splitlines()) <= 40 and len(EXAMPLES) >= 3
