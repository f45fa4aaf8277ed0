"""What a user does wrong ends in a message that says what to do, never in a traceback of ours."""

import os
import re
import subprocess
import sys
import sysconfig

import pytest
from messages import errors, facts
from small_configs import CONFIG, IMAGES_CONFIG
from small_project import ROOT


def said(project, *arguments: str) -> str:
    """Run a workflow that must fail, and return what it said."""
    done = project.run(*arguments)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout, done.stdout
    return done.stdout


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"sed": 1}, ("sed", "seed")),
        ({"targets": {"a": {"macsm": 30}}}, ("target 'a'", "macsm", "macs_m")),
        ({"targets": {"a": {"macs_m": -1}}}, ("targets.a.macs_m", 0, -1)),
        (
            {"tables": "nowhere"},
            ("tables", "nowhere"),
        ),
    ],
)
def test_the_configuration_is_checked_before_anything_runs(new_project, change, named):
    new_project.configure(**change)
    assert re.search(facts(*named), said(new_project))
    assert not new_project.results.exists()


def test_no_configuration_at_all(new_project):
    (new_project.folder / "config.yaml").write_text("{}")
    assert re.search(facts("targets"), said(new_project))


def test_a_configuration_without_a_run_is_not_mixed_with_the_default(new_project):
    (new_project.folder / "config").mkdir()
    (new_project.folder / "config" / "config.yaml").write_text("run: default\ntargets: {a: {macs_m: 30}}\n")
    new_project.configure()
    text = (new_project.folder / "config.yaml").read_text().replace("run: small\n", "")
    new_project.replace("config.yaml", text)
    assert re.search(facts("run", "Field required"), said(new_project))


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("  macs:\n", "  macs:\n    macs_m: 20\n  macs:\n", ("config.yaml", "'macs'")),
        ("  macs:\n", "  no:\n", ("config.yaml", "no", '"no"')),
        ("macs_m: 30", "macs_m: 030", ("config.yaml", "030", 24, 30)),
    ],
)
def test_what_would_be_read_as_something_else_is_refused(new_project, old, new, named):
    text = (new_project.folder / "config.yaml").read_text()
    assert old in text
    new_project.replace("config.yaml", text.replace(old, new, 1))
    assert re.search(facts(*named), said(new_project))


def test_targets_and_searchers_of_the_command_line_have_numbers(new_project):
    done = new_project.run("-n", "--config", "targets={mine: {macs_m: 30.5}}", "searchers={random: {samples: 77}}")
    assert done.returncode == 0 and "search/mine/random/result.json" in done.stdout, done.stdout


def test_a_broken_table_is_named(new_project):
    table = new_project.folder / "tables" / "table1.json"
    table.write_text(table.read_text()[:-20])
    assert re.match(facts("table1.json", "JSON"), errors(said(new_project)))
    assert not list(new_project.results.glob("accuracy_dataset/*"))


def test_a_target_outside_the_covered_choices_is_refused_unless_they_are_opened(finished_project):
    targets = {**CONFIG["targets"], "widest": {"width": 2, "macs_m": 50}}
    finished_project.configure(targets=targets)
    text = said(finished_project)
    assert re.match(facts("widest", "width 2", "width 0, 1", "search.uncovered_choices"), errors(text))
    finished_project.configure(targets=targets, search={**CONFIG["search"], "uncovered_choices": True})
    done = finished_project.run("--", "results/small/search/widest/exact/result.json")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "change",
    [{"device": "cuda"}, {"latency": {"devices": {"board": {"backend": "cuda"}}}}],
    ids=["device", "latency"],
)
def test_a_gpu_that_is_not_there_is_refused_before_any_job(new_project, change):
    new_project.configure(IMAGES_CONFIG, **change)
    # A plan may be made where there is none, such as on a login node.
    assert new_project.planned()["prepare_images"] == 1
    assert re.search(facts("'cuda'", "no GPU"), said(new_project))
    assert not (new_project.results / "logs").exists()


def test_a_path_of_python_that_no_job_can_be_started_by(new_project, tmp_path):
    python = tmp_path / "a (b)" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    packages = {"PYTHONPATH": f"{new_project.folder}{os.pathsep}{sysconfig.get_path('purelib')}"}
    done = subprocess.run(
        [python, "-m", "snakemake", *new_project.options("-n")], cwd=new_project.folder,
        env=new_project.environment | packages, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode and re.match(facts(python, repr(" ()"), "make env"), errors(done.stdout)), done.stdout


def test_a_python_that_no_shell_finds_is_refused(new_project, tmp_path):
    """Snakemake gives its path to a shell as it is: every job would fail with an empty log."""
    python = tmp_path / "an (odd) folder" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    packages = os.pathsep.join([str(new_project.folder), sysconfig.get_path("purelib")])
    done = subprocess.run(
        [python, "-m", "snakemake", "-n", "--cores", "1", "--configfile", "config.yaml"], cwd=new_project.folder,
        env=new_project.environment | {"PYTHONPATH": packages}, text=True, capture_output=True,
    )  # fmt: skip
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert re.search(facts("an (odd) folder/python", "move the project", "make env"), errors(done.stderr)), done.stderr


def test_no_environment_is_made_where_no_job_could_start(tmp_path):
    folder = tmp_path / "an (odd) folder"
    folder.mkdir()
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        (folder / name).write_text((ROOT / name).read_text())
    done = subprocess.run(["make", "env"], cwd=folder, text=True, capture_output=True)
    assert done.returncode != 0 and not (folder / ".venv").exists()
    assert re.search(facts("an (odd) folder", "spaces", "brackets"), done.stdout + done.stderr), done.stderr
