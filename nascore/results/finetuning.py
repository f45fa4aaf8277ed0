"""What fine-tuning did to one target's winner."""

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from nascore.results.costs import check_costs
from nascore.results.record import Cost, Record, RecordFile
from nascore.results.validation import Split, TestFigures


class FinetunedWinner(Record):
    """A winner before and after.

    Parameters
    ----------
    arch_id, weights, checkpoint_sha256, costs_measured
        As in `nascore.results.validation.Winner`.
    epochs
        How long it was trained by itself.
    before, after
        Its test figures.
    """

    arch_id: str
    epochs: int
    before: TestFigures
    after: TestFigures
    costs_measured: dict[str, Cost]
    weights: str
    checkpoint_sha256: str


class Finetuning(RecordFile):
    """``finetuning.json``; `winner` is None where there was nothing to fine-tune."""

    WHAT: ClassVar[str] = "a record of fine-tuning"
    RULE: ClassVar[str] = "validate_finetuned"

    target: str
    status: Literal["finetuned", "infeasible", "not_found"]
    message: str
    split_test: Split
    winner: FinetunedWinner | None

    @model_validator(mode="after")
    def _status_fits(self) -> Self:
        if (self.status == "finetuned") != (self.winner is not None):
            raise ValueError(f"status {self.status!r} with winner {'null' if self.winner is None else 'given'}")
        return self

    def check(self) -> None:
        """Check that the winner lacks no counted cost."""
        if self.winner:
            check_costs(self.winner.arch_id, self.winner.costs_measured, [])
