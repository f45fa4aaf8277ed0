"""What was measured of one target's subnets in the final validation."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from nascore.results.costs import COUNTED, check_costs
from nascore.results.record import Cost, Record, RecordFile
from nascore.results.table import COUNT, SHARE, TEXT, Column, Table

Role = Literal["found", "random", "smallest", "largest"]
ROLES: tuple[Role, ...] = ("found", "random", "smallest", "largest")
WEIGHTS = "winner.safetensors"
"""The file of a winner's weights, in the folder that the rules name."""


CONTENDERS = Table(
    "a list of contenders",
    "choose_contenders",
    {
        "role": TEXT,
        "rank": COUNT,
        **dict.fromkeys(("predicted_accuracy", "lower", "upper"), SHARE),
        **{metric: Column("number", unit) for metric, unit in COUNTED.items()},
    },
)
"""``contenders.parquet``, beside the architectures: the role of each and its rank within that, its prediction with the
90 % interval, and its counted costs. Latencies in milliseconds follow where a target bounds one."""
RANKING = Table(
    "a ranking of contenders",
    "rank_contenders",
    {
        **CONTENDERS.columns,
        "accuracy": SHARE,
        "loss": Column("number", "nats per image"),
        "n_images": Column("integer", "images"),
    },
)
"""``ranking.parquet``: the same with what was measured on the `search` split."""


class Split(Record):
    """The images that something was measured on."""

    name: str
    n_images: int


class TestFigures(Record):
    """What a test found.

    Parameters
    ----------
    test_accuracy, test_lower, test_upper
        Top-1 accuracy in [0, 1], with its 95 % interval (Wilson, 1927). The interval holds for a subnet that was
        chosen without these images, as all are.
    test_loss
        Mean cross-entropy, nats per image.
    """

    __test__: ClassVar[bool] = False  # no class of tests

    test_accuracy: float
    test_lower: float
    test_upper: float
    test_loss: float

    @property
    def interval(self) -> tuple[float, float, float]:
        """Accuracy, and the lower and upper end of its interval."""
        return self.test_accuracy, self.test_lower, self.test_upper

    def overlaps(self, other: "TestFigures") -> bool:
        """Say whether two intervals overlap."""
        return self.test_lower <= other.test_upper and other.test_lower <= self.test_upper


class Contender(Record):
    """One measured subnet in one role.

    Parameters
    ----------
    role, rank
        What it stands for, and its place within the role, from 0.
    arch_id, arch
        Its hash, and the architecture in the published form of its space.
    predicted_accuracy, lower, upper
        As in `nascore.results.search.Subnet`.
    search_accuracy, search_loss
        Measured on the `search` split: accuracy in [0, 1], and mean cross-entropy, nats per image.
    test_accuracy, test_lower, test_upper, test_loss
        As in `TestFigures`, of the best contender of each role; None of all others.
    costs
        By metric, counted, and latencies by table.
    """

    role: Role
    rank: int
    arch_id: str
    arch: dict[str, Any]
    predicted_accuracy: float
    lower: float
    upper: float
    search_accuracy: float
    search_loss: float
    test_accuracy: float | None
    test_lower: float | None
    test_upper: float | None
    test_loss: float | None
    costs: dict[str, Cost]

    @model_validator(mode="after")
    def _test_figures_go_together(self) -> Self:
        figures = (self.test_accuracy, self.test_lower, self.test_upper, self.test_loss)
        if None in figures and any(figure is not None for figure in figures):
            raise ValueError("test_accuracy, test_lower, test_upper and test_loss are all numbers or all null")
        return self

    @property
    def is_tested(self) -> bool:
        """Whether it was measured on the test split."""
        return self.test_accuracy is not None

    @property
    def test(self) -> TestFigures:
        """What the test split says; only of a tested contender."""
        return TestFigures.model_validate({name: getattr(self, name) for name in TestFigures.model_fields})


class Winner(Record):
    """The best measured of the found subnets, as an extracted module.

    Parameters
    ----------
    arch_id
        The tested contender of role ``found``.
    costs_counted, costs_measured
        By metric, from the tables and from the module.
    satisfies_target
        Whether it does by its measured costs.
    weights
        Where its weights are, from the folder of the record.
    checkpoint_sha256
        The supernet that they are from.
    """

    arch_id: str
    costs_counted: dict[str, Cost]
    costs_measured: dict[str, Cost]
    satisfies_target: bool
    weights: str
    checkpoint_sha256: str

    @property
    def differences(self) -> list[str]:
        """The metrics whose counted and measured values differ."""
        return [name for name, value in self.costs_measured.items() if value != self.costs_counted.get(name)]


class Validation(RecordFile):
    """``validation.json``.

    Parameters
    ----------
    target, searcher, predictor
        The search whose subnets were measured.
    n_measurements
        Found subnets measured on the `search` split.
    majority_class_accuracy
        Share of the largest class in the test split.
    contenders
        In the order of the contenders' file; none if nothing satisfies the target.
    winner
        None unless the status is ``validated``.
    """

    WHAT: ClassVar[str] = "a validation"
    RULE: ClassVar[str] = "validate_target"

    target: str
    searcher: str
    predictor: str
    status: Literal["validated", "infeasible", "not_found"]
    message: str
    n_measurements: int
    split_search: Split
    split_test: Split
    majority_class_accuracy: float
    contenders: list[Contender]
    winner: Winner | None

    @model_validator(mode="after")
    def _one_of_each_role_is_tested(self) -> Self:
        """Refuse a role without a tested subnet or with two, and a winner that is not the tested found subnet."""
        for role in dict.fromkeys(contender.role for contender in self.contenders):
            n = sum(c.role == role and c.is_tested for c in self.contenders)
            if n != 1:
                raise ValueError(f"{n} contenders of role {role!r} have test figures; expected 1")
        if (self.status == "validated") != (self.winner is not None):
            raise ValueError(f"status {self.status!r} with winner {'null' if self.winner is None else 'given'}")
        best = self.tested.get("found")
        if self.winner and (best is None or best.arch_id != self.winner.arch_id):
            raise ValueError(f"winner {self.winner.arch_id} is not the contender of role 'found' with test figures")
        return self

    def check(self) -> None:
        """Check that no subnet lacks a counted cost."""
        for contender in self.contenders:
            check_costs(contender.arch_id, contender.costs, [])
        if self.winner:
            check_costs(self.winner.arch_id, self.winner.costs_counted, [])
            check_costs(self.winner.arch_id, self.winner.costs_measured, [])

    @property
    def tested(self) -> Mapping[Role, Contender]:
        """The tested contender of each role, in the order of `ROLES`."""
        return {
            role: contender
            for role in ROLES
            for contender in self.contenders
            if contender.role == role and contender.is_tested
        }
