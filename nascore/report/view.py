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
from nascore.results.labels import METRICS, arch_label, count, gene_value, metric_of, percent
from nascore.results.search import SearchResult
from nascore.results.validation import Validation
from nascore.spaces import StagedSpace

STATUS_ORDER = ("optimal", "infeasible", "found", "not_found")
STATUS_LABELS = {
    "optimal": "proven optimal",
    "infeasible": "proven infeasible",
    "found": "found, no proof",
    "not_found": "not found",
}


@dataclass(frozen=True)
class Usage:
    """One cost of a target's subnet beside its limit; for an infeasible target, the smallest cost there is."""

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
    results: tuple[SearchResult, ...]
    space: StagedSpace
    validation: Validation | None = None
    finetuning: Finetuning | None = None

    @property
    def name(self) -> str:
        """The target's name."""
        return self.main.target

    @cached_property
    def main(self) -> SearchResult:
        """The result that the page shows: a proof if there is one, else the highest predicted accuracy.

        Predictions of different predictors cannot be compared: where subnets were measured, those of that predictor.
        """
        shown: Sequence[SearchResult] = self.results
        if self.validation:
            measured = next(r.predictor for r in self.results if r.searcher == self.validation.searcher)
            shown = [r for r in self.results if r.predictor == measured]
        return min(shown, key=lambda r: (STATUS_ORDER.index(r.status), -_accuracy(r) if r.best else 0.0))

    @property
    def optimum(self) -> SearchResult | None:
        """The proven result, if the target has one."""
        return self.main if self.main.status == "optimal" else None

    def behind_optimum(self, result: SearchResult) -> float | None:
        """Return how far a result is above (+) or below (-) the optimum of the same problem; None if not comparable."""
        if self.optimum is None or result.best is None or not same_problem(result, self.optimum):
            return None
        return _accuracy(result) - _accuracy(self.optimum)

    @cached_property
    def usages(self) -> dict[str, Usage | None]:
        """Each metric's cost and limit; None where there is neither."""
        return {metric: self._usage(metric) for metric in METRICS}

    @property
    def latency_limit(self) -> str | None:
        """The cost column of the latency that the target bounds, if it does."""
        return next((c.metric for c in self.main.constraints if c.metric not in METRICS), None)

    @property
    def latency(self) -> Usage | None:
        """The latency that the target bounds beside its limit."""
        return self._usage(self.latency_limit) if self.latency_limit else None

    def _usage(self, metric: str) -> Usage | None:
        limits = [c.limit_in_metric for c in self.main.constraints if c.metric == metric]
        smallest = self.main.infeasibility.smallest if self.main.infeasibility else []
        values = [record.smallest for record in smallest if record.metric == metric]
        if self.main.best:
            values = [self.main.best.costs[metric]]
        unit = metric_of(metric)
        if not values and not limits:
            return None
        limit = unit.limit(min(limits)) if limits else ""
        if not values:
            return Usage("", limit, None)
        prefix = "" if self.main.best else "at least "
        return Usage(prefix + unit.text(values[0]), limit, values[0] / min(limits) if limits else None)

    @property
    def proof(self) -> str:
        """The certificate, the reason of infeasibility, or that there is neither, in one sentence."""
        main = self.main
        if main.status == "optimal" and main.certificate:
            proof = main.certificate
            gap = "0" if abs(proof.gap) <= proof.tolerance else f"{proof.gap:.1e}"
            return (
                f"proven optimal: gap {gap}, bound {percent(proof.best_bound)}, "
                f"{count(proof.n_architectures)} architectures"
            )
        if main.status == "infeasible" and main.infeasibility:
            return f"proven infeasible: {'; '.join(self._excesses) or main.infeasibility.reason}"
        if main.status == "found" and main.certificate:
            bound = percent(main.certificate.best_bound)
            return f"not proven optimal: no subnet is predicted above {bound}, which leaves a gap"
        if main.status == "found":
            return f"no proof: best of {count(main.evaluations)} evaluations"
        return f"nothing found in {count(main.evaluations)} evaluations, which proves nothing"

    @property
    def _excesses(self) -> list[str]:
        """Each limit that no subnet can meet even alone."""
        smallest = self.main.infeasibility.smallest if self.main.infeasibility else []
        return [
            f"{metric_of(s.metric).label} is at least {metric_of(s.metric).text(s.smallest)}, "
            f"limit {metric_of(s.metric).limit(s.limit_in_metric)}"
            for s in smallest
            if s.smallest > s.limit_in_metric
        ]

    @cached_property
    def drawings(self) -> list[str]:
        """The best subnet, or the subnets that come closest to the limits that cannot be met, as SVG."""
        if self.main.best:
            best = self.main.best
            title = f"{self.name}: {arch_label(best.arch)}, predicted {percent(best.predicted_accuracy)}"
            return [subnet_svg(self.space, self.space.from_dicts([best.arch])[0], title)]
        smallest = self.main.infeasibility.smallest if self.main.infeasibility else []
        smallest = [s for s in smallest if s.smallest > s.limit_in_metric] or smallest
        titles: dict[str, str] = {}
        archs = {record.arch_id: record.arch for record in smallest}
        for record in smallest:
            text = f"{metric_of(record.metric).label} {metric_of(record.metric).text(record.smallest)}"
            titles[record.arch_id] = f"{titles[record.arch_id]}, {text}" if record.arch_id in titles else text
        return [
            subnet_svg(self.space, self.space.from_dicts([arch])[0], f"Smallest {titles[key]}: {arch_label(arch)}")
            for key, arch in archs.items()
        ]

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
    """Group the results by target, in the order of their first results."""
    names = list(dict.fromkeys(result.target for result in content.searches))
    return [
        TargetView(
            i + 1,
            tuple(r for r in content.searches if r.target == name),
            content.space,
            content.validations.get(name),
            content.finetunings.get(name),
        )
        for i, name in enumerate(names)
    ]


def contradictions(targets: Sequence[TargetView]) -> list[str]:
    """Return sentences about results that disprove another's proof; each one is a defect somewhere."""
    sentences = []
    for target in targets:
        for result in target.results:
            ahead = target.behind_optimum(result)
            proof = target.main.certificate
            if ahead is not None and proof and _accuracy(result) > proof.best_bound + proof.tolerance:
                sentences.append(
                    f"Target {target.name}: {result.searcher} found {percent(_accuracy(result))}, above the proven "
                    f"bound of {percent(proof.best_bound)}."
                )
            infeasible = target.main.status == "infeasible" and (target.main.space, target.main.fixed)
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


def uncovered(coverage: pd.DataFrame) -> list[str]:
    """Return each gene that has choices without any row, with those choices."""
    none = coverage[coverage["n_rows"] == 0]
    return [
        f"{gene}: {', '.join(gene_value(str(gene), int(value)) for value in group['value'])}"
        for gene, group in none.groupby("gene", sort=False)
    ]


def searched_parts(targets: Sequence[TargetView]) -> list[str]:
    """Return what the searches were kept to beside what their targets fix, each distinct statement once."""
    parts: dict[str, None] = {}
    for target in targets:
        for result in target.results:
            kept = [
                f"{gene} {', '.join(gene_value(gene, value) for value in values)}"
                for gene, values in result.space.kept_to.items()
                if gene not in result.fixed
            ]
            text = f"Searches kept to {'; '.join(kept)}." if kept else "Searches had the whole space open."
            parts[f"{text} {result.space.note}".strip()] = None
    return list(parts)
