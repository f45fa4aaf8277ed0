"""Deterministic weights and inputs behind `forward.json`.

Every float entry of the supernet's state dict is a pure function of its key and
shape, so a 16 MB checkpoint needs not be shipped: fill any model whose keys follow
the published layout and compare its outputs with the recorded ones.
"""

import zlib

import numpy as np
import torch


def tensor_for(key: str, shape: tuple[int, ...]) -> torch.Tensor:
    """Value of the state-dict entry `key` (float32, given `shape`)."""
    noise = np.random.Generator(np.random.PCG64(zlib.crc32(key.encode()))).standard_normal(shape)
    if key.endswith("_matrix"):  # kernel transforms: near identity
        value = np.eye(shape[0]) + 0.05 * noise
    elif key.endswith("running_var"):
        value = np.exp(0.2 * noise)
    elif key.endswith("running_mean") or (len(shape) == 1 and key.endswith("bias")):
        value = 0.1 * noise
    elif len(shape) == 1:  # BatchNorm scale
        value = 1.0 + 0.1 * noise
    else:  # convolution (out, in / groups, k, k) and linear (out, in) weights
        value = noise * np.sqrt(2.0 / np.prod(shape[1:]))
    return torch.from_numpy(np.asarray(value, dtype=np.float32))


def fill(model: torch.nn.Module) -> None:
    """Overwrite every float entry of `model`'s state dict in place."""
    model.load_state_dict(
        {k: tensor_for(k, tuple(v.shape)) if v.is_floating_point() else v for k, v in model.state_dict().items()}
    )


def images(n: int, resolution: int, seed: int = 7) -> torch.Tensor:
    """Normalised input batch, shape (n, 3, resolution, resolution), float32."""
    noise = np.random.Generator(np.random.PCG64(seed)).standard_normal((n, 3, resolution, resolution))
    return torch.from_numpy(noise.astype(np.float32))
