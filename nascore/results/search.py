"""What one searcher found for one target: the subnets, or the proof that there are none."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from nascore.errors import DataError, SpaceError
from nascore.results.costs import COUNTED, Constraint, check_costs, within
from nascore.results.labels import metric_of
from nascore.results.record import Cost, Record, RecordFile
from nascore.results.table import PIXELS, SHARE, TEXT, Column, Table
from nascore.spaces import StagedSpace, get_space

INTERVAL_LEVEL = 0.9
"""Coverage of the prediction interval beside each predicted accuracy."""

Algorithm = Literal["exact", "random", "evolution", "bcfw"]
Status = Literal["optimal", "infeasible", "found", "not_found"]


class Device(Record):
    """The microcontroller of a target; sizes in KB of 1,024 bytes."""

    name: str
    part: str
    sram_kb: int
    flash_kb: int
    datasheet: str


class SearchedSpace(Record):
    """The searched part of a space.

    Parameters
    ----------
    name, resolutions
        The space and all of its resolutions, pixels.
    n_architectures
        The size of the searched part.
    kept_to
        The genes that are restricted, with the values that they may have.
    n_classes, channels, description, note
        The space's own options; None or empty where it has none.
    """

    name: str
    resolutions: list[int]
    n_architectures: int
    kept_to: dict[str, list[int]]
    n_classes: int = 2
    channels: str | None = None
    description: dict[str, Any] | None = None
    note: str = ""

    def whole(self) -> StagedSpace:
        """Return the whole space, without what the search was kept to."""
        own = {"channels": self.channels, "description": self.description}
        given = {name: value for name, value in own.items() if value is not None}
        space: StagedSpace = get_space(
            self.name, resolutions=tuple(self.resolutions), n_classes=self.n_classes, **given
        )
        return space


class Subnet(Record):
    """A found subnet.

    Parameters
    ----------
    arch_id, arch
        Its hash, and the architecture in the published form of its space.
    predicted_accuracy, lower, upper
        In [0, 1], with the interval of `SearchResult.interval_level`. The interval holds for rows that are drawn at
        random, not for the best of many.
    costs
        By metric.
    """

    arch_id: str
    arch: dict[str, Any]
    predicted_accuracy: float
    lower: float
    upper: float
    costs: dict[str, Cost]


class Certificate(Record):
    """The figures of a proof that no better subnet exists.

    Parameters
    ----------
    objective, best_bound, gap
        The best predicted accuracy, the proven upper bound on any subnet within the limits, and the difference.
    top_k_proven
        Whether every subnet of the list, not only the first, is proven to be among the best.
    root_bound
        The bound before enumeration: the Lagrangian dual.
    global_combinations, closed_by_bound, paths_enumerated
        The work: combinations of global choices, those excluded by a bound alone, and paths looked at in the others.
    binding
        Constraints without any one of which a better subnet exists.
    n_architectures
        Size of the searched space, all of which the proof covers.
    tolerance
        The largest gap that counts as none.
    """

    objective: float
    best_bound: float
    gap: float
    top_k_proven: bool
    root_bound: float
    global_combinations: int
    closed_by_bound: int
    paths_enumerated: int
    binding: list[str]
    n_architectures: int
    tolerance: float


class Smallest(Record):
    """The least of one bounded cost, whatever the other costs are, and a subnet that attains it."""

    constraint: str
    metric: str
    limit_in_metric: float
    smallest: Cost
    arch_id: str
    arch: dict[str, Any]


class Infeasibility(Record):
    """The proof that no subnet satisfies a target."""

    reason: str
    smallest: list[Smallest]


class SearchResult(RecordFile):
    """``result.json``.

    Parameters
    ----------
    status
        ``optimal`` (proven), ``found``, ``infeasible`` (proven) or ``not_found``.
    message
        One sentence on the outcome, and one on the target if something is likely wrong with it.
    fixed
        Global choices that the target keeps to one value.
    subnets
        Best prediction first.
    evaluations
        Number of predictions made; 0 for the exact search, which reads tables.
    """

    WHAT: ClassVar[str] = "a search result"
    RULE: ClassVar[str] = "search"

    target: str
    searcher: str
    algorithm: Algorithm
    predictor: str
    status: Status
    message: str
    constraints: list[Constraint]
    device: Device | None
    fixed: dict[str, int]
    space: SearchedSpace
    subnets: list[Subnet]
    interval_level: float = INTERVAL_LEVEL
    evaluations: int
    certificate: Certificate | None
    infeasibility: Infeasibility | None

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

    def check(self) -> None:
        """Check that architectures are of the space, that costs have names, and that no subnet lacks one."""
        smallest = self.infeasibility.smallest if self.infeasibility else []
        archs = [*(subnet.arch for subnet in self.subnets), *(entry.arch for entry in smallest)]
        try:
            self.space.whole().from_dicts(archs)
        except SpaceError as error:
            raise DataError(str(error)) from None
        for metric in (*self.bounded, *(entry.metric for entry in smallest)):
            metric_of(metric)
        for subnet in self.subnets:
            check_costs(subnet.arch_id, subnet.costs, self.bounded)

    def within_limits(self, costs: Mapping[str, Cost]) -> bool:
        """Say whether costs keep to every limit of the target."""
        return bool(within(costs, self.constraints))

    @property
    def bounded(self) -> list[str]:
        """The costs that the target bounds."""
        return [constraint.metric for constraint in self.constraints]

    @property
    def shown_costs(self) -> list[str]:
        """The counted costs, and the latency that the target bounds."""
        return list(dict.fromkeys([*COUNTED, *self.bounded]))

    @property
    def best(self) -> Subnet | None:
        """The subnet with the highest predicted accuracy."""
        return max(self.subnets, key=lambda subnet: subnet.predicted_accuracy, default=None)


def pareto_schema(metric: str) -> Table:
    """Return the schema of the exact front of predicted accuracy against one cost, cheapest first."""
    own = {metric: Column("integer", COUNTED[metric]), "predicted_accuracy": SHARE, "arch_id": TEXT}
    return Table("an exact Pareto front", "trace_pareto", own | {"resolution": PIXELS})


def out_of_range(predicted: float) -> str:
    """Say that a prediction is no accuracy, which predictors do not rule out; nothing where it may be one."""
    return "" if 0 <= predicted <= 1 else f"; the prediction, {predicted:.4f}, is outside of [0, 1]"
