"""Lineage of real runs: everything is recorded, everything that is altered is found, and what changed is named."""

import json
from pathlib import Path

import jsonschema
from small_configs import CONFIG, IMAGES_CONFIG

from nascore.config import read_config
from nascore.lineage.asking import find
from nascore.lineage.audit import audit
from nascore.lineage.hashing import NOT_CONTENT
from nascore.lineage.history import Run
from nascore.lineage.record import json_schema
from nascore.lineage.tree import Tree


def audited(project, run="small"):
    config = read_config(project.folder / "config.yaml")
    return audit(Run.open(run, project.folder), project.folder, config, "config.yaml")


def flip_a_bit(file: Path) -> None:
    """Flip one bit in the middle of a file."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def artifacts(project) -> list[Path]:
    """Return every derived file and every file of the image store."""
    derived = [project.results / name for name in project.derived() if not name.endswith(NOT_CONTENT)]
    return [*derived, *(file for file in (project.folder / "data").rglob("*.*") if "lineage" not in file.parts)]


def every_flipped_bit_is_found(project):
    """Flip a bit in every other file, and then in the others: an audit names those files and no other."""
    files = artifacts(project)
    for flipped in (files[::2], files[1::2]):
        before = {file: file.read_bytes() for file in flipped}
        for file in flipped:
            flip_a_bit(file)
        found = {finding.path for finding in audited(project).findings if finding.kind == "altered"}
        paths = [file.relative_to(project.folder) for file in flipped]
        assert not [path for path in paths if not {path.as_posix(), path.parent.as_posix()} & found]
        assert found <= {name.as_posix() for path in paths for name in (path, path.parent)}
        for file, content in before.items():
            file.write_bytes(content)
    assert audited(project).passed


class TestTables:
    def test_a_finished_run_passes_with_its_configuration(self, finished_project):
        result = audited(finished_project)
        assert result.passed, result.findings
        assert result.n_records == 21 and result.n_edges > 60

    def test_every_flipped_bit_is_found(self, finished_project):
        every_flipped_bit_is_found(finished_project)

    def test_records_are_valid(self, finished_project):
        schema = json.loads(json_schema())
        for folder in ("records", "environments"):
            files = list((finished_project.results / "lineage" / folder).glob("*.json"))
            assert files
            for file in files:
                jsonschema.validate(json.loads(file.read_text()), schema)

    def test_a_number_leads_to_the_tables(self, finished_project):
        run = Run.open("small", finished_project.folder)
        text = "\n".join(Tree(run).lines(find(run, "macs.predicted_accuracy").artifacts))
        for shown in ("rule search (target=macs", "rule fit_predictor", "tables/table0.json  sha256", "(given)"):
            assert shown in text

    def test_recording_reruns_nothing_and_is_not_code(self, finished_project):
        finished_project.edit("nascore/lineage/recording.py", 'device = params.get("device", "cpu")', "device = 'cpu'")
        assert not finished_project.planned()
        assert audited(finished_project).passed

    def test_edited_code_and_a_changed_limit_are_stale(self, finished_project):
        finished_project.edit("nascore/search/exact.py", "TOLERANCE = 1e-12", "TOLERANCE = 2e-12")
        finished_project.configure(targets={**CONFIG["targets"], "macs": {"macs_m": 31}})
        found = audited(finished_project).findings
        assert {finding.kind for finding in found} == {"stale"}
        planned = finished_project.planned()
        assert sum("code of rule search" in finding.message for finding in found) == planned["search"] == 6
        assert sum("target was" in finding.message for finding in found) == 2

    def test_an_upgraded_package_is_named(self, finished_project):
        (finished_project.folder / "highspy-99.0.dist-info").mkdir()
        planned = finished_project.planned()
        found = json.loads(finished_project.nascore("audit", "--json", code=1))["findings"]
        messages = [finding["message"] for finding in found if finding["path"].startswith("results/small/search/")]
        assert len(messages) == planned["search"] == 6
        assert all("made with highspy " in message and "which is 99.0 now" in message for message in messages)

    def test_two_runs_are_compared_to_their_causes(self, finished_project):
        finished_project.configure(run="other", targets={**CONFIG["targets"], "macs": {"macs_m": 28}})
        assert finished_project.run("--until", "search").returncode == 0
        causes = json.loads(finished_project.nascore("diff", "small", "other", "--json"))["causes"]
        assert [(cause["what"], cause["first"], cause["second"]) for cause in causes] == [
            ("target.macs_m", "30.0", "28.0")
        ]

    def test_the_commands_say_it_with_their_status(self, finished_project):
        assert "nothing is altered" in finished_project.nascore("audit")
        flip_a_bit(finished_project.results / "targets.csv")
        assert "results/small/targets.csv: sha256" in finished_project.nascore("audit", code=1)


class TestImages:
    def test_a_finished_run_passes_with_its_configuration(self, finished_images):
        result = audited(finished_images)
        assert result.passed, result.findings

    def test_every_flipped_bit_is_found(self, finished_images):
        assert {".parquet", ".safetensors", ".json", ".csv", ".html", ".svg", ".npy"} == {
            file.suffix for file in artifacts(finished_images)
        }
        every_flipped_bit_is_found(finished_images)

    def test_a_measured_number_leads_to_every_image(self, finished_images):
        run = Run.open("small", finished_images.folder)
        answer = find(run, "macs.measured_accuracy")
        assert answer.artifacts == ["results/small/validation/macs/validation.json"]
        rules = {record.rule for record in run.upstream(answer.artifacts).values()}
        assert rules >= {"prepare_images", "train_phase", "measure_shard", "fit_predictor", "search", "rank_contenders"}
        manifest = json.loads((finished_images.folder / "data/synthetic/manifest.json").read_text())
        text = "\n".join(Tree(run, files=True).lines(answer.artifacts))
        assert all(image["sha256"] in text for images in manifest["splits"].values() for image in images)

    def test_streams_are_recorded(self, finished_images):
        records = Run.open("small", finished_images.folder).jobs().values()
        streams = {record.rule: record.seed.streams for record in records}
        assert streams["prepare_images"]["data/synthetic/train/*"] == IMAGES_CONFIG["data"]["train"]
        assert streams["train_phase"]["training/initial weights"] == 1

    def test_parallel_and_repeated_jobs_hash_the_images_once(self, finished_images):
        pointers = Run.open("small", finished_images.folder).pointers
        images = [pointer for path, pointer in pointers.items() if path.startswith("data/")]
        assert len(images) == 13 and len({pointer.record for pointer in images}) == 1
