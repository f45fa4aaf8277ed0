"""Design spaces of one's own through the whole workflow: a file beside the configuration, and nothing else."""

import re
from collections import Counter
from pathlib import Path

import pytest
from doc_blocks import blocks
from messages import errors, facts
from small_configs import IMAGES_CONFIG
from small_project import ROOT, Project, seed_of_commit

PAGE = "docs/howto/own_space.md"
SPACES = {path.stem: path.read_text() for path in sorted((ROOT / "config" / "spaces").glob("*.yaml"))}
SPACES |= {"of the page": next(block.text for block in blocks(PAGE) if block.title == "tiny.yaml")}
OF_THIS_COMMIT = sorted(SPACES)[seed_of_commit() % len(SPACES)]

CONFIG = {
    **IMAGES_CONFIG,
    "space": {"file": "space.yaml", "resolutions": [32]},
    "sampling": {"subnets": 20, "shards": 2},
    "targets": {"macs": {"macs_m": 4}, "impossible": {"peak_memory_kb": 1}},
    "deploy": {"bundles": True},
}


def project_with(project: Project, text: str) -> Project:
    project.replace("space.yaml", text)
    project.configure(CONFIG)
    return project


@pytest.mark.parametrize(
    "name", [name if name == OF_THIS_COMMIT else pytest.param(name, marks=pytest.mark.long) for name in sorted(SPACES)]
)
def test_from_images_to_bundles(new_project, name):
    """Another space with every commit; a comment in the file or another name of it reruns nothing, a choice all."""
    project = project_with(new_project, SPACES[name])
    if name == "resnet8":
        project.configure(CONFIG | {"training": CONFIG["training"] | {"strategy": "progressive_shrinking"}})
    done = project.run()
    assert done.returncode == 0, done.stdout
    assert re.search(r"^macs .*[0-9a-f]{16}", done.stdout, re.MULTILINE), done.stdout
    assert (project.results / "bundles" / "macs" / "model_int8.onnx").is_file()
    assert "altered" in project.nascore("audit", "--configfile", "config.yaml")
    (project.folder / "space.yaml").rename(project.folder / "renamed.yaml")
    project.replace("renamed.yaml", f"# A comment.\n{SPACES[name]}")
    configuration = (project.folder / "config.yaml").read_text()
    project.replace("config.yaml", configuration.replace("space.yaml", "renamed.yaml"))
    assert project.planned() == Counter()
    project.replace("renamed.yaml", SPACES[name].replace("stem: { channels: ", "stem: { channels: 1"))
    planned = project.planned()
    assert planned["train_phase"] and planned["measure_shard"] == 2 and not planned["prepare_images"]


def test_a_mistake_in_the_file_is_said_before_anything_runs(new_project):
    project = project_with(new_project, SPACES["resnet8"].replace("block: residual", "block: residul", 1))
    done = project.run()
    assert done.returncode != 0 and "Traceback" not in done.stdout
    assert re.match(facts("space.yaml", "stages.0.block", "'residual'"), errors(done.stdout)), done.stdout


def test_weights_of_another_description_are_refused(new_project, tmp_path):
    """As after a change of the file behind a finished run."""
    from nascore.errors import DataError
    from nascore.space_files import find_space
    from nascore.supernet import build_supernet
    from nascore.supernet.checkpoint import load_subnet, read_subnet, save_subnet

    for name, text in (("one", SPACES["resnet8"]), ("two", SPACES["resnet8"].replace("stride: 2", "stride: 1", 1))):
        (tmp_path / f"{name}.yaml").write_text(text)
    one, two = (find_space(str(tmp_path / f"{name}.yaml")) for name in ("one", "two"))
    save_subnet(tmp_path / "w.safetensors", build_supernet(one).subnet(one.smallest()), {})
    assert read_subnet(tmp_path / "w.safetensors").space.identity == one.identity
    with pytest.raises(DataError, match=facts(tmp_path / "w.safetensors", "description", "'resnet8'")):
        load_subnet(Path(tmp_path / "w.safetensors"), two)


def test_training_starts_from_a_published_network(new_project):
    """And does not where its accuracy is not the known one; a change of the file trains again."""
    import torch

    from nascore.space_files import find_space
    from nascore.supernet import Subnet

    text = SPACES["of the page"] + "published: { classes: [person, not_person] }\n"
    project = project_with(new_project, text)
    space = find_space(str(project.folder / "space.yaml"), resolutions=(32,))
    torch.manual_seed(0)
    torch.save(Subnet(space, space.published()).state_dict(), project.folder / "published.pth")
    start = {"start": "published.pth"}
    project.configure(CONFIG | {"supernet": start | {"start_accuracy": 0.95}})
    done = project.run("--until", "train_phase")
    assert done.returncode != 0 and "Traceback" not in done.stdout
    assert re.search(facts("published.pth", "supernet.start_accuracy", 0.95, "search"), errors(done.stdout))
    project.configure(CONFIG | {"supernet": start | {"start_accuracy": 0.5}})
    done = project.run("--until", "train_phase")
    assert done.returncode == 0 and "import_start" in done.stdout, done.stdout
    assert "published network: accuracy 0." in (project.results / "logs" / "import_start.log").read_text()
    assert "published.pth" in project.nascore("lineage", "results/small/supernet/start/supernet.safetensors", "--files")
    torch.save(Subnet(space, space.published()).state_dict(), project.folder / "published.pth")
    planned = project.planned()
    assert planned["import_start"] == planned["train_phase"] == 1
