"""Commands of the documentation on whole runs: those of `nascore` that need one, and plans of `snakemake`.

Runs are the small ones of these tests. Where a page shows another run, its names are replaced and only the exit code
counts; where it shows the small run with images, lines are compared with numbers and hashes left out. `nascore diff`,
which needs two runs, is in test_lineage.py, `nascore snapshot` in test_dvc.py, measuring latency in test_latency.py.
"""

import re
import shutil
from functools import cache

import pytest
from doc_blocks import ALL, COMMANDS, ROOT, fits
from random_images import write_images
from small_project import Project, new_project_in
from warm_start import snakemake

ON_A_RUN = ("audit", "crate", "deploy", "lineage", "validate")
NAMES_HERE = {
    "macs_3m.measured_accuracy": "macs.measured_accuracy",
    "data/image_folder": "data/synthetic",
    **{
        f"results/{target}/weights/winner.safetensors": "results/small/validation/macs/weights/winner.safetensors"
        for target in ("default/validation/macs_3m", "image_folder/validation/macs_10m")
    },
}


def without_numbers(text: str) -> str:
    """Leave out what differs between runs: hashes, numbers, and the spaces that line them up."""
    return re.sub(r" +", " ", re.sub(r"\b[0-9a-f]{8,}\b|\d[\d,.]*", "0", text))


def test_nascore_commands_on_a_finished_run(finished_images):
    tried, nascore = set(), cache(finished_images.nascore)  # pages show some commands again
    for block in ALL:
        for command in block.commands:
            if command.words[0] != "nascore" or command.words[1] not in ON_A_RUN:
                continue
            tried.add(command.words[1])
            words = [NAMES_HERE.get(word, word) for word in command.words[1:]]
            said, shown = nascore(*words), "\n".join(command.shown)
            if shown.startswith("run small"):
                assert fits(without_numbers(shown), without_numbers(said)), f"{block}:\n{said}"
    assert tried == set(ON_A_RUN)


NOT_PLANNED = {"--unlock", "--sdm", "--forcerun", "--profile", "--executor"}
PLANNED = [
    text
    for text, command in COMMANDS.items()
    if command.words[0] == "snakemake" and not NOT_PLANNED & set(command.words)
]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """A project with what the commands name; plans leave it so."""
    project = new_project_in(tmp_path_factory.mktemp("docs") / "project")
    shutil.copytree(ROOT / "config", project.folder / "config")
    for name in ("FOLDER", "PATH"):  # of images and of tables
        write_images(project.folder / name, ("cat", "dog"), 40)
        shutil.copytree(project.folder / "tables", project.folder / name, dirs_exist_ok=True)
    for block in ALL:
        if block.language == "yaml" and block.title:
            (project.folder / block.title).write_text(block.text)
    return project


@pytest.mark.parametrize("text", PLANNED)
def test_snakemake_plans_its_commands(text, project):
    command = COMMANDS[text]
    done = project.started(snakemake, *command.words[1:], "-n").wait()
    assert done.returncode == 0, done.stdout
    if "total" in "\n".join(command.shown):
        assert fits("\n".join(command.shown), done.stdout), done.stdout
