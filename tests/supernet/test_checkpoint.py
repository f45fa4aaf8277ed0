import json
import os
import resource
from copy import deepcopy
from functools import partial

import pytest
import torch
from deterministic_weights import images
from messages import facts
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from nascore.errors import DataError
from nascore.files import file_sha256
from nascore.spaces import get_space
from nascore.supernet import Subnet, build_supernet
from nascore.supernet.checkpoint import (
    load_subnet,
    load_supernet,
    read_facts,
    read_subnet,
    save_subnet,
    save_supernet,
)
from nascore.supernet.published import import_subnet

ARCH = {"wid": 0, "ks": 3, "e": 3, "d": 0, "image_size": 32}
STEM = "first_conv.conv.conv.weight"


@pytest.fixture(scope="module")
def checkpoint(supernet, tmp_path_factory):
    """Return the file of a supernet, not to be changed."""
    path = tmp_path_factory.mktemp("checkpoint") / "supernet.safetensors"
    save_supernet(path, supernet, {"phase": "expand"})
    return path


@pytest.fixture
def subnet_file(supernet, tmp_path):
    path = tmp_path / "winner.safetensors"
    save_subnet(path, supernet.subnet(ARCH), {})
    return path


def header_of(path) -> dict:
    with safe_open(path, framework="pt") as file:
        (text,) = file.metadata().values()
    return json.loads(text)


def rewritten(path, target, tensors=None, **header):
    """Write a checkpoint again with other tensors or another header."""
    text = json.dumps({**header_of(path), **header})
    save_file(load_file(path) if tensors is None else tensors, target, {"nascore": text})
    return target


# -- there and back ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_supernet_comes_back_for_any_resolutions(supernet, checkpoint, space):
    state = torch.get_rng_state()
    loaded = load_supernet(checkpoint, space.restrict({"width": [0]}))
    assert torch.equal(torch.get_rng_state(), state)
    assert loaded.space == space
    for name, value in supernet.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    assert all(parameter.requires_grad for parameter in loaded.parameters())
    assert read_facts(checkpoint) == {"phase": "expand"}


def test_the_same_weights_are_the_same_bytes(supernet, checkpoint, tmp_path):
    other = tmp_path / "other.safetensors"
    save_supernet(other, deepcopy(supernet).to(memory_format=torch.channels_last).train(), {"phase": "expand"})
    assert file_sha256(other) == file_sha256(checkpoint)
    save_supernet(other, supernet, {"phase": "width"})
    assert file_sha256(other) != file_sha256(checkpoint)


@torch.no_grad()
def test_a_subnet_comes_back_with_its_architecture(supernet, small_space, tmp_path):
    subnet = supernet.subnet(ARCH)
    for value in subnet.buffers():
        value.add_(1)  # as if calibrated
    save_subnet(tmp_path / "winner.safetensors", subnet, {"target": "stm32f746"})
    loaded = load_subnet(tmp_path / "winner.safetensors", small_space).eval()
    assert loaded.arch_id == subnet.arch_id
    assert torch.equal(loaded(images(2, 32)), subnet(images(2, 32)))
    header = header_of(tmp_path / "winner.safetensors")
    assert header["arch"] == subnet.arch
    assert read_facts(tmp_path / "winner.safetensors") == {"target": "stm32f746"}


# -- files that are not what they should be ----------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: {n: v for n, v in t.items() if n != STEM},
            (STEM, 1, 480, "float32", "(32, 3, 3, 3)"),
        ),
        (
            lambda t: {n.replace("classifier.linear.linear", "classifier.linear"): v for n, v in t.items()},
            ("classifier.linear.linear.weight", 2, 480, "float32", "(2, 384)", "classifier.linear.weight"),
        ),
        (
            lambda t: {**t, "head.weight": torch.zeros(1)},
            ("head.weight", 1, 480),
        ),
        (
            lambda t: {**t, STEM: torch.zeros(16, 3, 3, 3)},
            (STEM, "float32", "(16, 3, 3, 3)", "(32, 3, 3, 3)"),
        ),
        (lambda t: {**t, STEM: t[STEM].half()}, (STEM, "float16", "float32", "(32, 3, 3, 3)")),
        (lambda t: {**t, STEM: t[STEM] / 0}, (STEM, "finite")),
    ],
    ids=["missing", "renamed", "surplus", "shape", "type", "infinite"],
)
def test_weights_that_do_not_fit_are_named(checkpoint, small_space, tmp_path, change, message):
    path = rewritten(checkpoint, tmp_path / "changed.safetensors", change(load_file(checkpoint)))
    with pytest.raises(DataError, match=facts(path, *message)):
        load_supernet(path, small_space)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"space": "binas"}, ("space", "binas", "ofa_mcunet")),
        ({"n_classes": 3}, ("n_classes", 3, 2)),
        ({"kind": "subnet"}, ("kind", "subnet", "supernet")),
        ({"format_version": 9}, ("format version", "nascore", 9, 1)),
    ],
)
def test_files_of_another_kind_are_refused(checkpoint, small_space, tmp_path, header, message):
    path = rewritten(checkpoint, tmp_path / "changed.safetensors", **header)
    with pytest.raises(DataError, match=facts("changed.safetensors", *message)):
        load_supernet(path, small_space)


@pytest.mark.parametrize("metadata", [None, {"nascore": "{"}, {"nascore": "[1]"}])
def test_safetensors_of_others_are_refused(small_space, tmp_path, metadata):
    save_file({STEM: torch.zeros(1)}, tmp_path / "other.safetensors", metadata)
    for read in (read_facts, partial(load_supernet, space=small_space)):
        with pytest.raises(DataError, match=facts("other.safetensors", "format version", "nascore", None, 1)):
            read(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda whole: whole[: len(whole) // 2], ("incomplete metadata",)),
        (lambda whole: whole[:4], ("header too small",)),
        (lambda whole: b"", ("header too small",)),
        (lambda whole: b"<html>404</html>", ("header too large",)),
    ],
)
def test_files_that_are_not_whole_are_refused(checkpoint, small_space, tmp_path, content, message):
    path = tmp_path / "cut.safetensors"
    path.write_bytes(content(checkpoint.read_bytes()))
    with pytest.raises(DataError, match=facts("cut.safetensors", "deserializing header", *message)):
        load_supernet(path, small_space)


def test_missing_files(small_space, tmp_path):
    with pytest.raises(DataError, match=facts("none.safetensors")):
        load_supernet(tmp_path / "none.safetensors", small_space)
    with pytest.raises(DataError, match=facts(tmp_path, "folder", "safetensors")):
        load_subnet(tmp_path, small_space)
    with pytest.raises(DataError, match=facts(tmp_path / "none", "No such file")):
        file_sha256(tmp_path / "none")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"arch": {"wid": 1}}, ("row 0", "'ks'", "wid, ks, e, d, image_size")),
        ({"arch": None}, ("row 0", None, "wid, ks, e, d, image_size")),
        (
            {"arch": {**ARCH, "wid": 1}},
            ("first_conv.conv.weight", "float32", "(16, 3, 3, 3)", "(24, 3, 3, 3)"),
        ),
    ],
)
def test_subnets_whose_architecture_does_not_fit(subnet_file, small_space, tmp_path, header, message):
    with pytest.raises(DataError, match=facts("changed.safetensors", *message)):
        load_subnet(rewritten(subnet_file, tmp_path / "changed.safetensors", **header), small_space)


def test_a_subnet_of_another_resolution(subnet_file, space):
    with pytest.raises(
        DataError, match=facts("winner.safetensors", "row 0", "image_size", 32, "96, 112, 128, 144, 160")
    ):
        load_subnet(subnet_file, space)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1], ("facts", "[1]")),
        ({"phase": 1}, ("phase", 1)),
        ({"finetuned_epochs": "many"}, ("finetuned_epochs", "many")),
        ({"finetuned_epochs": "-1"}, ("finetuned_epochs", -1)),
    ],
)
def test_facts_that_are_none(subnet_file, tmp_path, given, message):
    path = rewritten(subnet_file, tmp_path / "changed.safetensors", facts=given)
    with pytest.raises(DataError, match=facts("changed.safetensors", *message)):
        read_facts(path)


def test_a_full_disk_leaves_the_file_before(supernet, tmp_path):
    path = tmp_path / "supernet.safetensors"
    save_supernet(path, supernet, {"phase": "kernel"})
    before = file_sha256(path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(DataError, match=facts("supernet.safetensors", "File too large")):
            save_supernet(path, supernet, {"phase": "depth"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert file_sha256(path) == before
    assert os.listdir(tmp_path) == [path.name]


def test_another_number_of_classes(small_space, tmp_path):
    save_supernet(tmp_path / "three.safetensors", build_supernet(small_space, n_classes=3), {})
    with pytest.raises(DataError, match=facts("three.safetensors", "n_classes", 3, 2)):
        load_supernet(tmp_path / "three.safetensors", small_space)


# -- subnets alone -------------------------------------------------------------------------------------


def same_weights(first, second) -> bool:
    return all(torch.equal(value, second.state_dict()[name]) for name, value in first.state_dict().items())


def test_a_subnet_says_its_space_with_its_own_resolution_alone(supernet, subnet_file):
    subnet, expected = read_subnet(subnet_file), supernet.subnet(ARCH)
    assert (subnet.space.name, subnet.space.n_classes, subnet.resolution) == ("ofa_mcunet", 2, 32)
    assert subnet.space.global_choices[0].values == (32,)
    assert subnet.arch_id == expected.arch_id and same_weights(subnet, expected)


@pytest.mark.slow
def test_a_binas_subnet_says_its_channels(tmp_path):
    space = get_space("binas", resolutions=(32, 40), n_classes=3, channels="large")
    subnet = Subnet(space, space.largest())
    save_subnet(tmp_path / "w.safetensors", subnet, {})
    again = read_subnet(tmp_path / "w.safetensors")
    assert again.space == get_space("binas", resolutions=(40,), n_classes=3, channels="large")
    assert again.arch == subnet.arch and same_weights(again, subnet)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"kind": "supernet"}, ("kind", "supernet", "subnet")),
        ({"arch": [1]}, ("subnet", "architecture")),
        ({"n_classes": 10**12}, ("n_classes", 10**12)),
        ({"n_classes": [2]}, ("n_classes", None)),
        ({"space": "mcunet"}, ("mcunet", "ofa_mcunet", "ofa_mcunet, binas")),
        ({"channels": "base"}, ("ofa_mcunet", "channels", "resolutions, n_classes")),
        ({"arch": {}}, ("architecture", "wid")),
        ({"arch": {**ARCH, "ks": 4}}, ("row 0", "ks[0]", 4, "3, 5, 7")),
        ({"arch": {**ARCH, "wid": 1}}, ("first_conv.conv.weight", "float32", "(24, 3, 3, 3)")),
    ],
)
def test_headers_that_do_not_fit(subnet_file, tmp_path, header, message):
    with pytest.raises(DataError, match=facts("changed.safetensors", *message)):
        read_subnet(rewritten(subnet_file, tmp_path / "changed.safetensors", **header))


@pytest.mark.slow
def test_a_subnet_of_a_pytorch_file(supernet, small_space, tmp_path):
    subnet = supernet.subnet(ARCH)
    torch.save({"state_dict": subnet.state_dict()}, tmp_path / "subnet.pth")
    assert same_weights(import_subnet(tmp_path / "subnet.pth", small_space, subnet.genes), subnet)
    with pytest.raises(DataError, match=facts("subnet.pth", "first_conv.conv.weight", "float32", "(32, 3, 3, 3)")):
        import_subnet(tmp_path / "subnet.pth", small_space, small_space.restrict({"width": [2]}).smallest())
