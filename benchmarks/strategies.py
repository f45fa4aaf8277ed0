"""The sandwich rule against progressive shrinking, at equal compute.

    python benchmarks/strategies.py --images-store data/SOURCE [--epochs 30] [--threads 1]

Compute is multiply-accumulates per image of all forward passes, times images: those that have a backward pass count
once, a teacher's, which has none, a third. `--epochs` is for the sandwich; progressive shrinking gets the number of
epochs whose compute is nearest. Where that is more than 5 % off, as it can be with few epochs, because each phase has
one at least, the sandwich gets more, until it is not.

Both start from the same weights and are trained on `train` with the default options. Then the largest, the smallest and
the same sampled subnets are calibrated and measured on `search` at every resolution.
"""

import argparse
import tempfile
import time
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from nascore.data.store import ImageStore
from nascore.efficiency import cost
from nascore.evaluation.architectures import Measurer
from nascore.evaluation.options import EvaluationOptions
from nascore.progress import progress
from nascore.spaces import OfaMcunet, get_space
from nascore.training.job import PhaseJob
from nascore.training.launch import run_phase
from nascore.training.options import TrainingOptions
from nascore.training.phases import Phase, phases

TOLERANCE = 0.05
DRAWS = 2000
"""Steps per phase and resolution that its mean compute is estimated from; their error is below 1 %."""
TEACHER_SHARE = 1 / 3
CPU = torch.device("cpu")


class Compute:
    """Multiply-accumulates of whole trainings, estimated from drawn subnets."""

    def __init__(self, space: OfaMcunet, n_train: int, batch_size: int, seed: int) -> None:
        self.space, self.seed = space, seed
        self.images_per_epoch = max(1, n_train // batch_size) * min(batch_size, n_train)
        self._per_image: dict[str, float] = {}

    def of(self, options: TrainingOptions) -> float:
        """Return the compute of a training."""
        stages = phases(options, self.space)
        return sum(
            phase.epochs * self.images_per_epoch * self._of_phase(phase, taught=number > 0)
            for number, phase in enumerate(stages)
        )

    def _of_phase(self, phase: Phase, *, taught: bool) -> float:
        """Return the mean compute of an image; each resolution is as frequent as another."""
        if phase.name not in self._per_image:
            rng, sums = np.random.default_rng(self.seed), []
            for resolution in phase.space.allowed_values(phase.space.global_choices[0]):
                draws = max(1, DRAWS // max(1, phase.n_random))
                genes = np.concatenate([phase.subnets(rng, resolution) for _ in range(draws)])
                sums.append(cost(self.space, genes)["macs"].sum() / draws)
                if taught:
                    largest = self.space.restrict({"resolution": [resolution]}).largest()
                    sums[-1] += TEACHER_SHARE * cost(self.space, largest[None])["macs"].iloc[0]
            self._per_image[phase.name] = float(np.mean(sums))
        return self._per_image[phase.name]


def equal_compute(compute: Compute, options: TrainingOptions) -> dict[str, TrainingOptions]:
    """Return the options of both strategies, with epochs of equal compute; see the top of the file."""

    def sized(strategy: str, epochs: int) -> TrainingOptions:
        return options.model_copy(update={"strategy": strategy, "epochs": epochs})

    fewest = len(phases(sized("progressive_shrinking", 1), compute.space))
    for epochs in count(options.epochs):
        sandwich = sized("sandwich", epochs)
        aim = compute.of(sandwich)
        # Far enough: an epoch of progressive shrinking costs more than a fifth of one of the sandwich.
        candidates = [sized("progressive_shrinking", number) for number in range(fewest, max(fewest, 5 * epochs) + 1)]
        nearest = min(candidates, key=lambda candidate: abs(compute.of(candidate) - aim))
        if abs(compute.of(nearest) / aim - 1) <= TOLERANCE:
            return {"sandwich": sandwich, "progressive_shrinking": nearest}
    raise AssertionError


def train(options: TrainingOptions, space: dict, store: Path, folder: Path, seed: int) -> tuple[Path, float]:
    """Train all phases and return the last checkpoint and the seconds."""
    start, before, teacher = time.perf_counter(), None, None
    for phase in phases(options, get_space(**space)):
        checkpoint = folder / phase.name / "supernet.safetensors"
        job = PhaseJob(
            space=space,
            options=options,
            phase=phase.name,
            seed=seed,
            images=store,
            calibration_images=EvaluationOptions().calibration_images,
            checkpoint=checkpoint,
            curve=checkpoint.with_name("learning_curve.parquet"),
            start=before,
            teacher=teacher,
            device="cpu",
        )
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        run_phase(job)
        before, teacher = checkpoint, teacher or checkpoint
    assert before is not None
    return before, time.perf_counter() - start


def accuracies(checkpoint: Path, space: OfaMcunet, store: Path, n_sampled: int, seed: int) -> dict[str, float]:
    """Return accuracies on `search` by subnet and resolution, %."""
    measurer, found = Measurer(checkpoint, space, store, EvaluationOptions(), CPU), {}
    for resolution in progress(
        space.allowed_values(space.global_choices[0]), f"measuring {checkpoint.parent.name}, px"
    ):
        part = space.restrict({"resolution": [resolution]})
        groups = {
            "largest": part.largest()[None],
            "smallest": part.smallest()[None],
            f"mean of {n_sampled}": part.sample(n_sampled, np.random.default_rng(seed)),
        }
        for name, genes in groups.items():
            values = [measurer.measure(measurer.calibrated(row), "search").accuracy for row in genes]
            found[f"{resolution} px, {name}"] = 100 * float(np.mean(values))
    return found


def main() -> None:
    """Train both and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images-store", type=Path, required=True, help="folder of the image store")
    parser.add_argument("--epochs", type=int, default=30, help="epochs of the sandwich")
    parser.add_argument("--batch-size", type=int, default=64, help="images per step of both")
    parser.add_argument("--subnets", type=int, default=20, help="sampled subnets per resolution")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--seed", type=int, default=0, help="seed of the trainings and the sampled subnets")
    parser.add_argument("--output", type=Path, help="keep checkpoints and learning curves here; by default they go")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    store = ImageStore.open(arguments.images_store)
    space_options = {"name": "ofa_mcunet", "resolutions": list(store.resolutions), "n_classes": store.n_classes}
    space = get_space(**space_options)
    compute = Compute(space, store.n_images("train"), arguments.batch_size, arguments.seed)
    options = TrainingOptions(
        epochs=arguments.epochs, batch_size=arguments.batch_size, monitor_images=0, threads=arguments.threads
    )
    trainings, columns = equal_compute(compute, options), {}
    facts = {name: {"epochs": entry.epochs, "TMACs": compute.of(entry) / 1e12} for name, entry in trainings.items()}
    with tempfile.TemporaryDirectory() as temporary:
        for name, entry in trainings.items():
            folder = (arguments.output or Path(temporary)) / name
            checkpoint, seconds = train(entry, space_options, arguments.images_store, folder, arguments.seed)
            facts[name]["seconds"] = seconds
            columns[name] = accuracies(checkpoint, space, arguments.images_store, arguments.subnets, arguments.seed)
    print(f"{store.n_images('train'):,} training images, seed {arguments.seed}, {arguments.threads} threads")
    print(pd.DataFrame(facts).T.to_string(float_format="{:.4g}".format))
    table = pd.DataFrame(columns)
    table["difference"] = table["sandwich"] - table["progressive_shrinking"]
    print(f"\naccuracy on {store.n_images('search'):,} images of search, %")
    print(table.to_string(float_format="{:.2f}".format))


if __name__ == "__main__":
    main()
