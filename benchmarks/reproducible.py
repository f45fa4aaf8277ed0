"""Run the workflow twice from nothing, on one core and on two, and compare every derived artifact bit for bit.

    python benchmarks/reproducible.py                         the embedded default; needs half an hour and 2 cores
    python benchmarks/reproducible.py --configfile FILE       any other configuration
    python benchmarks/reproducible.py --slurm                 the second run on Slurm, as in `make test-cluster`

Both runs are in fresh copies of the code, in folders of different names. All of results/ and data/ is compared but
logs, timings and lineage, which hold times. Exits with 1 on any difference, and names the causes that lineage knows.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from nascore.files import file_sha256
from nascore.lineage.audit import UNDERIVED
from nascore.lineage.comparison import compare
from nascore.lineage.hashing import files_in
from nascore.lineage.history import Run, runs
from nascore.lineage.record import Environment

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from loopback_slurm import LOOPBACK, loopback_slurm  # noqa: E402

CODE = (
    "Snakefile",
    "rules",
    "workflow_scripts",
    "nascore",
    "config",
    "profiles",
    "docs/captions",
    "environment.yml",
    "requirements.lock",
)


def copy_code(folder: Path) -> None:
    """Copy what the workflow needs."""
    for name in CODE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, folder / name)


def run(folder: Path, where: tuple[str, ...], arguments: list[str], variables: dict[str, str]) -> None:
    """Run the workflow in a copy."""
    command = [sys.executable, "-m", "snakemake", *where, "--quiet", "rules", *arguments]
    # The package in the copy goes before the installed one.
    done = subprocess.run(command, cwd=folder, env={**os.environ, **variables, "PYTHONPATH": str(folder)})
    if done.returncode:
        sys.exit(f"the run with {' '.join(where)} failed in {folder}")


def derived(folder: Path) -> dict[str, str]:
    """Return the hash of every derived artifact by its path."""
    found = {}
    for top in ("results", "data"):
        for file in files_in(folder / top):
            path = file.relative_to(folder)
            if not set(path.parts[1:3]) & set(UNDERIVED):
                found[path.as_posix()] = file_sha256(file)
    return found


def gpus(run: Run) -> set[str]:
    """Return the GPUs that jobs of a run may have used, as its records say."""
    records = [record for record in run.jobs().values() if not record.bit_for_bit]
    surroundings = [found for record in records if isinstance(found := run.environment(record), Environment)]
    return {found.machine.gpu for found in surroundings if found.machine.gpu}


def compared(folders: list[Path]) -> bool:
    """Print what is the same and what differs, and say whether all is the same."""
    one, other = map(derived, folders)
    differing = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
    print(
        f"{len({*one, *other}) - len(differing)} of {len({*one, *other})} derived artifacts are the same, bit for bit"
    )
    for name in differing:
        print(f"  differs: {name}  {one.get(name, 'missing')[:12]}  {other.get(name, 'missing')[:12]}")
    for name in runs(folders[0]):
        first, second = (Run.open(name, folder) for folder in folders)
        for gpu in sorted(gpus(first) | gpus(second)):
            print(f"jobs of run {name} may have used a GPU ({gpu}); their records promise no equal bits")
        for cause in compare(first, second).causes if differing else []:
            print(f"  cause: {cause.kind} {cause.what}: {cause.first} / {cause.second} in {'; '.join(cause.jobs)}")
    return bool(one) and not differing


def main() -> None:
    """Run twice and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configfile", help="configuration; config/config.yaml unless given")
    parser.add_argument("--slurm", action="store_true", help="do the second run on a Slurm on loopback")
    options = parser.parse_args()
    arguments = ["--configfile", str(Path(options.configfile).resolve())] if options.configfile else []
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / "first", Path(name) / "another folder"]
        for folder in folders:
            copy_code(folder)
        run(folders[0], ("--cores", "1"), arguments, {})
        with loopback_slurm(Path(name) / "slurm") if options.slurm else nullcontext({}) as variables:
            run(folders[1], LOOPBACK if options.slurm else ("--cores", "2"), arguments, variables)
        same = compared(folders)
    sys.exit(not same)


if __name__ == "__main__":
    main()
