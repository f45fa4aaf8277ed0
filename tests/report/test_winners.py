import pytest

from nascore.cli.run_commands import winners_text
from nascore.errors import DataError
from nascore.report.tables import targets_table, validation_table
from nascore.report.winners import HEADER, winners


def cells(row):
    return dict(zip(HEADER, row, strict=True))


def test_predicted_winners_and_their_proofs(files, tmp_path):
    targets_table(files["searches"]).to_csv(tmp_path / "targets.csv", index=False)
    rows = [cells(row) for row in winners(tmp_path)]
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
    assert tiny[0] == "tiny" and set(tiny[1:-1]) == {""} and tiny[-1] == "infeasible: 72 KB at least"


def test_measured_winners_have_their_own_costs(supernet_files, subnets, tmp_path):
    arguments = supernet_files["searches"], supernet_files["validations"]
    targets_table(*arguments).to_csv(tmp_path / "targets.csv", index=False)
    validation_table(*arguments).to_csv(tmp_path / "validation.csv", index=False)
    easy = cells(winners(tmp_path)[0])
    assert easy["measured (%)"] == "88.50 (86.90 to 90.00)"
    # Not the subnet with the highest prediction, which is 93 %.
    assert easy["predicted (%)"] == f"{100 * subnets[1]['predicted_accuracy']:.2f}" != "93.00"
    assert easy["MACs (M)"] == f"{subnets[1]['costs']['macs'] / 1e6:.2f}"


def test_a_run_that_has_not_ended(tmp_path):
    with pytest.raises(DataError, match=r"targets\.csv does not exist: the workflow of this run has not come to its"):
        winners(tmp_path)
