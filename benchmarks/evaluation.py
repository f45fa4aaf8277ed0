"""Seconds to measure one average subnet, BN calibration included, against plain PyTorch that decodes each time.

    python benchmarks/evaluation.py --images FOLDER [--checkpoint results/RUN/supernet/PHASE/supernet.safetensors]

`FOLDER` has `train` and `val`, each with a folder per class. The subnet is the one with the median multiply-accumulates
of 200 sampled at the resolution; all images of `val` are measured.

Ours reads the memory-mapped store (which is made first, once, and timed apart), calibrates on the default number of
images, folds the batch norms, and runs channels last, in a process of its own that keeps freed memory. The usual way
is `benchmarks/plain_evaluation.py`: it decodes each time, and calibrates on as many training images as it measures, at
the same resolution, in batches of the published size. It runs with each number of workers given; the ratio is to its
fastest. Exits with 1 if a trained checkpoint's accuracies differ by more than half a point.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.pool import Pool
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from plain_evaluation import Plain

from nascore.data.image_folder import ImageFolder, class_names
from nascore.data.options import ImageFolderOptions
from nascore.data.store import ImageStore
from nascore.data.store_writer import write_store
from nascore.efficiency import cost
from nascore.evaluation.measure import calibrate_on_store, fold, measure
from nascore.evaluation.options import EvaluationOptions
from nascore.spaces import Genes, OfaMcunet, get_space
from nascore.supernet import Subnet, Supernet, build_supernet
from nascore.supernet.allocator import keep_freed_memory
from nascore.supernet.checkpoint import load_supernet
from nascore.supernet.initialise import initialise
from nascore.supernet.inputs import channels_last, normalise

RATIO_TO_REACH, POINTS_TO_REACH = 6.0, 0.5
SAMPLED = 200
SPLITS = ("search", "test")
"""Together they are the images of `val`."""
PUBLISHED_BATCH_SIZE = 128
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Ours:
    """Measures as `nascore.evaluation` does."""

    supernet: Supernet
    store: ImageStore
    options: EvaluationOptions

    def calibrated(self, genes: Genes) -> Subnet:
        """Return the subnet with its own batch statistics."""
        subnet = self.supernet.subnet(genes)
        calibrate_on_store(subnet, self.store, n_images=self.options.calibration_images, device=CPU)
        return subnet

    def accuracy(self, genes: Genes) -> float:
        """Extract, calibrate and measure: what the clock covers."""
        subnet = self.calibrated(genes)
        parts = [
            measure(subnet, self.store, split=split, device=CPU, batch_size=self.options.batch_size) for split in SPLITS
        ]
        return sum(part.n_correct for part in parts) / sum(part.n_images for part in parts)

    @torch.inference_mode()
    def answers(self, genes: Genes) -> dict[str, int]:
        """Return the class that each image is given, by the name of its file."""
        network = channels_last(fold(self.calibrated(genes)), CPU)
        found = {}
        for split in SPLITS:
            images = self.store.images(split, network.resolution)
            batches = np.array_split(images, max(1, len(images) // self.options.batch_size))
            given = torch.cat([network(normalise(batch, CPU)).argmax(1) for batch in batches]).tolist()
            names = [Path(item["name"]).relative_to("val") for item in self.store.manifest["splits"][split]]
            found |= dict(zip(map(str, names), given, strict=True))
        return found


_ours: list[Ours] = []
"""What the process of its own measures with."""


def start_process(ours: Ours, threads: int) -> None:
    """Make this process one that measures our way."""
    torch.set_num_threads(threads)
    keep_freed_memory()
    _ours.append(ours)


def our_accuracy(genes: Genes) -> float:
    """Measure in the process of its own."""
    return _ours[0].accuracy(genes)


# -- the comparison ------------------------------------------------------------------------------------


def average_subnet(space: OfaMcunet, resolution: int, seed: int) -> tuple[Genes, float]:
    """Return the subnet with the median multiply-accumulates of some sampled ones, and their millions."""
    genes = space.restrict({"resolution": [resolution]}).sample(SAMPLED, np.random.default_rng(seed))
    macs = cost(space, genes)["macs"].to_numpy()
    chosen = int(np.argsort(macs, kind="stable")[SAMPLED // 2])
    return genes[chosen], macs[chosen] / 1e6


def timed(call: Callable[[], float]) -> tuple[float, float]:
    """Return what a call returns, and its seconds."""
    start = time.perf_counter()
    return call(), time.perf_counter() - start


def compare(
    ours: Ours, process: Pool, plains: dict[str, Plain], genes: Genes, repeats: int
) -> tuple[pd.DataFrame, str]:
    """Return the table of one subnet, and a line on how often both give the same answer."""
    plain = next(iter(plains.values()))
    (usual, _), own = plain.answers_and_labels(genes), ours.answers(genes)  # this also warms up both
    same = np.mean([usual[name] == answer for name, answer in own.items()])
    sides = {
        "ours": lambda genes: process.apply(our_accuracy, (genes,)),
        **{name: side.accuracy for name, side in plains.items()},
    }
    sides["ours"](genes)
    runs = [{name: timed(lambda side=side: side(genes)) for name, side in sides.items()} for _ in range(repeats)]
    seconds = pd.DataFrame([{name: s for name, (_, s) in run.items()} for run in runs])
    table = pd.DataFrame({"accuracy": {name: accuracy for name, (accuracy, _) in runs[0].items()}})
    table["images"] = [len(own), *[len(usual)] * len(plains)]
    for name, values in (("min", seconds.min()), ("median", seconds.median())):
        table[f"{name}_s"], table[f"{name}_ratio"] = values, values / values["ours"]
    table["images/s"] = table["images"] / table["min_s"]
    return table, f"same answer for {same:.2%} of {len(own)} images"


def main() -> int:
    """Print the tables; return 1 if trained weights are not measured alike."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder with train and val")
    parser.add_argument("--checkpoint", type=Path, help="trained supernet; without it, first weights are measured")
    parser.add_argument("--resolutions", type=int, nargs="+", default=[96, 160], help="pixels")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of both")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2], help="the usual way's numbers of workers")
    parser.add_argument("--batch-size", type=int, default=PUBLISHED_BATCH_SIZE, help="the usual way's images at a time")
    parser.add_argument("--repeats", type=int, default=3, help="times that each is measured, in turns")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sampled subnets and of first weights")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    space = get_space(
        "ofa_mcunet", resolutions=sorted(arguments.resolutions), n_classes=len(class_names(arguments.images))
    )
    supernet = load_supernet(arguments.checkpoint, space) if arguments.checkpoint else build_supernet(space)
    if not arguments.checkpoint:
        initialise(supernet, arguments.seed)
        print("the weights are untrained: accuracies mean nothing, only that both sides give the same answers")
    options, failed = EvaluationOptions(), False
    with tempfile.TemporaryDirectory() as folder:
        source = ImageFolder(arguments.images, ImageFolderOptions(), arguments.seed)
        start = time.perf_counter()
        store = write_store(Path(folder) / "store", source, resolutions=arguments.resolutions)
        print(f"store of {len(arguments.resolutions)} resolutions, made once: {time.perf_counter() - start:.1f} s")
        ours = Ours(supernet.eval(), store, options)
        process = multiprocessing.get_context("spawn").Pool(1, start_process, (ours, arguments.threads))
        for resolution in arguments.resolutions:
            genes, macs = average_subnet(space, resolution, arguments.seed)
            plains = {
                f"plain, {workers} workers": Plain(
                    supernet, arguments.images, resolution, arguments.batch_size, workers
                )
                for workers in arguments.workers
            }
            table, agreement = compare(ours, process, plains, genes, arguments.repeats)
            print(f"\n{resolution} px, {macs:.1f} M multiply-accumulates, {arguments.threads} threads; {agreement}")
            print(table.to_string(float_format="{:.4g}".format))
            best, other = table["min_ratio"].iloc[1:].min(), table["median_ratio"].iloc[1:].min()
            points = 100 * float(table["accuracy"].diff().iloc[1])
            print(f"ratio to the fastest plain one: {best:.1f} (medians {other:.1f}); to reach: {RATIO_TO_REACH:g}")
            print(f"its accuracy is {points:+.2f} points from ours; to reach: within {POINTS_TO_REACH}")
            failed |= arguments.checkpoint is not None and abs(points) > POINTS_TO_REACH
        process.terminate()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
