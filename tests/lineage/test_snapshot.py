"""Snapshots and restored runs, without DVC and without Snakemake: the files that both keep."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from messages import facts

from nascore.errors import DataError
from nascore.versioning import snapshot as module
from nascore.versioning.notes import FILE, LONGEST_NAME, _note_file, give_back_notes, save_notes
from nascore.versioning.restored import accept_restored, as_recorded
from nascore.versioning.snapshot import snapshot

DATASET = "results/small/dataset.parquet"
PREDICTOR = "results/small/predictor.bin"
RESULT = "results/small/search/macs/exact/result.json"
TABLE = "results/small/targets.csv"
ALL = (DATASET, PREDICTOR, RESULT, TABLE)
OLD = 1_000_000_000


def set_times(times: dict[str, int]) -> None:
    """Set times as something that puts files in place would: another inode, any time."""
    for path, moment in times.items():
        copy = Path(path).with_name("copy")
        copy.write_bytes(Path(path).read_bytes())
        os.replace(copy, path)
        os.utime(path, (moment, moment))


def times() -> list[float]:
    return [os.stat(path).st_mtime for path in ALL]


class TestRestored:
    def test_files_that_their_jobs_wrote_are_left_alone(self, recorded):
        before = times()
        accept_restored("small")
        assert times() == before

    def test_a_run_that_is_not_there(self, small):
        accept_restored("small")
        assert not Path(".snakemake").exists()

    def test_nothing_is_newer_than_what_was_made_from_it(self, recorded):
        set_times({DATASET: OLD + 3, PREDICTOR: OLD + 2, RESULT: OLD + 1, TABLE: OLD})
        accept_restored("small")
        assert len(set(times())) == 1 and abs(times()[0] - time.time()) < 60
        assert times()[0] >= os.stat("tables/a.json").st_mtime

    def test_readers_of_an_altered_source_are_older_than_it(self, recorded):
        recorded.write("tables/a.json", "altered")
        set_times({"tables/a.json": OLD, **dict.fromkeys(ALL, OLD + 5)})
        assert accept_restored("small") == {}
        assert os.stat("tables/a.json").st_mtime == OLD
        assert [path for path in ALL if os.stat(path).st_mtime < OLD] == [DATASET]

    @pytest.mark.parametrize("altered", ALL)
    def test_an_altered_file_is_named_and_is_no_reason_to_run_its_readers(self, recorded, altered):
        recorded.write(altered, "altered")
        for _ in range(2):
            assert accept_restored("small") == {altered: "is not what its job wrote"}
            assert len(set(times())) == 1

    def test_missing_files_are_named(self, recorded):
        Path(RESULT).unlink()
        assert accept_restored("small") == {RESULT: "is missing"}

    @pytest.mark.parametrize(("content", "older"), [("0 30.0", []), ("other", [TABLE])])
    def test_after_a_repair_only_readers_of_other_bytes_are_older(self, recorded, content, older):
        Path(RESULT).unlink()
        accept_restored("small")
        recorded.job("search", {RESULT: content}, [PREDICTOR])
        assert accept_restored("small", repaired=True) == {}
        assert [path for path in ALL if os.stat(path).st_mtime < os.stat(RESULT).st_mtime] == older

    def test_images_that_another_run_has_made_again_are_not_altered(self, recorded, image_store):
        image_store()
        Path("data/pets/images/a.npy").unlink()
        assert accept_restored("small") == {}
        other = Path("results/small").rename("results/other")
        image_store()
        shutil.rmtree("results/small")
        other.rename("results/small")
        assert accept_restored("small") == {}
        recorded.write("data/pets/images/a.npy", "cut")
        assert accept_restored("small") == {"data/pets/images/a.npy": "is not what its job wrote"}

    @pytest.mark.parametrize("left", ["", "{}", "an earlier version's"])
    def test_what_a_kill_or_another_version_left_of_its_notes(self, recorded, left):
        recorded.write(RESULT, "altered")
        accept_restored("small")
        recorded.write(".snakemake/accepted/small.json", left)
        assert accept_restored("small") == {RESULT: "is not what its job wrote"}

    def test_is_done_once(self, recorded):
        set_times({DATASET: OLD + 3, TABLE: OLD})
        accept_restored("small")
        before = times()
        accept_restored("small")
        assert times() == before

    @pytest.mark.parametrize("link", [os.link, os.symlink])
    def test_links_into_the_cache_become_files_of_their_own(self, recorded, link):
        cached = recorded.folder / "cached"
        cached.write_bytes(Path(RESULT).read_bytes())
        cached.chmod(0o444)
        Path(RESULT).unlink()
        link(cached, RESULT)
        accept_restored("small")
        status = os.lstat(RESULT)
        assert not Path(RESULT).is_symlink() and status.st_nlink == 1 and status.st_mode & 0o200
        assert Path(RESULT).read_bytes() == cached.read_bytes()


class TestNotes:
    def test_come_back_for_the_same_jobs_only(self, recorded):
        for path in (RESULT, TABLE):
            recorded.write(_note_file(Path(), path), json.dumps({"params": [path]}))
        save_notes(recorded.open(), [DATASET, RESULT, TABLE])
        for path in (RESULT, TABLE):
            _note_file(Path(), path).unlink()
        recorded.job("search", {RESULT: "again"}, [PREDICTOR])
        give_back_notes(recorded.open(), [DATASET, RESULT, TABLE])
        assert json.loads(_note_file(Path(), TABLE).read_text()) == {"params": [TABLE]}
        assert not _note_file(Path(), RESULT).exists() and not _note_file(Path(), DATASET).exists()

    def test_long_paths_are_split_as_snakemake_does(self):
        name = _note_file(Path(), "a" * 300).relative_to(".snakemake/metadata").parts
        assert name[0] == "@" + "YWFh" * 63 + "YW" and len(name[0]) == LONGEST_NAME + 1 and name[1][:2] == "Fh"

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", ("JSON",)),
            ("[]", ("object",)),
            ('{"notes": {"a": {}}}', ("notes.a.record",)),
            ('{"notse": {}}', ("notse", "notes")),
        ],
    )
    def test_broken_ones_are_named(self, recorded, content, message):
        recorded.write(f"results/small/lineage/{FILE}", content)
        with pytest.raises(DataError, match=facts(f"results/small/lineage/{FILE}", *message)):
            give_back_notes(recorded.open(), [TABLE])


class TestSnapshot:
    @pytest.fixture
    def finished(self, recorded):
        recorded.job("write_report", {"results/small/report.html": "<html>"}, [TABLE])
        return recorded

    @pytest.fixture(autouse=True)
    def script(self, small):
        small.write("workflow_scripts/write_report.py", "")

    def test_altered_files_are_seen(self, recorded):
        recorded.write(RESULT, "altered")
        assert [path for path, same in as_recorded(recorded.open()).items() if not same] == [RESULT]

    def test_without_dvc(self, finished, monkeypatch):
        monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
        with pytest.raises(DataError, match=facts("DVC", "pip install dvc")):
            snapshot(finished.open())

    def test_an_unfinished_run(self, recorded):
        with pytest.raises(DataError, match=facts("small", "report.html", "snakemake")):
            snapshot(recorded.open())

    @pytest.mark.slow
    def test_outside_a_repository(self, finished):
        with pytest.raises(DataError, match=facts("dvc add results/small", "you are not inside of a DVC repository")):
            snapshot(finished.open())

    @pytest.mark.slow
    def test_says_what_pins_it(self, finished):
        subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "--quiet"], check=True)
        (version,) = snapshot(finished.open())
        assert (version.folder, version.pin) == ("results/small", "results/small.dvc")
        assert version.digest.endswith(".dir") and version.digest in Path("results/small.dvc").read_text()
        files = [file for file in Path("results/small").rglob("*") if file.is_file()]
        assert (version.n_files, version.n_bytes) == (len(files), sum(file.stat().st_size for file in files))
