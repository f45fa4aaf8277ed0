import pandas as pd
import pytest
from messages import facts

from nascore.cli.run_commands import winners_text
from nascore.errors import DataError
from nascore.report.tables import targets_table
from nascore.report.winners import winners


def written(folder, *files):
    """Write the table of targets and return the winners."""
    targets_table(*files).to_csv(folder / "targets.csv", index=False)
    return winners(folder)


def test_without_measurements_the_winner_is_the_optimum(files, subnets, tmp_path):
    rows = written(tmp_path, files["searches"])
    assert [row["target"] for row in rows] == ["easy", "<b>x</b>", "tiny", "unlucky"]
    assert [row["winner"] for row in rows] == [subnets[0]["arch_id"], subnets[7]["arch_id"], "", ""]
    assert rows[0]["why"] == "predicted; optimum of the prediction, proven"
    assert rows[1]["why"] == "predicted; best prediction found, not proven"
    assert rows[0]["measured (%)"] == "" and rows[0]["predicted (%)"] == "93.00"


def test_the_printed_table_leaves_out_empty_columns(files, tmp_path):
    written(tmp_path, files["searches"])
    lines = winners_text(tmp_path).splitlines()
    assert lines[0].split()[:4] == ["target", "winner", "predicted", "(%)"] and len(lines) == 5


def test_a_target_without_a_subnet_has_its_message(files, tmp_path):
    table = targets_table(files["searches"])
    table.loc[table["target"] == "tiny", "message"] = "infeasible: 72 KB at least"
    table.to_csv(tmp_path / "targets.csv", index=False)
    tiny = winners(tmp_path)[2]
    assert (tiny.pop("target"), tiny.pop("why")) == ("tiny", "infeasible: 72 KB at least")
    assert set(tiny.values()) == {""}


def test_measured_winners_have_all_of_their_own(supernet_files, subnets, tmp_path):
    easy = written(tmp_path, supernet_files["searches"], supernet_files["validations"])[0]
    assert easy["winner"] == subnets[1]["arch_id"] and easy["measured (%)"] == "88.50 (86.90 to 90.00)"
    assert easy["predicted (%)"] == f"{100 * subnets[1]['predicted_accuracy']:.2f}" != "93.00"
    assert easy["MACs (M)"] == f"{subnets[1]['costs']['macs'] / 1e6:.2f}"
    assert easy["why"] == (
        "best measured of the 5 proven best predictions of exact; optimum of the prediction, proven: "
        f"{subnets[0]['arch_id']}, 93.00 %"
    )


def test_a_fine_tuned_winner_has_the_accuracy_after_it_and_the_rest_as_it_was_found(
    supernet_files, finetuning_files, tmp_path
):
    arguments = supernet_files["searches"], supernet_files["validations"]
    before, after = written(tmp_path, *arguments)[0], written(tmp_path, *arguments, finetuning_files)[0]
    assert (before.pop("measured (%)"), after.pop("measured (%)")) == (
        "88.50 (86.90 to 90.00)",
        "90.00 (88.00 to 92.00)",
    )
    assert after == before and after["predicted (%)"] and after["px"]


def test_a_bounded_latency_is_a_column_of_its_own_filled_in_where_it_is_bounded(bounded_files, tmp_path):
    predicted = written(tmp_path, bounded_files["searches"])
    assert [row["Latency on board (ms)"] for row in predicted] == ["4.000", "", "", ""]
    measured = written(tmp_path, bounded_files["searches"], bounded_files["validations"])
    assert measured[0]["Latency on board (ms)"] == "3.500"
    header = winners_text(tmp_path).splitlines()[0]
    assert "Latency on board (ms)" in header and header.endswith("why")


def test_a_table_of_an_earlier_version_is_named_with_what_makes_it_again(tmp_path):
    pd.DataFrame({"target": ["easy"], "arch_id": ["0"], "status": ["optimal"]}).to_csv(tmp_path / "targets.csv")
    with pytest.raises(DataError, match=facts(tmp_path / "targets.csv", "snakemake --forcerun summarize")):
        winners(tmp_path)


def test_a_run_that_has_not_ended(tmp_path):
    with pytest.raises(DataError, match=facts(tmp_path / "targets.csv")):
        winners(tmp_path)
