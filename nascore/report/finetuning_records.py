"""The record of the fine-tuning of one target's winner: the form of `finetuning.json`.

```
{
  "target": str,
  "status": "finetuned" | "infeasible" | "not_found",     the last two: there is no winner
  "message": str,
  "split_test": {"name": "test", "n_images": int},
  "winner": {                                             null unless the status is "finetuned"
    "arch_id": str, "epochs": int,
    "before": {"test_accuracy", "test_lower", "test_upper", "test_loss"},     as in validation.json
    "after": {"test_accuracy", "test_lower", "test_upper", "test_loss"},
    "costs_measured": {metric: number},
    "weights": "weights/winner.safetensors", "checkpoint_sha256": str
  } | null
}
```

Units are those of `nascore.report.validation_records`.
"""

from typing import Literal, Self

from pydantic import model_validator

from nascore.report.records import Record
from nascore.report.validation_records import SplitRecord


class Figures(Record):
    """What a test found."""

    test_accuracy: float
    test_lower: float
    test_upper: float
    test_loss: float


class FinetunedWinner(Record):
    """A winner before and after."""

    arch_id: str
    epochs: int
    before: Figures
    after: Figures
    costs_measured: dict[str, float]
    weights: str
    checkpoint_sha256: str

    @property
    def intervals_overlap(self) -> bool:
        """Whether the test intervals before and after overlap."""
        before, after = self.before, self.after
        return before.test_lower <= after.test_upper and after.test_lower <= before.test_upper


class Finetuning(Record):
    """What fine-tuning did for one target."""

    target: str
    status: Literal["finetuned", "infeasible", "not_found"]
    message: str
    split_test: SplitRecord
    winner: FinetunedWinner | None

    @model_validator(mode="after")
    def _status_fits(self) -> Self:
        if (self.status == "finetuned") != (self.winner is not None):
            raise ValueError(f"status {self.status!r} with winner {'null' if self.winner is None else 'given'}")
        return self
