"""What was made of one target's winner for deployment, and what checks of it found."""

from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from nascore.results.record import Record, RecordFile
from nascore.results.table import COUNT, MILLISECONDS, TEXT, Table

CHECKS = "checks.json"
"""The file of a bundle's checks, in its folder."""
FLOAT, DYNAMIC, INT8 = "model.onnx", "model_dynamic.onnx", "model_int8.onnx"
"""The models: for one image, for any number of images, and quantised."""


class CheckedAccuracy(Record):
    """Top-1 accuracy on the test split, in [0, 1], with its 95 % interval (Wilson, 1927)."""

    accuracy: float
    lower: float
    upper: float


class CheckedModel(CheckedAccuracy):
    """One ONNX model.

    Parameters
    ----------
    bytes
        Size of the file.
    max_difference
        Of a logit from PyTorch's, on any test image.
    changed_decisions
        Test images with another largest logit than PyTorch's.
    """

    bytes: int
    max_difference: float
    changed_decisions: int


class Memory(Record):
    """What the int8 model needs of a microcontroller, bytes.

    Parameters
    ----------
    weight_bytes, bias_bytes, flash_bytes
        Of int8 weights, of int32 biases, and their sum.
    predicted_peak_memory_bytes
        By definition; see `nascore.efficiency.counting`.
    measured_arena_bytes
        In ONNX Runtime; see `nascore.deploy.check`.
    arena_bytes
        The larger of the two.
    """

    weight_bytes: int
    bias_bytes: int
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


class Bundle(RecordFile):
    """``checks.json``; of a target without a winner there is no more than its status and message.

    Parameters
    ----------
    target
        None for weights that no search of a run found.
    arch_id, arch, resolution, labels
        The network: its hash, the architecture in the published form of its space, pixels, and names of classes.
    weights_sha256, checkpoint_sha256, images_sha256
        The weights, the supernet that they are from, and the images.
    finetuned_epochs
        None for weights that were not trained further by themselves.
    n_calibration, n_test
        Images that the ranges of int8 activations are from, and images of the test split.
    pytorch, models
        Accuracies on the test split, of the network and of each model by file name.
    costs
        Of the network, by metric.
    """

    WHAT: ClassVar[str] = "a bundle's checks"
    RULE: ClassVar[str] = "export_bundle"

    target: str | None
    status: Literal["bundled", "infeasible", "not_found"]
    message: str = ""
    arch_id: str | None = None
    arch: dict[str, Any] | None = None
    resolution: int | None = None
    labels: list[str] = Field([])
    weights_sha256: str | None = None
    checkpoint_sha256: str | None = None
    finetuned_epochs: int | None = None
    images_sha256: str | None = None
    n_calibration: int = 0
    n_test: int = 0
    pytorch: CheckedAccuracy | None = None
    models: dict[str, CheckedModel] = Field({})
    costs: dict[str, int] = Field({})
    memory: Memory | None = None
    devices: list[Budget] = Field([])

    @model_validator(mode="after")
    def _complete_or_empty(self) -> Self:
        whole = {FLOAT, INT8} <= self.models.keys() and self.arch_id and self.memory and self.devices and self.pytorch
        if (self.status == "bundled") != bool(whole):
            raise ValueError(f"status {self.status!r} with models {sorted(self.models)}")
        return self

    @classmethod
    def of_folder(cls, folder: str | Path) -> Self:
        """Read the checks of the bundle in a folder."""
        return cls.read(Path(folder, CHECKS))


LATENCY = Table(
    "the latency of bundles",
    "measure_bundles",
    {
        "target": TEXT,
        "model": TEXT,
        "median_ms": MILLISECONDS,
        "spread_ms": MILLISECONDS,
        "repeats": COUNT,
        "hardware": TEXT,
        "runtime_version": TEXT,
    },
)
"""The median of one inference with one image, and the interquartile range."""
