"""The tables that a run ends with are written and read by their schemas."""

import pandas as pd
import pytest
from messages import facts

from nascore.errors import DataError
from nascore.results.summary import PREDICTORS, SEARCHES, TARGETS, VALIDATED


@pytest.mark.parametrize("table", [TARGETS, SEARCHES, VALIDATED, PREDICTORS], ids=lambda table: table.what)
def test_every_number_has_a_unit_or_is_none(table, tmp_path):
    assert {column.unit for name, column in table.columns.items() if column.kind == "text"} <= {""}
    named = ("accuracy", "bytes", "macs", "mae")
    assert all(column.unit for name, column in table.columns.items() if name.endswith(named))
    table.write(tmp_path / "empty.csv", table.empty())
    assert list(table.read(tmp_path / "empty.csv")) == list(table.columns)


def test_latencies_of_devices_are_read_and_other_further_columns_are_not(tmp_path):
    row = dict.fromkeys(TARGETS.columns) | {"target": "a", "arch_id": "0123", "macs": 3}
    frame = pd.DataFrame([row | {"latency_ms@board": 1.5, "mine": 2}])
    TARGETS.write(tmp_path / "targets.csv", frame)
    (read,) = TARGETS.read(tmp_path / "targets.csv").to_dict("records")
    assert read["latency_ms@board"] == 1.5 and "mine" not in read
    assert (read["arch_id"], read["macs"]) == ("0123", 3) and pd.isna(read["predicted_accuracy"])


def test_a_table_of_an_earlier_version_is_answered_with_the_command(tmp_path):
    (tmp_path / "targets.csv").write_text("target,status\na,optimal\n")
    with pytest.raises(DataError, match=facts("targets.csv", "subnet", "snakemake --forcerun summarize")):
        TARGETS.read(tmp_path / "targets.csv")
