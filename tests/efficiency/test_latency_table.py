import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
from latency_examples import CALL_MS, SETTING, layer_ms, table_of
from messages import facts

from nascore.efficiency.latency_table import NEVER, latencies_by_device, latency_block_table, read_latency_table
from nascore.errors import DataError
from nascore.latency_files import Correction, LayerLatencies
from nascore.layer_signature import LayerSignature
from nascore.spaces import get_space
from nascore.spaces.block_table import BlockTableLookup

BINAS = get_space("binas", resolutions=(32, 64))


def latency(space, table, genes):
    return BlockTableLookup(space, [latency_block_table(space, table)])(genes)[0]


def test_a_network_is_the_sum_of_its_layers_and_one_call():
    space = get_space("binas", resolutions=(32,))
    smallest = space.smallest()
    ops, executed = space.op_index(smallest[None])[0], space.executed(smallest[None])[0]
    units = [*space.fixed_units(0), *(space.block_unit(0, b, ops[b]) for b in np.flatnonzero(executed))]
    assert len(units) == 4 + 10
    expected = CALL_MS + sum(layer_ms(LayerSignature.of(unit)) for unit in units)
    assert latency(space, table_of(space), smallest[None]) == pytest.approx([expected], rel=1e-9)


def test_sums_are_the_same_in_any_order():
    corrected = replace(table_of(BINAS), correction=Correction("binas", 1.1, -0.3, 10))
    table = latency_block_table(BINAS, corrected)
    numbers = [table.fixed[0], *table.blocks[0, :, 3]]
    assert sum(numbers) == sum(reversed(numbers)) == math.fsum(numbers)


def test_the_correction_applies_to_the_whole_sum_once():
    genes = BINAS.sample(20, np.random.default_rng(0))
    plain = table_of(BINAS)
    corrected = replace(plain, correction=Correction("binas", 2.0, 0.75, 10))
    assert latency(BINAS, corrected, genes) == pytest.approx(2 * latency(BINAS, plain, genes) + 0.75, rel=1e-9)


def test_a_correction_is_of_one_space():
    corrected = replace(table_of(BINAS), correction=Correction("ofa_mcunet", 2.0, 0.75, 10))
    with pytest.raises(DataError, match=facts("board", "ofa_mcunet", "binas")):
        latency_block_table(BINAS, corrected)


def test_a_missing_layer_is_named_with_what_to_do():
    table = table_of(get_space("binas", resolutions=(32,)))
    layer, what_to_do = "conv 3→32, kernel 3, stride 2, 64x64, hswish", "nascore.evaluation.latency.measure_layers"
    with pytest.raises(DataError, match=facts("board", "onnxruntime", 124, layer, what_to_do)):
        latency_block_table(BINAS, table)


def test_a_restricted_space_needs_only_its_own_layers():
    table = table_of(get_space("binas", resolutions=(32,)))
    found = latency_block_table(BINAS.restrict({"resolution": [32]}), table)
    assert found.fixed[1] == NEVER
    assert (found.blocks[0] < 10).all()


def test_each_device_has_one_table(tmp_path):
    space = get_space("binas", resolutions=(32,))
    for device in ("board", "phone"):
        table_of(space, replace(SETTING, device=device)).write(tmp_path / f"{device}.parquet")
    files = [tmp_path / "phone.parquet", tmp_path / "board.parquet"]
    found = latencies_by_device(files, space)
    assert list(found) == ["phone", "board"]
    assert (found["phone"].blocks == latency_block_table(space, table_of(space)).blocks).all()
    shutil.copy(files[0], tmp_path / "again.parquet")
    with pytest.raises(DataError, match=facts("again.parquet", "phone")):
        latencies_by_device([*files, tmp_path / "again.parquet"], space)


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"runtime_version": "1.3.0"}, ("runtime", "1.2.3", "1.3.0")),
        ({"batch": 8}, ("batch", 1, 8)),
        ({"threads": 2}, ("threads", 1, 2)),
    ],
)
def test_refuses_a_table_of_another_setting(tmp_path, expected, message):
    table_of(get_space("binas", resolutions=(32,))).write(tmp_path / "board.parquet")
    with pytest.raises(DataError, match=facts("board.parquet", *message)):
        read_latency_table(tmp_path / "board.parquet", **expected)


def test_reads_a_table_of_the_expected_setting(tmp_path):
    table_of(get_space("binas", resolutions=(32,))).write(tmp_path / "board.parquet")
    assert isinstance(read_latency_table(tmp_path / "board.parquet", threads=1, device="board"), LayerLatencies)
    assert read_latency_table(tmp_path / "board.parquet").setting == SETTING
