"""Testing subnets that were saved with their batch statistics: fine-tuned winners, and any file of weights."""

from dataclasses import dataclass
from pathlib import Path

import torch

from nascore.data.store import ImageStore
from nascore.errors import DataError
from nascore.evaluation.measure import BATCH_SIZE, measure
from nascore.evaluation.measured_costs import measured_costs
from nascore.evaluation.same_images import check_images
from nascore.evaluation.validation import interval
from nascore.results.finetuning import FinetunedWinner, Finetuning
from nascore.results.validation import WEIGHTS, TestFigures, Validation
from nascore.spaces.staged import StagedSpace
from nascore.supernet import Subnet
from nascore.supernet.checkpoint import load_subnet, read_facts


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
    validation: Validation,
    weights: Path,
    space: StagedSpace,
    store: ImageStore,
    *,
    device: torch.device,
    batch_size: int,
) -> Finetuning:
    """Test a fine-tuned winner beside what it was before.

    Parameters
    ----------
    validation
        The target's validation.
    weights
        The folder with the fine-tuned ``winner.safetensors``; empty where nothing was found.
    space
        The whole space.
    """
    target, split = validation.target, validation.split_test
    if validation.status != "validated":
        message = f"nothing to fine-tune: {validation.message}"
        return Finetuning(target=target, split_test=split, status=validation.status, message=message, winner=None)
    subnet, facts = load_subnet(weights / WEIGHTS, space), read_facts(weights / WEIGHTS)
    check_images(weights / WEIGHTS, store)
    tested = measure_saved(subnet, store, split="test", device=device, batch_size=batch_size)
    before = validation.tested["found"].test
    after = TestFigures(
        test_accuracy=tested.accuracy, test_lower=tested.lower, test_upper=tested.upper, test_loss=tested.loss
    )
    winner = FinetunedWinner(
        arch_id=subnet.arch_id,
        epochs=int(facts["finetuned_epochs"]),
        before=before,
        after=after,
        costs_measured=dict(tested.costs),
        weights=f"{weights.name}/{WEIGHTS}",
        checkpoint_sha256=facts["checkpoint_sha256"],
    )
    message = f"test accuracy {_shown(after)} after fine-tuning, {_shown(before)} before"
    return Finetuning(target=target, split_test=split, status="finetuned", message=message, winner=winner)


def _shown(figures: TestFigures) -> str:
    """Return an accuracy with its interval."""
    return f"{figures.test_accuracy:.4f} ({figures.test_lower:.4f} to {figures.test_upper:.4f})"
