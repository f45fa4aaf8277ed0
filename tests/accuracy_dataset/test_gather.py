import json

import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as pq
import pytest

from nascore.accuracy_dataset.gather import SHARD_SCHEMA, gather_shards
from nascore.accuracy_dataset.parquet import read_accuracy_dataset
from nascore.accuracy_dataset.sampling import sample_architectures
from nascore.architectures import write_architectures
from nascore.errors import DataError
from nascore.report.records import SupernetReport

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
    with pytest.raises(DataError, match=message):
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
    assert report == json.loads(json.dumps(report))
    assert SupernetReport.model_validate(report).checkpoint_sha256 == CHECKPOINT
    numbers = {"n_rows": N, "n_shards": 4, "n_images": 1000, "accuracy_min": 0.7, "accuracy_max": 0.719}
    assert numbers.items() <= report.items()
    assert report["accuracy_mean"] == pytest.approx(0.7095)


def test_order_and_number_of_shards_change_no_byte_of_the_dataset(tmp_path, gather, shards, measured):
    first, second = gather(shards), gather(shards[::-1], "again.parquet")
    write_shard(tmp_path / "whole.parquet", measured.iloc[::-1])
    whole = gather([tmp_path / "whole.parquet"], "one.parquet")
    assert first == second == whole | {"n_shards": 4}
    contents = {(tmp_path / name).read_bytes() for name in ("dataset.parquet", "again.parquet", "one.parquet")}
    assert len(contents) == 1


def test_a_missing_shard_is_told(tmp_path, gather, shards, measured):
    message = (
        rf"5 of the 20 architectures of .*sample\.parquet are in no shard, the first of them {measured['arch_id'][2]} "
        r"\(row 2\); there are .*shard0\.parquet \(5 rows\), .*shard1\.parquet"
    )
    refuse(gather, [shards[0], shards[1], shards[3]], message, tmp_path)
    refuse(gather, [], "no shard was given; the architectures of .*sample", tmp_path)
    shards[1].unlink()
    refuse(gather, shards, r"shard1\.parquet does not exist; expected a shard of the accuracy dataset", tmp_path)


def test_a_part_of_a_shard_is_told(tmp_path, gather, shards, measured):
    write_shard(shards[2], measured.iloc[[2, 6]])
    refuse(gather, shards, rf"3 of the 20 .* {measured['arch_id'][10]} \(row 10\)", tmp_path)
    shards[2].write_bytes(shards[1].read_bytes()[:100])
    refuse(gather, shards, r"shard2\.parquet is not a whole Parquet file", tmp_path)


def test_an_architecture_in_two_shards_is_refused(tmp_path, gather, shards, measured):
    write_shard(shards[3], measured.iloc[[3, 7, 11, 15, 19, 4]])
    message = rf"architecture {measured['arch_id'][4]} is in shard .*shard0\.parquet and in shard .*shard3\.parquet"
    refuse(gather, shards, message, tmp_path)


def test_a_foreign_architecture_is_refused(tmp_path, gather, shards, measured):
    write_shard(shards[1], measured.iloc[1::4].assign(arch_id=[f"{i:016x}" for i in range(5)]))
    refuse(gather, shards, r"shard1\.parquet measured 0000000000000000, which is not in .*sample\.parquet", tmp_path)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (
            "checkpoint_sha256",
            "1" * 64,
            r"checkpoint_sha256 is 1+ in shard .*shard1\.parquet and 0f.*shard0",
        ),
        ("n_images", 999, r"n_images is 999 in shard .*shard1\.parquet and 1000 in shard .*shard0\.parquet; all"),
        ("checkpoint_sha256", "xyz", r"shard1\.parquet: column 'checkpoint_sha256' fails .*: row 0 is 'xyz'"),
        ("checkpoint_sha256", None, r"shard1\.parquet: column 'checkpoint_sha256' fails not_nullable"),
        ("accuracy", 70.0, r"shard1\.parquet: column 'accuracy' fails .*: row 0 is 70.0"),
        ("accuracy", np.nan, r"shard1\.parquet: column 'accuracy' fails not_nullable"),
        ("loss", np.inf, r"shard1\.parquet: column 'loss' fails .*: row 0 is inf"),
        ("n_images", 0, r"shard1\.parquet: column 'n_images' fails .*: row 0 is 0"),
    ],
)
def test_wrong_values_are_refused(tmp_path, gather, shards, measured, column, value, message):
    write_shard(shards[1], measured.iloc[1::4].assign(**{column: value}))
    refuse(gather, shards, message, tmp_path)


def test_other_columns_are_refused(tmp_path, gather, shards, measured):
    measured.iloc[1::4].drop(columns="loss").to_parquet(shards[1], index=False)
    message = r"shard1\.parquet has columns arch_id .*, n_images \(int32\).*; expected arch_id \(string\), .* loss \("
    refuse(gather, shards, message, tmp_path)
    write_shard(shards[1], measured.iloc[:0])
    refuse(gather, shards, r"shard .*shard1\.parquet has no rows", tmp_path)


def test_an_architecture_that_is_listed_twice_is_refused(tmp_path, space, genes, gather, shards):
    write_architectures(tmp_path / "sample.parquet", space, genes[[*range(N), 3]])
    refuse(gather, shards, r"sample\.parquet: row 20: architecture \w+ is listed twice", tmp_path)
