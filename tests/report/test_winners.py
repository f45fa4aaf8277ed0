import pytest
from messages import facts

from nascore.cli.run_commands import winners_text
from nascore.errors import DataError
from nascore.report.tables import targets_table, validation_table
from nascore.report.winners import winners


def test_predicted_winners_and_their_proofs(files, tmp_path):
    targets_table(files["searches"]).to_csv(tmp_path / "targets.csv", index=False)
    rows = winners(tmp_path)
    assert [row["target"] for row in rows] == ["easy", "<b>x</b>", "tiny", "unlucky"]
    assert [row["search"] for row in rows[:2]] == ["proven optimal", "found, no proof"]
    assert rows[0]["measured (%)"] == "" and rows[0]["predicted (%)"] == "93.00 (92.00 to 94.00)"


def test_the_printed_table_leaves_out_empty_columns(files, tmp_path):
    targets_table(files["searches"]).to_csv(tmp_path / "targets.csv", index=False)
    lines = winners_text(tmp_path).splitlines()
    assert lines[0].split()[:3] == ["target", "predicted", "(%)"] and len(lines) == 5


def test_a_target_without_a_subnet_has_its_message(files, tmp_path):
    table = targets_table(files["searches"])
    table.loc[table["target"] == "tiny", "message"] = "infeasible: 72 KB at least"
    table.to_csv(tmp_path / "targets.csv", index=False)
    tiny = winners(tmp_path)[2]
    assert (tiny.pop("target"), tiny.pop("search")) == ("tiny", "infeasible: 72 KB at least")
    assert set(tiny.values()) == {""}


def test_measured_winners_have_their_own_costs(supernet_files, subnets, tmp_path):
    arguments = supernet_files["searches"], supernet_files["validations"]
    targets_table(*arguments).to_csv(tmp_path / "targets.csv", index=False)
    validation_table(*arguments).to_csv(tmp_path / "validation.csv", index=False)
    easy = winners(tmp_path)[0]
    assert easy["measured (%)"] == "88.50 (86.90 to 90.00)"
    # Not the subnet with the highest prediction, which is 93 %.
    assert easy["predicted (%)"] == f"{100 * subnets[1]['predicted_accuracy']:.2f}" != "93.00"
    assert easy["MACs (M)"] == f"{subnets[1]['costs']['macs'] / 1e6:.2f}"


def test_a_fine_tuned_winner_has_the_accuracy_after_it_and_the_rest_as_it_was_found(
    supernet_files, finetuning_files, tmp_path
):
    arguments = supernet_files["searches"], supernet_files["validations"]
    targets_table(*arguments).to_csv(tmp_path / "targets.csv", index=False)
    validation_table(*arguments).to_csv(tmp_path / "validation.csv", index=False)
    before = winners(tmp_path)[0]
    validation_table(*arguments, finetuning_files).to_csv(tmp_path / "validation.csv", index=False)
    after = winners(tmp_path)[0]
    assert (before.pop("measured (%)"), after.pop("measured (%)")) == (
        "88.50 (86.90 to 90.00)",
        "90.00 (88.00 to 92.00)",
    )
    assert after == before and after["predicted (%)"] and after["px"]


def test_a_bounded_latency_is_a_column_of_its_own_filled_in_where_it_is_bounded(bounded_files, tmp_path):
    arguments = bounded_files["searches"], bounded_files["validations"]
    targets_table(arguments[0]).to_csv(tmp_path / "targets.csv", index=False)
    assert [row["Latency on board (ms)"] for row in winners(tmp_path)] == ["4.000", "", "", ""]
    targets_table(*arguments).to_csv(tmp_path / "targets.csv", index=False)
    validation_table(*arguments).to_csv(tmp_path / "validation.csv", index=False)
    assert winners(tmp_path)[0]["Latency on board (ms)"] == "3.500"
    header = winners_text(tmp_path).splitlines()[0]
    assert "Latency on board (ms)" in header and header.endswith("search")


def test_a_run_that_has_not_ended(tmp_path):
    with pytest.raises(DataError, match=facts(tmp_path / "targets.csv")):
        winners(tmp_path)
