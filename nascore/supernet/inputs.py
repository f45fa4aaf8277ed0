"""Normalises pixels as a space asks for, and finds the device that networks run on."""

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nascore.errors import ConfigError

Network = TypeVar("Network", bound=nn.Module)

CENTRED = 0.5
"""Mean and standard deviation, where pixels are in [0, 1], that make them numbers in [-1, 1]."""


def normalise(images: NDArray[np.uint8], device: torch.device, mean: float = CENTRED, std: float = CENTRED) -> Tensor:
    """Return uint8 images as a network's input.

    Parameters
    ----------
    images
        `(n, height, width, 3)` pixels.
    mean, std
        What is taken off from every channel and what the rest is divided by, where pixels are in [0, 1]; see
        `nascore.spaces.staged.StagedSpace.mean`.

    Returns
    -------
    torch.Tensor
        `(n, 3, height, width)` float32, channels last in memory, as the pixels are already.
    """
    # A copy: the store is read-only.
    pixels = torch.from_numpy(np.array(images)).to(device)
    return pixels.permute(0, 3, 1, 2).float().div_(255 * std).sub_(mean / std)


def from_centred(images: Tensor, mean: float, std: float) -> Tensor:
    """Return images in [-1, 1], in place, as `normalise` gives them with another mean and standard deviation."""
    if mean == std == CENTRED:
        return images
    return images.mul_(CENTRED / std).add_((CENTRED - mean) / std)


def channels_last(network: Network, device: torch.device) -> Network:
    """Return a network moved to a device, its weights channels last, which convolutions are fastest with."""
    return network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def find_device(name: str) -> torch.device:
    """Return the device of a name; ``auto`` is the first GPU where there is one, else the CPU.

    Raises
    ------
    ConfigError
        If a GPU is asked for that this machine has not, or the name is no device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"device is {name!r}; expected auto, cpu, cuda, or cuda:N") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"device is {name!r}, but this machine shows no GPU; use auto or cpu")
    if device.type == "cuda" and (device.index or 0) >= (n_gpus := torch.cuda.device_count()):
        raise ConfigError(f"device is {name!r}, but this machine shows {n_gpus} GPUs, the first of which is cuda:0")
    return device
