import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from messages import facts
from space_examples import genes_of

from nascore.efficiency import cost
from nascore.errors import SpaceError
from nascore.spaces import Binas, get_space
from nascore.spaces.binas import channels_of

BINAS = Binas.build()
MODELS = json.loads((Path(__file__).parents[1] / "data" / "binas_models.json").read_text())
A = MODELS["A"]["arch_string"]


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_published_models_cost_what_is_published(model):
    costs = cost(BINAS, BINAS.from_string(model["arch_string"])[None]).iloc[0]
    assert (costs["macs"], costs["params"]) == (model["macs"], model["params"])


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_published_strings_are_canonical(model):
    assert BINAS.to_string(BINAS.from_string(model["arch_string"])) == model["arch_string"]


def test_the_space_is_as_large_as_published():
    assert BINAS.size() == 22_608**5
    assert (BINAS.n_blocks * BINAS.n_ops, sum(len(stage.depths) for stage in BINAS.stages)) == (240, 15)


def test_operations_are_numbered_as_published():
    assert BINAS.op_values[[0, 1, 2, 5, 11]].tolist() == [[3, 3, 0], [3, 3, 1], [3, 5, 0], [4, 3, 1], [6, 5, 1]]


def test_the_large_channels_read_the_published_example():
    text = (
        "[['ds_r1_k3_s1_e1_c24_nre'], ['ir_r1_k5_s2_e3_c32_nre_se0.25', 'ir_r1_k5_s1_e6_c32_nre_se0.25'], "
        "['ir_r1_k5_s2_e6_c48_nre_se0.25', 'ir_r1_k5_s1_e6_c48_nre_se0.25', 'ir_r1_k5_s1_e6_c48_nre_se0.25', "
        "'ir_r1_k3_s1_e3_c48_nre_se0.25'], ['ir_r1_k5_s2_e6_c96_se0.25', 'ir_r1_k5_s1_e6_c96_se0.25', "
        "'ir_r1_k3_s1_e3_c96_se0.25', 'ir_r1_k3_s1_e3_c96_se0.25'], ['ir_r1_k5_s1_e6_c136_se0.25', "
        "'ir_r1_k3_s1_e6_c136_se0.25', 'ir_r1_k3_s1_e3_c136_se0.25', 'ir_r1_k5_s1_e3_c136_se0.25'], "
        "['ir_r1_k5_s2_e6_c232_se0.25', 'ir_r1_k5_s1_e6_c232_se0.25'], ['cn_r1_k1_s1_c1152']]"
    )
    large = Binas.build(channels="large")
    genes = large.from_string(text)
    assert large.to_string(genes) == text
    assert large.depths(genes[None])[0].tolist() == [2, 4, 4, 4, 2]


def test_neighbouring_units_fit():
    stem, first, last, head = BINAS.fixed_units(0)
    blocks = [BINAS.block_unit(0, block, 11) for block in range(BINAS.n_blocks)]
    convs = [conv for unit in (stem, first, *blocks, last) for conv in unit.convs]
    for before, after in pairwise(convs):
        assert (before.c_out, before.out_size) == (after.c_in, after.in_size)
    assert (head.pooled_from, head.convs[0].c_in) == (convs[-1].out_size, convs[-1].c_out)
    assert [unit.convs[0].in_size for unit in (stem, first, last)] == [224, 112, 7]


@settings(max_examples=20)
@given(genes_of(BINAS))
def test_dicts_are_the_inverse_of_genes(genes):
    canonical = BINAS.canonical(genes)
    assert np.array_equal(BINAS.from_dicts(BINAS.to_dicts(canonical)), canonical)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("'ir_r1_k5_s2_e3_c24_nre'", "'ix_r1_k5_s2_e3_c24_nre'", ("stage 1, block 0", "'ix'", "'ir'")),
        ("'ir_r1_k5_s2_e3_c24_nre'", "'ir_r1_k5_s2_c24_nre'", ("'ir_r1_k5_s2_c24_nre'", "'e'", "r, k, s, e, c")),
        ("k3_s1_e3_c24", "k3_s2_e3_c24", ("stage 1, block 1", "stride", "'ir_r1_k3_s2_e3_c24_nre_se0.25'")),
        ("c24_nre", "c24_nrx", ("activation", "'rx'", "'re'")),
        ("c24_nre", "c-24_nre", ("'ir_r1_k5_s2_e3_c-24_nre'", "c", "'-24'", 65536)),
        ("c24_nre", "c32_nre", ("'ir_r1_k5_s2_e3_c32_nre'", "'ir_r1_k5_s2_e3_c24_nre'")),
        ("c24_nre", "c24_nhs", ("'ir_r1_k5_s2_e3_c24_nhs'", "'ir_r1_k5_s2_e3_c24_nre'")),
        ("_e3_", "_e5_", ("'ir_r1_k5_s2_e5_c24_nre'", "binas", "base")),
        ("_s2_", "_s2_s2_", ("'ir_r1_k5_s2_s2_e3_c24_nre'", "'s'")),
        ("_s2_", "_x2_", ("'ir_r1_k5_x2_e3_c24_nre'", "'x2'", "r, k, s, e, c")),
        (", ['cn_r1_k1_s1_c960']", "", ("stages", "binas", 7, 6)),
        (", 'ir_r1_k3_s1_e3_c24_nre_se0.25'", "", ("stage 1", "1 blocks", 2, 3, 4)),
        ("[[", "[", ("list of lists", "['ds_r1_k3_s1_e1_c16_nre'], [")),
        ("'ds_r1", "7, 'ds_r1", ("stage 0, block 0", "'ir_r1_k3_s1_e3_c24'", 7)),
    ],
)
def test_what_is_wrong_with_a_string_is_said(old, new, message):
    assert old in A
    with pytest.raises(SpaceError, match=facts(*message)):
        BINAS.from_string(A.replace(old, new, 1))


@pytest.mark.parametrize("text", ["", "[" * 5000, "x" * 20_000, "__import__('os')"])
def test_hostile_strings_are_refused(text):
    with pytest.raises(SpaceError):
        BINAS.from_string(text)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"arch_string": A, "resolution": 225}, ("resolution", 225, 224)),
        ({"arch_string": A, "size": 224}, ("'size'", "arch_string, resolution")),
        ({"resolution": 224}, ("arch_string", "resolution", {"resolution": 224})),
        ("A", ("arch_string", "resolution", "'A'")),
    ],
)
def test_what_is_wrong_with_a_mapping_is_said(entry, message):
    with pytest.raises(SpaceError, match=facts("row 0", *message)):
        BINAS.from_dicts([entry])


def test_repeats_become_blocks():
    two = A.replace("'ir_r1_k5_s1_e4_c112_se0.25', 'ir_r1_k5_s1_e4_c112_se0.25'", "'ir_r2_k5_s1_e4_c112_se0.25'")
    assert two != A
    assert np.array_equal(BINAS.from_string(two), BINAS.from_string(A))


def test_another_resolution_needs_to_be_named():
    space = get_space("binas", resolutions=(64, 96))
    with pytest.raises(SpaceError, match=facts("row 0", "resolution", None, "64, 96")):
        space.from_dicts([{"arch_string": A}])
    genes = space.from_dicts([{"arch_string": A, "resolution": 96}])
    assert space.global_columns(genes)["resolution"].tolist() == [96]


def test_unknown_channels_are_named():
    with pytest.raises(SpaceError, match=facts("channels", "'larg'", "'large'")):
        get_space("binas", channels="larg")


def test_a_string_says_its_channels():
    assert channels_of(A) == "base"
    large = Binas.build(channels="large")
    assert channels_of(large.to_string(large.largest())) == "large"
    assert channels_of("[]") == channels_of("[['ds_r1_k3_s1_c20']]") == "base"
    with pytest.raises(SpaceError, match=facts("'ds_r1_k3_s1'", "'c'", "r, k, s, c")):
        channels_of("[['ds_r1_k3_s1']]")
