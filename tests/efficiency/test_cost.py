import json
from pathlib import Path

import numpy as np
import pytest

from nascore.efficiency import METRICS, cost, cost_tables
from nascore.efficiency.counting import macs, peak_memory_bytes, thop_macs
from nascore.spaces import get_space
from nascore.spaces.layers import Conv, Unit

DATA = Path(__file__).parents[1] / "data"


def uniform(width: int, kernel: int, expand: int, depth: int, resolution: int) -> dict:
    """Return the published form of an architecture whose blocks are all the same."""
    return {"wid": width, "ks": kernel, "e": expand, "d": depth, "image_size": resolution}


def test_reproduces_500_published_rows(space):
    rows = json.loads((DATA / "efficiency.json").read_text())
    found = cost(space, space.from_dicts([row["arch"] for row in rows]))
    assert len(rows) == 500
    for column, golden in (
        ("macs", "macs"),
        ("thop_macs", "thop_macs"),
        ("peak_memory_bytes", "peak_activation_elements"),
        ("params", "params"),
    ):
        assert found[column].tolist() == [row[golden] for row in rows]


@pytest.mark.parametrize(
    ("arch", "expected"),
    [
        ((0, 3, 3, 0, 96), (7_237_104, 8_302_128, 73_728, 304_538)),
        ((0, 3, 3, 0, 128), (12_844_160, 14_737_536, 131_072, 304_538)),
        ((0, 3, 3, 0, 160), (20_053_232, 23_011_632, 204_800, 304_538)),
        ((1, 7, 6, 2, 96), (73_894_896, 79_416_432, 276_480, 2_478_862)),
        ((1, 7, 6, 2, 128), (131_126_784, 140_942_848, 491_520, 2_478_862)),
        ((1, 7, 6, 2, 160), (204_710_640, 220_048_240, 768_000, 2_478_862)),
        ((2, 7, 6, 2, 96), (100_429_056, 106_619_904, 276_480, 4_067_018)),
        ((2, 7, 6, 2, 128), (178_121_216, 189_127_168, 491_520, 4_067_018)),
        ((2, 7, 6, 2, 160), (278_011_136, 295_207_936, 768_000, 4_067_018)),
        ((1, 5, 4, 1, 112), (46_687_424, 50_894_240, 250_880, 1_201_072)),
        ((1, 5, 4, 1, 144), (76_014_240, 82_940_544, 414_720, 1_201_072)),
    ],
)
def test_published_costs(space, arch, expected):
    (found,) = cost(space, space.from_dicts([uniform(*arch)])).itertuples(index=False)
    assert (found.macs, found.thop_macs, found.peak_memory_bytes, found.params) == expected


@pytest.mark.parametrize(("name", "arch"), [("smallest", (0, 3, 3, 0, 96)), ("largest", (1, 7, 6, 2, 96))])
def test_every_unit_costs_what_the_published_layer_tables_say(space, name, arch):
    genes = space.from_dicts([uniform(*arch)])
    g = int(space.global_index(genes)[0])
    stem, first, mix, classifier = space.fixed_units(g)
    units = {"first_conv": stem, "blk0": first, "mix": mix, "fc": classifier}
    for block in np.flatnonzero(space.executed(genes)[0]):
        label = f"s{space.stage_of_block[block] + 1}.b{space.place_in_stage[block]}"
        units[label] = space.block_unit(g, block, int(space.op_index(genes)[0, block]))
    published = json.loads((DATA / "unit_costs.json").read_text())[name]
    assert units.keys() == {label.removesuffix(".pw") for label in published}
    for label, numbers in published.items():
        unit = units[label.removesuffix(".pw")]
        assert macs(unit) == numbers["macs"], label
        assert thop_macs(unit) == numbers["macs"] + 4 * numbers["batch_norm_elements"], label
        assert peak_memory_bytes(unit) == numbers["peak_memory_bytes"], label


def test_flash_of_the_smallest_network_by_hand(space):
    """304,538 parameters: 296,216 weights, 2 x 3,640 of batch normalisation, 1,040 SE and 2 classifier biases."""
    (found,) = cost(space, space.from_dicts([uniform(0, 3, 3, 0, 96)])).itertuples(index=False)
    weights, channels, gate_biases = 296_216, 3_640, 2 * (78 + 130 + 156) + 312
    assert found.params == weights + 2 * channels + gate_biases + 2
    assert found.flash_bytes == weights + 4 * (channels + gate_biases + 2)


def test_more_classes_change_the_classifier_only(space):
    three = get_space("ofa_mcunet", n_classes=3)
    genes = space.sample(20, np.random.default_rng(0))
    more = cost(three, genes) - cost(space, genes)
    assert more.drop_duplicates().to_dict("records") == [
        {"macs": 384, "thop_macs": 384, "peak_memory_bytes": 0, "params": 385, "flash_bytes": 388}
    ]


def test_bounds_of_the_space(space):
    """64 KB is infeasible and the widest network is the largest."""
    genes = space.from_dicts([uniform(0, 3, 3, 0, 96), uniform(2, 7, 6, 2, 160)])
    lowest, highest = cost(space, genes).to_numpy()
    some = cost(space, space.sample(5000, np.random.default_rng(0))).to_numpy()
    assert (some >= lowest).all() and (some <= highest).all()
    assert lowest[2] == 72 * 1024


def test_columns_are_whole_numbers_in_a_fixed_order(space, rng):
    frame = cost(space, space.sample(3, rng))
    assert list(frame.columns) == list(METRICS)
    assert list(METRICS) == ["macs", "thop_macs", "peak_memory_bytes", "params", "flash_bytes"]
    assert set(frame.dtypes.astype(str)) == {"int64"}
    assert cost(space, space.sample(0, rng)).shape == (0, 5)


def test_a_restricted_space_costs_the_same(space, rng):
    part = space.restrict({"width": [1], "stage2.depth": [2]})
    genes = part.sample(50, rng)
    assert cost(part, genes).equals(cost(space, genes))
    assert cost_tables(part) is cost_tables(space)


def test_a_space_with_other_resolutions_costs_the_same(space, rng):
    other = get_space("ofa_mcunet", resolutions=(160, 64))
    genes = other.restrict({"resolution": [160]}).sample(50, rng)
    assert cost(other, genes).equals(cost(space, space.from_dicts(other.to_dicts(genes))))


def test_keeping_the_input_at_the_projection_too_never_changes_the_peak(space):
    """The published definition leaves it out; see `nascore.efficiency.counting`."""
    for g in range(len(space.global_values)):
        for block in np.flatnonzero(space.place_in_stage):
            for op in range(space.n_ops):
                unit = space.block_unit(g, block, op)
                kept, project = unit.convs[0].c_in * unit.convs[0].in_size ** 2, unit.convs[-1]
                with_kept = (project.c_in + project.c_out) * project.in_size**2 + kept
                assert unit.residual and with_kept <= peak_memory_bytes(unit)


def test_the_kept_input_of_a_residual_unit_counts_beside_every_layer_but_the_first():
    first, second = Conv(16, 16, 3, 1, 56), Conv(16, 16, 3, 1, 56)
    assert peak_memory_bytes(Unit((first, second), residual=True)) == 3 * 16 * 56**2 == 150_528
    assert peak_memory_bytes(Unit((first, second))) == peak_memory_bytes(Unit((first,), residual=True)) == 100_352
