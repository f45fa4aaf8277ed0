"""Reads the weights of a published network that training starts from: safetensors, PyTorch, or Keras arrays.

The layers of the file are those of the published architecture that the description of the space names, in the order of
execution. Shapes must agree, so that a wrong mapping is found at the layer where it begins.
"""

import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from nascore.errors import DataError
from nascore.spaces.described import DescribedSpace
from nascore.supernet.published import read_state_dict
from nascore.supernet.subnet import Subnet

Layer = dict[str, Tensor]
"""The tensors of one layer by their PyTorch names."""

KERAS = {
    "kernel": "weight",
    "depthwise_kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
"""What Keras calls the tensors of a layer."""


def read_start(path: str | Path, space: DescribedSpace, classes: Sequence[str]) -> Subnet:
    """Read the published network of a space, for images of some classes.

    Parameters
    ----------
    path
        A file of safetensors (`.safetensors`), of Keras arrays by layer (`.npz`), or of PyTorch.
    space
        A space whose description has the key `published`.
    classes
        The classes of the images, in the order of their labels. The outputs are put in this order; where the
        description names no classes, the last layer keeps PyTorch's default weights.

    Returns
    -------
    Subnet
        In evaluation mode, with the statistics of the file.

    Raises
    ------
    DataError
        If the file cannot be read, or a layer is missing, surplus or of another shape; names both layers. Also if the
        classes are others.
    """
    described = space.description.published if space.description else None
    genes = space.published()
    layers = _layers(Path(path))
    if described and described.layers:
        if unknown := [name for name in described.layers if name not in layers]:
            raise DataError(f"{path} has no layer {unknown[0]!r}, which the description of the space names")
        layers = {name: layers[name] for name in described.layers}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # of a classifier that is not taken
        subnet = Subnet(space.unrestricted(), genes).eval()
    named = described.classes if described else None
    order = None if named is None else _order(named, classes, path)
    _fill(subnet, layers, order, path)
    return subnet


def _order(published: Sequence[str], classes: Sequence[str], path: str | Path) -> list[int]:
    """Return the published output of each class."""
    if sorted(published) != sorted(classes):
        raise DataError(
            f"{path} tells {', '.join(published)} apart, as the description of the space says; the images have the "
            f"classes {', '.join(classes)}"
        )
    return [published.index(name) for name in classes]


@torch.no_grad()
def _fill(subnet: Subnet, layers: Mapping[str, Layer], order: list[int] | None, path: str | Path) -> None:
    """Copy layers into a network, each kind of layer in its order.

    Convolutions may have biases in the file; the statistics of the batch normalisation behind take them over.
    """
    waiting: dict[str, list[str]] = {}
    for found, tensors in layers.items():
        waiting.setdefault(_kind_of(tensors), []).append(found)
    before: Tensor | None = None
    for name, module in subnet.named_modules():
        if not isinstance(module, nn.Conv2d | nn.BatchNorm2d | nn.Linear):
            continue
        kind = _kind_of(module.state_dict())
        if not waiting.get(kind):
            raise DataError(f"{path} has no {kind} left for {name!r} of the published network")
        found = waiting[kind].pop(0)
        tensors = dict(layers[found])
        if module is subnet.classifier.linear:
            if order is None:
                continue
            tensors = {key: value[order] if len(value) == len(order) else value for key, value in tensors.items()}
        bias = tensors.pop("bias", None) if isinstance(module, nn.Conv2d) and module.bias is None else None
        _copy(module, name, tensors, found, path)
        if isinstance(module, nn.BatchNorm2d) and before is not None:
            assert module.running_mean is not None
            module.running_mean -= before
        before = bias
    for kind, names in waiting.items():
        if names:
            raise DataError(f"{path} has a {kind} more than the published network of the space, {names[0]!r}")


def _kind_of(tensors: Mapping[str, Tensor]) -> str:
    """Say what kind of layer some tensors are of."""
    if "running_mean" in tensors:
        return "batch normalisation"
    weight = tensors.get("weight")
    if weight is not None and weight.ndim == 4:
        return "depthwise convolution" if weight.shape[1] == 1 else "convolution"
    return "linear layer" if weight is not None and weight.ndim == 2 else "layer of another kind"


def _copy(module: nn.Module, name: str, tensors: Layer, found: str, path: str | Path) -> None:
    """Copy the tensors of one layer."""
    expected = {key: value for key, value in module.state_dict().items() if key != "num_batches_tracked"}
    shapes = {key: tuple(value.shape) for key, value in tensors.items()}
    wanted = {key: tuple(value.shape) for key, value in expected.items()}
    if shapes != wanted:
        raise DataError(
            f"{path}: {found!r} has {_written(shapes)}; {name!r} of the published network has {_written(wanted)}"
        )
    if not all(value.isfinite().all() for value in tensors.values()):
        raise DataError(f"{path}: layer {found!r} holds values that are not finite")
    for key, value in tensors.items():
        expected[key].copy_(value)


def _written(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{key} {'x'.join(map(str, shape))}" for key, shape in sorted(shapes.items())) or "nothing"


# -- files ---------------------------------------------------------------------------------------------


def _layers(path: Path) -> dict[str, Layer]:
    """Return the layers of a file by their names, in order."""
    if not path.is_file():
        raise DataError(f"{path} {'is a folder' if path.is_dir() else 'does not exist'}; expected a file of weights")
    if path.suffix == ".npz":
        return _keras_layers(_arrays(path), path)
    if path.suffix == ".safetensors":
        try:
            tensors = load_file(path)
        except (SafetensorError, OSError) as error:
            raise DataError(f"{path} is not a whole safetensors file: {error}") from None
        # The format keeps no order.
        return _torch_layers({name: tensors[name] for name in sorted(tensors, key=_natural)})
    return _torch_layers(read_state_dict(path))


def _arrays(path: Path) -> dict[str, Any]:
    """Return the arrays of an `.npz` file; no object in it is unpickled."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is not a whole file of NumPy arrays: {error}") from None


def _keras_layers(arrays: Mapping[str, Any], path: Path) -> dict[str, Layer]:
    """Return the layers of a Keras model, whose arrays are called ``layer/…/kernel:0``.

    Keras numbers the layers of a kind as they are made: `conv2d`, `conv2d_1`, and so on.
    """
    kinds: dict[str, dict[str, Layer]] = {}
    for name, value in arrays.items():
        layer, kind = name.split("/")[0], KERAS.get(name.split("/")[-1].removesuffix(":0"))
        if kind is None:
            raise DataError(f"{path}: {name!r} is no array of a Keras layer; expected one of {', '.join(KERAS)}")
        tensor = torch.from_numpy(np.array(value, dtype=np.float32))
        if tensor.ndim == 4:  # height, width, in, out; of a depthwise one channels, 1
            depthwise = "depthwise_kernel" in name
            tensor = tensor.permute(2, 3, 0, 1) if depthwise else tensor.permute(3, 2, 0, 1)
        elif tensor.ndim == 2:
            tensor = tensor.T
        kinds.setdefault(re.sub(r"_\d+$", "", layer), {}).setdefault(layer, {})[kind] = tensor.contiguous()
    return {layer: layers[layer] for layers in kinds.values() for layer in sorted(layers, key=_natural)}


def _natural(name: str) -> list[tuple[int, str]]:
    """Return what sorts names by the numbers in them."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _torch_layers(tensors: Mapping[str, Tensor]) -> dict[str, Layer]:
    """Return the layers of a state dict, in its order, which is that in which its modules were made."""
    layers: dict[str, Layer] = {}
    for name, value in tensors.items():
        layer, _, kind = name.rpartition(".")
        if kind != "num_batches_tracked":
            layers.setdefault(layer, {})[kind] = value
    return layers
