"""The whole workflow with a supernet: images, training, sampled subnets, searches, validation."""

import json
import signal
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from small_project import IMAGES_CONFIG, Project, new_project_in

from nascore.spaces import get_space
from nascore.supernet.checkpoint import load_subnet, load_supernet


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Project:
    """A project whose workflow with images has run to the end."""
    project = new_project_in(tmp_path_factory.mktemp("images") / "project")
    project.configure(IMAGES_CONFIG)
    done = project.run()
    assert done.returncode == 0, done.stdout
    return project


def validation(project, target):
    return json.loads((project.results / "validation" / target / "validation.json").read_text())


def test_every_target_is_validated_or_proven_infeasible(finished):
    assert validation(finished, "macs")["status"] == "validated"
    assert validation(finished, "impossible")["status"] == "infeasible"
    assert validation(finished, "impossible")["contenders"] == []
    table = pd.read_csv(finished.results / "validation.csv")
    assert set(table["target"]) == {"macs", "smallest", "impossible"}
    assert table.loc[table["role"].notna(), "satisfies_target"].all()
    assert (finished.results / "report.html").stat().st_size > 100_000


def test_the_smallest_working_set_is_found_by_every_role(finished):
    contenders = validation(finished, "smallest")["contenders"]
    assert {c["role"] for c in contenders} >= {"found", "smallest", "largest"}
    assert {c["costs"]["peak_memory_bytes"] for c in contenders} == {8192}


def test_the_winners_weights_are_a_network_of_the_measured_costs(finished):
    winner = validation(finished, "macs")["winner"]
    space = get_space("ofa_mcunet", resolutions=(32, 40))
    subnet = load_subnet(finished.results / "validation" / "macs" / winner["weights"], space)
    assert subnet.arch_id == winner["arch_id"]
    assert winner["costs_counted"] == winner["costs_measured"] and winner["satisfies_target"]
    assert winner["costs_measured"]["macs"] <= 5_000_000


def test_only_the_final_validation_reads_the_test_split(finished):
    rules = [path.read_text() for path in (finished.folder / "rules").glob("*.smk")]
    readers = [text for text in rules if '"test"' in text]
    assert len(readers) == 1 and 'store_files("calibration", "test")' in readers[0]


def test_nothing_changed_nothing_to_do(finished):
    assert finished.planned() == Counter()


def test_other_cores_and_other_shards_give_the_same_bytes(finished, new_project):
    new_project.configure(IMAGES_CONFIG, sampling={"subnets": 40, "shards": 2})
    done = new_project.run(cores=1)
    assert done.returncode == 0, done.stdout
    first, second = finished.derived(), new_project.derived()
    by_shard = {name for name in {*first, *second} if "shard" in name}
    differing = {name for name in {*first, *second} - by_shard if first.get(name) != second.get(name)}
    # What counts the shards says another number.
    assert differing == {"accuracy_dataset/dataset_report.json", "report.html"}


def test_a_new_limit_measures_its_own_contenders_alone(finished):
    finished.configure(IMAGES_CONFIG, targets={**IMAGES_CONFIG["targets"], "macs": {"macs_m": 6}})
    planned = finished.planned()
    finished.configure(IMAGES_CONFIG)
    assert planned == Counter(
        search=2, choose_contenders=1, rank_contenders=1, validate_target=1, draw_winner=1, summarize=1,
        summarize_validation=1, write_report=1,
    )  # fmt: skip


def test_other_training_keeps_the_images_and_the_drawn_subnets(finished):
    finished.configure(IMAGES_CONFIG, training={**IMAGES_CONFIG["training"], "epochs": 3})
    planned = finished.planned()
    finished.configure(IMAGES_CONFIG)
    assert planned["train_phase"] == 1 and planned["measure_shard"] == 3
    assert planned["prepare_images"] == planned["sample_architectures"] == 0


def test_killed_while_measuring_it_goes_on_and_ends_in_the_same_bytes(finished, new_project):
    new_project.configure(IMAGES_CONFIG)
    assert new_project.killed_when("accuracy_dataset/shards/*.unfinished", signal.SIGKILL) != 0
    assert new_project.run("--unlock").returncode == 0
    done = new_project.run("--rerun-incomplete")
    assert done.returncode == 0, done.stdout
    assert new_project.derived() == finished.derived()


def test_given_weights_take_the_place_of_the_training(finished):
    space = get_space("ofa_mcunet", resolutions=(32, 40))
    trained = load_supernet(finished.results / "supernet" / "sandwich" / "supernet.safetensors", space)
    torch.save({"state_dict": trained.state_dict()}, finished.folder / "given.pth")
    finished.configure(IMAGES_CONFIG, supernet={"checkpoint": "given.pth"})
    planned = finished.planned()
    made = finished.run("--until", "import_supernet")
    finished.configure(IMAGES_CONFIG)
    assert planned["import_supernet"] == 1 and planned["train_phase"] == 0 and planned["measure_shard"] == 3
    assert made.returncode == 0, made.stdout
    given = load_supernet(finished.results / "supernet" / "given" / "supernet.safetensors", space)
    for name, value in given.state_dict().items():
        assert torch.equal(value, trained.state_dict()[name]), name


def write_images(root, names, count):
    """Write coloured noise of various modes and sizes, one folder per class."""
    rng = np.random.default_rng(0)
    for label, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 255, (50 + number, 60, 3), dtype=np.uint8)
            pixels[:, :, label % 3] //= 3
            mode = ("RGB", "L", "RGBA", "P")[number % 4]
            Image.fromarray(pixels).convert(mode).save(root / name / f"{number}.png")


def test_three_classes_of_grey_and_transparent_images(new_project):
    write_images(new_project.folder / "pets", ("cat", "dog", "owl"), 40)
    new_project.configure(
        IMAGES_CONFIG, data={"source": "image_folder"}, images="pets", targets={"macs": {"macs_m": 5}},
        training={**IMAGES_CONFIG["training"], "batch_size": 500, "strategy": "progressive_shrinking"},
    )  # fmt: skip
    done = new_project.run()
    assert done.returncode == 0, done.stdout
    subnet = load_subnet(
        new_project.results / "validation" / "macs" / "weights" / "winner.safetensors",
        get_space("ofa_mcunet", resolutions=(32, 40), n_classes=3),
    )
    assert subnet.classifier.linear.out_features == 3
    phases = {path.parent.name for path in new_project.results.glob("supernet/*/supernet.safetensors")}
    assert {"largest", "kernel", "width"} < phases and len(phases) == 7


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "pets has no class"),
        (("cat",), "at least two"),
    ],
)
def test_a_folder_that_cannot_be_learned_from(new_project, names, message):
    (new_project.folder / "pets").mkdir()
    write_images(new_project.folder / "pets", names, 3)
    new_project.configure(IMAGES_CONFIG, data={"source": "image_folder"}, images="pets")
    done = new_project.run()
    assert done.returncode != 0 and "Traceback" not in done.stdout
    assert message in done.stdout, done.stdout
