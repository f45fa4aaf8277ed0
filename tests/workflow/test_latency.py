"""Latency limits in the workflow: measured once, used by the searches of their targets, crossed in the report."""

import json
import re
import shutil
from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest
from latency_examples import SETTING, table_of
from messages import errors, facts
from small_configs import LATENCY_CONFIG
from small_project import Project, new_project_in

from nascore.config import read_config
from nascore.latency_files import LayerLatencies
from nascore.lineage.audit import audit
from nascore.lineage.history import Run
from nascore.spaces import get_space

REPORT = Counter(summarize=1, write_report=1)
FOUND = Counter(measure_found=2)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """A project whose workflow has run to the end; tests leave it so."""
    project = new_project_in(tmp_path_factory.mktemp("latency") / "project", resolutions=(96,))
    project.configure(LATENCY_CONFIG)
    for _ in range(3):
        done = project.run()
        # Four calls of 10 networks may be timed beside so much else that nothing can be fitted to them.
        if "measured on a busy machine" not in done.stdout:
            break
        shutil.rmtree(project.folder / "latency")
        shutil.rmtree(project.results / "latency")
    assert done.returncode == 0, done.stdout
    return project


def planned(project, **changes):
    """Return what a changed configuration would run, and take the change back."""
    try:
        project.configure(LATENCY_CONFIG, **changes)
        return project.planned()
    finally:
        project.configure(LATENCY_CONFIG)


def with_latency(**changes):
    return {"latency": LATENCY_CONFIG["latency"] | changes}


def test_every_stage_is_made(project):
    results = project.results
    read = {path.parent.parent.name: json.loads(path.read_text()) for path in results.glob("search/*/exact/*.json")}
    assert {name: result["status"] for name, result in read.items()} == {
        "onnx": "optimal", "torch": "optimal", "macs": "optimal", "seconds": "infeasible",
    }  # fmt: skip
    # A search knows the devices that its target names, and no others.
    named = {
        name: [key for key in read[name]["subnets"][0]["costs"] if "@" in key] for name in ("onnx", "torch", "macs")
    }
    assert named == {"onnx": ["latency_ms@onnx"], "torch": ["latency_ms@torch"], "macs": []}
    for device in ("onnx", "torch"):
        quality = pd.read_csv(results / "latency" / device / "quality.csv")
        assert quality["estimate"].tolist() == ["macs", "table_sum", "corrected_sum", "linear_per_global", "mlp"]
        assert len(pd.read_parquet(results / "latency" / device / "heldout.parquet")) == 10
        table = LayerLatencies.read(results / "latency" / device / "table.parquet")
        assert (table.setting.device, table.correction.n_networks) == (device, 10)
        found = pd.read_csv(results / "latency" / device / "found.csv").set_index("arch_id")
        best = [read[name]["subnets"][0]["arch_id"] for name in ("onnx", "torch", "macs")]
        assert (found.loc[best, ["predicted_ms", "measured_ms"]] > 0).all(axis=None)
    own = read["onnx"]["subnets"][0]
    found = pd.read_csv(results / "latency" / "onnx" / "found.csv").set_index("arch_id")
    assert found.loc[own["arch_id"], "predicted_ms"] == pytest.approx(own["costs"]["latency_ms@onnx"], rel=1e-9)
    page = (results / "report.html").read_text()
    assert 'id="latency"' in page and "What was found for one device, on all" in page
    targets = pd.read_csv(results / "targets.csv").set_index("target")
    assert targets.loc["onnx", "latency_ms@onnx"] == own["costs"]["latency_ms@onnx"]
    assert pd.isna(targets.loc["macs", "latency_ms@onnx"])


def test_nothing_changed_nothing_to_do_and_the_audit_passes(project):
    assert project.planned() == Counter()
    config = read_config(project.folder / "config.yaml")
    result = audit(Run.open("small", project.folder), project.folder, config, "config.yaml")
    assert result.passed, result.findings


def test_a_change_reruns_only_what_it_must(project):
    targets = LATENCY_CONFIG["targets"]
    searched = Counter(search=1, draw_winner=1)
    limit = targets | {"onnx": {"latency_ms": 900, "latency_on": "onnx", "macs_m": 30}}
    assert planned(project, targets=limit) == searched + FOUND + REPORT
    assert planned(project, targets=targets | {"macs": {"macs_m": 31}}) == searched + FOUND + REPORT
    # Other shares of the networks: the three targets with a latency are searched again, `macs` is not.
    refitted = Counter(fit_latency=2, search=3, draw_winner=3) + FOUND + REPORT
    measured = Counter(measure_networks=2)
    assert planned(project, **with_latency(fit=12)) == measured + refitted
    devices = LATENCY_CONFIG["latency"]["devices"]
    removed = {name: target for name, target in targets.items() if target.get("latency_on") != "torch"}
    assert planned(project, **with_latency(devices={"onnx": devices["onnx"]}), targets=removed) == (
        Counter(measure_found=1) + REPORT
    )


def test_what_was_measured_is_kept_and_gives_the_same_bytes(project):
    before = project.derived()
    for name in ("layers", "networks"):
        (project.results / "latency" / "onnx" / f"{name}.parquet").unlink()
    table = "results/small/latency/onnx/table.parquet"
    done = project.run("--forcerun", "measure_layers", "measure_networks", "--", table)
    assert done.returncode == 0, done.stdout
    after = project.derived()
    kept = [name for name in before if name.startswith("latency/onnx/") and not name.endswith("found.csv")]
    assert len(kept) == 5
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_a_backend_that_is_not_installed_is_named_before_anything_runs(tmp_path):
    project = new_project_in(tmp_path / "project", resolutions=(96,))
    project.configure(LATENCY_CONFIG)
    (project.folder / "sitecustomize.py").write_text("import sys; sys.modules['onnxruntime'] = None")
    done = project.run_cold("--dry-run")
    assert done.returncode and "Traceback" not in done.stdout
    assert (
        "error: latency.devices.onnx with backend 'onnxruntime' needs onnxruntime, not installed here: "
        "pip install 'nascore[onnx]', or choose another backend\n"
    ) in done.stdout


class TestTableMeasuredElsewhere:
    TABLE = "results/small/latency/board/table.parquet"

    @pytest.fixture
    def project(self, tmp_path) -> Project:
        project = new_project_in(tmp_path / "project", resolutions=(96,))
        board = {"latency": {"devices": {"board": {"table": "board.parquet"}}}}
        project.configure(LATENCY_CONFIG | board, targets={"fast": {"latency_ms": 1000}})
        return project

    def test_is_searched_with_and_needs_no_measurement(self, project):
        table_of(get_space("ofa_mcunet", resolutions=(96,))).write(project.folder / "board.parquet")
        assert not {"measure_layers", "measure_networks"} & set(project.planned())
        done = project.run()
        assert done.returncode == 0, done.stdout
        page = (project.results / "report.html").read_text()
        assert "No whole networks were measured, so nothing says how good this table is." in page
        found = pd.read_csv(project.results / "latency" / "board" / "found.csv")
        assert len(found) and found["measured_ms"].isna().all()
        (project.folder / "board.parquet").rename(project.folder / "moved.parquet")
        moved = {"latency": {"devices": {"board": {"table": "./moved.parquet"}}}}
        project.configure(LATENCY_CONFIG | moved, targets={"fast": {"latency_ms": 1000}})
        assert project.planned() == Counter()

    def test_what_a_killed_measurement_left_is_removed(self, project):
        left = project.folder / "latency" / "board" / ".writing.layers.parquet.x.parquet"
        left.parent.mkdir(parents=True)
        left.touch()
        table_of(get_space("ofa_mcunet", resolutions=(96,))).write(project.folder / "board.parquet")
        done = project.run("--", self.TABLE)
        assert done.returncode == 0 and not left.exists(), done.stdout

    def test_of_another_device_or_space_is_refused(self, project):
        space = get_space("ofa_mcunet", resolutions=(96,))
        other = table_of(space, replace(SETTING, device="other"))
        other.write(project.folder / "board.parquet")
        said = project.run("--", self.TABLE)
        assert said.returncode and re.match(facts("board.parquet", "other", "board"), errors(said.stdout))
        assert "Traceback" not in said.stdout
        table = table_of(space)
        replace(table, rows=table.rows[5:]).write(project.folder / "board.parquet")
        said = project.run("--", "results/small/search/fast/exact/result.json")
        assert said.returncode and re.match(facts("'board'", "kernel 3", "stride 2"), errors(said.stdout))
        assert "Traceback" not in said.stdout
