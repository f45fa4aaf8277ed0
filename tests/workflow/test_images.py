"""The whole workflow with a supernet: images, training, sampled subnets, searches, validation."""

import json
import re
import signal
from collections import Counter

import pandas as pd
import pytest
import torch
from messages import errors, facts
from random_images import write_images
from small_configs import IMAGES_CONFIG

from nascore.spaces import get_space
from nascore.supernet.checkpoint import load_subnet, load_supernet


def validation(project, target):
    return json.loads((project.results / "validation" / target / "validation.json").read_text())


def test_every_target_is_validated_or_proven_infeasible(finished_images):
    assert validation(finished_images, "macs")["status"] == "validated"
    assert validation(finished_images, "impossible")["status"] == "infeasible"
    assert validation(finished_images, "impossible")["contenders"] == []
    table = pd.read_csv(finished_images.results / "validation.csv")
    assert set(table["target"]) == {"macs", "smallest", "impossible"}
    assert table.loc[table["role"].notna(), "satisfies_target"].all()
    assert (finished_images.results / "report.html").stat().st_size > 100_000


def test_the_smallest_working_set_is_found_by_every_role(finished_images):
    contenders = validation(finished_images, "smallest")["contenders"]
    assert {c["role"] for c in contenders} >= {"found", "smallest", "largest"}
    assert {c["costs"]["peak_memory_bytes"] for c in contenders} == {8192}


def test_the_winners_weights_are_a_network_of_the_measured_costs(finished_images):
    winner = validation(finished_images, "macs")["winner"]
    space = get_space("ofa_mcunet", resolutions=(32, 40))
    subnet = load_subnet(finished_images.results / "validation" / "macs" / winner["weights"], space)
    assert subnet.arch_id == winner["arch_id"]
    assert winner["costs_counted"] == winner["costs_measured"] and winner["satisfies_target"]
    assert winner["costs_measured"]["macs"] <= 5_000_000


def test_only_what_comes_after_all_choices_reads_the_test_split(finished_images):
    rules = [path.read_text() for path in (finished_images.folder / "rules").glob("*.smk")]
    readers = sorted(
        re.findall(r'^rule (\w+):$(?=(?:(?!^rule ).)*?store_files\([^)]*"test")', "\n".join(rules), re.M | re.S)
    )
    assert readers == ["export_bundle", "validate_finetuned", "validate_target"]


def test_nothing_changed_nothing_to_do(finished_images):
    assert finished_images.planned() == Counter()


def test_a_winner_is_neither_tested_nor_shipped_with_the_labels_of_other_classes(finished_images):
    manifest = "data/synthetic/manifest.json"
    text = (finished_images.folder / manifest).read_text()
    finished_images.replace(manifest, text.replace('"not_person"', '"cat"').replace('"person"', '"dog"'))
    weights = "results/small/validation/macs/weights/winner.safetensors"
    for command in (["validate"], ["deploy", "--out", "bundle"]):
        shown = finished_images.nascore(*command, "--weights", weights, "--images", "data/synthetic", code=1)
        assert re.match(facts(weights, "not_person, person", "cat, dog"), errors(shown)), shown
    assert not (finished_images.folder / "bundle").exists()


class TestTwoRuns:
    """A store belongs to all runs that use it."""

    def test_one_with_the_same_images_shares_them(self, finished_images):
        finished_images.configure(IMAGES_CONFIG, run="other", seed=IMAGES_CONFIG.get("seed", 0))
        assert finished_images.planned()["prepare_images"] == 0

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"seed": 1}, ("seed", 0, 1)),
            ({"data": IMAGES_CONFIG["data"] | {"train": 65}}, ("data.train", 64, 65)),
            ({"space": {"resolutions": [32]}}, ("resolutions", [32, 40], [32])),
        ],
    )
    def test_one_with_others_has_to_name_its_own(self, finished_images, changes, named):
        finished_images.configure(IMAGES_CONFIG, run="other", **changes)
        done = finished_images.run("-n")
        assert done.returncode and re.match(
            facts("data/synthetic", "'small'", *named, "data.name"), errors(done.stdout)
        )
        data = {"data": changes.get("data", IMAGES_CONFIG["data"]) | {"name": "mine"}}
        finished_images.configure(IMAGES_CONFIG, run="other", **changes | data)
        assert finished_images.planned()["prepare_images"] == 1
        finished_images.configure(IMAGES_CONFIG)
        assert finished_images.planned() == Counter()

    def test_a_run_that_is_alone_with_them_may_change_them(self, finished_images):
        finished_images.configure(IMAGES_CONFIG, data=IMAGES_CONFIG["data"] | {"train": 65})
        assert finished_images.planned()["prepare_images"] == 1


@pytest.mark.long
def test_killed_while_measuring_it_goes_on_with_one_core_and_other_shards_give_the_same_bytes(
    finished_images, new_project
):
    new_project.configure(IMAGES_CONFIG, sampling=IMAGES_CONFIG["sampling"] | {"shards": 2})
    assert new_project.killed_when("accuracy_dataset/shards/*.unfinished", signal.SIGKILL).returncode
    assert new_project.run("--unlock").returncode == 0
    done = new_project.run("--rerun-incomplete", "--until", "fit_predictor", cores=1)
    assert done.returncode == 0, done.stdout
    first, second = finished_images.derived(), new_project.derived()
    assert "predictors/linear_per_global/predictor.safetensors" in second
    differing = {name for name in second if "/shards/" not in name and first.get(name) != second[name]}
    # What counts the shards says another number.
    assert differing == {"accuracy_dataset/dataset_report.json"}


def test_a_new_limit_measures_its_own_contenders_alone(finished_images):
    finished_images.configure(IMAGES_CONFIG, targets={**IMAGES_CONFIG["targets"], "macs": {"macs_m": 6}})
    assert finished_images.planned() == Counter(
        search=2, choose_contenders=1, rank_contenders=1, validate_target=1, draw_winner=1, summarize=1,
        summarize_validation=1, write_report=1,
    )  # fmt: skip


def test_other_training_keeps_the_images_and_the_drawn_subnets(finished_images):
    finished_images.configure(IMAGES_CONFIG, training={**IMAGES_CONFIG["training"], "epochs": 3})
    planned = finished_images.planned()
    assert planned["train_phase"] == 1 and planned["measure_shard"] == 3
    assert planned["prepare_images"] == planned["sample_architectures"] == 0


def test_given_weights_take_the_place_of_the_training(finished_images):
    space = get_space("ofa_mcunet", resolutions=(32, 40))
    trained = load_supernet(finished_images.results / "supernet" / "sandwich" / "supernet.safetensors", space)
    torch.save({"state_dict": trained.state_dict()}, finished_images.folder / "given.pth")
    finished_images.configure(IMAGES_CONFIG, supernet={"checkpoint": "given.pth"})
    planned = finished_images.planned()
    made = finished_images.run("--until", "import_supernet")
    assert planned["import_supernet"] == 1 and planned["train_phase"] == 0 and planned["measure_shard"] == 3
    assert made.returncode == 0, made.stdout
    given = load_supernet(finished_images.results / "supernet" / "given" / "supernet.safetensors", space)
    for name, value in given.state_dict().items():
        assert torch.equal(value, trained.state_dict()[name]), name
    checkpoint = finished_images.folder / "given.pth"
    checkpoint.touch()
    assert not finished_images.planned()["import_supernet"]
    finished_images.configure(IMAGES_CONFIG, supernet={"checkpoint": str(checkpoint)})
    assert not finished_images.planned()["import_supernet"]
    checkpoint = checkpoint.rename(checkpoint.with_name("moved.pth"))
    finished_images.configure(IMAGES_CONFIG, supernet={"checkpoint": "./moved.pth"})
    assert not finished_images.planned()["import_supernet"]
    torch.save({"state_dict": {name: value + 1 for name, value in trained.state_dict().items()}}, checkpoint)
    assert finished_images.planned()["import_supernet"]


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
