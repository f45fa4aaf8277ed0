"""The number format that networks are trained in."""

from contextlib import AbstractContextManager, nullcontext

import torch


def mixed_precision(device: torch.device) -> AbstractContextManager[object]:
    """Return the context in which networks run: bfloat16 where it is fast, on GPUs."""
    return torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext()
