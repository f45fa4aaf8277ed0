"""Mean accuracies of a one-shot network under conditions, e.g. "stage 2 has three blocks": what contributions are of.

Every image of a held-out split goes through a random path of its own that satisfies the condition, so one pass over the
images is a mean over as many architectures. Goes on where it was killed.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from nascore.data.store import ImageStore
from nascore.evaluation.architectures import Notes
from nascore.evaluation.same_images import check_images
from nascore.files import file_sha256
from nascore.progress import progress
from nascore.results.contributions import CONDITION, NOTHING
from nascore.seeds import generator
from nascore.spaces.staged import Genes, StagedSpace
from nascore.supernet.checkpoint import load_supernet
from nascore.supernet.inputs import channels_last, normalise

Condition = tuple[int, int, int, int]
"""Stage, block, depth and operation, `NOTHING` where there is none."""

BATCH_SIZE = 128
"""Images at a time: they are divided among twelve operations, so more than one network would take."""

COLUMN_TYPES = {**dict.fromkeys(CONDITION, "int16"), "mean": "float64", "n": "int64"}


@dataclass(frozen=True)
class PathOptions:
    """How means are measured.

    Parameters
    ----------
    split
        The held-out split of the store.
    resolution
        Of images and paths, pixels.
    passes
        Passes over the split per condition, each with other paths.
    seed
        The root seed.
    """

    split: str
    resolution: int
    passes: int
    seed: int


class PathMeasurer:
    """Measures random paths of one checkpoint on one image store.

    Parameters
    ----------
    checkpoint
        The one-shot network's weights.
    space
        The space whose paths are drawn; a restricted one has fewer.
    images
        Folder of the image store.
    options
        How to measure.
    device
        Where.
    """

    def __init__(
        self, checkpoint: Path, space: StagedSpace, images: Path, options: PathOptions, device: torch.device
    ) -> None:
        self.space = space.restrict({"resolution": [options.resolution]})
        self.supernet = channels_last(load_supernet(checkpoint, space), device).eval()
        self.store, self.options, self.device = ImageStore.open(images), options, device
        check_images(checkpoint, self.store)
        self._checkpoint_sha256 = file_sha256(checkpoint)

    @property
    def n_images(self) -> int:
        """Answers that one mean is of."""
        return self.options.passes * self.store.n_images(self.options.split)

    def identity(self) -> str:
        """Return the hash of what a measurement depends on, but for the condition and the code."""
        facts = [
            *(self._checkpoint_sha256, self.store.sha256, vars(self.options), self.space.allowed),
            *(torch.__version__, self.device.type),
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    @torch.inference_mode()
    def n_correct(self, conditions: Sequence[Condition]) -> list[int]:
        """Return how many images are classified right under each condition, each by a random path that satisfies it."""
        options = self.options
        images, labels = self.store.images(options.split, options.resolution), self.store.labels(options.split)
        drawn = [
            self.paths(condition, len(labels), generator(options.seed, "contributions", *condition, number))
            for condition in conditions
            for number in range(options.passes)
        ]
        genes, image = np.concatenate(drawn), np.tile(np.arange(len(labels)), len(drawn))
        right = np.zeros(len(genes), dtype=bool)
        for start in range(0, len(genes), BATCH_SIZE):
            part = slice(start, start + BATCH_SIZE)
            seen = normalise(images[image[part]], self.device, self.space.mean, self.space.std)
            logits = self.supernet(seen, genes[part])
            right[part] = logits.argmax(1).cpu().numpy() == labels[image[part]]
        counts: list[int] = right.reshape(len(conditions), -1).sum(axis=1).tolist()
        return counts

    def paths(self, condition: Condition, n: int, rng: np.random.Generator) -> Genes:
        """Draw `n` paths that satisfy a condition, uniform in everything else."""
        stage, block, depth, op = condition
        kept: dict[str, list[int]] = {}
        if depth != NOTHING:
            kept[f"{self.space.stages[stage].name}.depth"] = [depth]
        if op != NOTHING:
            for choice, value in zip(self.space.block_choices, self.space.op_values[op].tolist(), strict=True):
                kept[f"{self.space.block_names[block]}.{choice.name}"] = [value]
        return self.space.restrict(kept).sample(n, rng)


def measure_conditions(
    measurer: PathMeasurer, conditions: pd.DataFrame, *, unfinished: Path, code: str = ""
) -> tuple[float, pd.DataFrame]:
    """Measure the mean accuracy of random paths, and how far each condition moves it.

    Parameters
    ----------
    conditions
        Integer columns `stage`, `block`, `depth`, `op`, as `nascore.predictors.contributions.conditions` returns them.
    unfinished
        Where each mean is noted when it is measured. Notes of an interrupted run with the same weights, images, options
        and code are taken over. The caller removes the file when the result is safe.
    code
        A fingerprint of the code.

    Returns
    -------
    tuple
        The mean accuracy over all paths, in [0, 1]; and `conditions` with `mean`, the difference from it, and `n`, the
        number of answers, which is what `nascore.predictors.contributions.contribution_blocks` takes.

    Raises
    ------
    DataError
        If a note cannot be written, e.g. because the disk is full; those before stay.
    """
    notes = Notes(unfinished, measurer.identity() + code)
    known = {tuple(note["condition"]): int(note["n_correct"]) for note in notes.read()}
    free: Condition = (NOTHING,) * 4
    rows: list[Condition] = [tuple(row) for row in conditions[list(CONDITION)].to_numpy().tolist()]
    n = measurer.n_images
    # Where images are few, one batch has room for several conditions: the same ones, whatever is known already.
    every, size = [free, *rows], max(1, BATCH_SIZE // n)
    groups = [every[start : start + size] for start in range(0, len(every), size)]
    for group in progress(groups, f"measuring paths on {measurer.options.split}"):
        if not known.keys() >= {*group}:
            for condition, n_correct in zip(group, measurer.n_correct(group), strict=True):
                known[condition] = n_correct
                notes.add({"condition": condition, "n_correct": n_correct})
    means = [(known[condition] - known[free]) / n for condition in rows]
    return known[free] / n, conditions.assign(mean=means, n=n).astype(COLUMN_TYPES)
