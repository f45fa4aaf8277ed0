"""How the work scales: sampling with shards, planning with targets, the image store with images.

    python benchmarks/scale.py

Measures on this machine and rewrites what it says in numbers: the plot `docs/images/scale.svg`, and the text between
the marks of `docs/scale.md` and `docs/cluster.md`.

- Sampling: rule `measure_shard` of a small run, as 1 job, as 2 jobs side by side, and as 2 jobs of a Slurm on loopback
  (left out where its programs or the plugin are not installed; `make test-cluster` installs them).
- Cost of a subnet: calibration, and 500 images, on one thread, at the published resolutions.
- Planning: `snakemake -n` from nothing, by the number of targets; processor time.
- Store: the bytes of stores of noise.

What is computed from these, and how, is in `scale_pages.py`.
"""

import importlib.util
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
import yaml
from memory import Noise
from planning import SEARCHERS, configuration, plan
from scale_pages import Scale, Shards, SubnetCost, write_pages
from scale_plot import write_plot

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from loopback_slurm import LOOPBACK, loopback_slurm, missing_programs  # noqa: E402
from small_configs import IMAGES_CONFIG  # noqa: E402
from small_project import Project, new_project_in  # noqa: E402

from nascore.accuracy_dataset.sampling import sample_architectures  # noqa: E402
from nascore.data.store import ImageStore  # noqa: E402
from nascore.data.store_writer import write_store  # noqa: E402
from nascore.evaluation.measure import calibrate_on_store, measure  # noqa: E402
from nascore.lineage.hashing import files_in  # noqa: E402
from nascore.spaces import Genes, OfaMcunet, get_space  # noqa: E402
from nascore.spaces.ofa_mcunet import RESOLUTIONS  # noqa: E402
from nascore.supernet import Supernet, build_supernet  # noqa: E402
from nascore.supernet.allocator import keep_freed_memory  # noqa: E402
from nascore.supernet.initialise import initialise  # noqa: E402

SMALL = (32, 40, 48, 64)
"""Resolutions of the embedded default."""
CONFIG = {
    **IMAGES_CONFIG,
    "device": "cpu",
    "space": {"resolutions": list(SMALL)},
    "data": {"source": "synthetic", "train": 96, "calibration": 256, "search": 1500, "test": 50},
    "training": {**IMAGES_CONFIG["training"], "epochs": 1},
    "evaluation": {},
}
SUBNETS = 60
TARGETS = (10, 50, 200, 600)
STORED_IMAGES = (250, 500, 1000)
IMAGES, TIMED_SUBNETS = 500, 30
"""Two subnets of each resolution and width."""


def best(seconds: Callable[[], float], repeats: int = 2) -> float:
    """Return the smallest of some measurements: others are slower for what else the machine does."""
    return min(seconds() for _ in range(repeats))


# -- sampling ------------------------------------------------------------------------------------------


def shards_of(project: Project, shards: int, arguments: tuple[str, ...], environment: dict[str, str]) -> Shards:
    """Measure all subnets of a project anew in so many jobs."""
    project.configure(CONFIG, sampling={"subnets": SUBNETS, "shards": shards})
    for folder in (project.results / "accuracy_dataset" / "shards", project.results / "benchmarks" / "measure_shard"):
        shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "snakemake", "--configfile", "config.yaml", "--until", "measure_shard", *arguments]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True)
    call_s = time.perf_counter() - start
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    timings = project.results / "benchmarks" / "measure_shard"
    work = [pd.read_parquet(file)["seconds"].sum() for file in sorted(timings.glob("*_subnets.parquet"))]
    return Shards(shards, SUBNETS, CONFIG["data"]["search"], call_s, max(work), sum(work) / SUBNETS)


def sampling(folder: Path) -> tuple[list[Shards], Shards | None]:
    """Return what 1 and 2 local jobs, and 2 jobs of Slurm, have taken."""
    project = new_project_in(folder / "project")
    project.configure(CONFIG, sampling={"subnets": SUBNETS, "shards": 1})
    prepared = project.run("--until", "train_phase", "sample_architectures")
    if prepared.returncode:
        sys.exit(prepared.stdout)
    local = [shards_of(project, n, ("--cores", str(n)), project.environment) for n in (1, 2)]
    if missing_programs() or not importlib.util.find_spec("snakemake_executor_plugin_slurm"):
        print("no Slurm here: its overhead per job is not measured", file=sys.stderr)
        return local, None
    with loopback_slurm(folder / "slurm") as slurm:
        return local, shards_of(project, 2, LOOPBACK, {**project.environment, **slurm})


# -- cost of a subnet ----------------------------------------------------------------------------------


def subnet_costs(folder: Path) -> list[SubnetCost]:
    """Measure random subnets with random weights, on one thread."""
    torch.set_num_threads(1)
    keep_freed_memory()
    counts = {"train": 1, "calibration": 256, "search": IMAGES, "test": 1}
    store = write_store(folder / "store", Noise(counts), resolutions=RESOLUTIONS)
    space = get_space("ofa_mcunet", resolutions=RESOLUTIONS)
    assert isinstance(space, OfaMcunet)
    supernet = build_supernet(space)
    initialise(supernet, 0)
    genes = sample_architectures(space, TIMED_SUBNETS, 0, "stratified")
    seconds = pd.DataFrame([_subnet_cost(supernet.eval(), row, store) for row in genes])
    means = seconds.groupby("size").mean()
    return [SubnetCost(size, start, image) for size, start, image in means.itertuples(name=None)]


def _subnet_cost(supernet: Supernet, genes: Genes, store: ImageStore) -> dict[str, float]:
    """Return the seconds before the first image, and of one image."""
    cpu = torch.device("cpu")
    start = time.perf_counter()
    subnet = supernet.subnet(genes)
    calibrate_on_store(subnet, store, n_images=256, device=cpu)
    calibrated = time.perf_counter()
    measure(subnet, store, split="search", device=cpu, batch_size=32)
    end = time.perf_counter()
    return {"size": subnet.resolution, "start": calibrated - start, "image": (end - calibrated) / IMAGES}


# -- planning and store --------------------------------------------------------------------------------


def planning_seconds(folder: Path, targets: int) -> float:
    """Return the processor seconds of a plan."""
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(configuration(targets)))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    plan(folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def stored_bytes(folder: Path, images: int, resolutions: tuple[int, ...]) -> int:
    """Return the size of a store of noise."""
    write_store(folder, Noise({"train": images, "calibration": 1, "search": 1, "test": 1}), resolutions=resolutions)
    size = sum(file.stat().st_size for file in files_in(folder))
    shutil.rmtree(folder)
    return size


def main() -> None:
    """Measure and write."""
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        local, slurm = sampling(folder)
        scale = Scale(
            local=local,
            slurm=slurm,
            subnet_costs=subnet_costs(folder),
            planning={n: best(lambda n=n: planning_seconds(folder / "plan", n)) for n in TARGETS},
            searchers=len(SEARCHERS),
            stores={
                sizes: {n: stored_bytes(folder / "noise", n, sizes) for n in STORED_IMAGES}
                for sizes in (SMALL, RESOLUTIONS)
            },
        )
    write_pages(scale)
    write_plot(scale)


if __name__ == "__main__":
    main()
