"""The record of one target's final validation: the form of `validation.json`.

```
{
  "target": str, "searcher": str, "predictor": str,
  "status": "validated" | "infeasible" | "not_found",
  "message": str,
  "n_measurements": int,                       found subnets measured on the search split
  "split_search": {"name": "search", "n_images": int},
  "split_test": {"name": "test", "n_images": int},
  "majority_class_accuracy": float,            share of the largest class in the test split
  "contenders": [                              in the order of the contenders' file; [] if there are none
    {
      "role": "found" | "random" | "smallest" | "largest", "rank": int,
      "arch_id": str, "arch": {"wid", "ks", "e", "d", "image_size"},
      "predicted_accuracy": float, "lower": float, "upper": float,
      "search_accuracy": float, "search_loss": float,
      "test_accuracy": float | null, "test_lower": float | null, "test_upper": float | null,
      "test_loss": float | null,               null but for one contender per role
      "costs": {metric: number}
    }, ...
  ],
  "winner": {                                  null unless the status is "validated"
    "arch_id": str,                            the `found` contender that was tested
    "costs_counted": {metric: number},         from the tables
    "costs_measured": {metric: number},        from the extracted module
    "satisfies_target": bool,                  by the measured costs
    "weights": "weights/winner.safetensors", "checkpoint_sha256": str
  } | null
}
```

Accuracies are in [0, 1], losses cross-entropy in nats per image, `test_lower` and `test_upper` a 95 % Wilson interval.
"""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import model_validator

from nascore.report.records import Record

Role = Literal["found", "random", "smallest", "largest"]
ROLES: tuple[Role, ...] = ("found", "random", "smallest", "largest")


class SplitRecord(Record):
    """The images that something was measured on."""

    name: str
    n_images: int


class Contender(Record):
    """One measured subnet in one role; test figures where it is the best of its role."""

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
    costs: dict[str, float]

    @model_validator(mode="after")
    def _test_figures_go_together(self) -> Self:
        figures = (self.test_accuracy, self.test_lower, self.test_upper, self.test_loss)
        if None in figures and any(figure is not None for figure in figures):
            raise ValueError("test_accuracy, test_lower, test_upper and test_loss are all numbers or all null")
        return self

    @property
    def test(self) -> tuple[float, float, float]:
        """Accuracy on the test split, and its lower and upper end; only of a tested contender."""
        if self.test_accuracy is None or self.test_lower is None or self.test_upper is None:
            raise ValueError(f"contender {self.arch_id} was not tested")
        return self.test_accuracy, self.test_lower, self.test_upper


class Winner(Record):
    """The best found subnet as an extracted module, with its costs counted by table and measured on the module."""

    arch_id: str
    costs_counted: dict[str, float]
    costs_measured: dict[str, float]
    satisfies_target: bool
    weights: str
    checkpoint_sha256: str

    @property
    def differences(self) -> list[str]:
        """The metrics whose counted and measured values differ."""
        return [name for name, value in self.costs_measured.items() if value != self.costs_counted.get(name)]


class Validation(Record):
    """What was measured for one target."""

    target: str
    searcher: str
    predictor: str
    status: Literal["validated", "infeasible", "not_found"]
    message: str
    n_measurements: int
    split_search: SplitRecord
    split_test: SplitRecord
    majority_class_accuracy: float
    contenders: list[Contender]
    winner: Winner | None

    @model_validator(mode="after")
    def _one_of_each_role_is_tested(self) -> Self:
        """Refuse a role without a tested subnet or with two, and a winner that is not the tested found subnet."""
        for role in dict.fromkeys(contender.role for contender in self.contenders):
            n = sum(c.role == role and c.test_accuracy is not None for c in self.contenders)
            if n != 1:
                raise ValueError(f"{n} contenders of role {role!r} have test figures; expected 1")
        best = self.tested.get("found")
        if (self.status == "validated") != (self.winner is not None):
            raise ValueError(f"status {self.status!r} with winner {'null' if self.winner is None else 'given'}")
        if self.winner and (best is None or best.arch_id != self.winner.arch_id):
            raise ValueError(f"winner {self.winner.arch_id} is not the contender of role 'found' with test figures")
        return self

    @property
    def tested(self) -> Mapping[Role, Contender]:
        """The tested contender of each role, in the order of `ROLES`."""
        return {
            role: contender
            for role in ROLES
            for contender in self.contenders
            if contender.role == role and contender.test_accuracy is not None
        }
