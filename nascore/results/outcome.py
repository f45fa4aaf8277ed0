"""Decides what a target came to: its optimum, which has the best prediction, and its winner, which is built.

Whoever shows a target, as a row, a picture, a card or a line, takes both from here.

* The *optimum* is the subnet with the best predicted accuracy, with its proof where there is one.
* The *winner* is the subnet that is drawn, shipped and tested: the best measured of those that the validated search
  found. Where nothing was measured, it is the optimum.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nascore.results.finetuning import Finetuning
from nascore.results.record import Cost
from nascore.results.search import SearchResult, Status, Subnet, out_of_range
from nascore.results.validation import TestFigures, Validation

STATUS_ORDER: tuple[Status, ...] = ("optimal", "infeasible", "found", "not_found")
"""Proofs before what is not proven."""


@dataclass(frozen=True)
class Winner:
    """The winner of a target.

    Parameters
    ----------
    arch_id, arch
        Its hash, and the architecture in the published form of its space.
    predicted_accuracy
        In [0, 1].
    costs
        By metric: measured on the network where there is one, latencies by table.
    within_limits
        Whether these costs keep to the target.
    searcher
        Who found it.
    claim
        Why it and no other, in words.
    test
        What the test split says, after fine-tuning where it was fine-tuned; None where nothing was measured.
    finetuned_epochs
        None for a winner that was not fine-tuned.
    """

    arch_id: str
    arch: Mapping[str, Any]
    predicted_accuracy: float
    costs: Mapping[str, Cost]
    within_limits: bool
    searcher: str
    claim: str
    test: TestFigures | None = None
    finetuned_epochs: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What one target came to.

    Parameters
    ----------
    results
        What each searcher found for it.
    validation, finetuning
        What was measured; None in a run without.
    """

    results: tuple[SearchResult, ...]
    validation: Validation | None = None
    finetuning: Finetuning | None = None

    @property
    def target(self) -> str:
        """The target's name."""
        return self.results[0].target

    @cached_property
    def search(self) -> SearchResult:
        """The result that has the optimum: a proof if there is one, else the highest predicted accuracy.

        Predictions of different predictors cannot be compared: where subnets were measured, those of that predictor.
        """
        shown: Sequence[SearchResult] = self.results
        if self.validation:
            shown = [result for result in shown if result.predictor == self.validation.predictor] or shown
        return min(shown, key=lambda r: (STATUS_ORDER.index(r.status), -r.best.predicted_accuracy if r.best else 0.0))

    @property
    def optimum(self) -> Subnet | None:
        """The subnet with the best prediction, proven or not; None where nothing was found."""
        return self.search.best

    @property
    def optimum_claim(self) -> str:
        """What is known of the optimum, in words."""
        return _of_prediction(self.search)

    @cached_property
    def winner(self) -> Winner | None:
        """The winner; None where nothing was found."""
        if self.validation is None:
            return self._predicted_winner()
        contender = self.validation.tested.get("found")
        if self.validation.winner is None or contender is None:
            return None
        measured, tuned = self.validation.winner, self.finetuning.winner if self.finetuning else None
        return Winner(
            arch_id=contender.arch_id,
            arch=contender.arch,
            predicted_accuracy=contender.predicted_accuracy,
            costs=contender.costs | measured.costs_measured,
            within_limits=measured.satisfies_target,
            searcher=self.validation.searcher,
            claim=self._choice(contender.predicted_accuracy),
            test=tuned.after if tuned else contender.test,
            finetuned_epochs=tuned.epochs if tuned else None,
        )

    def _predicted_winner(self) -> Winner | None:
        """Return the optimum as the winner of a run that measures nothing."""
        best = self.optimum
        if best is None:
            return None
        return Winner(
            arch_id=best.arch_id,
            arch=best.arch,
            predicted_accuracy=best.predicted_accuracy,
            costs=best.costs,
            within_limits=self.search.within_limits(best.costs),
            searcher=self.search.searcher,
            claim=f"predicted; {self.optimum_claim}",
        )

    @property
    def other_optimum(self) -> Subnet | None:
        """The optimum where it is another subnet than the winner, else None."""
        best = self.optimum
        return best if best and self.winner and best.arch_id != self.winner.arch_id else None

    def _choice(self, predicted: float) -> str:
        """Say among what the winner was chosen, whose predicted accuracy is given."""
        assert self.validation
        n = self.validation.n_measurements
        search = next(r for r in self.results if r.searcher == self.validation.searcher)
        proven = search.status == "optimal" and search.certificate and search.certificate.top_k_proven
        if n == 1:
            return f"{_of_prediction(search)}; the only one that was measured"
        kind = "proven best" if proven else "best"
        return f"best measured of the {n} {kind} predictions of {search.searcher}{out_of_range(predicted)}"


def _of_prediction(search: SearchResult) -> str:
    """Say what a search has shown of its best prediction."""
    note = out_of_range(search.best.predicted_accuracy) if search.best else ""
    if search.status == "optimal":
        return f"optimum of the prediction, proven{note}"
    if search.status == "found" and search.certificate:
        return f"best prediction found; the proof leaves a gap{note}"
    if search.status == "found":
        return f"best prediction found, not proven{note}"
    return "proven infeasible" if search.status == "infeasible" else "nothing found, nothing proven"


def outcomes(
    results: Sequence[SearchResult],
    validations: Mapping[str, Validation] | None = None,
    finetunings: Mapping[str, Finetuning] | None = None,
) -> list[Outcome]:
    """Return the outcome of each target, in the order of their first results.

    Parameters
    ----------
    validations, finetunings
        By target; a target without one is fine.
    """
    names = dict.fromkeys(result.target for result in results)
    return [
        Outcome(
            tuple(result for result in results if result.target == name),
            (validations or {}).get(name),
            (finetunings or {}).get(name),
        )
        for name in names
    ]
