import io
import json

import pandas as pd
import pytest
from messages import facts

from nascore.errors import DataError
from nascore.report.tables import (
    predictors_table,
    searches_table,
    targets_table,
    validation_table,
)
from nascore.results.labels import METRICS
from nascore.results.summary import TARGETS, VALIDATED


def change(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_one_row_per_search_result(files, subnets):
    table = searches_table(files["searches"])
    assert table["target"].tolist() == ["easy", "easy", "<b>x</b>", "tiny", "unlucky"]
    assert table["searcher"].tolist() == ["exact", "random", "random", "exact", "random"]
    assert table["status"].tolist() == ["optimal", "found", "found", "infeasible", "not_found"]
    assert table["arch_id"].tolist()[:3] == [subnets[i]["arch_id"] for i in (0, 4, 7)]
    for metric in METRICS:
        assert table[metric].tolist()[:3] == [subnets[i]["costs"][metric] for i in (0, 4, 7)]
    first = table.iloc[0]
    assert first["predicted_accuracy"] == pytest.approx(0.93)
    assert first["resolution"] == subnets[0]["arch"]["image_size"]
    assert first["wid"] == subnets[0]["arch"]["wid"]
    assert first["gap"] == 0 and table["gap"].isna().tolist() == [False, True, True, True, True]


def test_the_columns_do_not_depend_on_what_was_found(files):
    everything = searches_table(files["searches"])
    for part in (files["searches"][::-1], files["searches"][3:], []):
        assert list(searches_table(part)) == list(everything)
    assert list(everything)[:6] == ["target", "searcher", "predictor", "status", "limits", "arch_id"]
    assert list(everything)[-1] == "message"


def test_cells_are_empty_where_there_is_no_subnet(files):
    cells = pd.read_csv(io.StringIO(searches_table(files["searches"]).to_csv(index=False)))
    assert cells.loc[3:, "predicted_accuracy":"gap"].isna().all(axis=None)


def test_limits_are_written_with_every_digit(files):
    constraints = [
        {"name": "macs_m", "metric": "macs", "limit": 7.237104, "limit_in_metric": 7_237_104.0},
        {"name": "flash_kb", "metric": "flash_bytes", "limit": 1_234_567.0, "limit_in_metric": 1_264_196_608.0},
        {"name": "params_m", "metric": "params", "limit": 0.1, "limit_in_metric": 100_000.0},
    ]
    change(files["searches"][0], constraints=constraints, fixed={"resolution": 96, "width": 0})
    change(files["searches"][1], constraints=[], fixed={})
    limits = searches_table(files["searches"])["limits"]
    assert limits[0] == "macs_m <= 7.237104; flash_kb <= 1234567; params_m <= 0.1; resolution = 96; width = 0"
    assert limits[1] == ""
    assert limits[2] == "peak_memory_kb <= 64; resolution = 96"


def test_predictors(files):
    table = predictors_table(files["predictors"] * 2)
    assert table["predictor"].tolist() == ["additive", "additive"]
    assert (table["mae"] == 0.002).all() and (table["n_test"] == 500).all()
    change(files["predictors"][0], kendall_tau=None)
    assert predictors_table(files["predictors"])["kendall_tau"].isna().all()


def test_wrong_files_are_named(files):
    files["predictors"][0].write_text("{}")
    with pytest.raises(DataError, match=facts("metrics.json", "predictor", "Field required")):
        predictors_table(files["predictors"])
    files["searches"][0].unlink()
    with pytest.raises(DataError, match=facts("search0.json")):
        targets_table(files["searches"])


def test_a_row_of_a_target_is_about_its_winner_and_its_optimum_has_one_of_its_own(supernet_files, subnets):
    table = targets_table(supernet_files["searches"], supernet_files["validations"])
    assert list(table) == list(TARGETS.columns)
    assert table["target"].tolist() == ["easy", "easy", "<b>x</b>", "tiny", "unlucky"]
    assert table["subnet"].tolist()[:3] == ["winner", "optimum", "winner"] and table["subnet"][3:].isna().all()
    for row, subnet in ((0, subnets[1]), (1, subnets[0]), (2, subnets[7])):
        assert table["arch_id"][row] == subnet["arch_id"] and table["macs"][row] == subnet["costs"]["macs"]
        assert table["predicted_accuracy"][row] == subnet["predicted_accuracy"]
    assert table["measured_accuracy"][0] == 0.885 and table["measured_accuracy"][1:].isna().all()
    assert table["claim"][1] == "optimum of the prediction, proven" and table["claim"][3] == "proven infeasible"


def test_without_measurements_a_target_has_one_row(files):
    table = targets_table(files["searches"])
    assert table["target"].is_unique and set(table["subnet"].dropna()) == {"winner"}


def test_one_row_per_target_and_role(supernet_files, subnets):
    table = validation_table(supernet_files["searches"], supernet_files["validations"])
    assert list(table) == list(VALIDATED.columns)
    assert table["target"].tolist() == ["easy"] * 4 + ["tiny"]
    assert table["role"].tolist()[:4] == ["found", "random", "smallest", "largest"]
    assert table["n_measured"].tolist()[:4] == [5, 5, 1, 1]
    assert table["arch_id"][0] == subnets[1]["arch_id"] and table["macs"][0] == subnets[1]["costs"]["macs"]
    assert table["test_accuracy"].tolist()[:4] == [0.885, 0.874, 0.81, 0.889]
    assert table["satisfies_target"].tolist()[:4] == [True, False, False, False], "measured first, then counted"
    nothing = table.iloc[4]
    assert nothing["status"] == "infeasible" and nothing["message"] == "nothing satisfies the target"
    assert nothing[["role", "arch_id", "test_accuracy", "macs"]].isna().all()


def test_a_fine_tuned_winner_has_a_row_of_its_own(supernet_files, finetuning_files):
    table = validation_table(supernet_files["searches"], supernet_files["validations"], finetuning_files)
    assert list(table) == list(VALIDATED.columns)
    assert table["role"].tolist()[:5] == ["found", "finetuned", "random", "smallest", "largest"]
    before, after = table.iloc[0], table.iloc[1]
    assert (before["test_accuracy"], after["test_accuracy"], after["test_lower"]) == (0.885, 0.9, 0.88)
    assert after["arch_id"] == before["arch_id"] and after["macs"] == before["macs"] and after["satisfies_target"]
    assert after[["predicted_accuracy", "search_accuracy", "search_loss"]].isna().all() and after["n_measured"] == 1
    assert len(table) == 6


def test_a_bounded_latency_is_beside_the_other_costs(bounded_files):
    device = "latency_ms@board"
    table = validation_table(bounded_files["searches"], bounded_files["validations"]).set_index("target")
    assert (table.loc["easy", device] == 3.5).all() and pd.isna(table.loc["tiny", device])
