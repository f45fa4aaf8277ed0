"""The workflow with fine-tuning: what it adds to a finished run, that it is recorded, and that its bits are kept."""

import json
import signal
from collections import Counter
from collections.abc import Iterator

import pandas as pd
import pytest
from small_configs import IMAGES_CONFIG
from small_project import Project, copy_of

from nascore.config import read_config
from nascore.lineage.audit import audit
from nascore.lineage.history import Run
from nascore.spaces import get_space
from nascore.supernet.checkpoint import load_subnet, read_facts


def audited(project):
    config = read_config(project.folder / "config.yaml")
    return audit(Run.open("small", project.folder), project.folder, config, "config.yaml")


def read(project, target, name="finetuning/finetuning.json"):
    return json.loads((project.results / "validation" / target / name).read_text())


@pytest.fixture(scope="module")
def finetuned(_finished_images, tmp_path_factory) -> Iterator[Project]:
    """A finished run, gone on with."""
    with copy_of(_finished_images, tmp_path_factory.mktemp("finetune") / "project") as project:
        project.configure(IMAGES_CONFIG, finetuning={"epochs": 1, "batch_size": 32})
        planned = project.planned()
        assert planned["finetune_winner"] == planned["validate_finetuned"] == 3
        assert planned["train_phase"] == planned["validate_target"] == planned["search"] == 0
        done = project.run()
        assert done.returncode == 0, done.stdout
        yield project


def test_a_finished_run_is_fine_tuned(finetuned):
    record, validation = read(finetuned, "macs"), read(finetuned, "macs", "validation.json")
    assert record["status"] == "finetuned" and record["winner"]["epochs"] == 1
    assert record["winner"]["arch_id"] == validation["winner"]["arch_id"]
    assert record["winner"]["costs_measured"] == validation["winner"]["costs_measured"]
    weights = finetuned.results / "validation" / "macs" / "finetuning" / record["winner"]["weights"]
    subnet = load_subnet(weights, get_space("ofa_mcunet", resolutions=(32, 40)))
    assert subnet.arch_id == validation["winner"]["arch_id"] and read_facts(weights)["finetuned_epochs"] == "1"
    assert weights.read_bytes() != (finetuned.results / "validation/macs/weights/winner.safetensors").read_bytes()
    # A target that nothing satisfies passes through.
    assert read(finetuned, "impossible")["status"] == "infeasible"
    assert not list((finetuned.results / "validation/impossible/finetuning/weights").glob("*.safetensors"))
    table = pd.read_csv(finetuned.results / "validation.csv").set_index(["target", "role"])
    assert table.loc[("macs", "finetuned"), "test_accuracy"] == record["winner"]["after"]["test_accuracy"]
    assert "Winner, fine-tuned" in (finetuned.results / "report.html").read_text()
    # Everything is recorded, and nothing is left to do.
    assert finetuned.planned() == Counter()
    result = audited(finetuned)
    assert result.passed, result.findings
    # What fine-tuning was told is known to the audit as well.
    finetuned.configure(IMAGES_CONFIG, finetuning={"epochs": 2, "batch_size": 32})
    found = audited(finetuned).findings
    assert {finding.kind for finding in found} == {"stale"}
    assert sum("finetuning" in finding.path for finding in found) == finetuned.planned()["finetune_winner"] == 3


@pytest.mark.long
def test_killed_between_epochs_it_goes_on_and_ends_in_the_same_bits(finetuned):
    weights = finetuned.results / "validation" / "macs" / "finetuning" / "weights" / "winner.safetensors"
    options = {"targets": {"macs": IMAGES_CONFIG["targets"]["macs"]}, "finetuning": {"epochs": 2, "batch_size": 32}}
    finetuned.configure(IMAGES_CONFIG, **options)
    assert finetuned.killed_when("validation/macs/finetuning/resume.pt", signal.SIGKILL).returncode
    assert finetuned.run("--unlock").returncode == 0
    assert finetuned.run("--rerun-incomplete").returncode == 0
    log = (finetuned.results / "logs" / "finetune_winner" / "macs.log").read_text()
    assert "phase finetuning: going on after epoch" in log
    first = weights.read_bytes()
    again = finetuned.run("--forcerun", "finetune_winner", "--until", "finetune_winner", cores=1)
    assert again.returncode == 0, again.stdout
    assert weights.read_bytes() == first
