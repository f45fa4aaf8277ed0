"""Testing subnets that were saved with their batch statistics: fine-tuned winners, and any file of weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from nascore.data.store import ImageStore
from nascore.errors import DataError
from nascore.evaluation.measure import BATCH_SIZE, measure
from nascore.evaluation.measured_costs import measured_costs
from nascore.evaluation.validation import WEIGHTS, interval
from nascore.spaces.staged import StagedSpace
from nascore.supernet import Subnet
from nascore.supernet.checkpoint import load_subnet, read_facts

FIGURES = ("test_accuracy", "test_lower", "test_upper", "test_loss")
"""What a validation says of a tested contender."""


@dataclass(frozen=True)
class Tested:
    """A saved subnet on one split.

    Parameters
    ----------
    accuracy, lower, upper
        Top-1 accuracy with its 95 % interval, in [0, 1].
    loss
        Mean cross-entropy, nats.
    n_images
        Images of the split.
    costs
        Measured on the network; see `nascore.evaluation.measured_costs`.
    """

    accuracy: float
    lower: float
    upper: float
    loss: float
    n_images: int
    costs: dict[str, int]


def check_classes(what: str, subnet: Subnet, store: ImageStore) -> None:
    """Refuse images of other classes than a subnet's.

    Parameters
    ----------
    what
        The subnet in the message, e.g. the file that it is from.

    Raises
    ------
    DataError
        With the classes of both.
    """
    if (n_classes := subnet.classifier.linear.out_features) != store.n_classes:
        raise DataError(
            f"{what} tells {n_classes} classes apart; the images in {store.folder} are of {store.n_classes}: "
            f"{', '.join(store.class_names)}"
        )


def measure_saved(
    subnet: Subnet, store: ImageStore, *, split: str, device: torch.device, batch_size: int = BATCH_SIZE
) -> Tested:
    """Measure a subnet with the batch statistics that it has, and its costs.

    Raises
    ------
    DataError
        If the store has other classes than the subnet, or neither the split nor the resolution.
    """
    check_classes("the subnet", subnet, store)
    measured = measure(subnet, store, split=split, device=device, batch_size=batch_size)
    lower, upper = interval(measured)
    return Tested(measured.accuracy, lower, upper, measured.loss, measured.n_images, measured_costs(subnet))


def validate_finetuned(
    validation: Mapping[str, Any],
    weights: Path,
    space: StagedSpace,
    store: ImageStore,
    *,
    device: torch.device,
    batch_size: int,
) -> dict[str, Any]:
    """Test a fine-tuned winner beside what it was before.

    Parameters
    ----------
    validation
        The content of the target's ``validation.json``.
    weights
        The folder with the fine-tuned ``winner.safetensors``; empty where nothing was found.
    space
        The whole space.

    Returns
    -------
    dict
        The content of ``finetuning.json``; `nascore.report.finetuning_records` says what is in it.
    """
    about = {"target": validation["target"], "split_test": validation["split_test"]}
    if validation["winner"] is None:
        message = f"nothing to fine-tune: {validation['message']}"
        return about | {"status": validation["status"], "message": message, "winner": None}
    contender = next(c for c in validation["contenders"] if c["role"] == "found" and c["test_accuracy"] is not None)
    subnet, facts = load_subnet(weights / WEIGHTS, space), read_facts(weights / WEIGHTS)
    tested = measure_saved(subnet, store, split="test", device=device, batch_size=batch_size)
    before = {name: contender[name] for name in FIGURES}
    after = dict(zip(FIGURES, (tested.accuracy, tested.lower, tested.upper, tested.loss), strict=True))
    winner = {
        "arch_id": subnet.arch_id,
        "epochs": int(facts["finetuned_epochs"]),
        "before": before,
        "after": after,
        "costs_measured": tested.costs,
        "weights": f"{weights.name}/{WEIGHTS}",
        "checkpoint_sha256": facts["checkpoint_sha256"],
    }
    message = f"{_shown(after)} after fine-tuning, {_shown(before)} before"
    return about | {"status": "finetuned", "message": f"test accuracy {message}", "winner": winner}


def _shown(figures: Mapping[str, float]) -> str:
    """Return an accuracy with its interval."""
    return f"{figures['test_accuracy']:.4f} ({figures['test_lower']:.4f} to {figures['test_upper']:.4f})"
