import json

import numpy as np
import pandas as pd
import pytest
from messages import facts

from nascore.errors import DataError
from nascore.evaluation.architectures import Notes, measure_architectures
from nascore.files import file_sha256

COLUMNS = ["arch_id", "accuracy", "loss", "n_images", "checkpoint_sha256", "seconds"]
TYPES = ["str", "float64", "float64", "int32", "str", "float64"]


class Interrupted(BaseException):
    """Ends a run in the middle."""


@pytest.fixture(scope="module")
def sampled(small_space):
    genes = small_space.restrict({"width": [0]}).sample(4, np.random.default_rng(1))
    return small_space.arch_id(genes), genes


def run(measurer, sampled, unfinished, code="code") -> pd.DataFrame:
    return measure_architectures(measurer, *sampled, split="search", unfinished=unfinished, code=code)


@pytest.fixture(scope="module")
def whole(measurer, sampled, tmp_path_factory) -> pd.DataFrame:
    return run(measurer, sampled, tmp_path_factory.mktemp("whole") / "shard.unfinished")


def count_measurements(measurer, monkeypatch, fail_at: int = 0) -> list[str]:
    """Return a list that grows with each measured architecture."""
    real, measured = measurer.measure, []

    def counted(subnet, split):
        measured.append(subnet.arch_id)
        if len(measured) == fail_at:
            raise Interrupted
        return real(subnet, split)

    monkeypatch.setattr(measurer, "measure", counted)
    return measured


@pytest.mark.slow
def test_the_table(whole, sampled, checkpoint, measurer):
    assert whole.columns.tolist() == COLUMNS
    assert [str(kind) for kind in whole.dtypes] == TYPES
    assert whole["arch_id"].tolist() == sampled[0]
    assert set(whole["checkpoint_sha256"]) == {file_sha256(checkpoint)}
    assert (whole["n_images"] == 13).all() and (whole["seconds"] > 0).all()
    for row, genes in zip(whole.itertuples(), sampled[1], strict=True):
        measured = measurer.measure(measurer.calibrated(genes), "search")
        assert (row.accuracy, row.loss) == (measured.accuracy, measured.loss)


def test_no_architecture_is_a_table_of_the_same_types(measurer, sampled, tmp_path):
    empty = measure_architectures(measurer, [], sampled[1][:0], split="search", unfinished=tmp_path / "x")
    assert empty.columns.tolist() == COLUMNS and len(empty) == 0
    assert [str(kind) for kind in empty.dtypes] == TYPES
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
@pytest.mark.parametrize("torn", [False, True])
def test_an_interrupted_run_is_gone_on_with(new_measurer, sampled, whole, tmp_path, monkeypatch, torn):
    unfinished, first, second = tmp_path / "shard.unfinished", new_measurer(), new_measurer()
    done = count_measurements(first, monkeypatch, fail_at=3)
    with pytest.raises(Interrupted):
        run(first, sampled, unfinished)
    assert done == sampled[0][:3]
    if torn:
        unfinished.write_bytes(unfinished.read_bytes()[:-9])
    again = count_measurements(second, monkeypatch)
    resumed = run(second, sampled, unfinished)
    assert again == sampled[0][1 if torn else 2 :]
    pd.testing.assert_frame_equal(resumed.drop(columns="seconds"), whole.drop(columns="seconds"), check_exact=True)
    nothing = count_measurements(second, monkeypatch)
    pd.testing.assert_frame_equal(run(second, sampled, unfinished), resumed, check_exact=True)
    assert nothing == []


def test_the_same_architecture_twice_is_measured_once(new_measurer, sampled, tmp_path, monkeypatch):
    measurer = new_measurer()
    measured = count_measurements(measurer, monkeypatch)
    frame = run(measurer, ([sampled[0][0]] * 2, sampled[1][[0, 0]]), tmp_path / "x")
    assert len(measured) == 1 and frame["loss"].nunique() == 1


@pytest.mark.slow
def test_another_order_gives_the_same_rows(measurer, sampled, whole, tmp_path):
    ids, genes = sampled
    turned = run(measurer, (ids[::-1], genes[::-1]), tmp_path / "x")[::-1].reset_index(drop=True)
    pd.testing.assert_frame_equal(turned.drop(columns="seconds"), whole.drop(columns="seconds"), check_exact=True)


@pytest.mark.slow
@pytest.mark.parametrize("other", ["code", "split", "calibration_images", "checkpoint"])
def test_notes_of_other_measurements_are_not_taken_over(new_measurer, measurer, sampled, tmp_path, other):
    ids, genes = sampled[0][:1], sampled[1][:1]
    foreign = new_measurer(**({"calibration_images": 9} if other == "calibration_images" else {}))
    if other == "checkpoint":
        foreign.checkpoint_sha256 = "0" * 64
    identity = foreign.identity("test" if other == "split" else "search") + ("other" if other == "code" else "code")
    note = {"arch_id": ids[0], "n_correct": 0, "n_images": 1, "loss": 99.0, "seconds": 0.0}
    Notes(tmp_path / "x", identity).add(note)
    assert run(measurer, (ids, genes), tmp_path / "x")["loss"].item() < 99
    Notes(tmp_path / "y", measurer.identity("search") + "code").add(note)
    assert run(measurer, (ids, genes), tmp_path / "y")["loss"].item() == 99


def test_notes_pass_over_what_is_not_theirs(tmp_path):
    notes = Notes(tmp_path / "folder" / "notes", "mine")
    assert list(notes.read()) == []
    notes.add({"arch_id": "a"})
    with notes.path.open("ab") as file:
        file.write(b'{"identity": "mine", "arch_id": "cu')
    Notes(notes.path, "another").add({"arch_id": "b"})
    with notes.path.open("ab") as file:
        file.write(b"[1]\nnull\n\xff\n" + json.dumps({"arch_id": "c"}).encode())
    notes.add({"arch_id": "d"})
    assert [note["arch_id"] for note in notes.read()] == ["a", "d"]


def test_notes_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=facts(tmp_path / "file" / "notes", "File exists")):
        Notes(tmp_path / "file" / "notes", "mine").add({})
