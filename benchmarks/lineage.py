"""Time of an audit, and what recording adds to a job.

    python benchmarks/lineage.py

Writes a run of 10,000 sampled subnets and 50 targets with the sizes and the edges of a real one, records it as the
workflow does, and audits it as the command line does, in a process of its own. What recording costs is measured on jobs
that read a whole image store and do nothing else. Exits with 1 if a figure is not reached.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import chdir
from pathlib import Path

import numpy as np

from nascore.lineage.recording import Job, Recording

ROOT = Path(__file__).resolve().parents[1]
SEARCHERS = ("random", "evolution", "exact")
SPLITS = ("train", "calibration", "search", "test")
IMAGES = {"train": 6000, "calibration": 500, "search": 1500, "test": 2000}
RESULTS = Path("results/benchmark")
JOB_SECONDS = 10
REPEATS = 9


class Written:
    """Records jobs and writes noise of a size as their outputs."""

    def __init__(self) -> None:
        self.noise = np.random.default_rng(0).bytes(1 << 20)
        self.seconds: list[float] = []

    def job(self, rule: str, inputs: list[str], sizes: dict[str, int], **wildcards: str) -> None:
        """Write outputs of these sizes in bytes, and note what recording alone takes."""
        job = Job(
            rule=rule, script=f"workflow_scripts/{rule}.py", code_folder=ROOT, results=RESULTS, wildcards=wildcards,
            params={"code": "0" * 16, "seed": 0, "space": {"name": "ofa_mcunet"}},
            inputs=[(None, path) for path in inputs], outputs=[(None, path) for path in sizes],
        )  # fmt: skip
        start = time.perf_counter()
        recording = Recording.begin(job)
        begun = time.perf_counter() - start
        for number, (path, size) in enumerate(sizes.items()):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            head = f"{rule}{wildcards}{number}".encode()
            with open(path, "wb") as file:
                file.write(head)
                for _ in range(size >> 20):
                    file.write(self.noise)
                file.write(self.noise[: size & ((1 << 20) - 1)])
        start = time.perf_counter()
        recording.end()
        self.seconds.append(begun + time.perf_counter() - start)


def write_run(written: Written, subnets: int, targets: int, shards: int) -> None:
    """Write a run with the jobs of rules/."""
    store = {f"data/synthetic/images/{s}_{r}.npy": 3 * r * r * IMAGES[s] for s in SPLITS for r in (32, 40, 48, 64)}
    store |= {"data/synthetic/manifest.json": 1_500_000}
    written.job("prepare_images", [], store)
    base, images = RESULTS.as_posix(), list(store)
    supernet = f"{base}/supernet/sandwich/supernet.safetensors"
    written.job("train_phase", images, {supernet: 12_000_000})
    drawn = f"{base}/accuracy_dataset/architectures.parquet"
    written.job("sample_architectures", [], {drawn: 60 * subnets})
    parts = [f"{base}/accuracy_dataset/shards/{number:04d}.parquet" for number in range(shards)]
    for part in parts:
        written.job("measure_shard", [drawn, supernet, *images], {part: 100 * subnets // shards}, shard=Path(part).stem)
    dataset, predictor = (
        f"{base}/accuracy_dataset/accuracy_dataset.parquet",
        f"{base}/predictors/a/predictor.safetensors",
    )
    written.job("gather_shards", [drawn, *parts], {dataset: 150 * subnets})
    written.job("fit_predictor", [dataset], {predictor: 500_000}, predictor="a")
    found: list[str] = []
    for number in range(targets):
        target = f"t{number}"
        searches = [f"{base}/search/{target}/{searcher}/result.json" for searcher in SEARCHERS]
        for path in searches:
            written.job("search", [predictor], {path: 12_000}, target=target, searcher=Path(path).parent.name)
        folder = f"{base}/validation/{target}"
        written.job(
            "choose_contenders", [searches[2], predictor], {f"{folder}/contenders.parquet": 9_000}, target=target
        )
        ranking = f"{folder}/ranking.parquet"
        written.job(
            "rank_contenders", [f"{folder}/contenders.parquet", supernet, *images], {ranking: 9_000}, target=target
        )
        outputs = {f"{folder}/validation.json": 9_000, f"{folder}/winner.safetensors": 3_000_000}
        written.job("validate_target", [searches[2], ranking, supernet, *images], outputs, target=target)
        written.job("draw_winner", searches, {f"{base}/search/{target}/winner.svg": 9_000}, target=target)
        found += [*searches, f"{folder}/validation.json"]
    written.job("summarize", found, {f"{base}/targets.csv": 40_000})
    written.job("write_report", [*found, dataset], {f"{base}/report.html": 5_000_000})


def audit_seconds() -> tuple[float, str]:
    """Audit in a new process, as a person does; return the seconds and what it printed first."""
    start = time.perf_counter()
    command = [sys.executable, "-c", "from nascore.cli import app; app()", "audit"]
    done = subprocess.run(command, capture_output=True, text=True)
    if "altered" in done.stdout or "missing" in done.stdout or not done.stdout:
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - start, done.stdout.splitlines()[0]


def recording_seconds() -> tuple[float, float]:
    """Return the seconds that the recording of a job takes with its imports, in a new process, and the worst of all."""
    code = f"""
import time
import nascore.accuracy_dataset.coverage, nascore.spaces
start = time.perf_counter()
from pathlib import Path
from nascore.lineage.recording import Job, Recording
inputs = [(None, str(path)) for path in sorted(Path("data").glob("synthetic/images/*"))]
job = Job("search", "workflow_scripts/search.py", Path({str(ROOT)!r}), Path({str(RESULTS)!r}), dict(t="x"),
          dict(code="0" * 16), inputs, [(None, "{RESULTS}/out")])
recording = Recording.begin(job)
middle = time.perf_counter()
Path("{RESULTS}/out").write_text("x" * 10_000)
start += time.perf_counter() - middle
recording.end()
print(time.perf_counter() - start)
"""
    seconds = [float(subprocess.check_output([sys.executable, "-c", code], text=True)) for _ in range(REPEATS)]
    return statistics.median(seconds), max(seconds)


def main() -> int:
    """Measure, print one table, and say whether all figures are reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subnets", type=int, default=10_000)
    parser.add_argument("--targets", type=int, default=50)
    parser.add_argument("--shards", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        written = Written()
        write_run(written, options.subnets, options.targets, options.shards)
        audits = [audit_seconds() for _ in range(3)]
        alone, worst = recording_seconds()
    seconds = statistics.median(time for time, _ in audits)
    share = alone / JOB_SECONDS
    print(audits[0][1])
    print(f"{'what':<58}{'measured':>10}   to reach")
    print(f"{'audit, a process of its own, median of 3':<58}{seconds:>8.1f} s   10 s")
    print(
        f"{'recording of a job, with imports, median of 9':<58}{1000 * alone:>7.0f} ms   200 ms, 2 % of a job of 10 s"
    )
    print(f"{'  share of a job of 10 s':<58}{100 * share:>8.2f} %   2 %")
    print(f"{'  the slowest of 9':<58}{1000 * worst:>7.0f} ms")
    print(f"{'recording of a job without imports, median of ' + str(len(written.seconds)):<58}"
          f"{1000 * statistics.median(written.seconds):>7.0f} ms")  # fmt: skip
    return int(seconds > 10 or share > 0.02)


if __name__ == "__main__":
    sys.exit(main())
