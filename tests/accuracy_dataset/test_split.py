import numpy as np
import pandas as pd
import pytest

from nascore.accuracy_dataset import read_split
from nascore.errors import DataError
from nascore.predictors.evaluate import split_rows


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
        with pytest.raises(
            DataError, match=r"split\.parquet divides another accuracy dataset: its architectures differ"
        ):
            read_split(path, dataset)


def test_what_is_no_split_is_refused(split, dataset):
    path, frame = split
    for missing in ("arch_id", "part"):
        frame.drop(columns=missing).to_parquet(path)
        with pytest.raises(DataError, match=rf"split\.parquet is not a recorded split: .*{missing}"):
            read_split(path, dataset)
    path.write_text("arch_id,part")
    with pytest.raises(DataError, match=r"split\.parquet is not a recorded split"):
        read_split(path, dataset)
    path.unlink()
    with pytest.raises(DataError, match=r"split\.parquet does not exist"):
        read_split(path, dataset)
