"""Bundles in the workflow: made of every winner, described where there is none, the same bytes again, and audited."""

import json
import re
from collections import Counter
from collections.abc import Iterator

import pandas as pd
import pytest
from messages import errors, facts
from small_configs import IMAGES_CONFIG
from small_project import Project, copy_of

from nascore.config import read_config
from nascore.lineage.audit import audit
from nascore.lineage.history import Run

pytest.importorskip("onnxruntime", reason="needs the extra onnx")

TARGETS = IMAGES_CONFIG["targets"]
CONFIG = {**IMAGES_CONFIG, "deploy": {"bundles": True}}


@pytest.fixture(scope="module")
def project(_finished_images, tmp_path_factory) -> Iterator[Project]:
    """A finished run, gone on with to its bundles; tests leave it so."""
    with copy_of(_finished_images, tmp_path_factory.mktemp("deploy") / "project") as project:
        project.configure(CONFIG)
        assert project.planned() == Counter(export_bundle=3, measure_bundles=1, write_report=1)
        done = project.run()
        assert done.returncode == 0, done.stdout
        yield project


def test_every_winner_is_bundled_and_reported(project):
    bundles = project.results / "bundles"
    checks = {name: json.loads((bundles / name / "checks.json").read_text()) for name in TARGETS}
    validation = json.loads((project.results / "validation/macs/validation.json").read_text())
    assert checks["macs"]["arch_id"] == validation["winner"]["arch_id"]
    (tested,) = (c for c in validation["contenders"] if c["role"] == "found" and c["test_accuracy"] is not None)
    assert checks["macs"]["pytorch"]["accuracy"] == tested["test_accuracy"]
    assert checks["macs"]["models"]["model.onnx"]["max_difference"] < 1e-4
    assert checks["macs"]["costs"] == validation["winner"]["costs_measured"]
    assert checks["impossible"]["status"] == "infeasible"
    assert sorted(path.name for path in (bundles / "impossible").glob("[!.]*")) == ["checks.json", "model_card.md"]
    page = (project.results / "report.html").read_text()
    assert 'id="bundles"' in page and 'href="bundles/macs/model_int8.onnx"' in page
    timed = pd.read_csv(project.results / "benchmarks" / "bundles.csv")
    assert timed["target"].tolist() == ["macs", "macs", "smallest", "smallest"] and (timed["median_ms"] > 0).all()


def test_nothing_changed_nothing_to_do_and_the_audit_passes(project):
    assert project.planned() == Counter()
    config = read_config(project.folder / "config.yaml")
    result = audit(Run.open("small", project.folder), project.folder, config, "config.yaml")
    assert result.passed, result.findings
    assert "results/small/bundles/macs" in Run.open("small", project.folder).made


def test_made_again_a_bundle_has_the_same_bytes(project):
    before = project.derived()
    done = project.run("--forcerun", "export_bundle", "--", "results/small/bundles/macs", cores=1)
    assert done.returncode == 0, done.stdout
    assert project.derived() == before
    assert {"bundles/macs/model_int8.onnx", "bundles/macs/model_card.md"} < before.keys()


def test_bundles_can_be_left_out_and_need_images(project, new_project):
    try:
        project.configure(CONFIG | {"deploy": {"bundles": False}})
        assert project.planned() == Counter(write_report=1)
    finally:
        project.configure(CONFIG)
    new_project.configure(deploy={"bundles": True})
    said = new_project.run("-n")
    assert said.returncode and re.match(facts("deploy.bundles", "tables"), errors(said.stdout))
