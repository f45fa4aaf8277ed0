"""Peak resident memory of training and of evaluation, each in a process of its own; Linux.

    python benchmarks/memory.py [--threads 2]

The store has 8,059 validation images, as many as Visual Wake Words, at 96 and 160 px, all noise, written by the
project's own writer. The parts:

- `open` opens it and reads one batch at 160 px: were the store loaded, its bytes would be in this process;
- `training` runs one phase of the default training for a few steps: batch 64, 96 px, learning curve included;
- `evaluation` calibrates the largest subnet at 160 px on the default number of images and measures it, on one half of
  the validation images and then on the other.

The peak counts the pages of mapped files that were read, which the system takes back when it needs them. A column of
its own has the peak without them, looked at every 5 ms, and another one the pages of files at the end. Exits with 1 if
a peak, files included, passes its limit.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nascore.data.source import SPLITS, Item, Pixels, Splits
from nascore.data.store import ImageStore
from nascore.data.store_writer import write_store
from nascore.evaluation.options import EvaluationOptions
from nascore.training.options import TrainingOptions

# The parts import torch themselves: a process starts with the peak of the one that started it.

TRAINING_PX, EVALUATION_PX = 96, 160
BATCH_SIZE = 64
LIMITS_GB = {"training": 3.0, "evaluation": 1.5}
VALIDATION = ("search", "test")


class Noise:
    """A source of random pixels in two classes."""

    class_names = ("even", "odd")
    allow_corrupt = False

    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = counts

    def description(self) -> dict[str, Any]:
        """Return how many images there are."""
        return {"source": "noise", **self.counts}

    def splits(self) -> Splits:
        """Return numbered items."""
        return {split: [Item(f"{split}/{n}", n % 2) for n in range(self.counts[split])] for split in SPLITS}

    def read(self, item: Item) -> bytes:
        """Return what no other item has."""
        return item.name.encode()

    def resized(self, content: bytes, resolutions: Sequence[int]) -> list[Pixels]:
        """Return pixels that the name decides."""
        rng = np.random.default_rng(list(content))
        return [rng.integers(0, 256, (size, size, 3), np.uint8) for size in resolutions]


# -- the parts, each in a process of its own -----------------------------------------------------------


def open_store(folder: Path, threads: int) -> None:
    """Read one batch."""
    import torch

    from nascore.supernet.inputs import normalise

    store = ImageStore.open(folder)
    normalise(store.images("test", EVALUATION_PX)[-EvaluationOptions().batch_size :], torch.device("cpu"))


def training(folder: Path, threads: int) -> None:
    """Run one phase."""
    from nascore.training.job import PhaseJob
    from nascore.training.launch import run_phase

    with tempfile.TemporaryDirectory() as results:
        job = PhaseJob(
            space={"name": "ofa_mcunet", "resolutions": [TRAINING_PX]},
            options=TrainingOptions(epochs=1, batch_size=BATCH_SIZE, threads=threads),
            phase="sandwich",
            seed=0,
            images=folder,
            calibration_images=EvaluationOptions().calibration_images,
            checkpoint=Path(results) / "supernet.safetensors",
            curve=Path(results) / "curve.parquet",
            device="cpu",
        )
        run_phase(job)


def evaluation(folder: Path, threads: int) -> None:
    """Calibrate and measure one subnet."""
    import torch

    from nascore.evaluation.measure import calibrate_on_store, measure
    from nascore.spaces import get_space
    from nascore.supernet import build_supernet
    from nascore.supernet.allocator import keep_freed_memory

    torch.set_num_threads(threads)
    keep_freed_memory()
    options, device = EvaluationOptions(), torch.device("cpu")
    space = get_space("ofa_mcunet", resolutions=[EVALUATION_PX])
    store, subnet = ImageStore.open(folder), build_supernet(space).subnet(space.largest())
    for split in VALIDATION:
        calibrate_on_store(subnet, store, n_images=options.calibration_images, device=device)
        measure(subnet, store, split=split, device=device, batch_size=options.batch_size)


PARTS: dict[str, Callable[[Path, int], None]] = {"open": open_store, "training": training, "evaluation": evaluation}


def held_gb(what: str) -> float:
    """Return how much of one kind of memory this process holds now."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[what].split()[0]) * 1024 / 1e9


def watched(call: Callable[[], None]) -> dict[str, float]:
    """Return what this process held while a call ran, GB."""
    seen, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            seen.append(held_gb("RssAnon"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    call()
    done.set()
    watcher.join()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    return {"peak_gb": peak, "without_files_gb": max(seen), "files_at_end_gb": held_gb("RssFile")}


def in_process(part: str, folder: Path, threads: int) -> dict[str, float]:
    """Run a part in a new process and return what it held."""
    command = [sys.executable, __file__, "--part", part, "--store", str(folder), "--threads", str(threads)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])


def main() -> int:
    """Print the table; return 1 if a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of each part")
    parser.add_argument("--images", type=int, default=8059, help="validation images of the store")
    parser.add_argument("--steps", type=int, default=6, help="training steps")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        print(json.dumps(watched(lambda: PARTS[arguments.part](arguments.store, arguments.threads))))
        return 0
    half = arguments.images // 2
    counts = {"search": half, "test": arguments.images - half, "calibration": 1000}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "store"
        source = Noise({"train": BATCH_SIZE * arguments.steps, **counts})
        write_store(folder, source, resolutions=[TRAINING_PX, EVALUATION_PX])
        size = {
            px: sum(path.stat().st_size for path in folder.glob(f"images/*_{px}.npy")) / 1e9
            for px in (TRAINING_PX, EVALUATION_PX)
        }
        read = {"open": EVALUATION_PX, "training": TRAINING_PX, "evaluation": EVALUATION_PX}
        rows = [
            {
                "part": part,
                **in_process(part, folder, arguments.threads),
                "images": f"{read[part]} px",
                "store_gb": size[read[part]],
                "limit_gb": LIMITS_GB.get(part, np.nan),
            }
            for part in PARTS
        ]
    print(f"store of {sum(source.counts.values()):,} images, {arguments.images:,} of them for validation")
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format="{:.2f}".format, na_rep="-"))
    return int((table["peak_gb"] > table["limit_gb"]).any())


if __name__ == "__main__":
    sys.exit(main())
