"""The JSON records that the report reads, checked key by key.

Every key below must be there with the right type. Other keys are left alone, because a stage
may write more than the report shows.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nascore.report.labels import METRICS
from nascore.spaces import StagedSpace, get_space


class Record(BaseModel):
    """A part of a JSON file: exact types, no NaN, not changed after it is read."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)


class ConstraintRecord(Record):
    """One upper bound of a target, in its own unit and in that of its metric."""

    name: str
    metric: str
    limit: float
    limit_in_metric: float


class DeviceRecord(Record):
    """The microcontroller of a target; sizes in KB of 1,024 bytes."""

    name: str
    sram_kb: float
    flash_kb: float
    datasheet: str


class SpaceRecord(Record):
    """The searched part of a space."""

    name: str
    resolutions: list[int]
    n_architectures: int
    kept_to: dict[str, list[int]]
    n_classes: int = 2
    channels: str | None = None
    note: str = ""

    def whole(self) -> StagedSpace:
        """Return the whole space, without what the search was kept to."""
        own = {} if self.channels is None else {"channels": self.channels}
        space: StagedSpace = get_space(self.name, resolutions=tuple(self.resolutions), n_classes=self.n_classes, **own)
        return space


class SubnetRecord(Record):
    """A found subnet: accuracies in [0, 1], costs in the units of their metrics."""

    arch_id: str
    arch: dict[str, Any]
    predicted_accuracy: float
    lower: float
    upper: float
    costs: dict[str, float]


class CertificateRecord(Record):
    """Why no better subnet exists."""

    objective: float
    best_bound: float
    gap: float
    tolerance: float
    top_k_proven: bool
    n_architectures: int
    global_combinations: int
    closed_by_bound: int
    paths_enumerated: int
    root_bound: float
    binding: list[str]


class SmallestRecord(Record):
    """The smallest value that a constrained metric can take, and the subnet that has it."""

    constraint: str
    metric: str
    limit_in_metric: float
    smallest: float
    arch_id: str
    arch: dict[str, Any]


class InfeasibilityRecord(Record):
    """Why no subnet satisfies a target."""

    reason: str
    smallest: list[SmallestRecord]


class SearchResult(Record):
    """What one searcher found for one target."""

    target: str
    searcher: str
    algorithm: Literal["exact", "random", "evolution", "bcfw"]
    predictor: str
    status: Literal["optimal", "found", "infeasible", "not_found"]
    message: str
    constraints: list[ConstraintRecord]
    device: DeviceRecord | None
    fixed: dict[str, int]
    space: SpaceRecord
    subnets: list[SubnetRecord]
    interval_level: float
    evaluations: int
    certificate: CertificateRecord | None
    infeasibility: InfeasibilityRecord | None

    @model_validator(mode="after")
    def _status_has_its_evidence(self) -> Self:
        """Refuse a claim without what supports it."""
        needed: dict[str, dict[str, object]] = {
            "optimal": {"subnets": self.subnets, "certificate": self.certificate},
            "found": {"subnets": self.subnets},
            "infeasible": {"infeasibility": self.infeasibility},
            "not_found": {},
        }
        missing = [name for name, value in needed[self.status].items() if not value]
        if missing:
            raise ValueError(f"status {self.status!r} needs {missing[0]!r}, which is empty")
        return self

    def within_limits(self, costs: Mapping[str, float]) -> bool:
        """Say whether costs satisfy every limit of the target."""
        return all(costs[c.metric] <= c.limit_in_metric for c in self.constraints)

    @property
    def shown_costs(self) -> list[str]:
        """The counted costs, and the latency that the target bounds."""
        return list(dict.fromkeys([*METRICS, *(c.metric for c in self.constraints)]))

    @property
    def best(self) -> SubnetRecord | None:
        """The subnet with the highest predicted accuracy."""
        return max(self.subnets, key=lambda subnet: subnet.predicted_accuracy, default=None)


class PredictorMetrics(Record):
    """How well one predictor did on rows that it was not trained on; errors are shares, not points.

    A correlation is None where it is not defined, e.g. for a constant prediction.
    """

    predictor: str
    n_train: int
    n_calibration: int
    n_test: int
    mae: float
    rmse: float
    kendall_tau: float | None
    kendall_tau_within_resolution: float | None
    spearman: float | None
    interval_level: float
    interval_coverage: float
    interval_mean_width: float
    is_additive: bool


class DatasetFacts(Record):
    """What is known about the measured rows wherever they come from; accuracies in [0, 1]."""

    source: str
    n_rows: int
    n_images: int
    accuracy_min: float
    accuracy_mean: float
    accuracy_max: float


class TablesReport(DatasetFacts):
    """Rows that were imported from published tables."""

    kind: Literal["tables"]
    n_files: int
    n_duplicates_dropped: int


class SupernetReport(DatasetFacts):
    """Rows that were measured with the weights of a supernet."""

    kind: Literal["supernet"]
    strategy: str
    n_shards: int
    checkpoint_sha256: str


DatasetReport = Annotated[TablesReport | SupernetReport, Field(discriminator="kind")]
"""The form of `dataset_report.json`."""


class ImageManifest(Record):
    """What the report needs of an image store's manifest: classes, sizes in pixels, and the images of each split."""

    class_names: list[str]
    resolutions: list[int]
    splits: dict[str, list[Any]]
