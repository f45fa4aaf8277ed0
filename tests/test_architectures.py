import json

import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messages import facts

from nascore.architectures import read_architectures, write_architectures
from nascore.errors import DataError
from nascore.spaces import get_space


@pytest.fixture
def genes(space):
    return space.sample(8, np.random.default_rng(2))


@pytest.fixture
def path(tmp_path, space, genes):
    """Return a written list, which a test may spoil."""
    extra = pd.DataFrame({"role": ["found"] * 5 + ["random"] * 3, "rank": np.arange(8)})
    write_architectures(tmp_path / "list.parquet", space, genes, extra)
    return tmp_path / "list.parquet"


def spoil(path, column, value, row=3):
    table = pq.read_table(path)
    values = table[column].to_pylist()
    values[row] = value
    field = table.schema.field(column)
    position = table.schema.get_field_index(column)
    pq.write_table(table.set_column(position, field, arrow.array(values, field.type)), path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(seed=st.integers(0, 2**32), n=st.integers(0, 9))
def test_architectures_come_back_in_their_order(tmp_path, space, seed, n):
    genes = space.sample(n, np.random.default_rng(seed))[::-1]
    write_architectures(tmp_path / "a.parquet", space, genes)
    frame, read = read_architectures(tmp_path / "a.parquet", space)
    assert read.dtype == np.int8 and read.shape == genes.shape and (read == genes).all()
    assert list(frame) == ["arch_id", "wid", "resolution", "ks", "e", "d"]
    assert frame["arch_id"].tolist() == space.arch_id(genes)


def test_more_columns_come_back_too(path, space):
    frame, _ = read_architectures(path, space)
    assert frame["role"].tolist() == ["found"] * 5 + ["random"] * 3
    assert frame["rank"].tolist() == list(range(8))


def test_an_architecture_may_occur_twice(tmp_path, space, genes):
    write_architectures(tmp_path / "a.parquet", space, genes[[0, 1, 0]])
    assert (read_architectures(tmp_path / "a.parquet", space)[1] == genes[[0, 1, 0]]).all()


def test_the_same_rows_make_the_same_bytes(tmp_path, space, genes):
    for name in "ab":
        write_architectures(tmp_path / name, space, genes, pd.DataFrame({"role": ["x"] * 8}, index=range(1, 9)))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("arch_id", "0" * 16, ("arch_id", "0" * 16)),
        ("arch_id", None, ("arch_id", "nan")),
        ("resolution", 100, ("image_size", 100, "96, 112, 128, 144, 160")),
        ("wid", None, ("wid", "nan", "0, 1, 2")),
        ("ks", [4] * 20, ("ks[0]", 4, "3, 5, 7")),
        ("e", [3] * 19, ("e", 20, " ".join("3" * 19))),
        ("d", None, ("d", 6, None)),
    ],
)
def test_an_altered_value_is_refused(path, space, column, value, message):
    spoil(path, column, value)
    with pytest.raises(DataError, match=facts("list.parquet", "row 3", *message)):
        read_architectures(path, space)


def test_another_header_is_refused(path, space):
    table = pq.read_table(path)
    for header, message in (
        ({"schema_version": 7, "space": "ofa_mcunet"}, ("version", 7, 1)),
        ({"schema_version": 1, "space": "binas"}, ("binas", "ofa_mcunet")),
    ):
        pq.write_table(
            table.replace_schema_metadata({b"nascore.architectures": json.dumps(header).encode()}),
            path,
        )
        with pytest.raises(DataError, match=facts("list.parquet", *message)):
            read_architectures(path, space)


def test_what_is_no_list_of_architectures_is_refused(path, space):
    pq.write_table(pq.read_table(path).drop_columns(["ks"]), path)
    columns = "'arch_id', 'wid', 'resolution', 'ks', 'e', 'd'"
    with pytest.raises(DataError, match=facts("list.parquet", columns, columns.replace(" 'ks',", ""))):
        read_architectures(path, space)
    pq.write_table(arrow.table({"a": [1]}), path)
    with pytest.raises(DataError, match=facts("list.parquet", "nascore.architectures")):
        read_architectures(path, space)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DataError, match=facts("list.parquet", "Parquet", "magic bytes")):
        read_architectures(path, space)
    with pytest.raises(DataError, match=facts("none.parquet", "architectures")):
        read_architectures(path.with_name("none.parquet"), space)


def test_resolutions_that_the_space_lacks_are_refused(path, space, genes):
    given = space.to_dicts(genes)[0]["image_size"]
    with pytest.raises(DataError, match=facts("list.parquet", "row 0", "image_size", given, 32)):
        read_architectures(path, get_space("ofa_mcunet", resolutions=(32,)))


def test_architectures_of_another_space_have_its_columns(tmp_path):
    binas = get_space("binas", resolutions=(64,))
    genes = binas.sample(5, np.random.default_rng(0))
    write_architectures(tmp_path / "b.parquet", binas, genes)
    frame, read = read_architectures(tmp_path / "b.parquet", binas)
    assert (read == genes).all()
    assert list(frame) == ["arch_id", "resolution", "arch_string"]
    spoil(tmp_path / "b.parquet", "arch_string", "[['ds_r1_k3_s1_e1_c16_nre']]")
    with pytest.raises(DataError, match=facts("b.parquet", "row 3", "binas", 7, 1)):
        read_architectures(tmp_path / "b.parquet", binas)
