"""What ONNX Runtime makes of a model: its answers beside PyTorch's, and the memory that its activations take."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nascore.data.source import Pixels
from nascore.deploy.export import INPUT
from nascore.evaluation.measure import Measurement
from nascore.evaluation.onnx_extra import onnx_session
from nascore.evaluation.validation import interval
from nascore.supernet.inputs import CENTRED, normalise

Logits = NDArray[np.float32]


def logits_of_model(model: bytes, images: Pixels, batch: int = 1) -> Logits:
    """Return the `(n, n_classes)` logits of `(n, resolution, resolution, 3)` uint8 images, `batch` at a time."""
    running = onnx_session(model)
    about = running.get_modelmeta().custom_metadata_map
    mean, std = (float(about.get(name, CENTRED)) for name in ("mean", "std"))
    batches = (model_input(images[start : start + batch], mean, std) for start in range(0, len(images), batch))
    return np.concatenate([running.run(None, {INPUT: x})[0] for x in batches])


def model_input(images: Pixels, mean: float = CENTRED, std: float = CENTRED) -> NDArray[np.float32]:
    """Return uint8 images as a model's input; see `nascore.supernet.inputs.normalise`."""
    return normalise(images, torch.device("cpu"), mean, std).contiguous().numpy()


def agreement(logits: Logits, reference: Logits, labels: NDArray[np.int64]) -> dict[str, float | int]:
    """Return accuracy with its 95 % interval, the largest difference from reference logits, and changed decisions."""
    decisions = logits.argmax(1)
    measured = Measurement(int((decisions == labels).sum()), len(labels), 0.0)
    lower, upper = interval(measured)
    return {
        "accuracy": measured.accuracy,
        "lower": lower,
        "upper": upper,
        "max_difference": float(np.abs(logits - reference).max()),
        "changed_decisions": int((decisions != reference.argmax(1)).sum()),
    }


def arena_bytes(model: bytes, resolution: int) -> int:
    """Return the most memory that ONNX Runtime's arena holds for activations during one inference, bytes.

    The runtime's own statistics of its CPU arena, which its profile has after every kernel: bytes that were asked for
    and not given back, less those before the first kernel, which are the weights. Neither the caller's float image nor
    what a kernel takes and gives back by itself is part of it.
    """
    with TemporaryDirectory() as folder:

        def profiled(options: Any) -> None:
            options.enable_profiling, options.profile_file_prefix = True, str(Path(folder, "profile"))
            options.enable_mem_pattern = False  # it would be one block for all activations, whatever lives when
            options.log_severity_level = 3

        running = onnx_session(model, configure=profiled)
        running.run(None, {INPUT: np.zeros((1, 3, resolution, resolution), np.float32)})
        events = json.loads(Path(running.end_profiling()).read_text(encoding="utf-8"))
    kernels = [event["args"] for event in events if event["name"].endswith("_kernel_time")]
    held = [int(kernel["mem_bytes_requested_in_use"]) for kernel in kernels]
    before = held[0] - int(kernels[0]["mem_requested_in_use_delta"])
    return max(held) - before
