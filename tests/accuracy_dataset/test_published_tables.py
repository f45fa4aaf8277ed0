import json

import numpy as np
import pytest
from messages import facts

from nascore.accuracy_dataset.parquet import write_accuracy_dataset
from nascore.accuracy_dataset.published_tables import import_published_tables, table_files
from nascore.errors import DataError

N_IMAGES = 4029


def arch(**changes):
    return {"wid": 0, "ks": [3] * 20, "e": [3] * 20, "d": [0] * 6, "image_size": 96} | changes


def percent(images):
    """Return the published form of an accuracy: a number of images in per cent, all digits."""
    return images / N_IMAGES * 100


@pytest.fixture
def rows(space):
    """Return twelve rows of a published table."""
    archs = space.to_dicts(space.restrict({"width": [0, 1]}).sample(12, np.random.default_rng(0)))
    return [[entry, percent(3500 + i)] for i, entry in enumerate(archs)]


@pytest.fixture
def write(tmp_path):
    """Return a function that writes files of rows into a new folder and returns it."""

    def files(**tables):
        folder = tmp_path / f"tables{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        for name, content in tables.items():
            text = content if isinstance(content, str) else json.dumps(content)
            (folder / f"{name}.json").write_text(text)
        return folder

    return files


def import_folder(folder, space, n_images=N_IMAGES, **options):
    return import_published_tables(table_files(folder), space, n_images=n_images, **options)


class TestReading:
    def test_values_by_hand(self, space, write):
        deeper = arch(wid=1, d=[1, 0, 0, 0, 0, 1], ks=[7] * 20, image_size=112)
        found = import_folder(write(a=[[arch(), percent(3500)], [deeper, percent(3600)]]), space)
        by_size = dict(zip(space.global_columns(found.genes)["resolution"].tolist(), found.accuracy, strict=True))
        assert by_size == {96: 3500 / 4029, 112: 3600 / 4029}
        assert found.source == ["a.json", "a.json"]

    def test_one_number_may_stand_for_a_list(self, space, write):
        one, listed = write(a=[[arch(ks=3, e=3, d=0), percent(3000)]]), write(a=[[arch(), percent(3000)]])
        assert (import_folder(one, space).genes == import_folder(listed, space).genes).all()

    def test_percent_and_fraction_of_the_same_images_are_equal(self, space, write, rows):
        fractions = [[entry, accuracy / 100] for entry, accuracy in rows]
        first = import_folder(write(a=rows), space)
        second = import_folder(write(a=fractions), space, accuracy_unit="fraction")
        assert first.accuracy.tolist() == second.accuracy.tolist()

    def test_accuracies_are_whole_numbers_of_images_to_the_last_bit(self, space, write):
        """Published digits are those of float32."""
        found = import_folder(write(a=[[arch(), float(np.float32(percent(3637)))]]), space)
        assert found.accuracy.tolist() == [3637 / 4029]

    def test_report(self, space, write, rows):
        report = import_folder(write(a=rows[:5], b=rows[4:]), space).report.model_dump()
        assert report == {
            "version": 1,
            "kind": "tables",
            "source": "published tables",
            "n_files": 2,
            "n_rows": 12,
            "n_duplicates_dropped": 1,
            "n_images": N_IMAGES,
            "accuracy_min": 3500 / 4029,
            "accuracy_mean": pytest.approx(3505.5 / 4029),
            "accuracy_max": 3511 / 4029,
        }


class TestOrder:
    def test_order_of_files_and_rows_changes_no_byte(self, space, write, rows, tmp_path):
        contents = []
        for number, order in enumerate([np.arange(12), np.random.default_rng(0).permutation(12), np.arange(12)[::-1]]):
            shuffled = [rows[i] for i in order]
            kept = {name: [row for row in shuffled if row in part] for name, part in (("a", rows[:7]), ("b", rows[5:]))}
            files = table_files(write(**kept))
            found = import_published_tables(files[:: 1 - 2 * (number % 2)], space, n_images=N_IMAGES)
            path = tmp_path / f"{number}.parquet"
            n_images = np.full(len(found.genes), N_IMAGES)
            write_accuracy_dataset(
                path, space, found.genes, accuracy=found.accuracy, n_images=n_images, source=found.source
            )
            contents.append(path.read_bytes())
        assert contents[0] == contents[1] == contents[2]

    def test_rows_are_in_the_order_of_their_identity(self, space, write, rows):
        ids = space.arch_id(import_folder(write(a=rows), space).genes)
        assert ids == sorted(ids)


class TestDuplicates:
    def test_are_dropped_and_the_first_file_by_name_is_the_source(self, space, write, rows):
        found = import_folder(write(b=rows[:3], a=rows[1:4], c=rows[:1] * 2), space)
        assert len(found.genes) == 4
        assert found.report.n_duplicates_dropped == 4
        assert sorted(found.source) == ["a.json", "a.json", "a.json", "b.json"]

    def test_entries_that_do_not_run_make_no_other_architecture(self, space, write):
        other = arch(ks=[3, 7, 7, *[3] * 17], d=[0] * 5 + [1])
        found = import_folder(write(a=[[arch(), percent(3000)], [other, percent(3000)]]), space)
        assert len(found.genes) == 1 and found.report.n_duplicates_dropped == 1

    def test_contradictory_accuracies_are_refused_with_both_places(self, space, write, rows):
        folder = write(a=rows, b=[rows[3], [rows[2][0], percent(3600)]])
        (arch_id,) = space.arch_id(space.from_dicts([rows[2][0]]))
        places = ("0.869198", "a.json row 2", "0.893522", "b.json row 1")
        with pytest.raises(DataError, match=facts(arch_id, *places)):
            import_folder(folder, space)


class TestWrongRows:
    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ([arch(ks=[3] * 19 + [9], d=[2] * 6), 50], ("ks[19]", 9, "3, 5, 7")),
            ([arch(ks=[3] * 19), 50], ("ks", 20, 19)),
            ([arch(e=[3] * 21), 50], ("e", 20, 21)),
            ([arch(d=[3] + [0] * 5), 50], ("d[0]", 3, "0, 1, 2")),
            ([arch(d=[0] * 5), 50], ("d", 6, 5)),
            ([arch(image_size=100), 50], ("image_size", 100, "96, 112, 128, 144, 160")),
            ([arch(wid=3), 50], ("wid", 3, "0, 1, 2")),
            ([arch(wid=None), 50], ("wid", None)),
            ([arch(width=1), 50], ("'width'", "'wid'")),
            ([{"wid": 0}, 50], ("'ks'", "wid, ks, e, d, image_size")),
            ([[0] * 48, 50], ("wid, ks, e, d, image_size", [0] * 48)),
            ([arch()], ("[architecture, accuracy]", "[{'wid': 0")),
            (arch(), ("[architecture, accuracy]", " {'wid': 0")),
            ([arch(), 50, 1], ("[architecture, accuracy]", "[{'wid': 0")),
            ([arch(), 0.875], ("accuracy", 0.875, "percent", 100, "fraction")),
            ([arch(), 100.1], ("accuracy", 100.1, "percent", 100)),
            ([arch(), -3], ("accuracy", -3, "percent")),
            ([arch(), float("nan")], ("accuracy", "finite", "nan")),
            ([arch(), float("inf")], ("accuracy", "finite", "inf")),
            ([arch(), 10**400], ("accuracy", 10**400, "percent")),
            ([arch(), "90.2"], ("accuracy", "'90.2'")),
            ([arch(), True], ("accuracy", True)),
            ([arch(), None], ("accuracy", None)),
            ([arch(), 87.51], ("accuracy", 87.51, 4029, 3525.78, "n_images")),
        ],
    )
    def test_are_named_by_file_and_row(self, space, write, rows, row, message):
        with pytest.raises(DataError, match=facts("wrong.json", "row 1", *message)):
            import_folder(write(fine=rows[1:], wrong=[rows[0], row]), space)

    def test_percent_among_fractions(self, space, write, rows):
        folder = write(a=[[rows[0][0], 3500 / 4029], [rows[1][0], 87.5]])
        with pytest.raises(DataError, match=facts("a.json", "row 1", "accuracy", 87.5, "fraction", "percent")):
            import_folder(folder, space, accuracy_unit="fraction")

    def test_wrong_number_of_images(self, space, write, rows):
        with pytest.raises(DataError, match=facts("a.json", "row 0", "accuracy", 4030, 3500.87, "n_images")):
            import_folder(write(a=rows), space, n_images=4030)


class TestWrongFiles:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ('[[{"wid": 0, "ks', ("JSON", "line 1", "column 14")),
            ("", ("JSON", "line 1", "column 1")),
            ("[]", ("[architecture, accuracy]", "empty")),
            ("{}", ("[architecture, accuracy]", "dict")),
            ("3", ("[architecture, accuracy]", "int")),
        ],
    )
    def test_are_named(self, space, write, content, message):
        with pytest.raises(DataError, match=facts("a.json", *message)):
            import_folder(write(a=content), space)

    def test_a_file_that_is_not_text(self, space, write):
        folder = write()
        (folder / "a.json").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(DataError, match=facts("a.json", "utf-8", "0xff")):
            import_folder(folder, space)

    def test_no_folder_and_no_files(self, write, tmp_path):
        with pytest.raises(DataError, match=facts(tmp_path / "nowhere", "folder")):
            table_files(tmp_path / "nowhere")
        empty = write()
        with pytest.raises(DataError, match=facts(empty, "folder", ".json")):
            table_files(empty)
        (tmp_path / "file").touch()
        with pytest.raises(DataError, match=facts(tmp_path / "file", "folder")):
            table_files(tmp_path / "file")

    def test_other_files_of_a_folder_are_left_alone(self, write, rows):
        folder = write(b=rows, a=rows)
        (folder / "README.md").touch()
        assert [path.name for path in table_files(folder)] == ["a.json", "b.json"]


@pytest.fixture(scope="module")
def published(space, shared_dir):
    return import_folder(shared_dir / "data" / "lab3_accuracy_tables", space)


class TestPublished:
    """The published tables of MIT 6.5940 lab 3; 35 of the 40 files."""

    def test_report(self, published):
        counts = {key: value for key, value in published.report.model_dump().items() if key.startswith("n_")}
        assert counts == {"n_files": 35, "n_rows": 43_750, "n_duplicates_dropped": 0, "n_images": 4029}
        assert published.report.accuracy_mean == pytest.approx(0.90255, abs=2e-4)
        assert published.report.accuracy_min >= 0.8454 - 5e-5
        assert published.report.accuracy_max <= 0.9360 + 5e-5

    @pytest.mark.parametrize(
        ("resolution", "narrow", "wide"),
        [
            (96, 0.8690, 0.8814),
            (112, 0.8874, 0.9000),
            (128, 0.9004, 0.9124),
            (144, 0.9084, 0.9210),
            (160, 0.9165, 0.9291),
        ],
    )
    def test_published_means(self, space, published, resolution, narrow, wide):
        columns = space.global_columns(published.genes)
        for width, mean in ((0, narrow), (1, wide)):
            rows = (columns["resolution"] == resolution) & (columns["width"] == width)
            assert published.accuracy[rows].mean() == pytest.approx(mean, abs=2e-4)
            assert 4000 < rows.sum() < 4750

    def test_the_widest_networks_were_never_measured(self, space, published):
        assert set(space.global_columns(published.genes)["width"]) == {0, 1}
