"""Final validation of one target: the best of each role is measured once on the test split.

Roles are those of the contenders' file: `found` by the search, and what would have been had without it, `random`,
`smallest` and `largest`. Which contender of a role is tested was decided on the `search` split.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from nascore.evaluation.architectures import Measurer
from nascore.evaluation.measure import Measurement
from nascore.evaluation.measured_costs import measured_costs
from nascore.latency_schema import latency_metric
from nascore.results.costs import COUNTED
from nascore.results.record import Cost
from nascore.results.search import SearchResult
from nascore.results.validation import WEIGHTS, Contender, Split, Validation, Winner
from nascore.spaces.staged import Genes
from nascore.supernet import Subnet
from nascore.supernet.checkpoint import save_subnet

LEVEL = 0.95
"""Of the interval of a tested accuracy."""


def validate_target(
    measurer: Measurer, search: SearchResult, ranking: pd.DataFrame, genes: Genes, weights: Path
) -> Validation:
    """Test the best of each role and save the winner's weights.

    Parameters
    ----------
    search
        The search that found them: target, limits, status.
    ranking, genes
        `n` contenders measured on `search`, and the `(n, n_genes)` architectures of the rows.
    weights
        The folder for ``winner.safetensors``; left empty where nothing was found.
    """
    weights.mkdir(parents=True, exist_ok=True)
    best, arch_ids = best_of_roles(ranking), ranking["arch_id"].tolist()
    # One architecture may be the best of several roles; it is tested once.
    subnets = {arch_ids[row]: genes[row] for row in best.values()}
    calibrated = {arch_id: measurer.calibrated(arch) for arch_id, arch in subnets.items()}
    measured = {arch_id: measurer.measure(subnet, "test") for arch_id, subnet in calibrated.items()}
    tested = {row: measured[arch_ids[row]] for row in best.values()}
    labels = measurer.store.labels("test")
    archs = measurer.space.to_dicts(genes)
    rows = [_contender(row, archs[n], tested.get(n)) for n, row in enumerate(ranking.to_dict("records"))]
    winner, message = None, search.message
    if "found" in best:
        row = rows[best["found"]]
        subnet = calibrated[row.arch_id]
        facts = {"checkpoint_sha256": measurer.checkpoint_sha256, **measurer.store.facts}
        winner = _save_winner(subnet, search, row.costs, weights, facts)
        message = _message(row)
    return Validation(
        target=search.target,
        searcher=search.searcher,
        predictor=search.predictor,
        status="validated" if winner else "infeasible" if search.status == "infeasible" else "not_found",
        message=message,
        n_measurements=int((ranking["role"] == "found").sum()),
        split_search=Split(name="search", n_images=measurer.store.n_images("search")),
        split_test=Split(name="test", n_images=len(labels)),
        majority_class_accuracy=float(np.bincount(labels).max() / len(labels)),
        contenders=rows,
        winner=winner,
    )


def best_of_roles(ranking: pd.DataFrame) -> dict[str, int]:
    """Return the row of each role with the highest accuracy on `search`.

    Ties go to the higher prediction, then to the smaller hash, so that nothing depends on the order of rows.
    """
    order = ranking.sort_values(
        ["accuracy", "predicted_accuracy", "arch_id"], ascending=[False, False, True], kind="stable"
    )
    first = order.drop_duplicates("role")
    return dict(zip(first["role"].tolist(), first.index.tolist(), strict=True))


def _save_winner(
    subnet: Subnet, search: SearchResult, counted: dict[str, Cost], weights: Path, facts: Mapping[str, str]
) -> Winner:
    """Save the winner's weights, and return what its costs are by table and on the network itself."""
    measured = measured_costs(subnet)
    chosen = {name: int(value) for name, (value,) in subnet.space.global_columns(subnet.genes[None]).items()}
    save_subnet(weights / WEIGHTS, subnet, {"target": search.target, **facts})
    kept = all(chosen[name] == value for name, value in search.fixed.items())
    return Winner(
        arch_id=subnet.arch_id,
        costs_counted=counted,
        costs_measured=dict(measured),
        satisfies_target=kept and search.within_limits(counted | measured),
        weights=f"{weights.name}/{WEIGHTS}",
        checkpoint_sha256=facts["checkpoint_sha256"],
    )


def _contender(row: Mapping[Any, Any], arch: dict[str, Any], tested: Measurement | None) -> Contender:
    """Return one entry of the contenders, with test figures where it was tested."""
    lower, upper = interval(tested) if tested else (None, None)
    costs = {metric: int(row[metric]) for metric in COUNTED}
    latencies = {metric: float(row[metric]) for metric in row if metric.startswith(latency_metric(""))}
    return Contender(
        role=row["role"],
        rank=int(row["rank"]),
        arch_id=row["arch_id"],
        arch=arch,
        **{name: float(row[name]) for name in ("predicted_accuracy", "lower", "upper")},
        search_accuracy=float(row["accuracy"]),
        search_loss=float(row["loss"]),
        test_accuracy=tested.accuracy if tested else None,
        test_lower=lower,
        test_upper=upper,
        test_loss=tested.loss if tested else None,
        costs=costs | latencies,
    )


def interval(measured: Measurement) -> tuple[float, float]:
    """Return the 95 % interval of an accuracy (Wilson, 1927)."""
    ends = binomtest(measured.n_correct, measured.n_images).proportion_ci(LEVEL, method="wilson")
    return float(ends.low), float(ends.high)


def _message(winner: Contender) -> str:
    """Return one sentence on the winner."""
    test = winner.test
    return (
        f"test accuracy {test.test_accuracy:.4f} ({test.test_lower:.4f} to {test.test_upper:.4f}), "
        f"predicted {winner.predicted_accuracy:.4f}"
    )
