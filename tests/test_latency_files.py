import json
from dataclasses import asdict, replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from latency_examples import SETTING, networks_of, table_of, times
from messages import facts

from nascore.errors import DataError
from nascore.latency_files import Correction, LayerLatencies, NetworkLatencies
from nascore.layer_signature import layers_of
from nascore.parquet_files import write_parquet
from nascore.spaces import get_space

BINAS = get_space("binas", resolutions=(32,))


@pytest.fixture
def table(tmp_path):
    table = table_of(BINAS)
    table.write(tmp_path / "table.parquet")
    return table


@pytest.fixture
def networks(tmp_path):
    genes = BINAS.sample(3, np.random.default_rng(0))
    networks = networks_of(BINAS, genes, np.array([3.0, 1.0, 2.0]))
    networks.write(tmp_path / "networks.parquet")
    return networks


def test_a_table_comes_back_with_the_same_bytes(table, tmp_path):
    corrected = replace(table, correction=Correction("binas", 1.5, -0.25, 10))
    corrected.write(tmp_path / "corrected.parquet")
    again = LayerLatencies.read(tmp_path / "corrected.parquet")
    assert (again.setting, again.correction) == (SETTING, corrected.correction)
    assert again.signatures == layers_of(BINAS)
    again.write(tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == (tmp_path / "corrected.parquet").read_bytes()
    assert LayerLatencies.read(tmp_path / "table.parquet").correction is None


def test_networks_come_back(networks, tmp_path):
    again = NetworkLatencies.read(tmp_path / "networks.parquet", BINAS)
    assert (again.genes == networks.genes).all()
    assert again.median_ms.tolist() == [3.0, 1.0, 2.0]
    some = again.take(range(1, 3))
    assert (some.genes == networks.genes[1:]).all()
    assert some.median_ms.tolist() == [1.0, 2.0]
    assert some.times.index.tolist() == [0, 1]


def test_a_setting_names_everything_that_differs():
    SETTING.check({"threads": 1, "backend": "onnxruntime"}, "t.parquet")
    with pytest.raises(DataError, match=facts("t.parquet", "threads", 1, 4, "runtime version", "1.2.3", "1.3.0")):
        SETTING.check({"threads": 4, "batch": 1, "runtime_version": "1.3.0"}, "t.parquet")


def alter(path, key=b"nascore.layer_latencies", header=None, **columns):
    """Write a file again with other columns, or another header."""
    read = pq.read_table(path)
    content = json.loads(read.schema.metadata[key]) | (header or {})
    frame = read.to_pandas().assign(**columns)
    altered = read.from_pandas(frame, read.schema.remove_metadata(), preserve_index=False)
    pq.write_table(altered.replace_schema_metadata({key: json.dumps(content).encode()}), path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"header": {"schema_version": 9}}, ("version", 9, 1)),
        ({"header": {"setting": {"device": "board"}}}, ("{'device': 'board'}", "device, hardware, backend")),
        ({"header": {"setting": asdict(SETTING) | {"threads": "1"}}}, ("threads", "'1'", "int")),
        ({"median_ms": 0.0}, ("row 0", "median_ms", 0.0)),
        ({"repeats": 0}, ("row 0", "repeats", 0.0)),
        ({"height": 7, "width": 7, "kernel": 3}, ("inverted_residual", "kernel 3", "7x7")),
    ],
)
def test_says_what_is_wrong_with_a_table(table, tmp_path, change, message):
    alter(tmp_path / "table.parquet", **change)
    with pytest.raises(DataError, match=facts("table.parquet", *message)):
        LayerLatencies.read(tmp_path / "table.parquet")


def test_says_what_is_not_a_table(table, networks, tmp_path):
    with pytest.raises(DataError, match=facts("no.parquet", "latencies")):
        LayerLatencies.read(tmp_path / "no.parquet")
    (tmp_path / "text.parquet").write_text("text")
    with pytest.raises(DataError, match=facts("text.parquet", "Parquet", "latencies")):
        LayerLatencies.read(tmp_path / "text.parquet")
    with pytest.raises(DataError, match=facts("networks.parquet", "nascore.layer_latencies")):
        LayerLatencies.read(tmp_path / "networks.parquet")
    write_parquet(tmp_path / "other.parquet", table.rows.drop(columns="se"))
    header = pq.read_schema(tmp_path / "table.parquet").metadata
    other = pq.read_table(tmp_path / "other.parquet").replace_schema_metadata(header)
    pq.write_table(other, tmp_path / "other.parquet")
    given, expected = "'height', 'width', 'activation'", "'height', 'width', 'se', 'activation'"
    with pytest.raises(DataError, match=facts("other.parquet", given, expected)):
        LayerLatencies.read(tmp_path / "other.parquet")


def test_says_what_is_wrong_with_networks(networks, tmp_path):
    path = tmp_path / "networks.parquet"
    with pytest.raises(DataError, match=facts("networks.parquet", "arch_string", "wid")):
        NetworkLatencies.read(path, get_space("ofa_mcunet"))
    with pytest.raises(DataError, match=facts("networks.parquet", "'n_classes': 1000", "'n_classes': 2")):
        NetworkLatencies.read(path, get_space("binas", n_classes=2))
    with pytest.raises(DataError, match=facts("networks.parquet", "row 0", "resolution", 32, 64)):
        NetworkLatencies.read(path, get_space("binas", resolutions=(64,)))
    alter(path, b"nascore.network_latencies", arch_id="0" * 16)
    (arch_id,) = BINAS.arch_id(networks.genes[:1])
    with pytest.raises(DataError, match=facts("networks.parquet", "row 0", "arch_id", "0" * 16, arch_id)):
        NetworkLatencies.read(path, BINAS)


def test_entries_are_sorted_whatever_the_order_of_measurement():
    layers = layers_of(BINAS)
    assert LayerLatencies.of(SETTING, {layer: times(1.0) for layer in reversed(layers)}).signatures == layers


def test_a_part_is_in_the_order_that_is_asked_for(table, networks):
    wanted = [table.signatures[5], table.signatures[2]]
    assert table.only(wanted).signatures == sorted(wanted)
    assert networks.only(networks.genes[[2, 0]]).median_ms.tolist() == [2.0, 3.0]
    fitted, heldout = networks.split(2, 1)
    assert (fitted.median_ms.tolist(), heldout.median_ms.tolist()) == ([3.0, 1.0], [2.0])
    with pytest.raises(DataError, match=facts("board", 3, 2)):
        networks.split(2, 2)
