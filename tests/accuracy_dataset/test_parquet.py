import json

import numpy as np
import pyarrow as arrow
import pyarrow.parquet as pq
import pytest
from messages import facts

from nascore.accuracy_dataset.parquet import KIND, read_accuracy_dataset, write_accuracy_dataset
from nascore.efficiency import METRICS, cost
from nascore.errors import DataError
from nascore.spaces import get_space


def spoil(path, column, value, row=3, type_=None):
    """Change one value of a written dataset, or the type of its column."""
    table = pq.read_table(path)
    values = table[column].to_pylist()
    values[row] = value
    position = table.schema.get_field_index(column)
    field = arrow.field(column, type_ or table.schema.field(column).type)
    pq.write_table(table.set_column(position, field, arrow.array(values, field.type)), path)


def change_header(path, header):
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({KIND.name.encode(): header}), path)


class TestRoundTrip:
    def test_every_row_comes_back(self, space, rows, dataset):
        order = np.argsort(space.arch_id(rows["genes"]))
        assert (dataset.genes == rows["genes"][order]).all()
        assert dataset.accuracy.tolist() == rows["accuracy"][order].tolist()
        assert dataset.frame["source"].tolist() == [rows["source"][i] for i in order]
        assert set(dataset.frame["n_images"]) == {4029}

    def test_columns(self, space, dataset):
        assert list(dataset.frame) == [
            *("arch_id", "wid", "resolution", "ks", "e", "d", "accuracy", "n_images", "source"),
            *("loss", "checkpoint_sha256"),
            *METRICS,
        ]
        assert dataset.frame[list(METRICS)].equals(cost(space, dataset.genes))
        assert dataset.frame["arch_id"].is_monotonic_increasing
        columns = space.global_columns(dataset.genes)
        assert dataset.frame["resolution"].tolist() == columns["resolution"].tolist()
        assert dataset.frame["wid"].tolist() == columns["width"].tolist()

    def test_the_same_measurements_make_the_same_bytes(self, tmp_path, space, rows, path):
        order = np.random.default_rng(0).permutation(len(rows["genes"]))
        shuffled = {
            key: [column[i] for i in order] if isinstance(column, list) else column[order]
            for key, column in rows.items()
        }
        write_accuracy_dataset(tmp_path / "b.parquet", space, **shuffled)
        assert (tmp_path / "b.parquet").read_bytes() == path.read_bytes()

    def test_more_configured_resolutions_read_the_same_rows(self, space, path, dataset):
        more = get_space("ofa_mcunet", resolutions=(64, 96, 112, 128, 144, 160, 192))
        assert more.to_dicts(read_accuracy_dataset(path, more).genes) == space.to_dicts(dataset.genes)

    def test_both_ends_of_the_scale_are_accuracies(self, tmp_path, space, rows):
        two = {key: column[:2] for key, column in rows.items()} | {"accuracy": np.array([0.0, 1.0])}
        write_accuracy_dataset(tmp_path / "two.parquet", space, **two)
        assert sorted(read_accuracy_dataset(tmp_path / "two.parquet", space).accuracy) == [0, 1]

    def test_rows_of_published_tables_have_neither_loss_nor_checkpoint(self, path, dataset):
        assert dataset.frame[["loss", "checkpoint_sha256"]].isna().all(axis=None)
        assert pq.read_table(path)["loss"].null_count == len(dataset.frame)

    def test_loss_and_checkpoint_of_measured_subnets(self, tmp_path, space, rows):
        loss, checkpoint = np.linspace(0.3, 0.6, len(rows["genes"])), "0123456789abcdef" * 4
        measured = rows | {"loss": loss, "checkpoint_sha256": [checkpoint] * len(loss)}
        write_accuracy_dataset(tmp_path / "measured.parquet", space, **measured)
        frame = read_accuracy_dataset(tmp_path / "measured.parquet", space).frame
        assert dict(zip(frame["arch_id"], frame["loss"], strict=True)) == dict(
            zip(space.arch_id(rows["genes"]), loss, strict=True)
        )
        assert set(frame["checkpoint_sha256"]) == {checkpoint}


class TestWritingRefuses:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"accuracy": np.array([0.5, 1.01])}, ("accuracy", "row 1", 1.01)),
            ({"accuracy": np.array([0.5, -0.01])}, ("accuracy", "row 1", -0.01)),
            ({"accuracy": np.array([0.5, np.nan])}, ("accuracy", "row 1", "not_nullable")),
            ({"n_images": np.array([4029, 0])}, ("n_images", "row 1", 0, "greater_than_or_equal_to(1)")),
            ({"source": ["a", ""]}, ("source", "row 1", "''")),
            ({"loss": np.array([0.5, np.inf])}, ("loss", "row 1", "inf")),
            ({"loss": np.array([0.5, -0.1])}, ("loss", "row 1", -0.1)),
            ({"checkpoint_sha256": ["a" * 64, "a" * 63]}, ("checkpoint_sha256", "row 1", "a" * 63)),
            ({"loss": np.array([0.5, 0.4])}, ("row 0", "loss", 0.5, "checkpoint_sha256", "nan")),
        ],
    )
    def test_values_outside_the_schema(self, tmp_path, space, rows, changes, message):
        two = {key: column[:2] for key, column in rows.items()}
        with pytest.raises(DataError, match=facts("new.parquet", *message)):
            write_accuracy_dataset(tmp_path / "new.parquet", space, **two | changes)
        assert list(tmp_path.iterdir()) == []

    def test_one_architecture_twice(self, tmp_path, space, rows):
        twice = {key: [*column[:2], column[0]] for key, column in rows.items()}
        (arch_id,) = space.arch_id(rows["genes"][:1])
        with pytest.raises(DataError, match=facts("new.parquet", "arch_id", "field_uniqueness", arch_id)):
            write_accuracy_dataset(
                tmp_path / "new.parquet", space, **twice | {"genes": np.array(twice["genes"], dtype=np.int8)}
            )

    def test_no_rows(self, tmp_path, space, rows):
        with pytest.raises(DataError, match=facts("new.parquet", "rows")):
            write_accuracy_dataset(tmp_path / "new.parquet", space, **{key: column[:0] for key, column in rows.items()})

    def test_a_folder_that_is_a_file(self, tmp_path, space, rows):
        (tmp_path / "file").touch()
        with pytest.raises(DataError, match=facts("new.parquet", "File exists")):
            write_accuracy_dataset(tmp_path / "file" / "new.parquet", space, **rows)


class TestReadingRefuses:
    @pytest.mark.parametrize("metric", METRICS)
    def test_an_altered_cost(self, path, space, dataset, metric):
        right = dataset.frame[metric][3]
        spoil(path, metric, int(right) + 1)
        with pytest.raises(DataError, match=facts("dataset.parquet", "row 3", metric, right + 1, right)):
            read_accuracy_dataset(path, space)

    @pytest.mark.parametrize(
        ("column", "value", "message"),
        [
            ("accuracy", 90.2, ("accuracy", 90.2)),
            ("accuracy", None, ("accuracy", "not_nullable")),
            ("n_images", 0, ("n_images", 0, "greater_than_or_equal_to(1)")),
            ("n_images", None, ("n_images", "not_nullable")),
            ("source", None, ("source", "not_nullable")),
            ("arch_id", "xyz", ("arch_id", "'xyz'")),
            ("arch_id", "0" * 16, ("arch_id", "0" * 16)),
            ("resolution", 100, ("image_size", 100, "96, 112, 128, 144, 160")),
            ("wid", 3, ("wid", 3, "0, 1, 2")),
            ("wid", None, ("wid", "nan", "0, 1, 2")),
            ("ks", [4] * 20, ("ks[0]", 4, "3, 5, 7")),
            ("ks", [3] * 19, ("ks", 20, "[3 3 3")),
            ("e", None, ("e", 20, None)),
            ("d", [None] * 6, ("d", 6, "[nan nan")),
            ("d", [3] * 6, ("d[0]", 3, "0, 1, 2")),
        ],
    )
    def test_an_altered_value(self, path, space, column, value, message):
        spoil(path, column, value, row=5)
        with pytest.raises(DataError, match=facts("dataset.parquet", "row 5", *message)):
            read_accuracy_dataset(path, space)

    def test_an_architecture_in_another_ones_place(self, path, space, dataset):
        spoil(path, "wid", 1 - dataset.frame["wid"][3])
        with pytest.raises(DataError, match=facts("dataset.parquet", "row 3", "arch_id", dataset.frame["arch_id"][3])):
            read_accuracy_dataset(path, space)

    def test_rows_in_another_order(self, path, space):
        table = pq.read_table(path)
        pq.write_table(table.take(list(range(len(table)))[::-1]), path)
        with pytest.raises(DataError, match=facts("dataset.parquet", "row 1", "arch_id")):
            read_accuracy_dataset(path, space)

    def test_a_column_of_another_type(self, path, space):
        spoil(path, "macs", 1.0, type_=arrow.float64())
        with pytest.raises(DataError, match=facts("dataset.parquet", "'macs'", "types")):
            read_accuracy_dataset(path, space)

    def test_a_missing_column(self, path, space):
        pq.write_table(pq.read_table(path).drop_columns(["source"]), path)
        given, expected = "'n_images', 'loss'", "'n_images', 'source', 'loss'"
        with pytest.raises(DataError, match=facts("dataset.parquet", given, expected)):
            read_accuracy_dataset(path, space)

    def test_no_rows(self, path, space):
        pq.write_table(pq.read_table(path).slice(0, 0), path)
        with pytest.raises(DataError, match=facts("dataset.parquet", "rows")):
            read_accuracy_dataset(path, space)

    @pytest.mark.parametrize(
        ("header", "message"),
        [
            ({"schema_version": 1, "space": "ofa_mcunet"}, ("version 1", "version 2")),
            ({"space": "ofa_mcunet"}, ("version None", "version 2")),
            ({"schema_version": 2, "space": "binas"}, ("'binas'", "'ofa_mcunet'")),
            ([1, 2], ("nascore.accuracy_dataset", "JSON", "[1, 2]")),
        ],
    )
    def test_another_header(self, path, space, header, message):
        change_header(path, json.dumps(header).encode())
        with pytest.raises(DataError, match=facts("dataset.parquet", *message)):
            read_accuracy_dataset(path, space)

    def test_a_header_that_is_no_json(self, path, space):
        change_header(path, b"{")
        with pytest.raises(DataError, match=facts("dataset.parquet", "nascore.accuracy_dataset", "JSON", "'{'")):
            read_accuracy_dataset(path, space)

    def test_a_parquet_file_of_something_else(self, tmp_path, space):
        pq.write_table(arrow.table({"a": [1]}), tmp_path / "other.parquet")
        with pytest.raises(DataError, match=facts("other.parquet", "accuracy dataset", "nascore.accuracy_dataset")):
            read_accuracy_dataset(tmp_path / "other.parquet", space)

    @pytest.mark.parametrize("keep", [0, 3, 100, -1])
    def test_a_part_of_a_file(self, path, space, keep):
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(DataError, match=facts("dataset.parquet", "Parquet")):
            read_accuracy_dataset(path, space)

    def test_what_is_not_parquet(self, path, space):
        path.write_text("arch_id,accuracy\n")
        with pytest.raises(DataError, match=facts("dataset.parquet", "Parquet")):
            read_accuracy_dataset(path, space)

    def test_a_missing_file(self, tmp_path, space):
        with pytest.raises(DataError, match=facts("nothing.parquet", "accuracy dataset")):
            read_accuracy_dataset(tmp_path / "nothing.parquet", space)

    def test_rows_of_other_resolutions_or_classes(self, path, dataset):
        few = get_space("ofa_mcunet", resolutions=(96, 112))
        with pytest.raises(DataError, match=facts("dataset.parquet", "row 0", "image_size", 128, "96, 112")):
            read_accuracy_dataset(path, few)
        macs = dataset.frame["macs"][0]
        with pytest.raises(DataError, match=facts("row 0", "macs", macs, "resolutions", "classes")):
            read_accuracy_dataset(path, get_space("ofa_mcunet", n_classes=3))
