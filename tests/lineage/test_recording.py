import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import jsonschema
import pytest
from messages import facts

from nascore.errors import DataError
from nascore.lineage import hashing, recording
from nascore.lineage.ledger import Ledger
from nascore.lineage.record import Record, identity, json_schema
from nascore.seeds import generator

DOCS = Path(__file__).parents[2] / "docs"


def test_the_published_schema_is_up_to_date():
    assert (DOCS / "lineage_schema.json").read_text(encoding="utf-8") == json_schema(), (
        "python -m nascore.lineage.schema docs/lineage_schema.json"
    )


def test_every_file_of_records_is_valid_and_named_by_its_hash(recorded):
    schema = json.loads(json_schema())
    files = [*recorded.folder.glob("results/small/lineage/*/*.json")]
    documents = [file for file in files if file.parent.name != "paths"]
    assert len(documents) == 4 + 1 and len(files) == 4 + 1 + 5
    for file in documents:
        jsonschema.validate(json.loads(file.read_text()), schema)
        assert file.stem == identity(file.read_bytes())


def test_a_record_says_what_was_read_and_names_the_record_of_who_made_it(recorded):
    run = recorded.open()
    records = {record.rule: (name, record) for name, record in run.jobs().items()}
    fit = records["fit_predictor"][1]
    assert [entry.record for entry in fit.inputs] == [records["import_tables"][0]]
    assert fit.inputs[0].sha256 == records["import_tables"][1].outputs[0].sha256
    assert records["import_tables"][1].inputs[0].record is None
    assert fit.seed.root == 0 and fit.params["options"] == {"published_code": 1} and "code" not in fit.params
    assert fit.end >= fit.start and fit.exit == 0 and fit.bit_for_bit


def test_drawn_streams_are_in_the_record(small):
    generator(3, "test of lineage", 7)
    generator(3, "test of lineage", 8)
    name = small.job("search", {"results/small/a": "x"}, [], params={"seed": 3})
    streams = Ledger(Path("results/small/lineage")).record(name).seed.streams
    assert streams["test of lineage/*"] >= 2


def test_an_unchanged_file_is_hashed_once(recorded, monkeypatch):
    hashed = []
    monkeypatch.setattr(recording, "hash_content", lambda path: hashed.append(path) or hashing.hash_content(path))
    recorded.job("search", {"results/small/other": "x"}, ["results/small/predictor.bin", "tables/a.json"])
    assert hashed == [Path("results/small/other")]


def test_a_touched_file_is_hashed_again_and_keeps_its_record(recorded):
    os.utime("results/small/predictor.bin", (1, 1))
    name = recorded.job("search", {"results/small/other": "x"}, ["results/small/predictor.bin"])
    run = recorded.open()
    assert run.record(name).inputs[0].record == run.made["results/small/predictor.bin"]
    assert run.pointers["results/small/predictor.bin"].state == hashing.state_of(Path("results/small/predictor.bin"))


def test_an_altered_input_has_no_record_and_the_pointer_keeps_what_was_made(recorded):
    before = recorded.open().pointers["results/small/predictor.bin"]
    recorded.write("results/small/predictor.bin", "other")
    name = recorded.job("search", {"results/small/other": "x"}, ["results/small/predictor.bin"])
    run = recorded.open()
    assert run.record(name).inputs[0].record is None
    assert run.pointers["results/small/predictor.bin"] == before


def test_a_job_knows_which_of_its_inputs_are_not_what_was_made(recorded):
    inputs = [(None, "results/small/predictor.bin"), (None, "results/small/dataset.parquet"), (None, "tables/a.json")]
    job = recording.Job("search", "workflow_scripts/search.py", recorded.folder, recorded.results, {}, {}, inputs, [])
    assert recording.Recording.begin(job).altered_inputs() == []
    recorded.write("results/small/predictor.bin", "damaged")
    recorded.write("tables/a.json", "other tables")
    assert recording.Recording.begin(job).altered_inputs() == ["results/small/predictor.bin"]


def test_data_that_another_run_made_comes_with_its_lineage(small, image_store):
    image_store()
    small.results = Path("results/second")
    small.job("search", {"results/second/a": "x"}, ["data/pets/manifest.json"])
    run = small.open()
    assert [record.rule for record in run.upstream(["results/second/a"]).values()] == ["search", "prepare_images"]


def test_a_missing_output_is_an_error_and_leaves_no_record(small):
    job = recording.Job("search", "workflow_scripts/search.py", small.folder, small.results, {}, {}, [], [(None, "no")])
    with pytest.raises(DataError, match=facts("no", "No such file")):
        recording.Recording.begin(job).end()
    assert not (small.results / "lineage" / "records").exists()


@pytest.mark.slow
def test_parallel_jobs_with_the_same_input(small):
    def record(number):
        return small.job("search", {f"results/small/{number}": str(number)}, ["tables/a.json"])

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(record, range(40)))
    assert len(set(names)) == 40 and len(small.open().jobs()) == 40 and not small.open().broken
    assert not list(small.folder.rglob("results/**/.*")), "a temporary file was left"


def test_a_folder_is_hashed_by_the_names_and_contents_of_its_files(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "x").write_text("1")
    first = hashing.hash_content(tmp_path / "a")
    (tmp_path / "a" / ".snakemake_timestamp").touch()
    assert hashing.hash_content(tmp_path / "a") == first and first.files == 1
    (tmp_path / "a" / "b" / "x").rename(tmp_path / "a" / "x")
    assert hashing.hash_content(tmp_path / "a").sha256 != first.sha256


def test_the_hash_of_a_folder_is_over_its_files_in_the_order_of_their_names(tmp_path):
    names = ("b/x", "a.txt", "a/z")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    lines = "".join(f"{name}\0{sha256(name.encode()).hexdigest()}\0" for name in ("a.txt", "a/z", "b/x"))
    assert hashing.hash_content(tmp_path) == hashing.Content(sha256(lines.encode()).hexdigest(), 11, 3)


class TestCode:
    def git(self, folder, *arguments):
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)

    def code(self, small) -> Record:
        name = small.job("search", {"results/small/a": "x"}, [])
        return Ledger(Path("results/small/lineage")).record(name).code

    def test_is_unknown_outside_a_repository(self, small, monkeypatch):
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(small.folder.parent))
        assert (self.code(small).commit, self.code(small).state) == ("unknown", "unknown")

    def test_is_unknown_without_git(self, small, monkeypatch):
        monkeypatch.setenv("PATH", "")
        assert self.code(small).commit == "unknown"

    def test_is_clean_or_dirty_and_two_changes_have_two_hashes(self, small):
        self.git(small.folder, "init", "-q")
        small.write(".gitignore", "__pycache__/\n")
        self.git(small.folder, "add", "workflow_scripts", "nascore")
        self.git(small.folder, "commit", "-q", "-m", "code")
        clean = self.code(small)
        assert clean.state == "clean" and len(clean.commit) == 40 and clean.diff_sha256 is None
        small.write("workflow_scripts/search.py", "print(2)\n")
        edited = self.code(small)
        small.write("workflow_scripts/new.py", "print(3)\n")
        added = self.code(small)
        small.write("workflow_scripts/new.py", "print(4)\n")
        assert edited.state == added.state == "dirty"
        assert len({edited.diff_sha256, added.diff_sha256, self.code(small).diff_sha256}) == 3
        small.write("notes.txt", "not code")
        assert self.code(small).commit == clean.commit


class TestSurroundings:
    def test_the_lock_decides_which_versions_are_named(self, small):
        small.write("requirements.lock", "# all, with torch==2\nnumpy==2.0\nno_such.package==1\n")
        small.job("search", {"results/small/a": "x"}, [])
        run = small.open()
        found = run.environment(next(iter(run.jobs().values())))
        assert found.packages.keys() == {"numpy", "no-such-package"}
        assert found.packages["no-such-package"] == "not installed" and found.packages["numpy"][0] == "2"
        assert found.lock_sha256 and found.machine.cores >= 1 and found.machine.cpu

    def test_no_host_name_and_no_absolute_path_is_recorded(self, recorded):
        text = "".join(file.read_text() for file in recorded.folder.glob("results/small/lineage/*/*.json"))
        assert str(recorded.folder) not in text and f'"{os.uname().nodename}"' not in text
