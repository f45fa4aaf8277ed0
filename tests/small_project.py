"""A small project whose workflow really runs: the code of this one, copied, with small tables and quick options."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path

import yaml
from synthetic_tables import N_IMAGES, write_tables

from nascore.spaces import get_space

ROOT = Path(__file__).resolve().parents[1]
CODE = ("Snakefile", "rules", "workflow_scripts", "nascore", "profiles", "environment.yml", "docs/captions")

CONFIG = {
    "run": "small",
    "tables": "tables",
    "table_format": {"n_images": N_IMAGES},
    "predictors": {"linear_per_global": {}, "mlp": {"epochs": 1, "hidden": 16}},
    "learning_curve": {"rows": [50, 100]},
    "search": {"top_k": 3, "pareto": ["macs"]},
    "searchers": {
        "random": {"algorithm": "random", "samples": 50},
        "exact": {"algorithm": "exact"},
    },
    "targets": {"macs": {"macs_m": 30}, "board": {"device": "stm32f412"}, "impossible": {"peak_memory_kb": 64}},
}

LATENCY_CONFIG = {
    **CONFIG,
    "space": {"resolutions": [96]},
    "predictors": {"linear_per_global": {}},
    "learning_curve": {"rows": [50]},
    "searchers": {"exact": {"algorithm": "exact"}},
    "latency": {
        "fit": 10,
        "heldout": 10,
        "repeats": 16,
        "devices": {"onnx": {"backend": "onnxruntime"}, "torch": {"backend": "pytorch"}},
    },
    "targets": {
        "onnx": {"latency_ms": 1000, "latency_on": "onnx", "macs_m": 30},
        "torch": {"latency_ms": 1000, "latency_on": "torch"},
        "macs": {"macs_m": 30},
        "seconds": {"latency_ms": 0.0002, "latency_on": "onnx"},
    },
}
"""A run with latency limits that any machine keeps, and one that none does; few layers and few repeats."""

IMAGES_CONFIG = {
    "run": "small",
    "data": {"source": "synthetic", "train": 96, "calibration": 24, "search": 60, "test": 50},
    "space": {"resolutions": [32, 40]},
    "training": {"epochs": 2, "batch_size": 32, "random_subnets": 1, "monitor_images": 20, "threads": 1},
    "evaluation": {"calibration_images": 24},
    "sampling": {"subnets": 40, "shards": 3},
    "validation": {"top_k": 2},
    "predictors": {"linear_per_global": {}},
    "learning_curve": {"rows": [20]},
    "search": {"top_k": 3, "pareto": ["macs"]},
    "searchers": {"random": {"algorithm": "random", "samples": 20}, "exact": {"algorithm": "exact"}},
    "targets": {"macs": {"macs_m": 5}, "smallest": {"peak_memory_kb": 8}, "impossible": {"peak_memory_kb": 7}},
}
"""A run with a supernet: at 32 px the smallest working set is that of one shape of subnets, 8 KB."""

BINAS_CONFIG = {
    **IMAGES_CONFIG,
    "data": {"source": "synthetic", "train": 64, "calibration": 24, "search": 20, "test": 40},
    "space": {"name": "binas", "resolutions": [32]},
    "training": IMAGES_CONFIG["training"] | {"strategy": "multi_path"},
    "sampling": {"subnets": 40, "shards": 2},
    "predictors": {"linear_per_global": {}, "contributions": {}, "bilinear": {}},
    "searchers": {
        "bcfw": {"algorithm": "bcfw", "predictor": "bilinear", "starts": 1},
        "exact": {"algorithm": "exact", "predictor": "bilinear"},
    },
    "targets": {"macs": {"macs_m": 6}, "impossible": {"macs_m": 3}},
}
"""A run of the BINAS space: one-shot network, contributions, and searches that need bilinear predictors."""


class Project:
    """A folder with the code, tables and a configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results = folder / "results" / "small"
        self.said = folder / "said.txt"
        """What a killed workflow said."""

    def configure(self, base: dict[str, object] = CONFIG, **changes: object) -> None:
        """Write a configuration with some top-level keys changed."""
        (self.folder / "config.yaml").write_text(yaml.safe_dump({**base, **changes}, sort_keys=False))

    def command(self, *arguments: str, cores: int = 2) -> list[str]:
        """Return a snakemake call."""
        return [sys.executable, "-m", "snakemake", "--cores", str(cores), "--configfile", "config.yaml", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """The copied package goes before the installed one."""
        return {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, *arguments: str, cores: int = 2) -> subprocess.CompletedProcess[str]:
        """Run snakemake and return what it said."""
        return subprocess.run(
            self.command(*arguments, cores=cores),
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=600,
        )

    def killed_when(self, pattern: str, with_signal: signal.Signals) -> int:
        """Start snakemake, send a signal to all its processes once a result is there, and return the status."""
        running = subprocess.Popen(
            self.command(),
            cwd=self.folder,
            env=self.environment,
            stdout=self.said.open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Whoever runs the tests in the background may have SIGINT ignored, which children inherit.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        deadline = time.monotonic() + 300
        while not list(self.results.glob(pattern)) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(running.pid, with_signal)
        return running.wait(timeout=60)

    def planned(self) -> Counter[str]:
        """Return how many jobs of each rule a run would do."""
        plan = self.run("-n")
        assert plan.returncode == 0, plan.stdout
        jobs = Counter(re.findall(r"^(?:local)?rule (\w+):$", plan.stdout, re.MULTILINE))
        del jobs["all"]
        return jobs

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text in a file of the project."""
        text = (self.folder / name).read_text()
        assert old in text, f"{name} has no {old!r}"
        (self.folder / name).write_text(text.replace(old, new, 1))

    def derived(self) -> dict[str, str]:
        """Return the hash of every derived artifact: everything but logs, timings and lineage."""
        files = (path for path in self.results.rglob("*") if path.is_file())
        return {
            path.relative_to(self.results).as_posix(): sha256(path.read_bytes()).hexdigest()
            for path in sorted(files)
            if path.relative_to(self.results).parts[0] not in ("logs", "benchmarks", "lineage")
        }


def new_project_in(folder: Path, **space: object) -> Project:
    """Copy the code into a folder, with small tables of the space with some options and the configuration `CONFIG`."""
    for name in CODE:
        source, copy = ROOT / name, folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy)
    write_tables(folder / "tables", get_space("ofa_mcunet", **space), files=2, rows=200)
    project = Project(folder)
    project.configure()
    return project


def finished_project_in(folder: Path, config: dict[str, object], **space: object) -> Project:
    """Run a small project to its end; see `new_project_in`."""
    project = new_project_in(folder, **space)
    project.configure(config)
    done = project.run()
    assert done.returncode == 0, done.stdout
    return project
