"""Time and memory of the whole workflow on the published tables: from nothing, unchanged, with one target changed.

    python benchmarks/workflow.py --tables ../shared/data/lab3_accuracy_tables

Runs in a temporary copy of the configuration with its own run name, and removes the results at the end.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil
import yaml

ROOT = Path(__file__).resolve().parents[1]
RUN = "benchmark_workflow"


def snakemake(config: Path, cores: int) -> tuple[float, float, str]:
    """Run the workflow; return the seconds, the most memory of all its processes together (MB), and what it printed."""
    # Snakemake's own account is read.
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--configfile", str(config), "--verbose"]
    with tempfile.TemporaryFile("w+") as printed:
        start, most = time.perf_counter(), 0.0
        running = subprocess.Popen(command, cwd=ROOT, stdout=printed, stderr=subprocess.STDOUT)
        while running.poll() is None:
            most = max(most, memory_mb(psutil.Process(running.pid)))
            time.sleep(0.25)
        seconds = time.perf_counter() - start
        printed.seek(0)
        said = printed.read()
    if running.returncode:
        sys.exit(said)
    return seconds, most, said


def memory_mb(process: psutil.Process) -> float:
    """Return the memory of a process and all below it; pages that several share count once."""
    total = 0
    try:
        for member in (process, *process.children(recursive=True)):
            total += member.memory_full_info().pss
    except psutil.Error:  # it ended meanwhile; the next look counts
        pass
    return total / 2**20


def jobs(said: str) -> dict[str, int]:
    """Count the jobs of each rule in what Snakemake printed."""
    names = re.findall(r"^(?:local)?rule (\w+):$", said, re.MULTILINE)
    return {name: names.count(name) for name in dict.fromkeys(names) if name != "all"}


def job_costs(results: Path) -> pd.DataFrame:
    """Read the benchmark files of all jobs, the longest first."""
    tables = [pd.read_csv(path, sep="\t").assign(job=str(path)) for path in results.glob("benchmarks/**/*.tsv")]
    return pd.concat(tables).sort_values("s", ascending=False)


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", required=True)
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    content = yaml.safe_load((ROOT / "config" / "lab3_tables.yaml").read_text())
    content |= {"run": RUN, "tables": str(Path(options.tables).resolve())}
    results = ROOT / "results" / RUN
    shutil.rmtree(results, ignore_errors=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "config.yaml"
            config.write_text(yaml.safe_dump(content))
            whole, most, _ = snakemake(config, options.cores)
            costs = job_costs(results)
            again, _, said_again = snakemake(config, options.cores)
            content["targets"]["macs_50m"] = {"thop_macs_m": 51}
            config.write_text(yaml.safe_dump(content))
            one, _, said_one = snakemake(config, options.cores)
    finally:
        shutil.rmtree(results, ignore_errors=True)
    print(f"{'what':<34}{'measured':>12}   to reach")
    print(f"{'from nothing':<34}{whole:>10.0f} s   180 s")
    print(f"{'nothing changed':<34}{again:>10.1f} s   10 s; jobs: {sum(jobs(said_again).values())}")
    print(f"{'one target changed':<34}{one:>10.1f} s   jobs: {jobs(said_one)}")
    print(f"{'peak memory, all processes':<34}{most:>9.0f} MB   2,000 MB")
    print("\nlongest jobs (seconds, CPU seconds, MB):")
    for row in costs.head(6).itertuples():
        job = Path(row.job).relative_to(results / "benchmarks")
        print(f"  {row.s:>6.1f} {row.cpu_time:>6.1f} {row.max_rss:>6.0f}  {job}")


if __name__ == "__main__":
    main()
