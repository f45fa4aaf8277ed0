import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as pq
import pytest
from messages import facts

from nascore.accuracy_dataset.gather import SHARD_SCHEMA, gather_shards
from nascore.accuracy_dataset.parquet import read_accuracy_dataset
from nascore.accuracy_dataset.sampling import sample_architectures
from nascore.architectures import write_architectures
from nascore.errors import DataError

CHECKPOINT = "0f" * 32
N = 20


@pytest.fixture(scope="module")
def genes(space):
    return sample_architectures(space, N, 0, "uniform")


@pytest.fixture
def measured(space, genes):
    """Return what was measured, in the order of the sample."""
    return pd.DataFrame(
        {
            "arch_id": space.arch_id(genes),
            "accuracy": (700 + np.arange(N)) / 1000,
            "loss": np.linspace(0.7, 0.4, N),
            "n_images": np.full(N, 1000, dtype=np.int32),
            "checkpoint_sha256": CHECKPOINT,
        }
    )


def write_shard(path, rows):
    pq.write_table(arrow.Table.from_pandas(rows, SHARD_SCHEMA, preserve_index=False), path)


@pytest.fixture
def shards(tmp_path, space, genes, measured):
    """Write the sample and its four shards, and return the paths of the shards."""
    write_architectures(tmp_path / "sample.parquet", space, genes)
    paths = [tmp_path / f"shard{i}.parquet" for i in range(4)]
    for i, path in enumerate(paths):
        write_shard(path, measured.iloc[i::4])
    return paths


@pytest.fixture
def gather(tmp_path, space):
    def gathered(shards, out="dataset.parquet"):
        sample = tmp_path / "sample.parquet"
        return gather_shards(sample, shards, tmp_path / out, space, source="made up", strategy="uniform")

    return gathered


def refuse(gather, shards, message, tmp_path):
    with pytest.raises(DataError, match=facts(*message)):
        gather(shards)
    assert not (tmp_path / "dataset.parquet").exists()


def test_every_measurement_is_in_the_dataset(tmp_path, space, gather, shards, measured):
    gather(shards)
    frame = read_accuracy_dataset(tmp_path / "dataset.parquet", space).frame
    expected = measured.sort_values("arch_id", ignore_index=True)
    for column in measured:
        assert frame[column].tolist() == expected[column].tolist()
    assert set(frame["source"]) == {"made up"}


def test_report(gather, shards):
    report = gather(shards)
    assert report.checkpoint_sha256 == CHECKPOINT
    numbers = {"n_rows": N, "n_shards": 4, "n_images": 1000, "accuracy_min": 0.7, "accuracy_max": 0.719}
    assert numbers.items() <= report.model_dump().items()
    assert report.accuracy_mean == pytest.approx(0.7095)


def test_order_and_number_of_shards_change_no_byte_of_the_dataset(tmp_path, gather, shards, measured):
    first, second = gather(shards), gather(shards[::-1], "again.parquet")
    write_shard(tmp_path / "whole.parquet", measured.iloc[::-1])
    whole = gather([tmp_path / "whole.parquet"], "one.parquet")
    assert first == second == whole.model_copy(update={"n_shards": 4})
    contents = {(tmp_path / name).read_bytes() for name in ("dataset.parquet", "again.parquet", "one.parquet")}
    assert len(contents) == 1


def test_a_missing_shard_is_told(tmp_path, gather, shards, measured):
    there_are = ("shard0.parquet", "5 rows", "shard1.parquet", "shard3.parquet")
    message = (5, 20, "sample.parquet", measured["arch_id"][2], "row 2", *there_are)
    refuse(gather, [shards[0], shards[1], shards[3]], message, tmp_path)
    refuse(gather, [], ("no shard", "sample.parquet", "measured"), tmp_path)
    shards[1].unlink()
    refuse(gather, shards, ("shard1.parquet", "accuracy dataset"), tmp_path)


def test_a_part_of_a_shard_is_told(tmp_path, gather, shards, measured):
    write_shard(shards[2], measured.iloc[[2, 6]])
    refuse(gather, shards, (3, 20, "sample.parquet", measured["arch_id"][10], "row 10", "2 rows"), tmp_path)
    shards[2].write_bytes(shards[1].read_bytes()[:100])
    refuse(gather, shards, ("shard2.parquet", "Parquet"), tmp_path)


def test_an_architecture_in_two_shards_is_refused(tmp_path, gather, shards, measured):
    write_shard(shards[3], measured.iloc[[3, 7, 11, 15, 19, 4]])
    refuse(gather, shards, (measured["arch_id"][4], "shard0.parquet", "shard3.parquet"), tmp_path)


def test_a_foreign_architecture_is_refused(tmp_path, gather, shards, measured):
    write_shard(shards[1], measured.iloc[1::4].assign(arch_id=[f"{i:016x}" for i in range(5)]))
    refuse(gather, shards, ("shard1.parquet", "0000000000000000", "sample.parquet"), tmp_path)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (
            "checkpoint_sha256",
            "1" * 64,
            ("checkpoint_sha256", "1" * 64, "shard1.parquet", CHECKPOINT, "shard0.parquet"),
        ),
        ("n_images", 999, ("n_images", 999, "shard1.parquet", 1000, "shard0.parquet")),
        ("checkpoint_sha256", "xyz", ("shard1.parquet", "checkpoint_sha256", "row 0", "'xyz'")),
        ("checkpoint_sha256", None, ("shard1.parquet", "checkpoint_sha256", "row 0", "not_nullable")),
        ("accuracy", 70.0, ("shard1.parquet", "accuracy", "row 0", 70.0)),
        ("accuracy", np.nan, ("shard1.parquet", "accuracy", "row 0", "not_nullable")),
        ("loss", np.inf, ("shard1.parquet", "loss", "row 0", "inf")),
        ("n_images", 0, ("shard1.parquet", "n_images", "row 0", 0, "greater_than_or_equal_to(1)")),
    ],
)
def test_wrong_values_are_refused(tmp_path, gather, shards, measured, column, value, message):
    write_shard(shards[1], measured.iloc[1::4].assign(**{column: value}))
    refuse(gather, shards, message, tmp_path)


def test_other_columns_are_refused(tmp_path, gather, shards, measured):
    measured.iloc[1::4].drop(columns="loss").to_parquet(shards[1], index=False)
    message = ("shard1.parquet", "n_images (int32)", "arch_id (string)", "loss (double)")
    refuse(gather, shards, message, tmp_path)
    write_shard(shards[1], measured.iloc[:0])
    refuse(gather, shards, ("shard1.parquet", "rows"), tmp_path)


def test_an_architecture_that_is_listed_twice_is_refused(tmp_path, space, genes, gather, shards):
    write_architectures(tmp_path / "sample.parquet", space, genes[[*range(N), 3]])
    refuse(gather, shards, ("sample.parquet", "row 20", *space.arch_id(genes[3:4])), tmp_path)
