import json
import os
import resource
from copy import deepcopy
from functools import partial

import pytest
import torch
from deterministic_weights import images
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from nascore.errors import DataError
from nascore.files import file_sha256
from nascore.spaces import get_space
from nascore.supernet import Subnet, build_supernet
from nascore.supernet.checkpoint import (
    import_subnet,
    load_subnet,
    load_supernet,
    read_facts,
    read_subnet,
    save_subnet,
    save_supernet,
)

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
            f"{STEM!r} is missing, 1 of 480 in all; expected float32 of",
        ),
        (
            lambda t: {n.replace("classifier.linear.linear", "classifier.linear"): v for n, v in t.items()},
            "'classifier.linear.linear.weight' is missing, 2 of 480 in all; expected float32 of shape (2, 384); "
            "there is 'classifier.linear.weight', which no weight is called",
        ),
        (
            lambda t: {**t, "head.weight": torch.zeros(1)},
            "'head.weight' is no weight of this network, 1 such names in all",
        ),
        (
            lambda t: {**t, STEM: torch.zeros(16, 3, 3, 3)},
            f"{STEM!r} is float32 of shape (16, 3, 3, 3); expected float32 of shape (32, 3, 3, 3)",
        ),
        (lambda t: {**t, STEM: t[STEM].half()}, f"{STEM!r} is float16 of shape (32, 3, 3, 3); expected float32"),
        (lambda t: {**t, STEM: t[STEM] / 0}, f"{STEM!r} holds values that are not finite"),
    ],
    ids=["missing", "renamed", "surplus", "shape", "type", "infinite"],
)
def test_weights_that_do_not_fit_are_named(checkpoint, small_space, tmp_path, change, message):
    path = rewritten(checkpoint, tmp_path / "changed.safetensors", change(load_file(checkpoint)))
    with pytest.raises(DataError) as error:
        load_supernet(path, small_space)
    assert str(error.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"space": "binas"}, "space is 'binas'; expected 'ofa_mcunet'"),
        ({"n_classes": 3}, "n_classes is 3; expected 2"),
        ({"kind": "subnet"}, "kind is 'subnet'; expected 'supernet'"),
        ({"format_version": 9}, "format version in the metadata entry 'nascore' is 9; this version of nascore reads 1"),
    ],
)
def test_files_of_another_kind_are_refused(checkpoint, small_space, tmp_path, header, message):
    path = rewritten(checkpoint, tmp_path / "changed.safetensors", **header)
    with pytest.raises(DataError, match=message):
        load_supernet(path, small_space)


@pytest.mark.parametrize("metadata", [None, {"nascore": "{"}, {"nascore": "[1]"}])
def test_safetensors_of_others_are_refused(small_space, tmp_path, metadata):
    save_file({STEM: torch.zeros(1)}, tmp_path / "other.safetensors", metadata)
    for read in (read_facts, partial(load_supernet, space=small_space)):
        with pytest.raises(DataError, match="format version .* is None"):
            read(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda whole: whole[: len(whole) // 2], "is not a whole safetensors file"),
        (lambda whole: whole[:4], "is not a whole safetensors file"),
        (lambda whole: b"", "is not a whole safetensors file"),
        (lambda whole: b"<html>404</html>", "is not a whole safetensors file"),
    ],
)
def test_files_that_are_not_whole_are_refused(checkpoint, small_space, tmp_path, content, message):
    path = tmp_path / "cut.safetensors"
    path.write_bytes(content(checkpoint.read_bytes()))
    with pytest.raises(DataError, match=message):
        load_supernet(path, small_space)


def test_missing_files(small_space, tmp_path):
    with pytest.raises(DataError, match="none.safetensors does not exist; expected a safetensors file"):
        load_supernet(tmp_path / "none.safetensors", small_space)
    with pytest.raises(DataError, match="is a folder; expected a safetensors file"):
        load_subnet(tmp_path, small_space)
    with pytest.raises(DataError, match="cannot read .*none: No such file"):
        file_sha256(tmp_path / "none")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"arch": {"wid": 1}}, "not one of the space: row 0: architecture key 'ks' is missing"),
        ({"arch": None}, "not one of the space: row 0: an architecture is a mapping"),
        (
            {"arch": {**ARCH, "wid": 1}},
            r"is float32 of shape \(16, 3, 3, 3\); expected float32 of shape \(24, 3, 3, 3\)",
        ),
    ],
)
def test_subnets_whose_architecture_does_not_fit(subnet_file, small_space, tmp_path, header, message):
    with pytest.raises(DataError, match=message):
        load_subnet(rewritten(subnet_file, tmp_path / "changed.safetensors", **header), small_space)


def test_a_subnet_of_another_resolution(subnet_file, space):
    with pytest.raises(DataError, match="image_size is 32; expected one of 96"):
        load_subnet(subnet_file, space)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ([1], r"'facts' of the header is \[1\]; expected an object"),
        ({"phase": 1}, r"'phase' of the header's facts is 1; expected text"),
        ({"finetuned_epochs": "many"}, r"'finetuned_epochs' of the header's facts is 'many'; expected a whole number"),
        ({"finetuned_epochs": "-1"}, r"'finetuned_epochs' of the header's facts is '-1'; expected a whole number"),
    ],
)
def test_facts_that_are_none(subnet_file, tmp_path, facts, message):
    path = rewritten(subnet_file, tmp_path / "changed.safetensors", facts=facts)
    with pytest.raises(DataError, match=message):
        read_facts(path)


def test_a_full_disk_leaves_the_file_before(supernet, tmp_path):
    path = tmp_path / "supernet.safetensors"
    save_supernet(path, supernet, {"phase": "kernel"})
    before = file_sha256(path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(DataError, match="cannot write .*supernet.safetensors: File too large"):
            save_supernet(path, supernet, {"phase": "depth"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert file_sha256(path) == before
    assert os.listdir(tmp_path) == [path.name]


def test_another_number_of_classes(small_space, tmp_path):
    save_supernet(tmp_path / "three.safetensors", build_supernet(small_space, n_classes=3), {})
    with pytest.raises(DataError, match="n_classes is 3; expected 2"):
        load_supernet(tmp_path / "three.safetensors", small_space)


# -- subnets alone -------------------------------------------------------------------------------------


def same_weights(first, second) -> bool:
    return all(torch.equal(value, second.state_dict()[name]) for name, value in first.state_dict().items())


def test_a_subnet_says_its_space_with_its_own_resolution_alone(supernet, subnet_file):
    subnet, expected = read_subnet(subnet_file), supernet.subnet(ARCH)
    assert (subnet.space.name, subnet.space.n_classes, subnet.resolution) == ("ofa_mcunet", 2, 32)
    assert subnet.space.global_choices[0].values == (32,)
    assert subnet.arch_id == expected.arch_id and same_weights(subnet, expected)


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
        ({"kind": "supernet"}, "kind is 'supernet'; expected 'subnet' with its architecture"),
        ({"arch": [1]}, "expected 'subnet' with its architecture"),
        ({"n_classes": 10**12}, "n_classes is 1000000000000, which no weight has as its length"),
        ({"n_classes": [2]}, "n_classes is None"),
        ({"space": "mcunet"}, "its header describes no space: unknown space 'mcunet'. Did you mean 'ofa_mcunet'?"),
        ({"channels": "base"}, "its header describes no space: unknown option of space 'ofa_mcunet' 'channels'"),
        ({"arch": {}}, "its header describes no space: resolutions must be .*got \\[None\\]"),
        ({"arch": {**ARCH, "ks": 4}}, "its architecture is not one of the space: .*4"),
        ({"arch": {**ARCH, "wid": 1}}, "expected float32 of shape"),
    ],
)
def test_headers_that_do_not_fit(subnet_file, tmp_path, header, message):
    with pytest.raises(DataError, match=message):
        read_subnet(rewritten(subnet_file, tmp_path / "changed.safetensors", **header))


def test_a_subnet_of_a_pytorch_file(supernet, small_space, tmp_path):
    subnet = supernet.subnet(ARCH)
    torch.save({"state_dict": subnet.state_dict()}, tmp_path / "subnet.pth")
    assert same_weights(import_subnet(tmp_path / "subnet.pth", small_space, subnet.genes), subnet)
    with pytest.raises(DataError, match=r"subnet\.pth: .*expected float32 of shape"):
        import_subnet(tmp_path / "subnet.pth", small_space, small_space.restrict({"width": [2]}).smallest())
