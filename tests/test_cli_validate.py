"""`nascore validate`: saved weights on images, and how each bad input is answered."""

import json
import pickle
import re

import numpy as np
import pytest
import torch
from deterministic_weights import fill
from messages import facts
from test_cli import answer, error

from nascore.data.options import SyntheticOptions
from nascore.data.store_writer import write_store
from nascore.data.synthetic import Synthetic
from nascore.evaluation.measured_costs import measured_costs
from nascore.evaluation.saved import measure_saved
from nascore.spaces import get_space
from nascore.supernet import Subnet, build_supernet
from nascore.supernet.checkpoint import save_subnet, save_supernet

SPACE = get_space("ofa_mcunet", resolutions=(32, 40))
BINAS = get_space("binas", resolutions=(32,), n_classes=2, channels="large")
CPU = torch.device("cpu")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    source = Synthetic(SyntheticOptions(train=2, calibration=2, search=5, test=7), seed=1)
    return write_store(tmp_path_factory.mktemp("data") / "store", source, resolutions=[32, 40])


def subnet_of(space, genes):
    subnet = Subnet(space, genes)
    fill(subnet)
    return subnet.eval()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write subnets of both spaces in both kinds of files, and what is not one."""
    folder = tmp_path_factory.mktemp("weights")
    for name, subnet in (("ofa", subnet_of(SPACE, SPACE.smallest())), ("binas", subnet_of(BINAS, BINAS.smallest()))):
        save_subnet(folder / f"{name}.safetensors", subnet, {})
        torch.save({"state_dict": subnet.state_dict()}, folder / f"{name}.pth")
        (folder / f"{name}.json").write_text(json.dumps(subnet.arch))
    three = get_space("ofa_mcunet", resolutions=(32, 40), n_classes=3)
    save_subnet(folder / "three.safetensors", subnet_of(three, three.smallest()), {})
    save_supernet(folder / "supernet.safetensors", build_supernet(SPACE), {})
    (folder / "cut.safetensors").write_bytes((folder / "ofa.safetensors").read_bytes()[:1000])
    payload = pickle.dumps(print, protocol=2)
    for name in ("pickle.pth", "pickle.safetensors"):
        (folder / name).write_bytes(payload)
    return folder


@pytest.fixture(scope="module")
def string():
    return BINAS.to_string(BINAS.smallest())


@pytest.mark.parametrize("split", ["test", "search"])
def test_the_figures_are_those_of_the_library(folder, images, split):
    told = json.loads(
        answer(
            "validate", "--weights", folder / "ofa.safetensors", "--images", images.folder, "--split", split, "--json"
        )
    )
    subnet = subnet_of(SPACE, SPACE.smallest())
    expected = measure_saved(subnet, images, split=split, device=CPU)
    assert [told[name] for name in ("accuracy", "lower", "upper", "n_images", "costs")] == [
        expected.accuracy, expected.lower, expected.upper, expected.n_images, measured_costs(subnet),
    ]  # fmt: skip
    assert told["loss"] == pytest.approx(expected.loss, rel=1e-6)
    assert (told["split"], told["arch_id"], told["arch"]) == (split, subnet.arch_id, subnet.arch)


def test_what_people_read(folder, images):
    shown = answer("validate", "--weights", folder / "ofa.safetensors", "--images", images.folder)
    assert "images        7 of split test\n" in shown and " %, 95 % interval " in shown and "Peak memory (KB)" in shown


@pytest.mark.slow
def test_pytorch_files_and_both_spaces_give_the_same(folder, images, string):
    def accuracy(*arguments):
        return json.loads(answer("validate", "--images", images.folder, *arguments, "--json"))["loss"]

    own = accuracy("--weights", folder / "ofa.safetensors", "--arch", folder / "ofa.json")
    given = ("--weights", folder / "ofa.pth", "--arch", folder / "ofa.json", "--resolutions", "32,40")
    assert accuracy(*given) == own
    own = accuracy("--weights", folder / "binas.safetensors")
    assert accuracy("--weights", folder / "binas.safetensors", "--arch-string", string) == own
    assert accuracy("--weights", folder / "binas.pth", "--arch-string", string, "--resolutions", "32") == own


OFA, PTH, STRING = ("--weights", "ofa.safetensors"), ("--weights", "ofa.pth"), "--arch-string"
LARGEST = json.dumps(SPACE.to_dicts(SPACE.restrict({"resolution": [32]}).largest()[None])[0])
AT_32 = ("--resolutions", "32")
MISTAKES = {
    "missing weights": (("--weights", "none.safetensors"), "none.safetensors"),
    "cut file": (("--weights", "cut.safetensors"), "cut.safetensors", "deserializing header"),
    "pickle": (("--weights", "pickle.safetensors"), "pickle.safetensors", "deserializing header"),
    "supernet": (("--weights", "supernet.safetensors"), "supernet.safetensors", "kind", "'supernet'", "'subnet'"),
    "classes": (("--weights", "three.safetensors"), 3, 2, "not_person, person"),
    "split": ((*OFA, "--split", "tset"), "tset", "train, calibration, search, test"),
    "no images": ((*OFA, "--images", "nowhere"), "nowhere/manifest.json"),
    "device": ((*OFA, "--device", "gpu"), "gpu", "auto", "cpu", "cuda", "cuda:N"),
    "another architecture": ((*OFA, "--arch", LARGEST), "ofa.safetensors", "--arch", "width", 0, 2),
    "both": ((*OFA, "--arch", "{}", STRING, "[]"), "--arch", "--arch-string"),
    "string of another space": ((*OFA, STRING, "[]"), "--arch-string", "binas", "ofa_mcunet"),
    "no architecture": (PTH, "ofa.pth", ".safetensors", "--arch", "--arch-string"),
    "payload": (
        ("--weights", "pickle.pth", "--arch", "ofa.json", *AT_32), "pickle.pth", "PyTorch", "print",
    ),
    "no .pth": (("--weights", "none.pth", "--arch", "ofa.json", *AT_32), "none.pth", "No such file"),
    "shape": ((*PTH, "--arch", LARGEST, *AT_32), "ofa.pth", "float32", "(20, 480, 1, 1)"),
    "several resolutions": ((*PTH, STRING, "[]", "--resolutions", "32,40"), "--arch-string", "--resolutions", "32,40"),
    "no list": (("--weights", "binas.safetensors", STRING, "ir_r1"), "ir_r1"),
    "stages": (("--weights", "binas.safetensors", STRING, "[]"), "binas", 7, 0),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_end_in_one_line(folder, images, monkeypatch, mistake):
    monkeypatch.chdir(folder)
    arguments, *says = MISTAKES[mistake]
    where = () if "--images" in arguments else ("--images", images.folder)
    message = error("validate", *arguments, *where)
    assert re.match(facts(*says), message)
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("'ir_", "'it_", ("it", "ir", "ir, ds, cn")),
        ("_c32", "", ("'c'", "ir", "r, k, s, e, c")),
        ("_k3", "_k3_q4", ("q4", "r, k, s, e, c")),
        ("_nre", "_nxx", ("xx", "re, r6, hs, sw")),
        ("_e3", "_e5", ("ir_r1_k3_s2_e5_c32_nre", "ir_r1_k3_s2_e3_c32_nre", "binas")),
    ],
)
def test_a_wrong_string_is_answered_by_the_grammar(folder, images, string, old, new, says):
    stages = string.split("], [", 1)
    wrong = "], [".join([stages[0], stages[1].replace(old, new, 1)])
    assert wrong != string
    weights = folder / "binas.safetensors"
    message = error("validate", "--weights", weights, "--images", images.folder, "--arch-string", wrong)
    assert re.match(facts("stage 1", "block 0", *says), message)


def test_an_untold_number_of_classes_makes_no_network(folder, images, tmp_path):
    content = (folder / "ofa.safetensors").read_bytes()
    old, new = rb"\"n_classes\": 2", rb"\"n_classes\": 9"
    assert content.count(old) == 1
    (tmp_path / "w.safetensors").write_bytes(content.replace(old, new))
    message = error("validate", "--weights", tmp_path / "w.safetensors", "--images", images.folder)
    assert re.match(facts("w.safetensors", "n_classes", 9), message)


def test_one_architecture_alone(folder, images):
    entry = SPACE.to_dicts(np.stack([SPACE.restrict({"resolution": [32]}).smallest()]))
    two = json.dumps(entry * 2)
    message = error("validate", "--weights", folder / "ofa.safetensors", "--images", images.folder, "--arch", two)
    assert re.match(facts("--arch", 2), message)
