"""The headline: one sentence per fact."""

from collections.abc import Sequence

from nascore.report.content import ReportContent
from nascore.report.measured import measured_summary
from nascore.report.view import TargetView
from nascore.results.dataset import SupernetReport
from nascore.results.labels import correlation, count, percent, points


def summary(content: ReportContent, targets: Sequence[TargetView]) -> list[str]:
    """Return the sentences at the top of the page."""
    return [
        _dataset(content),
        _space(content),
        *_predictor(content),
        _targets(targets),
        *_searchers(targets),
        *measured_summary(targets),
    ]


def _dataset(content: ReportContent) -> str:
    facts = content.dataset
    if isinstance(facts, SupernetReport):
        return (
            f"{facts.n_rows:,} subnets of the supernet, measured on {facts.n_images:,} images each, are the evidence; "
            f"their accuracy is {percent(facts.accuracy_min)} to {percent(facts.accuracy_max)}."
        )
    return (
        f"{facts.n_rows:,} measured subnets, from {percent(facts.accuracy_min)} to {percent(facts.accuracy_max)} "
        f"accuracy, are the evidence."
    )


def _space(content: ReportContent) -> str:
    sizes = sorted({result.space.n_architectures for result in content.searches})
    searched = count(sizes[-1]) if len(sizes) == 1 else f"{count(sizes[0])} to {count(sizes[-1])}"
    return (
        f"The space {content.space.name} holds {count(content.space.size())} architectures; "
        f"a target's search covers {searched} of them."
    )


def _predictor(content: ReportContent) -> list[str]:
    if not content.predictors:
        return []
    best = min(content.predictors, key=lambda metrics: metrics.mae)
    return [
        f"Predictor {best.predictor} is the most accurate: on {best.n_test:,} held-out rows it errs by "
        f"{100 * best.mae:.2f} points on average and orders subnets with Kendall's τ {correlation(best.kendall_tau)}."
    ]


def _targets(targets: Sequence[TargetView]) -> str:
    by_status = {
        "optimal": "a proven optimum",
        "infeasible": "a proof that no subnet satisfies them",
        "found": "a subnet without proof",
        "not_found": "no subnet and no proof",
    }
    numbers = {status: sum(t.search.status == status for t in targets) for status in by_status}
    parts = [
        f"{number} {'have' if number > 1 else 'has'} {by_status[status]}"
        for status, number in numbers.items()
        if number
    ]
    return f"Of {len(targets)} {'targets' if len(targets) > 1 else 'target'}, {', '.join(parts)}."


def _searchers(targets: Sequence[TargetView]) -> list[str]:
    """Say how close each searcher without proof came to the proven optima."""
    sentences = []
    names = dict.fromkeys(r.searcher for t in targets for r in t.results if r.algorithm != "exact")
    for name in names:
        pairs = [(t, r) for t in targets if t.proven for r in t.results if r.searcher == name]
        gaps = [gap for t, r in pairs if (gap := t.behind_optimum(r)) is not None]
        if not gaps:
            continue
        reached = sum(gap >= -1e-9 for gap in gaps)
        sentences.append(
            f"Searcher {name} reaches the proven optimum for {reached} of {len(gaps)} targets; the difference is "
            f"{points(sum(gaps) / len(gaps))} points on average and {points(min(gaps))} at worst."
        )
    return sentences
