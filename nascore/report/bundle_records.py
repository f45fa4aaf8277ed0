"""The record of one target's bundle for deployment: the form of `checks.json`.

```
{
  "target": str | null,                        null for weights that no search of a run found
  "status": "bundled" | "infeasible" | "not_found", "message": str,
                                               what follows only if it is "bundled"
  "arch_id": str, "arch": {...}, "resolution": int, "labels": [str, ...],
  "weights_sha256": str, "checkpoint_sha256": str | null, "images_sha256": str,
  "finetuned_epochs": int | null,              null for weights that were not trained further by themselves
  "n_calibration": int,                        images that int8 activations take their ranges from
  "n_test": int,
  "pytorch": {"accuracy": float, "lower": float, "upper": float},
  "models": {                                  by file name
    "model.onnx" | "model_dynamic.onnx" | "model_int8.onnx": {
      "bytes": int, "accuracy": float, "lower": float, "upper": float,
      "max_difference": float,                 of a logit from PyTorch's, on any test image
      "changed_decisions": int                 test images with another largest logit than PyTorch's
    }
  },
  "costs": {metric: int},                      of the network, as `nascore.efficiency.counting` defines them
  "memory": {
    "weight_bytes": int, "bias_bytes": int,    int8 and int32, in the int8 model
    "flash_bytes": int,                        their sum
    "predicted_peak_memory_bytes": int,        by definition
    "measured_arena_bytes": int,               in ONNX Runtime; see `nascore.deploy.check`
    "arena_bytes": int                         the larger of the two
  },
  "devices": [{"name": str, "part": str, "sram_bytes": int, "flash_bytes": int, "fits": bool}, ...]
}
```

Accuracies are in [0, 1] on the test split, with a 95 % Wilson interval.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from nascore.errors import DataError, unknown_name
from nascore.report.reading import read_record
from nascore.report.records import Record

CHECKS = "checks.json"


class CheckedModel(Record):
    """One ONNX model."""

    bytes: int
    accuracy: float
    lower: float
    upper: float
    max_difference: float
    changed_decisions: int


class Memory(Record):
    """What the int8 model needs of a microcontroller, bytes."""

    flash_bytes: int
    predicted_peak_memory_bytes: int
    measured_arena_bytes: int
    arena_bytes: int


class Budget(Record):
    """One microcontroller, and whether the int8 model fits."""

    name: str
    part: str
    sram_bytes: int
    flash_bytes: int
    fits: bool


class Bundle(Record):
    """What was made of one target's winner; `models`, `memory` and `devices` are empty where there is none."""

    target: str
    status: Literal["bundled", "infeasible", "not_found"]
    message: str
    finetuned_epochs: int | None = None
    n_test: int = 0
    models: dict[str, CheckedModel] = Field({})
    memory: Memory | None = None
    devices: list[Budget] = Field([])

    @model_validator(mode="after")
    def _complete_or_empty(self) -> Self:
        whole = {"model.onnx", "model_int8.onnx"} <= self.models.keys() and self.memory and self.devices
        if (self.status == "bundled") != bool(whole):
            raise ValueError(f"status {self.status!r} with models {sorted(self.models)}")
        return self


def read_bundles(folders: Sequence[str | Path], targets: Sequence[str]) -> dict[str, Bundle]:
    """Read the bundles of some of a run's targets, by target.

    Raises
    ------
    DataError
        If a folder holds no bundle, two are of one target, or one is of a target that is not among `targets`.
    """
    found: dict[str, Bundle] = {}
    for folder in folders:
        bundle: Bundle = read_record(Path(folder, CHECKS), Bundle, "a bundle's checks")
        if bundle.target not in targets:
            raise DataError(f"{folder}: {unknown_name('target', bundle.target, dict.fromkeys(targets))}")
        if bundle.target in found:
            raise DataError(f"{folder} is a second bundle of target {bundle.target!r}")
        found[bundle.target] = bundle
    return found
