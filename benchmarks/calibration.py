"""Accuracy of sampled subnets against the number of images that their batch norms are calibrated on.

    python benchmarks/calibration.py --run results/RUN [--images-store data/SOURCE]

Each subnet is calibrated on 8 images, then on 16, …, at last on all of `calibration`, and measured on `search`. The
table shows how far accuracies are from those with all images: the curve from which the default of
`evaluation.calibration_images` is chosen. All images at once take about 3 MB each at 160 px.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from nascore.data.store import ImageStore
from nascore.evaluation.measure import calibrate_on_store, measure
from nascore.progress import progress
from nascore.spaces import Genes, get_space
from nascore.supernet import Supernet
from nascore.supernet.checkpoint import load_supernet

COUNTS = (8, 16, 32, 64, 128, 256, 500)
CPU = torch.device("cpu")


def newest_checkpoint(run: Path) -> Path:
    """Return the checkpoint of the last phase of a run."""
    found = list(run.glob("supernet/*/supernet.safetensors"))
    if not found:
        raise SystemExit(f"{run} has no supernet/*/supernet.safetensors")
    return max(found, key=lambda path: path.stat().st_mtime)


def measured(supernet: Supernet, store: ImageStore, genes: Genes, counts: list[int], number: int) -> pd.DataFrame:
    """Return one subnet's accuracy, loss and seconds by number of calibration images."""
    rows = []
    for count in counts:
        subnet = supernet.subnet(genes)
        start = time.perf_counter()
        calibrate_on_store(subnet, store, n_images=count, device=CPU)
        calibrated = time.perf_counter()
        result = measure(subnet, store, split="search", device=CPU)
        seconds = {"calibration_s": calibrated - start, "measuring_s": time.perf_counter() - calibrated}
        rows.append({"images": count, "subnet": number, "accuracy": result.accuracy, "loss": result.loss, **seconds})
    return pd.DataFrame(rows)


def curve(rows: pd.DataFrame) -> pd.DataFrame:
    """Return means over the subnets by number of images, and the distances from the largest number."""
    accuracy = rows.pivot(index="images", columns="subnet", values="accuracy")
    points = 100 * (accuracy - accuracy.iloc[-1])
    means = rows.groupby("images")[["loss", "calibration_s", "measuring_s"]].mean()
    return pd.DataFrame(
        {
            "accuracy_%": 100 * accuracy.mean(axis=1),
            "mean_change": points.mean(axis=1),
            "mean_abs_change": points.abs().mean(axis=1),
            "largest_change": points.abs().max(axis=1),
            "rank_correlation": accuracy.T.corrwith(accuracy.iloc[-1], method="spearman"),
        }
    ).join(means)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="results of a run; its last phase's weights are used")
    parser.add_argument(
        "--images-store", type=Path, default=Path("data/synthetic"), help="the image store that the run was trained on"
    )
    parser.add_argument("--subnets", type=int, default=12, help="sampled subnets")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--seed", type=int, default=0, help="seed of the subnets")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    store = ImageStore.open(arguments.images_store)
    space = get_space("ofa_mcunet", resolutions=list(store.resolutions), n_classes=store.n_classes)
    checkpoint = newest_checkpoint(arguments.run)
    supernet = load_supernet(checkpoint, space).eval()
    every = store.n_images("calibration")
    counts = [*(count for count in COUNTS if count < every), every]
    subnets = space.sample(arguments.subnets, np.random.default_rng(arguments.seed))
    numbered = progress(list(enumerate(subnets)), "subnets")
    rows = pd.concat([measured(supernet, store, genes, counts, number) for number, genes in numbered])
    print(f"{checkpoint}: {len(subnets)} subnets, {store.n_images('search'):,} images of search; changes are in points")
    print(curve(rows).to_string(float_format="{:.3f}".format, na_rep="-"))


if __name__ == "__main__":
    main()
