"""Time to plan (`snakemake -n`) a run of 200 targets and 3 searchers.

    python benchmarks/planning.py

Plans a run on the small tables of the tests in a temporary folder, from nothing. Exits with 1 if the median takes more
than 15 s.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SEARCHERS = ("random", "evolution", "exact")
MOST_SECONDS = 15


def configuration(targets: int) -> dict[str, object]:
    """Return a run on tables with this many targets."""
    return {
        "run": "planning",
        "tables": str(ROOT / "tests" / "data" / "tables"),
        "predictors": {"linear_per_global": {}, "mlp": {}},
        "searchers": {name: {"algorithm": name} for name in SEARCHERS},
        "targets": {f"macs_{number:03}": {"macs_m": 20 + number / 10} for number in range(targets)},
    }


def plan(folder: Path) -> tuple[float, int]:
    """Return the seconds of a plan, and its number of searches."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-n",
        "--snakefile",
        str(ROOT / "Snakefile"),
        "--directory",
        str(folder),
    ]
    start = time.perf_counter()
    done = subprocess.run(
        [*command, "--configfile", str(folder / "config.yaml")], cwd=ROOT, capture_output=True, text=True
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return seconds, len(re.findall(r"^rule search:$", done.stdout, re.MULTILINE))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "config.yaml").write_text(yaml.safe_dump(configuration(options.targets)))
        plans = [plan(Path(name)) for _ in range(options.repeats)]
    times, searches = [seconds for seconds, _ in plans], plans[0][1]
    median = statistics.median(times)
    print(f"{options.targets} targets x {len(SEARCHERS)} searchers, {searches} searches planned")
    print(f"plan: {median:.1f} s (of {', '.join(f'{seconds:.1f}' for seconds in times)}); to reach: {MOST_SECONDS} s")
    sys.exit(median > MOST_SECONDS)


if __name__ == "__main__":
    main()
