import numpy as np
import pandas as pd
import pytest
from messages import facts

from nascore.accuracy_dataset.split import read_split, split_rows
from nascore.errors import DataError

FRACTIONS = {"train": 0.7, "calibration": 0.1, "test": 0.2}


@pytest.fixture
def split(tmp_path, dataset):
    """Return the path and the parts of a recorded split."""
    arch_id = dataset.frame["arch_id"]
    part = split_rows(arch_id.tolist(), 0, {"train": 0.5, "calibration": 0.25, "test": 0.25})
    frame = pd.DataFrame({"arch_id": arch_id, "part": part})
    frame.to_parquet(tmp_path / "split.parquet")
    return tmp_path / "split.parquet", frame


def test_every_row_is_in_one_part(split, dataset):
    path, frame = split
    parts = read_split(path, dataset)
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 20, "calibration": 10, "test": 10}
    assert sorted(np.concatenate(list(parts.values()))) == list(range(40))
    for name, rows in parts.items():
        assert (frame["part"].to_numpy()[rows] == name).all()


def test_a_split_of_other_rows_is_refused(split, dataset):
    path, frame = split
    for wrong in (frame.iloc[1:], frame.iloc[::-1], frame.assign(arch_id="0" * 16)):
        wrong.to_parquet(path)
        with pytest.raises(DataError, match=facts("split.parquet", "accuracy dataset", "architectures")):
            read_split(path, dataset)


def test_what_is_no_split_is_refused(split, dataset):
    path, frame = split
    for missing in ("arch_id", "part"):
        frame.drop(columns=missing).to_parquet(path)
        with pytest.raises(DataError, match=facts("split.parquet", "recorded split", missing)):
            read_split(path, dataset)
    path.write_text("arch_id,part")
    with pytest.raises(DataError, match=facts("split.parquet", "Parquet")):
        read_split(path, dataset)
    path.unlink()
    with pytest.raises(DataError, match=facts("split.parquet", "recorded split")):
        read_split(path, dataset)


def test_split_has_the_fractions_and_ignores_the_order_of_rows(rng):
    ids = [f"{i:04x}" for i in range(1000)]
    parts = split_rows(ids, 7, FRACTIONS)
    assert {part: int((parts == part).sum()) for part in FRACTIONS} == {"train": 700, "calibration": 100, "test": 200}
    shuffled = rng.permutation(1000)
    np.testing.assert_array_equal(split_rows([ids[i] for i in shuffled], 7, FRACTIONS), parts[shuffled])
    assert (split_rows(ids, 8, FRACTIONS) != parts).any()


def test_an_architecture_measured_twice_stays_in_one_part():
    ids = [f"{i:04x}" for i in range(50)]
    parts = split_rows(ids + ids, 0, FRACTIONS)
    np.testing.assert_array_equal(parts[:50], parts[50:])


@pytest.mark.parametrize(
    "fractions",
    [{"train": 0.8, "test": 0.2}, {**FRACTIONS, "train": 0.8}, {"train": 1.2, "calibration": -0.2, "test": 0.0}],
)
def test_wrong_fractions_are_refused(fractions):
    with pytest.raises(DataError, match=facts("train, calibration, test", 1, fractions)):
        split_rows(["a", "b"], 0, fractions)


def test_a_part_without_rows_is_refused():
    with pytest.raises(DataError, match=facts(10, 0.01, "calibration")):
        split_rows([f"{i:04x}" for i in range(10)], 0, {"train": 0.69, "calibration": 0.01, "test": 0.3})
