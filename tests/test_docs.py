"""Every code block of README.md, CONTRIBUTING.md, config/README.md and docs/ is run, or at least checked.

Run here, page by page in one process and in a folder with what finished runs hold (the predictor of the embedded
default as `make reproduce` made it; one of made-up accuracies; latency tables of made-up times):

* Python, from top to bottom of a page; a block with a title is a file of a copy of the package, added to what is there.
* `nascore` commands, but for those that need a whole run or measure time. What they print is compared where it is
  shown, and so is what Python prints.
* YAML, as changes to the embedded default, by the checks of the workflow.

All other commands are only checked, in `doc_commands`. `tests/workflow/test_docs.py` runs the `nascore` commands that
need a whole run, and lets Snakemake plan its commands; `tests/workflow/test_dvc.py` does what docs/versioning.md shows.
"""

import json
import os
import re
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from doc_blocks import ALL, COMMANDS, LANGUAGES, PAGES, ROOT, Block, Command, blocks, fits, indented
from doc_commands import CHECKS
from latency_examples import networks_of, table_of
from PIL import Image
from warm_start import Program, run_page

from nascore.accuracy_dataset.coverage import coverage
from nascore.config import validate_config
from nascore.data.image_folder import ImageFolder
from nascore.data.options import ImageFolderOptions
from nascore.data.source import SPLITS
from nascore.efficiency import cost
from nascore.efficiency.latency_quality import table_sum
from nascore.predictors import make_predictor
from nascore.spaces import get_space
from nascore.spaces.description import read_description

NEED_A_RUN = {"audit", "crate", "deploy", "diff", "lineage", "snapshot", "validate", "winners"}
DEFAULT = yaml.safe_load((ROOT / "config/config.yaml").read_text())


def runs(command: Command) -> bool:
    """Say whether a command is run here."""
    words = command.words
    return words[0] == "nascore" and words[1] not in NEED_A_RUN and words[1:3] != ("latency", "measure")


# -- every block is of a kind that is tested -----------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_fenced_and_has_a_language(page):
    assert indented(page) == [], "fence it, and name its language"
    assert {block.language for block in blocks(page)} <= LANGUAGES


# -- Python, YAML, and commands that are run -----------------------------------------------------------


def finished_run(folder: Path) -> None:
    """Write a predictor that is fitted to made-up accuracies, and the coverage beside it."""
    space, rng = get_space("ofa_mcunet"), np.random.default_rng(0)
    genes = space.restrict({"width": [0, 1]}).sample(400, rng)
    accuracy = 0.5 + 0.04 * np.log2(cost(space, genes)["macs"].to_numpy() / 1e6) + rng.normal(0, 0.002, 400)
    predictor = make_predictor("linear_per_global", space).fit(genes[:300], accuracy[:300], seed=0)
    predictor.calibrate(genes[300:], accuracy[300:])
    predictor.save(folder / "predictors/linear_per_global/predictor.safetensors")
    (folder / "accuracy_dataset").mkdir()
    coverage(space, genes).to_parquet(folder / "accuracy_dataset/coverage.parquet")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Lay out what pages refer to."""
    folder = tmp_path_factory.mktemp("template")
    shutil.copytree(ROOT / "config", folder / "config")
    shutil.copytree(ROOT / "tests/data/default_run", folder / "results/default")
    finished_run(folder / "results/lab3_tables")
    space = get_space("ofa_mcunet", resolutions=DEFAULT["space"]["resolutions"])
    layers, genes = table_of(space), np.unique(space.sample(160, np.random.default_rng(0)), axis=0)
    (folder / "board").mkdir()
    layers.write(folder / "board/layers.parquet")
    networks_of(space, genes, 2 * table_sum(space, layers, genes) + 1).write(folder / "board/networks.parquet")
    return folder


def steps_of(page: str) -> list[tuple[str, object, str | None]]:
    """Return (where, step, expected output) of each step of a page, as `doc_runner` takes steps."""
    steps: list[tuple[str, object, str | None]] = []
    for block, following in pairwise([*blocks(page), None]):
        if block.language == "python" and not block.title:
            output = following.text if following and following.language == "text" else None
            steps.append((str(block), {"python": block.text}, output))
        elif block.language == "yaml" and not block.title:
            steps.append((str(block), {"yaml": block.text}, None))
        for command in filter(runs, block.commands):
            steps.append((str(block), {"nascore": command.words[1:]}, "\n".join(command.shown) or None))
    return steps


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if steps_of(page)])
def test_a_page_runs_from_top_to_bottom(page, template, tmp_path):
    folder, code = tmp_path / "folder", ROOT
    shutil.copytree(template, folder)
    files = [block for block in blocks(page) if block.title]
    if files:
        code = tmp_path / "code"
        shutil.copytree(ROOT / "nascore", code / "nascore", ignore=shutil.ignore_patterns("__pycache__"))
        for block in files:
            with open((code if block.title.startswith("nascore/") else folder) / block.title, "a") as file:
                file.write(block.text)
    steps = steps_of(page)
    files = [str(tmp_path / name) for name in ("steps.json", "outputs.json")]
    Path(files[0]).write_text(json.dumps([step for _, step, _ in steps]))
    done = Program(run_page, str(code), *files, folder=folder, environment=os.environ).wait()
    assert done.returncode == 0, done.stdout
    outputs = json.loads(Path(files[1]).read_text())
    for (where, _, expected), output in zip(steps, outputs, strict=True):
        assert expected is None or fits(expected, output), f"{where} shows other output than:\n{output}"


# -- commands that are only checked --------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_exists(text, monkeypatch):
    monkeypatch.chdir(ROOT)
    program, *arguments = COMMANDS[text].words
    assert program in CHECKS, f"say in tests/doc_commands.py how a command of {program} is checked"
    CHECKS[program](arguments)


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [
        "nascore serch",
        "nascore search --limits macs_m=3",
        "nascore latency masure",
        "snakemake --coers 2",
        "snakemake --cores 1 --configfile config/nowhere.yaml",
        "snakemake --cores 1 --config imges=FOLDER",
        "make reprduce",
        "make lab3 TABLE=x",
        "python benchmarks/kills.py --kill 3",
        "pip install nascore[onx]",
        "dvc pul",
        "git psuh",
        "conda env create -f environment.yaml",
        "docker run nascore --coers 2",
    ],
)
def test_a_wrong_command_is_found(wrong, monkeypatch):
    monkeypatch.chdir(ROOT)
    program, *arguments = wrong.split()
    with pytest.raises((Exception, SystemExit)):
        CHECKS[program](arguments)


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md", "benchmarks/README.md"])
def test_links_lead_to_files_of_the_repository(page):
    """Readers of the repository have no site; `make docs` checks the links of the site."""
    for link in re.findall(r"\]\((?![a-z]+:|#)([^)#\s]+)", (ROOT / page).read_text()):
        assert (ROOT / page).parent.joinpath(link).exists(), link


@pytest.mark.parametrize("page", PAGES)
def test_files_and_tests_that_a_page_names_exist(page):
    text = (ROOT / page).read_text()
    for name, members in re.findall(r"`((?:tests|benchmarks|nascore|workflow_scripts)/[\w/.]+\.py)((?:::\w+)*)", text):
        assert (ROOT / name).is_file(), name
        for member in filter(None, members.split("::")):
            assert re.search(rf"(def|class) {member}\b", (ROOT / name).read_text()), f"{name} has no {member}"


# -- text that is no output ----------------------------------------------------------------------------


def check_layout(text: str, folder: Path) -> None:
    """The two forms of an image folder, side by side: make each, and read it."""
    left, right = zip(*(re.split(r"\s{2,}", f"{line}  ")[:2] for line in text.splitlines()), strict=True)
    for number, form in enumerate((left, right)):
        root = folder / str(number)
        for line in filter(None, form):
            for name in ("cat", "dog"):
                place = root / line.replace("PATH/", "").replace("<class>", name).removesuffix("/…")
                place.mkdir(parents=True)
                for i in range(8):
                    Image.new("RGB", (40, 40), (i, len(line), len(name))).save(place / f"{name}{i}.png")
        source = ImageFolder(root, ImageFolderOptions(source="image_folder", calibration=2), seed=0)
        assert source.class_names == ("cat", "dog")
        assert {name for name, items in source.splits().items() if items} == set(SPLITS)


def check_message(text: str, folder: Path) -> None:
    """The words of a message, without the names in it, are in the source."""
    sources = " ".join(p.read_text() for p in [*ROOT.glob("nascore/**/*.py"), *ROOT.glob("workflow_scripts/*.py")])
    words = re.split(r"error: |results/\S+|…|\n", text)
    for part in filter(None, (word.strip(" :") for word in words)):
        assert part in sources, part


def check_part(text: str, folder: Path) -> None:
    """Part of the description of a space, or of a configuration."""
    given = yaml.safe_load(text)
    if "published" in given:
        read_description(yaml.safe_load((ROOT / "config/spaces/mobilenet_v1.yaml").read_text()) | given)
    else:
        space = {**given["space"], "file": str(ROOT / given["space"]["file"])}
        validate_config({**DEFAULT, **given, "space": space})


OTHER_TEXT = {
    "docs/own_images.md": check_layout,
    "docs/interruptions.md": check_message,
    "docs/howto/own_space.md": check_part,
}


@pytest.mark.parametrize(
    "block",
    [
        b
        for a, b in pairwise([None, *ALL])
        if b.language == "text" and not (a.language == "python" and a.page == b.page)
    ],
    ids=str,
)
def test_text_that_is_no_output(block: Block, tmp_path):
    OTHER_TEXT[block.page](block.text, tmp_path)
