"""Mutation testing: the code is changed in one place at a time, and a test should fail for each change.

    make mutants

[mutmut](https://mutmut.readthedocs.io) makes all mutants of a package in a copy under `build/mutants/`, and a sample
is run against the tests that mirror the package. Those that only word an error differently are left out, because tests
look for facts in messages and not for words. A second call goes on where the first one ended, and begins a package anew
if its code or its tests have changed. Mutants that no test fails for are written to `build/mutants/survivors.txt`.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mutants_wording import diff, functions, only_wording
from scipy.stats import binomtest

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "mutants"
BIN = Path(sys.executable).parent
PACKAGES = ("spaces", "efficiency", "search", "predictors")

LIBRARIES = ("highspy", "hypothesis", "numpy", "pandas", "pyarrow.parquet", "pytest", "scipy.stats", "torch")
"""Imported before the process of each mutant is forked. `nascore` is not, so that no mutant uses what the original has
computed."""

CONFIG = """\
[mutmut]
source_paths = nascore
only_mutate = nascore/{package}/*
pytest_add_cli_args =
    --hypothesis-profile=ci
    -pno:cacheprovider
pytest_add_cli_args_test_selection = tests/{package}
process_isolation = forkserver
forkserver_warmup = import
preload_modules_file = libraries.txt
timeout_multiplier = 5
timeout_constant = 10
track_dependencies = false
use_git_change_detection = false
"""
"""Hypothesis draws the same examples each time in its profile `ci`, so verdicts can be had again."""

KILLED, TIMEOUT, SURVIVED, UNTESTED = "killed", "timeout", "survived", "no tests"
VERDICTS = {0: SURVIVED, 33: UNTESTED, **dict.fromkeys((-24, -9), TIMEOUT)}
"""By exit code. Any other is a test that fails or cannot be imported, or a crash."""

COUNTS = ("package", "mutants", "wording", "sampled", "killed", "by time", "survived", "no tests")
HEADER = (*COUNTS, "score", "95 % interval")


def verdict(exit_code: int) -> str:
    """Return what an exit code of mutmut says of a mutant."""
    return VERDICTS.get(exit_code, KILLED)


@dataclass(frozen=True)
class Score:
    """How many mutants a package has, how many of them only change words, and the sample by verdict."""

    package: str
    mutants: int
    wording: int
    verdicts: Counter[str]

    def row(self) -> list[str]:
        """Return the columns of the table."""
        sampled = self.verdicts.total()
        killed = self.verdicts[KILLED] + self.verdicts[TIMEOUT]
        ends = binomtest(killed, sampled).proportion_ci(0.95, method="wilson")
        rest = (self.verdicts[verdict] for verdict in (TIMEOUT, SURVIVED, UNTESTED))
        counts = map(str, (self.mutants, self.wording, sampled, killed, *rest))
        return [self.package, *counts, f"{killed / sampled:.1%}", f"{ends.low:.1%} to {ends.high:.1%}"]


def table(scores: list[Score]) -> str:
    """Return lines of text: a header, one line per package, and one of all."""
    verdicts = sum((score.verdicts for score in scores), Counter[str]())
    total = Score("all", sum(s.mutants for s in scores), sum(s.wording for s in scores), verdicts)
    rows = [HEADER, *(score.row() for score in [*scores, total])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def sample(names: Iterable[str], count: int, seed: int) -> list[str]:
    """Return up to `count` names; a larger count only adds to those of a smaller one."""
    ordered = sorted(names)
    return [ordered[i] for i in np.random.default_rng(seed).permutation(len(ordered))[:count]]


def inputs(root: Path, package: str) -> dict[str, str]:
    """Return hashes, by path, of a package's code and tests and of the helpers in tests/ that these import."""
    todo = [
        *root.glob(f"nascore/{package}/**/*.py"),
        *root.glob(f"tests/{package}/**/*.py"),
        root / "tests/conftest.py",
    ]
    found: dict[str, str] = {}
    while todo:
        code = (path := todo.pop()).read_text()
        found[str(path.relative_to(root))] = hashlib.sha256(code.encode()).hexdigest()
        helpers = [f"tests/{name}.py" for name in re.findall(r"^(?:from|import) (\w+)", code, re.MULTILINE)]
        todo += [root / helper for helper in helpers if helper not in found and (root / helper).is_file()]
    return found


def run(folder: Path, *command: str | Path) -> None:
    """Run a command in a copy, with one thread per process; what it prints goes to the copy's log.txt."""
    shared = (ROOT / os.environ.get("NASCORE_SHARED", "../shared")).resolve()
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    # Programs that tests start import the mutated code too. Python passes over a folder that it did not find once.
    code = folder / "mutants"
    code.mkdir(exist_ok=True)
    paths = {"NASCORE_SHARED": str(shared), "PYTHONPATH": str(code)}
    # Mutated files are long: they are compiled once, whatever is usual here.
    environment = {**os.environ, **threads, **paths, "PYTHONDONTWRITEBYTECODE": ""}
    with (folder / "log.txt").open("a") as log:
        done = subprocess.run(command, cwd=folder, env=environment, stdout=log, stderr=log)
    if done.returncode:
        sys.exit(f"{folder.name}: mutmut failed; see {log.name}")


def prepare(folder: Path, jobs: int) -> None:
    """Copy a package's code and tests and make all its mutants, unless that is done and nothing has changed since."""
    noted = folder / "inputs.json"
    before = json.loads(noted.read_text()) if noted.is_file() else {}
    now = inputs(ROOT, folder.name)
    if before == now:
        return
    if before:
        changed = [path for path in sorted(before | now) if before.get(path) != now.get(path)]
        print(f"{folder.name}: begun anew, since {', '.join(changed)} changed", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("nascore", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "pyproject.toml", folder)
    (folder / "setup.cfg").write_text(CONFIG.format(package=folder.name))
    (folder / "libraries.txt").write_text("\n".join(LIBRARIES))
    run(folder, sys.executable, ROOT / "benchmarks" / "mutants_prepare.py", "libraries.txt", str(jobs))
    # Last, so that what is interrupted before is begun anew.
    noted.write_text(json.dumps(inputs(folder, folder.name), indent=1))


def read(folder: Path) -> tuple[dict[str, int | None], dict[str, tuple[str, str]]]:
    """Return the exit codes of all mutants, None for those not run, and the sources of original and mutant."""
    codes: dict[str, int | None] = {}
    sources: dict[str, tuple[str, str]] = {}
    for meta in sorted(folder.glob("mutants/nascore/**/*.py.meta")):
        known = functions(meta.with_suffix("").read_text())
        for name, code in json.loads(meta.read_text())["exit_code_by_key"].items():
            generated = name.rpartition(".")[2]
            codes[name] = code
            sources[name] = known[generated.partition("__mutmut_")[0] + "__mutmut_orig"], known[generated]
    return codes, sources


def survivors(verdicts: Mapping[str, str], sources: Mapping[str, tuple[str, str]]) -> str:
    """Return names and diffs of the mutants that no test fails for."""
    lines = [
        f"# {name}: {said}\n{diff(*sources[name])}\n"
        for name, said in sorted(verdicts.items())
        if said in (SURVIVED, UNTESTED)
    ]
    return "\n".join(lines)


def main() -> None:
    """Run what has no verdict yet, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", nargs="+", default=PACKAGES, choices=PACKAGES)
    parser.add_argument("--per-package", type=int, default=200, help="mutants drawn from each package")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time")
    options = parser.parse_args()
    scores, survived = [], ""
    for package in options.packages:
        folder = WORK / package
        prepare(folder, options.jobs)
        codes, sources = read(folder)
        meant = [name for name in codes if not only_wording(*sources[name])]
        drawn = sample(meant, options.per_package, options.seed)
        todo = [name for name in drawn if codes[name] is None]
        print(f"{package}: {len(drawn)} of {len(meant)} mutants, {len(todo)} to run", flush=True)
        if todo:
            run(folder, BIN / "mutmut", "run", "--max-children", str(options.jobs), *todo)
            codes, _ = read(folder)
        verdicts = {name: verdict(code) for name in drawn if (code := codes[name]) is not None}
        if len(verdicts) < len(drawn):
            sys.exit(f"{package}: {len(drawn) - len(verdicts)} mutants have no verdict; call again to run them")
        scores.append(Score(package, len(codes), len(codes) - len(meant), Counter(verdicts.values())))
        survived += survivors(verdicts, sources)
    (WORK / "survivors.txt").write_text(survived)
    print(table(scores))
    print(f"seed {options.seed}; wording: mutants that only change words of an error's message, left out")


if __name__ == "__main__":
    main()
