"""How well the latency of a network is known from a table of its layers, on this machine.

    python benchmarks/latency.py [--spaces binas ofa_mcunet] [--backends onnxruntime pytorch] [--folder FOLDER]

Measures every layer of each space (BINAS at 224 px, OFA-MCUNet at all its resolutions), and whole networks drawn at
random: some to fit the linear correction and the network predictors on, others to judge them. One thread, batch 1.
With a folder, tables are kept there and taken up again; otherwise all is measured anew. Exits with 1 if the corrected
sum of a space and backend has a mean error above 10 % or a Spearman correlation below 0.95 on the held-out networks.
Best on an idle machine.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import sys
import tempfile
import time
from pathlib import Path

from nascore.efficiency.latency_judgement import compare
from nascore.efficiency.latency_quality import correct, estimates
from nascore.evaluation.latency import measure_layers, measure_networks, sample_networks
from nascore.evaluation.latency_backends import backend_names, get_backend
from nascore.evaluation.latency_timing import Timing
from nascore.layer_signature import layers_of
from nascore.seeds import generator
from nascore.spaces import get_space, space_names

MAX_MAPE, MIN_SPEARMAN = 0.10, 0.95
DEVICE = "this-machine"


def main() -> int:
    """Measure, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spaces", nargs="+", default=["binas", "ofa_mcunet"], choices=space_names())
    parser.add_argument("--backends", nargs="+", default=["onnxruntime", "pytorch"], choices=backend_names())
    parser.add_argument("--resolutions", nargs="+", type=int, help="keep the spaces to these, px")
    parser.add_argument("--fit", type=int, default=100, help="networks to fit on")
    parser.add_argument("--heldout", type=int, default=50, help="networks to judge on")
    parser.add_argument("--repeats", type=int, default=256, help="timed calls of each layer and network, at most")
    parser.add_argument("--folder", type=Path, help="where tables are kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        reached = [run(space, name, folder, arguments) for space in arguments.spaces for name in arguments.backends]
    return 0 if all(reached) else 1


def run(space_name: str, backend_name: str, folder: Path, arguments: argparse.Namespace) -> bool:
    """Measure one space with one backend; say whether the aim is reached."""
    space = get_space(space_name, **({"resolutions": arguments.resolutions} if arguments.resolutions else {}))
    backend = get_backend(backend_name)
    genes = sample_networks(space, arguments.fit + arguments.heldout, seed=0)
    common = {"device": DEVICE, "timing": Timing.up_to(arguments.repeats)}
    stem = folder / f"{space_name}_{backend_name}"
    start = time.perf_counter()
    table = measure_layers(f"{stem}_layers.parquet", layers_of(space), backend, **common)
    # Fitted and held-out networks are measured side by side: a slow phase of the machine hits both.
    networks = measure_networks(f"{stem}_networks.parquet", space, genes, backend, **common)
    order = generator(0, "latency", "split").permutation(len(networks.genes))
    fitted, heldout = networks.take(order[: arguments.fit]), networks.take(order[arguments.fit :])
    seconds = time.perf_counter() - start
    compared = compare(heldout.median_ms, estimates(table, fitted, heldout, seed=0))
    correction = correct(table, fitted).correction
    times, sure = heldout.median_ms, heldout.times["spread_ms"] / heldout.median_ms
    print(f"\n{space_name}, {backend_name} {backend.runtime_version}, {backend.hardware}: measured in {seconds:.0f} s")
    print(f"  {len(table.rows)} layers (spread {(table.rows['spread_ms'] / table.rows['median_ms']).median():.1%})")
    print(f"  {len(times)} held-out networks, {times.min():.2f} to {times.max():.2f} ms (spread {sure.median():.1%})")
    print(f"  correction: {correction.slope:.3f} x sum + {correction.intercept_ms:.3f} ms")
    print(compared.to_string(index=False, float_format="{:.3f}".format), flush=True)
    corrected = compared.set_index("estimate").loc["corrected_sum"]
    return bool(corrected["mape"] <= MAX_MAPE and corrected["spearman"] >= MIN_SPEARMAN)


if __name__ == "__main__":
    sys.exit(main())
