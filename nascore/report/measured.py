"""What the page says about measured subnets: the winner of each target beside what a search had to beat."""

from collections.abc import Sequence

import pandas as pd

from nascore.report.view import TargetView
from nascore.results.finetuning import Finetuning
from nascore.results.labels import METRICS, percent, points
from nascore.results.validation import Contender, Role, Validation

ROLE_LABELS: dict[Role, str] = {
    "found": "Winner of the search",
    "random": "Best random",
    "smallest": "Smallest that fits",
    "largest": "Largest that fits",
}


def role_counts(validation: Validation) -> dict[Role, int]:
    """Return how many subnets of each role were measured."""
    return {role: sum(c.role == role for c in validation.contenders) for role in validation.tested}


def verdict(validation: Validation) -> list[str]:
    """Return what the test says about the winner, in sentences; none without a winner."""
    tested = validation.tested
    winner = tested.get("found")
    if winner is None:
        return []
    low = winner.test.test_lower
    sentences = [_against(winner, role, other) for role, other in tested.items() if role != "found"]
    if any(c.predicted_accuracy > winner.predicted_accuracy for c in validation.contenders if c.role == "found"):
        sentences.insert(0, "The winner is not the optimum of the prediction, but was better on the search split.")
    if "random" not in tested:
        sentences.insert(0, "No random subnet within the limits was drawn, so there is none to compare with.")
    if low <= validation.majority_class_accuracy:
        sentences.append(
            f"The winner's test interval reaches down to {percent(low)}; always answering the most frequent class "
            f"scores {percent(validation.majority_class_accuracy)}, so it is not shown to be better than that."
        )
    if not low <= winner.predicted_accuracy <= winner.test.test_upper:
        difference = winner.test.test_accuracy - winner.predicted_accuracy
        side = "below" if difference < 0 else "above"
        sentences.append(
            f"The winner is measured {points(abs(difference)).lstrip('+')} points {side} its prediction, which is "
            "outside its test interval: the best of many predictions is rarely as good as predicted."
        )
    return sentences


def _against(winner: Contender, role: Role, other: Contender) -> str:
    """Compare the winner with the tested subnet of another role."""
    name = {"random": "the best random subnet", "smallest": "the smallest subnet", "largest": "the largest subnet"}[
        role
    ]
    if other.arch_id == winner.arch_id:
        return f"The winner is {name} itself."
    difference = winner.test.test_accuracy - other.test.test_accuracy
    where = (
        f"The winner is {points(abs(difference)).lstrip('+')} points {'above' if difference > 0 else 'below'} {name}"
    )
    if difference == 0:
        where = f"The winner is as accurate as {name}"
    if winner.test.overlaps(other.test):
        return f"{where}, and their intervals overlap: these images do not tell the two apart."
    return f"{where}, and their intervals are apart."


def finetuning_verdict(finetuning: Finetuning | None) -> list[str]:
    """Return what the test says about fine-tuning, in one sentence; none where no winner was fine-tuned."""
    if finetuning is None or finetuning.winner is None:
        return []
    winner = finetuning.winner
    epochs = f"{winner.epochs} epoch{'s' if winner.epochs > 1 else ''}"
    gain = winner.after.test_accuracy - winner.before.test_accuracy
    what = f"changes the test accuracy by {points(gain)} points" if gain else "leaves the test accuracy as it was"
    overlap = "overlap: these images do not tell the two apart" if winner.before.overlaps(winner.after) else "are apart"
    return [f"Fine-tuning the winner for {epochs} {what}, and the intervals before and after {overlap}."]


def defects(targets: Sequence[TargetView]) -> list[str]:
    """Return sentences about winners that are not what the tables said; each one is a defect somewhere."""
    sentences = []
    for target in targets:
        winner = target.validation.winner if target.validation else None
        if winner is None:
            continue
        for metric in winner.differences:
            sentences.append(
                f"Target {target.name}: {METRICS[metric].label} of the winner is {winner.costs_measured[metric]:,.15g} "
                f"when measured, {winner.costs_counted[metric]:,.15g} when counted."
            )
        if not winner.satisfies_target:
            sentences.append(f"Target {target.name}: the winner does not satisfy it when its costs are measured.")
    return sentences


def measured_summary(targets: Sequence[TargetView]) -> list[str]:
    """Return the sentences about measurement at the top of the page; none where nothing was measured."""
    validated = [t.validation for t in targets if t.validation and t.validation.winner]
    if not validated:
        return []
    accuracies = sorted(v.tested["found"].test.test_accuracy for v in validated)
    n_images = sorted({v.split_test.n_images for v in validated})
    shown = f"{n_images[0]:,}" if len(n_images) == 1 else f"{n_images[0]:,} to {n_images[-1]:,}"
    range_ = percent(accuracies[0]) + (f" to {percent(accuracies[-1])}" if len(accuracies) > 1 else "")
    verb, name = ("reach", "the winners") if len(validated) > 1 else ("reaches", "the winner")
    sentences = [f"Measured once on {shown} test images that nothing before has read, {name} {verb} {range_}."]
    pairs = [(v.tested["found"], v.tested["random"]) for v in validated if "random" in v.tested]
    if pairs:
        apart = [
            winner.test.test_accuracy > random.test.test_accuracy
            for winner, random in pairs
            if not winner.test.overlaps(random.test)
        ]
        better, open_ = sum(apart), len(pairs) - len(apart)
        sentences.append(
            f"Beside the best of as many random subnets, {better} of {len(pairs)} winners "
            f"{'is' if better == 1 else 'are'} more accurate with intervals apart, {len(apart) - better} less, "
            f"and for {open_} the intervals overlap."
        )
    return sentences


def accuracy_table(targets: Sequence[TargetView]) -> pd.DataFrame:
    """Tabulate the tested subnet of each target and role, in per cent; input of a chart."""
    rows = [
        (t.name, ROLE_LABELS[role], *(round(100 * share, 4) for share in c.test.interval), c.arch_id)
        for t in targets
        if t.validation
        for role, c in t.validation.tested.items()
    ]
    return pd.DataFrame(rows, columns=["target", "role", "accuracy", "lower", "upper", "subnet"])


def ranking_table(targets: Sequence[TargetView]) -> pd.DataFrame:
    """Tabulate predicted and measured accuracy of every contender, in per cent; input of a chart."""
    rows = [
        (
            t.name,
            _PLURALS[c.role],
            c.arch_id,
            round(100 * c.predicted_accuracy, 4),
            round(100 * c.search_accuracy, 4),
            t.space.choices_of(c.arch)["resolution"],
        )
        for t in targets
        if t.validation
        for c in t.validation.contenders
    ]
    return pd.DataFrame(rows, columns=["target", "role", "subnet", "predicted", "measured", "resolution"])


_PLURALS: dict[Role, str] = {"found": "Found", "random": "Random", "smallest": "Smallest", "largest": "Largest"}
