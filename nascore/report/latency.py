"""What the report says about measured latency: how well tables know it, and how fast what was found is where."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isnan

from nascore.efficiency.latency_judgement import quality
from nascore.errors import DataError
from nascore.latency_schema import latency_metric
from nascore.report.latency_records import DeviceLatency
from nascore.report.view import TargetView
from nascore.results.labels import NBSP
from nascore.results.outcome import Winner

ESTIMATE_LABELS = {
    "macs": "MACs, by the best line",
    "table_sum": "Sum over layers",
    "corrected_sum": "Sum over layers, corrected",
    "linear_per_global": "Network predictor linear_per_global",
    "mlp": "Network predictor mlp",
}
AIM_MAPE, AIM_SPEARMAN = 0.10, 0.95
"""What the corrected sum is to reach."""
UNSTEADY = 0.1
"""Spread as a share of the median above which something else ran during the measurement."""


@dataclass(frozen=True)
class Crossing:
    """A target's subnet on one device: milliseconds, and whether it is slower than the target's limit there."""

    device: str
    predicted: str
    measured: str
    spread: str
    limit: str
    over: bool


def latency_verdicts(devices: Sequence[DeviceLatency]) -> dict[str, list[str]]:
    """Return by device what its held-out networks say, in sentences."""
    return {device.name: _verdict(device) if device.is_judged else [_UNJUDGED] for device in devices}


_UNJUDGED = "No whole networks were measured, so nothing says how good this table is."


def _verdict(device: DeviceLatency) -> list[str]:
    times, spread = device.heldout["measured_ms"], device.measured_spread
    corrected = device.quality.loc["corrected_sum"]
    reached = corrected["mape"] <= AIM_MAPE and corrected["spearman"] >= AIM_SPEARMAN
    best = ESTIMATE_LABELS[str(device.quality["mape"].idxmin())]
    sentences = [
        f"{len(times):,} networks that nothing was fitted to take {times.min():.3g} to {times.max():.3g}{NBSP}ms here.",
        f"The corrected sum, which searches use, errs by {100 * corrected['mape']:.1f}{NBSP}% on average and orders "
        f"networks with Spearman's ρ {corrected['spearman']:.3f}: {'within' if reached else 'short of'} the aim of "
        f"{100 * AIM_MAPE:g}{NBSP}% and {AIM_SPEARMAN:g}. The smallest error is that of: {best}.",
    ]
    if spread > UNSTEADY:
        sentences.append(
            f"Half of all calls of one network differ by {100 * spread:.0f}{NBSP}% of its median: something else ran "
            "on the machine, and neither the limits nor these figures mean much. Measure again when it is idle."
        )
    return sentences


def agreements(devices: Sequence[DeviceLatency]) -> list[str]:
    """Return how alike pairs of devices order the networks that were measured on both."""
    sentences = []
    for one, other in combinations(devices, 2):
        both = one.heldout.merge(other.heldout, on="arch_id", suffixes=("", "_other"))
        if len(both) > 1:
            same = quality(both["measured_ms"], both["measured_ms_other"])
            sentences.append(
                f"{one.name} and {other.name} order {len(both):,} networks that were measured on both with Spearman's "
                f"ρ {same['spearman']:.3f} and Kendall's τ {same['kendall_tau']:.3f}; with 1, a search for one "
                "would be a search for the other."
            )
    return sentences


@dataclass(frozen=True)
class CrossedSubnet:
    """The winner of one target on every device."""

    target: TargetView
    subnet: Winner
    on_devices: list[Crossing]


def crossed(devices: Sequence[DeviceLatency], targets: Sequence[TargetView]) -> list[CrossedSubnet]:
    """Return the winner of each target that has one, with its latency on each device."""
    return [
        CrossedSubnet(target, winner, [_crossing(device, target, winner.arch_id) for device in devices])
        for target in targets
        if (winner := target.winner)
    ]


def _crossing(device: DeviceLatency, target: TargetView, arch_id: str) -> Crossing:
    rows = device.found.to_dict("index")
    if arch_id not in rows:
        raise DataError(f"the latencies on {device.name!r} lack subnet {arch_id} of target {target.name!r}")
    predicted, measured, spread = (float(rows[arch_id][name]) for name in ("predicted_ms", "measured_ms", "spread_ms"))
    metric = latency_metric(device.name)
    limits = [c.limit_in_metric for c in target.search.constraints if c.metric == metric]
    known = predicted if isnan(measured) else measured
    return Crossing(
        device.name,
        f"{predicted:.3f}",
        "–" if isnan(measured) else f"{measured:.3f}",
        "" if isnan(spread) else f"{spread:.3f}",
        f"{limits[0]:g}" if limits else "",
        bool(limits) and known > limits[0],
    )
