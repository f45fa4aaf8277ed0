import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from messages import facts

from nascore.errors import DataError
from nascore.results.table import COUNT, SHARE, TEXT, Column, Table

EXAMPLE = Table(
    "an example",
    "make_example",
    {"name": TEXT, "n": COUNT, "share": SHARE, "tau": Column("number", "in [-1, 1]", optional=True)},
)
ROWS = pd.DataFrame({"name": ["a", "b"], "n": [1, 2], "share": [0.5, 1.0], "tau": [0.25, np.nan]})


@pytest.mark.parametrize("name", ["table.parquet", "table.csv"])
def test_what_is_written_is_read(tmp_path, name):
    EXAMPLE.write(tmp_path / name, ROWS.assign(more=3))
    pd.testing.assert_frame_equal(EXAMPLE.read(tmp_path / name), ROWS)
    first = (tmp_path / name).read_bytes()
    EXAMPLE.write(tmp_path / name, ROWS.assign(more=3))
    assert (tmp_path / name).read_bytes() == first


@pytest.mark.parametrize("name", ["table.parquet", "table.csv"])
@pytest.mark.parametrize("tau", [[None, 0.5], [None, None], [0.5, np.nan]])
def test_none_is_not_a_number(tmp_path, name, tau):
    EXAMPLE.write(tmp_path / name, ROWS.assign(tau=pd.Series(tau, dtype=object)))
    read = EXAMPLE.read(tmp_path / name)["tau"]
    assert read.dtype == float and read.isna().tolist() == [value is None or value != value for value in tau]


def test_a_parquet_file_says_what_it_is_and_its_units(tmp_path):
    EXAMPLE.write(tmp_path / "table.parquet", ROWS)
    about = json.loads(pq.read_schema(tmp_path / "table.parquet").metadata[b"nascore.table"])
    assert about == {"what": "an example", "version": 1, "units": {"share": "in [0, 1]", "tau": "in [-1, 1]"}}


def test_a_file_from_before_there_were_versions_is_read(tmp_path):
    ROWS.to_parquet(tmp_path / "old.parquet")
    pd.testing.assert_frame_equal(EXAMPLE.read(tmp_path / "old.parquet"), ROWS)


@pytest.mark.parametrize("name", ["table.parquet", "table.csv"])
def test_without_rows(tmp_path, name):
    EXAMPLE.write(tmp_path / name, EXAMPLE.empty())
    assert EXAMPLE.read(tmp_path / name).columns.tolist() == list(EXAMPLE.columns)
    assert EXAMPLE.empty().dtypes.astype(str).tolist() == ["str", "int64", "float64", "float64"]


@pytest.mark.parametrize("name", ["table.parquet", "table.csv"])
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ROWS.drop(columns="n"), ("'n'", "name, share, tau", "name, n, share, tau", "make_example")),
        (ROWS.assign(n=["one", "two"]), ("'n'", "numbers")),
        (ROWS.assign(share=[0.5, np.nan]), ("'share'", "row 1")),
        (ROWS.assign(tau=[np.inf, 0]), ("'tau'", "row 0")),
    ],
)
def test_wrong_columns_are_refused_at_both_ends(tmp_path, name, rows, message):
    with pytest.raises(DataError, match=facts(name, *message)):
        EXAMPLE.write(tmp_path / name, rows)
    assert not (tmp_path / name).exists()
    rows.to_parquet(tmp_path / name) if name.endswith("parquet") else rows.to_csv(tmp_path / name, index=False)
    with pytest.raises(DataError, match=facts(name, *message)):
        EXAMPLE.read(tmp_path / name)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Table("another", "make_another", EXAMPLE.columns), ("another", "version 1")),
        (Table("an example", "make_example", EXAMPLE.columns, version=2), ("an example", "version 2")),
    ],
)
def test_another_table_and_another_version_are_refused(tmp_path, other, said):
    other.write(tmp_path / "table.parquet", ROWS)
    with pytest.raises(DataError, match=facts("table.parquet", *said, "expected", "version 1", "make_example")):
        EXAMPLE.read(tmp_path / "table.parquet")


def test_files_that_are_no_tables_are_named(tmp_path):
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "text.parquet").write_text("name,n")
    for name in ("none.csv", "none.parquet", "bytes.csv", "text.parquet"):
        with pytest.raises(DataError, match=facts(name)):
            EXAMPLE.read(tmp_path / name)
