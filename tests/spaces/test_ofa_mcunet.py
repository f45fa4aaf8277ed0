from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from messages import facts
from space_examples import genes_of

from nascore.errors import SpaceError
from nascore.spaces import OfaMcunet, get_space

OFA = get_space("ofa_mcunet")
SMALLEST = {"wid": 0, "ks": [3] * 20, "e": [3] * 20, "d": [0] * 6, "image_size": 96}


class TestShapes:
    @pytest.mark.parametrize(
        ("width", "widths"),
        [
            (0, [16, 8, 16, 24, 40, 48, 96, 160, 384]),
            (1, [24, 16, 24, 32, 64, 72, 144, 240, 384]),
            (2, [32, 16, 24, 40, 80, 96, 192, 320, 384]),
        ],
    )
    def test_channels_are_the_published_ones(self, space, width, widths):
        stem, first, mix, classifier = space.fixed_units(width)
        starts = np.flatnonzero(space.place_in_stage == 0)
        stages = [space.block_unit(width, block, 0).convs[-1].c_out for block in starts]
        assert [stem.convs[0].c_out, first.convs[0].c_out, *stages, mix.convs[0].c_out] == widths
        assert classifier.convs[0].c_out == 2

    def test_sizes_round_up(self, space):
        at_112 = 1 * 3
        assert space.global_values[at_112].tolist() == [112, 0]
        assert space.stage_sizes(at_112) == [56, 28, 14, 7, 7, 4, 4]

    def test_channels_and_sizes_of_neighbouring_units_fit(self, space):
        for g in range(len(space.global_values)):
            stem, first, mix, _ = space.fixed_units(g)
            blocks = [space.block_unit(g, block, 0) for block in range(space.n_blocks)]
            chain = [*stem.convs, *first.convs, *(conv for unit in blocks for conv in unit.convs), *mix.convs]
            for before, after in pairwise(chain):
                assert (before.c_out, before.out_size) == (after.c_in, after.in_size)

    def test_gates_and_residuals_are_where_they_are_published(self, space):
        units = [space.block_unit(0, block, 0) for block in range(space.n_blocks)]
        # Published block i + 1 is block i here.
        assert [i + 1 for i, unit in enumerate(units) if unit.squeeze_excite] == [5, 6, 7, *range(8, 20)]
        assert [i + 1 for i, unit in enumerate(units) if unit.residual] == [
            2,
            3,
            5,
            6,
            7,
            9,
            10,
            11,
            13,
            14,
            15,
            17,
            18,
            19,
        ]

    def test_gate_width_is_a_quarter_of_the_active_input(self, space):
        widths = [space.block_unit(2, block, 0).squeeze_excite for block in range(space.n_blocks)]
        assert [gate[0].c_out for gate in widths if gate] == [10] * 4 + [20] * 4 + [24] * 4 + [48] * 3

    def test_operations_are_kernel_then_expand(self, space):
        depthwise = [space.block_unit(0, 0, op).convs[1] for op in range(space.n_ops)]
        assert [(conv.kernel, conv.c_in) for conv in depthwise] == [(k, 8 * e) for k in (3, 5, 7) for e in (3, 4, 6)]


class TestDictionaries:
    @given(genes_of(OFA))
    def test_from_dicts_is_the_inverse_of_to_dicts(self, genes):
        canonical = OFA.canonical(genes)
        assert (OFA.from_dicts(OFA.to_dicts(canonical)) == canonical).all()

    def test_have_the_published_form(self, space):
        assert space.to_dicts(np.zeros((1, space.n_genes), dtype=np.int8)) == [SMALLEST]
        (entry,) = space.to_dicts(space.sample(1, np.random.default_rng(0)))
        assert {type(x) for x in (entry["wid"], entry["image_size"], *entry["ks"], *entry["e"], *entry["d"])} == {int}

    def test_entries_stand_where_they_are_published(self, space):
        entry = SMALLEST | {"d": [1, 0, 2, 0, 0, 0], "ks": [3, 7] + [3] * 18, "e": [3] * 10 + [6] + [3] * 9, "wid": 2}
        (genes,) = space.from_dicts([entry])
        named = {name: value for name, value in zip(space.gene_names, genes.tolist(), strict=True) if value}
        assert named == {
            "width": 2,
            "stage1.depth": 1,
            "stage3.depth": 2,
            "stage1.block1.kernel": 2,
            "stage3.block3.expand": 2,
        }

    def test_one_number_stands_for_all_blocks_or_stages(self, space):
        short = {"wid": 1, "ks": 7, "e": 6, "d": 2, "image_size": 160}
        long = short | {"ks": [7] * 20, "e": (6,) * 20, "d": [2] * 6}
        assert (space.from_dicts([short]) == space.from_dicts([long])).all()

    def test_entries_that_mean_nothing_are_not_looked_at(self, space):
        noisy = SMALLEST | {"d": [0, 0, 0, 0, 0, 2], "ks": [3, 0, 99] + [3] * 17}
        assert (space.from_dicts([noisy]) == space.from_dicts([SMALLEST])).all()

    def test_takes_no_rows(self, space):
        assert space.from_dicts([]).shape == (0, space.n_genes)
        assert space.to_dicts(space.from_dicts([])) == []

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"width": 1}, ("'width'", "'wid'", "wid, ks, e, d, image_size")),
            ({"wid": 3}, ("wid", 3, "0, 1, 2")),
            ({"wid": True}, ("wid", True)),
            ({"wid": None}, ("wid", None)),
            ({"image_size": 100}, ("image_size", 100, "96, 112, 128, 144, 160")),
            ({"ks": [3] * 19}, ("ks", 20, 19)),
            ({"ks": "3" * 20}, ("ks", 20, "3" * 20)),
            ({"e": [3.0] * 20}, ("e[0]", 3.0)),
            ({"ks": [4] + [3] * 19}, ("ks[0]", 4, "3, 5, 7")),
            ({"e": [3] * 19 + [5]}, ("e[19]", 5, "3, 4, 6")),
            ({"d": [0, 3, 0, 0, 0, 0]}, ("d[1]", 3, "0, 1, 2")),
            ({"d": [0] * 5}, ("d", 6, 5)),
        ],
    )
    def test_mistakes_are_named(self, space, change, message):
        with pytest.raises(SpaceError, match=facts("row 1", *message)):
            space.from_dicts([SMALLEST, SMALLEST | change])

    def test_a_missing_key_is_named(self, space):
        entry = {key: value for key, value in SMALLEST.items() if key != "d"}
        with pytest.raises(SpaceError, match=facts("row 0", "'d'", "wid, ks, e, d, image_size")):
            space.from_dicts([entry])

    def test_something_else_is_named(self, space):
        with pytest.raises(SpaceError, match=facts("row 1", "wid, ks, e, d, image_size", [0, 3])):
            space.from_dicts([SMALLEST, [0, 3]])

    def test_columns_are_the_same_architectures(self, space, rng):
        genes = space.sample(100, rng)
        columns = space.to_columns(genes)
        assert list(columns) == ["wid", "resolution", "ks", "e", "d"]
        assert (space.from_columns(columns) == genes).all()
        columns["ks"][7][0] = 4
        with pytest.raises(SpaceError, match=facts("row 7", "ks[0]", 4, "3, 5, 7")):
            space.from_columns(columns)


class TestBuild:
    def test_resolutions_are_sorted(self):
        assert get_space("ofa_mcunet", resolutions=[160, 96]) == OfaMcunet.build((96, 160))

    @pytest.mark.parametrize("resolutions", [[], [96, 96], [16], [100], [2048], [96.0], ["96"], "96"])
    def test_refuses_strange_resolutions(self, resolutions):
        with pytest.raises(SpaceError, match=facts("resolutions", 8, 32, 1024, list(resolutions))):
            get_space("ofa_mcunet", resolutions=resolutions)

    @pytest.mark.parametrize("n_classes", [1, 2.0, "2"])
    def test_refuses_strange_numbers_of_classes(self, n_classes):
        with pytest.raises(SpaceError, match=facts("n_classes", 2, repr(n_classes))):
            get_space("ofa_mcunet", n_classes=n_classes)
