"""What each part of the page says, worked out from the content; the template only lays it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape

import numpy as np
import pandas as pd

from nascore.report.content import ReportContent
from nascore.results.drawing import stand_alone, subnet_svg
from nascore.results.finetuning import Finetuning
from nascore.results.labels import METRICS, count, metric_of, percent
from nascore.results.outcome import Outcome, Winner, outcomes
from nascore.results.search import SearchResult
from nascore.results.validation import Validation
from nascore.spaces import StagedSpace

STATUS_LABELS = {
    "optimal": "optimum proven",
    "infeasible": "proven infeasible",
    "found": "found, no proof",
    "not_found": "not found",
}
"""What a search has shown."""


@dataclass(frozen=True)
class Usage:
    """One cost of a target's winner beside its limit; for an infeasible target, the smallest cost there is."""

    value: str
    limit: str
    share: float | None

    @property
    def over(self) -> bool:
        """Whether the limit is exceeded."""
        return self.share is not None and self.share > 1


@dataclass(frozen=True)
class TargetView:
    """Everything that the page says about one target."""

    number: int
    outcome: Outcome
    space: StagedSpace

    @property
    def name(self) -> str:
        """The target's name."""
        return self.outcome.target

    @property
    def results(self) -> tuple[SearchResult, ...]:
        """What each searcher found."""
        return self.outcome.results

    @property
    def search(self) -> SearchResult:
        """The result that has the optimum; see `nascore.results.outcome`."""
        return self.outcome.search

    @property
    def winner(self) -> Winner | None:
        """The subnet that the row of the target is about."""
        return self.outcome.winner

    @property
    def validation(self) -> Validation | None:
        """What was measured."""
        return self.outcome.validation

    @property
    def finetuning(self) -> Finetuning | None:
        """What fine-tuning did to the winner."""
        return self.outcome.finetuning

    @property
    def proven(self) -> SearchResult | None:
        """The result that has a proven optimum, if one has."""
        return self.search if self.search.status == "optimal" else None

    def behind_optimum(self, result: SearchResult) -> float | None:
        """Return how far a result is above (+) or below (-) the optimum of the same problem; None if not comparable."""
        if self.proven is None or result.best is None or not same_problem(result, self.proven):
            return None
        return _accuracy(result) - _accuracy(self.proven)

    @cached_property
    def usages(self) -> dict[str, Usage | None]:
        """Each metric's cost and limit; None where there is neither."""
        return {metric: self._usage(metric) for metric in METRICS}

    @property
    def latency_limit(self) -> str | None:
        """The cost column of the latency that the target bounds, if it does."""
        return next((c.metric for c in self.search.constraints if c.metric not in METRICS), None)

    @property
    def latency(self) -> Usage | None:
        """The latency that the target bounds beside its limit."""
        return self._usage(self.latency_limit) if self.latency_limit else None

    def _usage(self, metric: str) -> Usage | None:
        limits = [c.limit_in_metric for c in self.search.constraints if c.metric == metric]
        smallest = self.search.infeasibility.smallest if self.search.infeasibility else []
        values = [record.smallest for record in smallest if record.metric == metric]
        if self.winner:
            values = [self.winner.costs[metric]]
        unit = metric_of(metric)
        if not values and not limits:
            return None
        limit = unit.limit(min(limits)) if limits else ""
        if not values:
            return Usage("", limit, None)
        prefix = "" if self.winner else "at least "
        return Usage(prefix + unit.text(values[0]), limit, values[0] / min(limits) if limits else None)

    @property
    def proof(self) -> str:
        """What is known of the optimum, or of there being none, in one sentence with its figures."""
        search, claim = self.search, self.outcome.optimum_claim
        if search.status == "optimal" and search.certificate:
            proof = search.certificate
            gap = "0" if abs(proof.gap) <= proof.tolerance else f"{proof.gap:.1e}"
            return (
                f"{claim}: gap {gap}, bound {percent(proof.best_bound)}, {count(proof.n_architectures)} architectures"
            )
        if search.status == "infeasible" and search.infeasibility:
            return f"{claim}: {'; '.join(self._excesses) or search.infeasibility.reason}"
        if search.status == "found" and search.certificate:
            return f"{claim}: no subnet is predicted above {percent(search.certificate.best_bound)}"
        return f"{claim}: {count(search.evaluations)} evaluations"

    @property
    def _excesses(self) -> list[str]:
        """Each limit that no subnet can meet even alone."""
        smallest = self.search.infeasibility.smallest if self.search.infeasibility else []
        return [
            f"{metric_of(s.metric).label} is at least {metric_of(s.metric).text(s.smallest)}, "
            f"limit {metric_of(s.metric).limit(s.limit_in_metric)}"
            for s in smallest
            if s.smallest > s.limit_in_metric
        ]

    @cached_property
    def drawings(self) -> list[str]:
        """The winner, or the subnets that come closest to the limits that cannot be met, as SVG."""
        if self.winner:
            return [subnet_svg(self.space, self.space.from_dicts([self.winner.arch])[0], self._title(self.winner))]
        smallest = self.search.infeasibility.smallest if self.search.infeasibility else []
        smallest = [s for s in smallest if s.smallest > s.limit_in_metric] or smallest
        titles: dict[str, str] = {}
        archs = {record.arch_id: record.arch for record in smallest}
        for record in smallest:
            text = f"{metric_of(record.metric).label} {metric_of(record.metric).text(record.smallest)}"
            titles[record.arch_id] = f"{titles[record.arch_id]}, {text}" if record.arch_id in titles else text
        return [
            subnet_svg(
                self.space, self.space.from_dicts([arch])[0], f"Smallest {titles[key]}: {self.space.arch_label(arch)}"
            )
            for key, arch in archs.items()
        ]

    def _title(self, winner: Winner) -> str:
        """Return the title of the winner's picture: the subnet, and its own accuracies."""
        title = f"{self.name}: winner {winner.arch_id}, {self.space.arch_label(winner.arch)}, "
        if winner.test:
            title += f"measured {percent(winner.test.test_accuracy)}, "
        return f"{title}predicted {percent(winner.predicted_accuracy)}"

    @property
    def picture(self) -> str:
        """The first of the `drawings` as the text of an SVG file; one line of text where there is none."""
        nothing = f'<svg viewBox="0 0 720 40"><text x="10" y="25">{escape(f"{self.name}: {self.proof}")}</text></svg>'
        return stand_alone((self.drawings or [nothing])[0])


def _accuracy(result: SearchResult) -> float:
    """Return the predicted accuracy of a result that has a subnet."""
    assert result.best is not None
    return result.best.predicted_accuracy


def same_problem(first: SearchResult, second: SearchResult) -> bool:
    """Say whether the predicted accuracies of two results of one target can be compared."""
    return (first.predictor, first.space, first.fixed) == (second.predictor, second.space, second.fixed)


def target_views(content: ReportContent) -> list[TargetView]:
    """Return a view of each target, in the order of their first results."""
    found = outcomes(content.searches, content.validations, content.finetunings)
    return [TargetView(number, outcome, content.space) for number, outcome in enumerate(found, start=1)]


def contradictions(targets: Sequence[TargetView]) -> list[str]:
    """Return sentences about results that disprove another's proof; each one is a defect somewhere."""
    sentences = []
    for target in targets:
        for result in target.results:
            ahead = target.behind_optimum(result)
            proof = target.search.certificate
            if ahead is not None and proof and _accuracy(result) > proof.best_bound + proof.tolerance:
                sentences.append(
                    f"Target {target.name}: {result.searcher} found {percent(_accuracy(result))}, above the proven "
                    f"bound of {percent(proof.best_bound)}."
                )
            infeasible = target.search.status == "infeasible" and (target.search.space, target.search.fixed)
            if result.best and infeasible == (result.space, result.fixed):
                sentences.append(
                    f"Target {target.name}: {result.searcher} found a subnet, yet it is proven infeasible."
                )
    return sentences


def searcher_table(targets: Sequence[TargetView]) -> pd.DataFrame:
    """Tabulate how far each result is behind the best one of the same problem; input of the searchers' chart."""
    rows = []
    for target in targets:
        found = [result for result in target.results if result.best]
        for result in found:
            best = max(_accuracy(other) for other in found if same_problem(result, other))
            behind = round(100 * (best - _accuracy(result)), 5)
            rows.append((target.name, result.searcher, result.predictor, round(100 * _accuracy(result), 4), behind))
    return pd.DataFrame(rows, columns=["target", "searcher", "predictor", "accuracy", "behind"])


def whole_coverage(space: StagedSpace, coverage: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of every choice of the space, 0 for choices that `coverage` doesn't mention."""
    choices = [(choice.name, value) for choice in space.gene_choices for value in choice.values]
    rows = coverage.groupby(["gene", "value"])["n_rows"].sum()
    table = pd.DataFrame(choices, columns=["gene", "value"])
    return table.assign(n_rows=rows.reindex(pd.MultiIndex.from_frame(table), fill_value=0).to_numpy(dtype=np.int64))


def uncovered(space: StagedSpace, coverage: pd.DataFrame) -> list[str]:
    """Return each gene that has choices without any row, with those choices."""
    none = coverage[coverage["n_rows"] == 0]
    return [
        f"{gene}: {', '.join(space.value_label(str(gene), int(value)) for value in group['value'])}"
        for gene, group in none.groupby("gene", sort=False)
    ]


def searched_parts(targets: Sequence[TargetView]) -> list[str]:
    """Return what the searches were kept to beside what their targets fix, each distinct statement once."""
    parts: dict[str, None] = {}
    for target in targets:
        for result in target.results:
            kept = [
                f"{gene} {', '.join(target.space.value_label(gene, value) for value in values)}"
                for gene, values in result.space.kept_to.items()
                if gene not in result.fixed
            ]
            text = f"Searches kept to {'; '.join(kept)}." if kept else "Searches had the whole space open."
            parts[f"{text} {result.space.note}".strip()] = None
    return list(parts)
