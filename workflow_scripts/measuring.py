"""What the scripts that measure subnets share; apart from `common`, because it needs torch."""

from pathlib import Path
from typing import Any

import torch

from nascore.evaluation.architectures import Measurer
from nascore.evaluation.options import EvaluationOptions
from nascore.spaces import get_space
from nascore.supernet.allocator import keep_freed_memory
from nascore.supernet.inputs import find_device


def measurer(snakemake: Any) -> Measurer:
    """Return what measures subnets with the weights and images of a rule, on one CPU thread: jobs run side by side."""
    torch.set_num_threads(1)
    keep_freed_memory()
    files, params = snakemake.input, snakemake.params
    return Measurer(
        Path(files.checkpoint),
        get_space(**params.space),
        Path(files.images[0]).parent,
        EvaluationOptions.model_validate(params.options),
        find_device(params.device),
    )
