"""Measuring a list of architectures with the weights of one supernet; goes on where it was killed."""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from nascore.data.store import ImageStore
from nascore.errors import DataError
from nascore.evaluation.measure import Measurement, calibrate_on_store, measure
from nascore.evaluation.options import EvaluationOptions
from nascore.evaluation.same_images import check_images
from nascore.files import file_sha256
from nascore.progress import progress
from nascore.spaces.staged import Genes, StagedSpace
from nascore.supernet import Subnet
from nascore.supernet.checkpoint import load_supernet

COLUMN_TYPES = {
    "arch_id": "str",
    "accuracy": "float64",
    "loss": "float64",
    "n_images": "int32",
    "checkpoint_sha256": "str",
    "seconds": "float64",
}
"""The columns of measured architectures."""


class Measurer:
    """Extracts, calibrates and measures subnets of one checkpoint on one image store.

    Parameters
    ----------
    checkpoint
        The supernet's weights.
    space
        The whole space.
    images
        Folder of the image store.
    options
        How to measure.
    device
        Where.
    """

    def __init__(
        self,
        checkpoint: Path,
        space: StagedSpace,
        images: Path,
        options: EvaluationOptions,
        device: torch.device,
    ) -> None:
        self.space = space
        self.supernet = load_supernet(checkpoint, space).to(device).eval()
        self.checkpoint_sha256 = file_sha256(checkpoint)
        self.store = ImageStore.open(images)
        check_images(checkpoint, self.store)
        self.options = options
        self.device = device

    def calibrated(self, genes: Genes) -> Subnet:
        """Return a subnet with its own batch statistics."""
        subnet = self.supernet.subnet(genes)
        calibrate_on_store(subnet, self.store, n_images=self.options.calibration_images, device=self.device)
        return subnet

    def measure(self, subnet: Subnet, split: str) -> Measurement:
        """Measure a calibrated subnet on a named split."""
        return measure(subnet, self.store, split=split, device=self.device, batch_size=self.options.batch_size)

    def identity(self, split: str) -> str:
        """Return the hash of what a measurement depends on, but for the architecture and the code."""
        options = self.options.model_dump(mode="json")
        facts = [self.checkpoint_sha256, self.store.sha256, options, split, torch.__version__, str(self.device)]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def measure_architectures(
    measurer: Measurer, arch_ids: list[str], genes: Genes, *, split: str, unfinished: Path, code: str = ""
) -> pd.DataFrame:
    """Measure architectures one by one.

    Parameters
    ----------
    arch_ids, genes
        `n` hashes and the `(n, n_genes)` architectures that they are of.
    split
        The split to measure on.
    unfinished
        Where each measurement is noted when it is made. Notes of an interrupted run with the same weights, images,
        options and code are taken over. The caller removes the file when the result is safe.
    code
        A fingerprint of the code.

    Returns
    -------
    pandas.DataFrame
        `n` rows: `arch_id`, `accuracy`, `loss`, `n_images`, `checkpoint_sha256`, and `seconds`, the time of extraction,
        calibration and measurement.

    Raises
    ------
    DataError
        If a note cannot be written, e.g. because the disk is full; those before stay.
    """
    notes = Notes(unfinished, measurer.identity(split) + code)
    known = {note["arch_id"]: note for note in notes.read()}
    for arch_id, row in progress(list(zip(arch_ids, genes, strict=True)), f"measuring on {split}"):
        if arch_id in known:
            continue
        start = time.perf_counter()
        measured = measurer.measure(measurer.calibrated(row), split)
        known[arch_id] = {"arch_id": arch_id, **asdict(measured), "seconds": time.perf_counter() - start}
        notes.add(known[arch_id])
    rows = [known[arch_id] for arch_id in arch_ids]
    columns = {
        "arch_id": arch_ids,
        "accuracy": [row["n_correct"] / row["n_images"] for row in rows],
        "loss": [row["loss"] for row in rows],
        "n_images": [row["n_images"] for row in rows],
        "checkpoint_sha256": [measurer.checkpoint_sha256] * len(rows),
        "seconds": [row["seconds"] for row in rows],
    }
    # Types are said, because a target that nothing satisfies has no rows to tell them by.
    return pd.DataFrame(columns).astype(COLUMN_TYPES)


@dataclass(frozen=True)
class Notes:
    """Results as lines of JSON, each marked with what it depends on.

    Parameters
    ----------
    path
        The file.
    identity
        The mark; lines with another one are passed over.
    """

    path: Path
    identity: str

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield the results with this mark; a line that was cut is passed over."""
        if not self.path.exists():
            return
        for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                note = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(note, dict) and note.pop("identity", None) == self.identity:
                yield note

    def add(self, note: dict[str, Any]) -> None:
        """Append one result; a cut line before it keeps to itself."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write("\n" + json.dumps({"identity": self.identity, **note}) + "\n")
        except OSError as error:
            raise DataError(f"cannot write {self.path}: {error.strerror}") from None
