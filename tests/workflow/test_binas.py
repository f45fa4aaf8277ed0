"""The BINAS system as a workflow: contributions are measured and shown, bcfw is beside the proven optimum."""

import json
from collections import Counter

import pandas as pd
import pytest
from small_configs import BINAS_CONFIG
from small_project import Project, finished_project_in

from nascore.config import read_config
from nascore.lineage.audit import audit
from nascore.lineage.history import Run


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """A project whose workflow has run to the end; tests leave it so."""
    return finished_project_in(tmp_path_factory.mktemp("binas") / "project", BINAS_CONFIG)


def test_every_stage_is_made(project):
    results = project.results
    read = {
        (path.parents[1].name, path.parent.name): json.loads(path.read_text())
        for path in results.glob("search/*/*/result.json")
    }
    found = [result for (target, _), result in read.items() if target == "macs"]
    assert all(subnet["costs"]["macs"] <= 6_000_000 for result in found for subnet in result["subnets"])
    assert read["macs", "exact"]["status"] == "optimal"
    assert {read["impossible", searcher]["status"] for searcher in BINAS_CONFIG["searchers"]} == {"infeasible"}
    best, local = (read["macs", name]["subnets"][0]["predicted_accuracy"] for name in ("exact", "bcfw"))
    assert local <= best + 1e-9
    validation = json.loads((results / "validation" / "macs" / "validation.json").read_text())
    assert validation["status"] == "validated" and validation["winner"]["satisfies_target"]
    assert {"found", "random"} <= {contender["role"] for contender in validation["contenders"]}


def test_contributions_are_a_table_and_a_section_of_the_report(project):
    folder = project.results / "contributions"
    table = pd.read_parquet(folder / "contributions.parquet")
    assert len(table) == 255 and (table["n"] == 3).all() and "contribution" in table
    base = json.loads((folder / "base.json").read_text())
    right = base.pop("mean_accuracy") * 3
    assert right == pytest.approx(round(right))
    assert base == {"version": 1, "n_answers": 3, "split": "search", "passes": 1, "resolution": 32}
    quality = json.loads((folder / "quality.json").read_text())
    assert quality["n_rows"] == 20 and {"paper", "published_code"} < quality.keys()
    page = (project.results / "report.html").read_text()
    assert 'id="contributions-choices"' in page and 'id="contributions-operations"' in page


def test_nothing_changed_nothing_to_do_and_the_audit_passes(project):
    assert project.planned() == Counter()
    config = read_config(project.folder / "config.yaml")
    result = audit(Run.open("small", project.folder), project.folder, config, "config.yaml")
    assert result.passed, result.findings


def test_another_number_of_passes_measures_the_contributions_again_and_nothing_else(project):
    try:
        project.configure(BINAS_CONFIG, contributions={"passes": 2})
        config = read_config(project.folder / "config.yaml")
        result = audit(Run.open("small", project.folder), project.folder, config, "config.yaml")
        assert [finding.path for finding in result.findings] == ["results/small/contributions/means.parquet"]
        assert project.planned() == Counter(measure_contributions=1, estimate_contributions=1, write_report=1)
    finally:
        project.configure(BINAS_CONFIG)
