"""What each choice adds to the mean accuracy of random paths through a one-shot network."""

from math import sqrt
from typing import ClassVar

from nascore.results.record import Record, RecordFile
from nascore.results.table import COUNT, Column, Table

NOTHING = -1
"""Stands for a stage, block, depth or operation that a mean is not conditional on."""

CONDITION = {"stage": COUNT, "block": COUNT, "depth": COUNT, "op": COUNT}
MEANS = Table(
    "means of random paths",
    "measure_contributions",
    CONDITION | {"mean": Column("number", "share, above or below the mean of all paths"), "n": COUNT},
)
CONTRIBUTIONS = Table(
    "contributions of choices",
    "estimate_contributions",
    CONDITION | {"contribution": Column("number", "share")},
)
"""One row per depth of a stage and per operation of a block; `NOTHING` is the block of a depth."""


class Base(RecordFile):
    """``base.json``: the mean accuracy of all random paths, and what it is a mean of.

    Parameters
    ----------
    mean_accuracy
        In [0, 1].
    n_answers
        Answers that it is a mean of, one per image and pass.
    split, passes, resolution
        Where the images are from, how often each is answered, and their size in pixels.
    """

    WHAT: ClassVar[str] = "the base of contributions"
    RULE: ClassVar[str] = "measure_contributions"

    mean_accuracy: float
    n_answers: int
    split: str
    passes: int
    resolution: int

    @property
    def standard_error(self) -> float:
        """Of one difference of two means: each is a share of `n_answers` right answers."""
        return sqrt(2 * self.mean_accuracy * (1 - self.mean_accuracy) / self.n_answers)


class Agreement(Record):
    """How the sums of contributions order measured subnets; None where it is not defined."""

    kendall_tau: float | None
    spearman: float | None


class Quality(RecordFile):
    """``quality.json``: the agreement of both forms of the estimator with `n_rows` measured subnets."""

    WHAT: ClassVar[str] = "the quality of contributions"
    RULE: ClassVar[str] = "estimate_contributions"

    n_rows: int
    paper: Agreement
    published_code: Agreement
