import pytest
from messages import facts

from nascore.errors import DataError
from nascore.lineage.asking import find
from nascore.lineage.history import Run
from nascore.lineage.recording import Job, Recording

RESULT = "results/small/search/macs/exact/result.json"


@pytest.mark.parametrize(
    ("asked", "artifacts"),
    [
        (RESULT, [RESULT]),
        ("search/macs/exact/result.json", [RESULT]),
        ("./results/small/predictor.bin", ["results/small/predictor.bin"]),
        ("tables/a.json", ["tables/a.json"]),
        ("macs", [RESULT]),
        ("macs.predicted_accuracy", [RESULT]),
        ("0.9208", [RESULT]),
        ("92.08", [RESULT]),
        ("92.08 %", [RESULT]),
        ("42,695,104", [RESULT]),
    ],
)
def test_what_a_person_may_ask_for(recorded, asked, artifacts):
    assert find(recorded.open(), asked).artifacts == artifacts


def test_an_absolute_path_in_the_project(recorded):
    assert find(recorded.open(), str(recorded.folder / RESULT)).artifacts == [RESULT]


def test_a_number_is_named_with_its_row_and_column(recorded):
    (cell,) = find(recorded.open(), "92.08").cells
    assert cell.sentence == "targets.csv: macs winner: predicted_accuracy = 0.9207951"


def test_a_number_after_fine_tuning_is_of_another_file(recorded):
    table = "target,role,test_accuracy\nmacs,found,0.8125\nmacs,finetuned,0.8375\n"
    recorded.write("results/small/validation.csv", table)
    folder = "results/small/validation/macs"
    assert find(recorded.open(), "81.25 %").artifacts == [f"{folder}/validation.json"]
    assert find(recorded.open(), "83.75 %").artifacts == [f"{folder}/finetuning/finetuning.json"]


def test_a_file_in_a_recorded_folder_stands_for_the_folder(small):
    (small.folder / "results/small/weights").mkdir(parents=True)
    small.write("results/small/weights/w.bin", "1")
    outputs = [(None, "results/small/weights")]
    job = Job("search", "workflow_scripts/search.py", small.folder, small.results, {}, {}, [], outputs)
    Recording.begin(job).end()
    assert find(small.open(), "results/small/weights/w.bin").artifacts == ["results/small/weights"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("mcas", ("mcas", "macs", "small")),
        ("search/macs/exakt/result.json", ("search/macs/exakt/result.json", "search/macs/exact/result.json")),
        ("macs.predicted_acuracy", ("macs", "predicted_acuracy", "predicted_accuracy")),
        ("0.1234", ("0.1234", "targets.csv", "small")),
        ("", ("''", "small", "macs")),
        ("\0", (r"'\x00'", "small", "macs")),
        ("/", ("'/'", "small", "macs")),
        ("../..", ("'../..'", "small", "macs")),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(recorded, asked, message):
    with pytest.raises(DataError, match=facts(*message)):
        find(recorded.open(), asked)


class TestRun:
    def test_the_only_one_needs_no_name_and_a_folder_is_a_name(self, recorded, tmp_path, monkeypatch):
        assert Run.open(None).folder == Run.open("results/small").folder == recorded.results
        monkeypatch.chdir("/")
        assert find(Run.open(str(tmp_path / "results/small")), "macs").artifacts == [RESULT]

    def test_an_unknown_one_is_answered_with_the_nearest(self, recorded):
        with pytest.raises(DataError, match=facts("smal", "small")):
            Run.open("smal")

    def test_of_several_one_must_be_named(self, recorded):
        (recorded.folder / "results/other/lineage").mkdir(parents=True)
        with pytest.raises(DataError, match=facts("other, small")):
            Run.open(None)

    def test_there_is_none(self, tmp_path):
        with pytest.raises(DataError, match=facts(tmp_path / "results")):
            Run.open(None, tmp_path)
        with pytest.raises(DataError, match=facts("'a'", tmp_path / "results")):
            Run.open("a", tmp_path)

    def test_nothing_is_recorded_of_it(self, tmp_path):
        (tmp_path / "results/old").mkdir(parents=True)
        with pytest.raises(DataError, match=facts("'old'", tmp_path / "results/old/lineage", "snakemake --forceall")):
            Run.open("old", tmp_path)
