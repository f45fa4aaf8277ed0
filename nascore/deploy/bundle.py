"""Bundles: everything that a device or an application needs of one subnet, in one folder."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch

from nascore.data.store import ImageStore
from nascore.deploy import predict
from nascore.deploy.card import DRAWING, model_card, picture
from nascore.deploy.check import agreement, arena_bytes, logits_of_model, model_input
from nascore.deploy.export import export, metadata, with_batch
from nascore.deploy.header import c_header
from nascore.deploy.quantise import ends, int8_sizes, quantise
from nascore.devices import DEVICES
from nascore.errors import DataError
from nascore.evaluation.measure import BATCH_SIZE, chosen_images, logits_of
from nascore.evaluation.measured_costs import measured_costs
from nascore.evaluation.same_images import check_images
from nascore.evaluation.saved import check_classes
from nascore.files import file_sha256, write_bytes, write_text
from nascore.results.bundle import (
    CHECKS,
    DYNAMIC,
    FLOAT,
    INT8,
    Budget,
    Bundle,
    CheckedAccuracy,
    CheckedModel,
    Memory,
)
from nascore.results.outcome import Outcome
from nascore.supernet import Subnet
from nascore.supernet.checkpoint import read_facts, read_subnet

CARD = "model_card.md"


def write_bundle(
    folder: Path,
    weights: Path,
    images: Path,
    *,
    calibration_images: int,
    outcome: Outcome | None = None,
) -> Bundle:
    """Export a subnet, quantise it, compare both with PyTorch on the test split, and write all that into a folder.

    Parameters
    ----------
    folder
        Where the bundle goes.
    weights
        A subnet's weights, as `nascore.supernet.checkpoint.save_subnet` writes them.
    images
        Folder of the image store.
    calibration_images
        How many images of the `calibration` split the int8 activations take their ranges from.
    outcome
        What the target came to of which the subnet is the winner.

    Raises
    ------
    DataError
        If the weights are not a subnet's, or not those of the winner, the images are not of its classes and resolution,
        or the folder cannot be written.
    """
    subnet, store = read_subnet(weights).eval(), ImageStore.open(images)
    check_classes(str(weights), subnet, store)
    check_images(weights, store)
    winner = outcome.winner if outcome else None
    if winner and winner.arch_id != subnet.arch_id:
        raise DataError(f"{weights} holds subnet {subnet.arch_id}; the winner of the target is {winner.arch_id}")
    sha256, facts = file_sha256(weights), read_facts(weights)
    single = export(subnet, metadata(subnet, store.class_names, sha256, store.manifest["source"].get("white")))
    chosen = chosen_images(store, "calibration", calibration_images)
    pixels = store.images("calibration", subnet.resolution)[chosen]
    calibration = model_input(pixels, subnet.space.mean, subnet.space.std)
    models = {FLOAT: single, DYNAMIC: with_batch(single, None), INT8: quantise(single, calibration)}
    checks = Bundle(
        target=outcome.target if outcome else None,
        status="bundled",
        arch_id=subnet.arch_id,
        arch=subnet.arch,
        resolution=subnet.resolution,
        labels=list(store.class_names),
        weights_sha256=sha256,
        checkpoint_sha256=facts.get("checkpoint_sha256"),
        finetuned_epochs=int(facts["finetuned_epochs"]) if "finetuned_epochs" in facts else None,
        images_sha256=store.sha256,
        n_calibration=len(chosen),
        **_compared(subnet, store, models),
        **_memory(subnet, models[INT8]),
    )
    for name, model in models.items():
        write_bytes(folder / name, model)
    checks.write(folder / CHECKS)
    write_text(folder / "model_int8.h", c_header(checks, ends(models[INT8])))
    write_text(folder / "labels.txt", "".join(f"{label}\n" for label in store.class_names))
    write_text(folder / "predict.py", inspect.getsource(predict))
    write_text(folder / DRAWING, picture(subnet))
    mean, std = subnet.space.mean, subnet.space.std
    write_text(folder / CARD, model_card(checks, manifest=store.manifest, outcome=outcome, mean=mean, std=std))
    return checks


def write_empty_bundle(folder: Path, outcome: Outcome) -> Bundle:
    """Write the card of a target for which nothing was found, and nothing else to deploy."""
    status: Literal["infeasible", "not_found"] = "infeasible" if outcome.search.status == "infeasible" else "not_found"
    checks = Bundle(target=outcome.target, status=status, message=outcome.search.message)
    checks.write(folder / CHECKS)
    write_text(folder / CARD, model_card(checks))
    return checks


def _compared(subnet: Subnet, store: ImageStore, models: Mapping[str, bytes]) -> dict[str, Any]:
    """Return what PyTorch and every model make of the test split."""
    pixels, labels = store.images("test", subnet.resolution), store.labels("test")
    every = chosen_images(store, "test", None)
    reference = logits_of(subnet, pixels, every, device=torch.device("cpu")).numpy()
    own, batches = agreement(reference, reference, labels), {FLOAT: 1, DYNAMIC: BATCH_SIZE, INT8: 1}
    return {
        "n_test": len(labels),
        "pytorch": CheckedAccuracy(**{name: own[name] for name in CheckedAccuracy.model_fields}),
        "models": {
            name: CheckedModel.model_validate(
                {"bytes": len(model), **agreement(logits_of_model(model, pixels, batches[name]), reference, labels)}
            )
            for name, model in models.items()
        },
    }


def _memory(subnet: Subnet, int8: bytes) -> dict[str, Any]:
    """Return what the int8 model needs of a microcontroller, by definition and as measured, and which have it."""
    costs, sizes = measured_costs(subnet), int8_sizes(int8)
    measured = arena_bytes(int8, subnet.resolution)
    memory = Memory(
        **sizes,
        flash_bytes=sum(sizes.values()),
        predicted_peak_memory_bytes=costs["peak_memory_bytes"],
        measured_arena_bytes=measured,
        arena_bytes=max(measured, costs["peak_memory_bytes"]),
    )
    devices = [
        Budget(
            name=device.name,
            part=device.part,
            sram_bytes=1024 * device.sram_kb,
            flash_bytes=1024 * device.flash_kb,
            fits=memory.arena_bytes <= 1024 * device.sram_kb and memory.flash_bytes <= 1024 * device.flash_kb,
        )
        for device in DEVICES.values()
    ]
    return {"costs": costs, "memory": memory, "devices": devices}
