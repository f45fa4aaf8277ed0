"""What networks take: pixels as numbers around 0, on a device that is found or named."""

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nascore.errors import ConfigError

Network = TypeVar("Network", bound=nn.Module)

MEAN, STD = 0.5, 0.5
"""What normalisation subtracts from every channel and divides it by, where pixels are in [0, 1]; as published."""


def normalise(images: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Return uint8 images as the network's input, with mean `MEAN` and standard deviation `STD` taken off.

    Parameters
    ----------
    images
        `(n, height, width, 3)` pixels.

    Returns
    -------
    torch.Tensor
        `(n, 3, height, width)` float32 in [-1, 1], channels last in memory, as the pixels are already.
    """
    # A copy: the store is read-only.
    pixels = torch.from_numpy(np.array(images)).to(device)
    return pixels.permute(0, 3, 1, 2).float().div_(255 * STD).sub_(MEAN / STD)


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
