"""Each change reruns what a careful person would, and nothing else: a run on a folder of images, in all phases."""

from collections import Counter

import pytest
from PIL import Image
from random_images import write_images
from small_configs import IMAGES_CONFIG
from small_project import Project, copy_of, new_project_in

from nascore.spaces import get_space
from nascore.supernet.checkpoint import load_subnet

PETS = {
    **IMAGES_CONFIG,
    "data": {"source": "image_folder"},
    "images": "pets",
    "space": {"resolutions": [32]},
    "targets": {name: IMAGES_CONFIG["targets"][name] for name in ("macs", "impossible")},
    "sampling": {"subnets": 20, "shards": 3},
    "learning_curve": {"rows": [10]},
    "training": {
        **IMAGES_CONFIG["training"],
        **{"strategy": "progressive_shrinking", "epochs": 1, "batch_size": 500, "monitor_images": 0},
    },
}
"""With two targets; other tests have more."""
PHASES = 7
TABLES = Counter(summarize=1, summarize_validation=1, write_report=1)
VALIDATE_ONE = Counter(choose_contenders=1, rank_contenders=1, validate_target=1)
VALIDATE_ALL = Counter(choose_contenders=2, rank_contenders=2, validate_target=2)
SEARCH = Counter(search=4, draw_winner=2)
FIT = Counter(fit_predictor=1, evaluate_predictor=1, measure_learning_curve=1)
FROM_PREDICTOR = FIT + SEARCH + Counter(trace_pareto=1) + VALIDATE_ALL + TABLES
FROM_ROWS = Counter(gather_shards=1, count_coverage=1, split_rows=1) + FROM_PREDICTOR
FROM_IMAGES = Counter(prepare_images=1, train_phase=PHASES, measure_shard=3) + FROM_ROWS
EVERYTHING = Counter(sample_architectures=1) + FROM_IMAGES


@pytest.fixture(scope="module")
def _finished_pets(tmp_path_factory) -> Project:
    project = new_project_in(tmp_path_factory.mktemp("pets") / "project")
    write_images(project.folder / "pets", ("cat", "dog", "owl"), 16)
    (project.folder / "pets" / "notes.txt").write_text("fed")
    project.configure(PETS)
    done = project.run()
    assert done.returncode == 0, done.stdout
    return project


@pytest.fixture
def pets(_finished_pets, tmp_path) -> Project:
    """A copy of a project whose workflow on a folder of images has run to the end."""
    with copy_of(_finished_pets, tmp_path / "project") as project:
        yield project


def test_the_images_may_be_grey_or_transparent_and_of_three_classes(pets):
    subnet = load_subnet(
        pets.results / "validation" / "macs" / "weights" / "winner.safetensors",
        get_space("ofa_mcunet", resolutions=(32,), n_classes=3),
    )
    assert subnet.classifier.linear.out_features == 3
    phases = {path.parent.name for path in pets.results.glob("supernet/*/supernet.safetensors")}
    assert {"largest", "kernel", "width"} < phases and len(phases) == PHASES


def merged(key, change):
    return {key: {**PETS[key], **change}}


@pytest.mark.parametrize(
    ("change", "jobs"),
    [
        (merged("targets", {"macs": {"macs_m": 6}}), Counter(search=2, draw_winner=1) + VALIDATE_ONE + TABLES),
        (merged("targets", {"new": {"params_m": 1}}), Counter(search=2, draw_winner=1) + VALIDATE_ONE + TABLES),
        ({"targets": {"macs": {"macs_m": 5}}}, TABLES),
        (
            merged("searchers", {"random": {"algorithm": "random", "samples": 30}}),
            Counter(search=2, draw_winner=2) + TABLES,
        ),
        ({"validation": {"top_k": 3}}, VALIDATE_ALL + Counter(draw_winner=2) + TABLES),
        (merged("training", {"epochs": 3}), FROM_IMAGES - Counter(prepare_images=1)),
        ({"seed": 1}, EVERYTHING),
    ],
    ids=["limit", "added target", "removed target", "searcher", "contenders", "training", "seed"],
)
def test_a_changed_key(pets, change, jobs):
    pets.configure({**PETS, **change})
    assert pets.planned() == jobs


def test_nothing_changed(pets):
    assert pets.planned() == Counter()


def test_touched_files_that_are_the_same(pets):
    for name in ("pets/cat/0.png", "pets/notes.txt", "nascore/evaluation/measure.py", "workflow_scripts/measuring.py"):
        pets.replace(name, (pets.folder / name).read_bytes())
    (pets.folder / "pets" / "notes.txt").write_text("not fed")
    assert pets.planned() == Counter()


def test_the_same_images_by_another_path(pets):
    for path in ("./pets", "pets/", str(pets.folder / "pets")):
        pets.configure(PETS, images=path)
        assert pets.planned() == Counter(), path
    (pets.folder / "pets").rename(pets.folder / "animals")
    pets.configure(PETS, images="animals")
    assert pets.planned() == Counter()


def test_one_image(pets):
    Image.new("RGB", (60, 50), "teal").save(pets.folder / "pets" / "cat" / "0.png")
    assert pets.planned() == FROM_IMAGES


def test_a_comment_and_a_docstring(pets):
    pets.edit("nascore/search/exact.py", "TOLERANCE = 1e-12", "# Why not?\nTOLERANCE = 1e-12")
    pets.edit("nascore/evaluation/measure.py", '"""', '"""Also: ')
    assert pets.planned() == Counter()


def test_code_of_another_space_and_of_downloads(pets):
    for module in ("spaces/binas", "supernet/multi_path_supernet", "supernet/multi_path", "data/download"):
        name = f"nascore/{module}.py"
        pets.replace(name, f"{(pets.folder / name).read_text()}\nANOTHER = 1\n")
    # What people look at has names of every space's choices.
    assert not pets.planned() - Counter(draw_winner=2) - TABLES


def test_code_of_measuring(pets):
    pets.edit("nascore/evaluation/measure.py", "\ndef ", "\nROUNDS = 1\n\n\ndef ")
    # Training watches the accuracy of its subnets with the same code.
    assert pets.planned() == FROM_IMAGES - Counter(prepare_images=1)


@pytest.mark.parametrize(
    ("package", "jobs"),
    [
        ("highspy", SEARCH + VALIDATE_ALL + TABLES),
        ("torch", FROM_IMAGES - Counter(prepare_images=1)),
        ("vl_convert_python", Counter(write_report=1)),
        ("pytest", Counter()),
    ],
)
def test_an_upgraded_package(pets, package, jobs):
    (pets.folder / f"{package}-99.0.dist-info").mkdir()
    assert pets.planned() == jobs
