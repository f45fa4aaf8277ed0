"""Weights of published networks: what is read, from which formats, and what does not fit."""

from pathlib import Path

import numpy as np
import pytest
import torch
from messages import facts
from safetensors.torch import save_file
from torch import nn

from nascore.data.decoding import resized
from nascore.errors import DataError, SpaceError
from nascore.space_files import find_space
from nascore.spaces.described import DescribedSpace
from nascore.supernet import Subnet, build_supernet
from nascore.supernet.inputs import normalise
from nascore.supernet.start import read_start

SPACES = Path(__file__).parents[2] / "config" / "spaces"
DESCRIPTION = {
    "name": "own",
    "resolutions": [32],
    "padding": "same",
    "stem": {"channels": 8},
    "stages": [
        {"block": "depthwise_separable", "channels": 16, "kernel": [3, 5]},
        {"block": "residual", "channels": 24, "stride": 2, "depth": [1, 2]},
    ],
    "published": {"classes": ["dog", "cat"], "arch": {"kernel": 3, "depth": 1}},
}
CLASSES = ("cat", "dog")
KERAS = {"running_mean": "moving_mean", "running_var": "moving_variance"}


@pytest.fixture
def space():
    return DescribedSpace.build(DESCRIPTION)


@pytest.fixture
def published(space) -> Subnet:
    """A network of the published architecture, with the outputs in the order of the images' classes."""
    torch.manual_seed(0)
    network = Subnet(space, space.published()).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return network


def layers_of(network):
    """Return (kind, tensors) of each layer in order, the outputs in the published order."""
    found = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.BatchNorm2d | nn.Linear):
            tensors = {k: v.clone() for k, v in module.state_dict().items() if k != "num_batches_tracked"}
            if module is network.classifier.linear:
                tensors = {k: v.flip(0) for k, v in tensors.items()}
            found.append((type(module).__name__, tensors))
    return found


def keras_arrays(network):
    """Return the arrays of a Keras model, whose convolutions have biases that the statistics behind take off again."""
    arrays, counts, bias = {}, {}, None
    for kind, tensors in layers_of(network):
        depthwise = kind == "Conv2d" and tensors["weight"].shape[1] == 1
        name = {"Conv2d": "conv2d", "BatchNorm2d": "batch_normalization", "Linear": "dense"}[kind]
        name = "depthwise_conv2d" if depthwise else name
        number = counts[name] = counts.get(name, -1) + 1
        layer = f"{name}_{number}" if number else name
        if kind == "Conv2d":
            bias = torch.randn(tensors["weight"].shape[0])
            order = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
            kernel = "depthwise_kernel" if depthwise else "kernel"
            entries = {kernel: tensors["weight"].permute(order), "bias": bias}
        elif kind == "BatchNorm2d":
            entries = {"gamma": tensors["weight"], "beta": tensors["bias"]}
            entries |= {"moving_mean": tensors["running_mean"] + bias, "moving_variance": tensors["running_var"]}
        else:
            entries = {"kernel": tensors["weight"].T, "bias": tensors["bias"]}
        arrays |= {f"{layer}/{layer}/{key}:0": value.numpy() for key, value in entries.items()}
    return dict(sorted(arrays.items()))


def state_of(network):
    """Return a state dict with names of its own."""
    return {
        f"layer{i}.{k}": v.contiguous() for i, (_, tensors) in enumerate(layers_of(network)) for k, v in tensors.items()
    }


WRITERS = {
    "weights.npz": lambda path, network: np.savez(path, **keras_arrays(network)),
    "weights.safetensors": lambda path, network: save_file(state_of(network), path),
    "weights.pth": lambda path, network: torch.save({"state_dict": state_of(network)}, path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_each_format_gives_the_published_network(space, published, name, tmp_path):
    WRITERS[name](tmp_path / name, published)
    images = torch.randn(2, 3, 32, 32)
    found = read_start(tmp_path / name, space, CLASSES)
    torch.testing.assert_close(found(images), published(images), atol=1e-5, rtol=1e-5)
    assert found.genes.tolist() == space.published().tolist()


def test_layers_can_be_named_in_order(published, tmp_path):
    """Here the file has them the other way round."""
    state = state_of(published)
    names = list(dict.fromkeys(name.split(".")[0] for name in state))
    torch.save(dict(reversed(state.items())), tmp_path / "w.pth")
    named = DESCRIPTION | {"published": DESCRIPTION["published"] | {"layers": names}}
    images = torch.randn(2, 3, 32, 32)
    found = read_start(tmp_path / "w.pth", DescribedSpace.build(named), CLASSES)
    torch.testing.assert_close(found(images), published(images), atol=1e-5, rtol=1e-5)
    named["published"]["layers"] = [*names[:-1], "layer99"]
    with pytest.raises(DataError, match=facts(tmp_path / "w.pth", "layer99")):
        read_start(tmp_path / "w.pth", DescribedSpace.build(named), CLASSES)


def test_without_classes_the_classifier_is_a_new_one(published, tmp_path):
    description = DESCRIPTION | {"published": {"arch": DESCRIPTION["published"]["arch"]}}
    torch.save(state_of(published), tmp_path / "w.pth")
    found = read_start(tmp_path / "w.pth", DescribedSpace.build(description, n_classes=5), tuple("abcde"))
    assert found.classifier.linear.weight.shape[0] == 5
    assert torch.equal(found.first_conv.conv.weight, published.first_conv.conv.weight)


def without(tensors, layer):
    return {name: value for name, value in tensors.items() if not name.startswith(f"{layer}.")}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda state: without(state, "layer2"), ("depthwise convolution",)),
        (lambda state: without(state, "layer12"), ("linear layer", "classifier.linear")),
        (lambda state: state | {"more.weight": torch.zeros(3, 3)}, ("linear layer", "'more'")),
        (lambda state: state | {"layer0.weight": torch.zeros(8, 3, 5, 5)}, ("'layer0'", "8x3x5x5", "8x3x3x3")),
        (lambda state: state | {"layer1.bias": torch.full((8,), torch.nan)}, ("'layer1'", "not finite")),
        (lambda state: state | {"layer0.scale": torch.ones(8)}, ("'layer0'", "scale")),
    ],
)
def test_what_does_not_fit_is_named(space, published, change, expected, tmp_path):
    torch.save(change(state_of(published)), tmp_path / "w.pth")
    with pytest.raises(DataError, match=facts(tmp_path / "w.pth", *expected)):
        read_start(tmp_path / "w.pth", space, CLASSES)


def test_other_classes_and_no_published_network(space, published, tmp_path):
    torch.save(state_of(published), tmp_path / "w.pth")
    with pytest.raises(DataError, match=facts(tmp_path / "w.pth", "dog, cat", "cat, eel")):
        read_start(tmp_path / "w.pth", space, ("cat", "eel"))
    bare = DescribedSpace.build({key: value for key, value in DESCRIPTION.items() if key != "published"})
    with pytest.raises(SpaceError, match=facts("'own'", "published")):
        read_start(tmp_path / "w.pth", bare, CLASSES)
    with pytest.raises(SpaceError, match=facts("stage9.depth", "stage1.depth")):
        DescribedSpace.build(DESCRIPTION | {"published": {"arch": {"stage9.depth": 1}}}).published()


@pytest.mark.parametrize("name", ["none.npz", "none.pth", "."])
def test_no_file(space, name, tmp_path):
    with pytest.raises(DataError, match=facts(tmp_path / name)):
        read_start(tmp_path / name, space, CLASSES)


@pytest.mark.parametrize("name", ["w.npz", "w.safetensors", "w.pth"])
def test_files_that_are_no_weights(space, name, tmp_path):
    (tmp_path / name).write_bytes(b"no weights")
    with pytest.raises(DataError, match=facts(tmp_path / name, "not")):
        read_start(tmp_path / name, space, CLASSES)
    np.savez(tmp_path / "x.npz", a=np.array([{}], dtype=object))
    with pytest.raises(DataError, match=facts(tmp_path / "x.npz")):
        read_start(tmp_path / "x.npz", space, CLASSES)


def test_a_supernet_takes_it_over(space, published):
    supernet = build_supernet(space).eval()
    supernet.copy_from(published)
    images = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(supernet(images, published.genes), published(images), atol=1e-5, rtol=1e-5)
    larger = space.restrict({"stage2.depth": [1]}).largest()
    assert (larger != published.genes).any()
    torch.testing.assert_close(supernet(images, larger), published(images), atol=1e-5, rtol=1e-5)


@pytest.mark.slow
def test_the_published_visual_wake_words_network(shared_dir):
    """83.44 % of `vww160/val` before any training; with torch's padding it would be 73.7 %."""
    folder = shared_dir / "data"
    space = find_space(str(SPACES / "mobilenet_v1.yaml"))
    network = read_start(folder / "mlperf_tiny/mobilenet_v1_025_vww.npz", space, ("not_person", "person"))
    right = total = 0
    for label, name in enumerate(("not_person", "person")):
        files = sorted((folder / "vww160/val" / name).glob("*.jpg"))
        images = np.stack([resized(file.read_bytes(), [96], 10**6)[0] for file in files])
        with torch.inference_mode():
            inputs = normalise(images, torch.device("cpu"), space.mean, space.std)
            right += int(sum((network(part).argmax(1) == label).sum() for part in inputs.split(64)))
        total += len(files)
    assert total == 1588 and abs(right / total - 0.8344) < 0.001
