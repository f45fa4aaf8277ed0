"""How soon `make unit` shows a mistake: five of them, one at a time, in a copy of the project.

    make env && .venv/bin/python benchmarks/mistakes.py

Prints for each the seconds from the call to the first failing test, and that test.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

MISTAKES = (
    ("nascore/spaces/layers.py", "divisor / 2", "divisor / 3"),
    ("nascore/predictors/conformal.py", "[rank - 1]", "[rank - 2]"),
    ("nascore/lineage/hashing.py", "key=lambda file: file.relative_to(folder).as_posix()", "reverse=True"),
    ("nascore/results/labels.py", "{100 * share", "{10 * share"),
    ("nascore/training/optimiser.py", "(step + 1)", "step"),
)
"""File, text, and what stands in its place; one each in shapes, statistics, lineage, the report and training."""


def first_failure(folder: Path) -> tuple[float, str]:
    """Return the seconds to the first failing test of `make unit`, and its name; "none" where all pass."""
    begin = time.monotonic()
    command = ["make", "unit", "PYTEST=-vv -n 2 --dist loadfile --no-loadscope-reorder"]
    # The copy is what is tested, not the package that is installed.
    environment = {**os.environ, "PYTHONPATH": str(folder), "NASCORE_SHARED": str(ROOT.parent / "shared")}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        for line in running.stdout:
            if " FAILED " in line or " ERROR " in line:
                running.terminate()
                return time.monotonic() - begin, line.split()[-1]
    return time.monotonic() - begin, "none"


def main() -> None:
    """Make each mistake, test, and take it back."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "project"
        shutil.copytree(ROOT, folder, symlinks=True, ignore=shutil.ignore_patterns(".venv", "build", "results", "data"))
        (folder / ".venv").symlink_to(ROOT / ".venv")
        shutil.copytree(ROOT / "tests" / "data", folder / "tests" / "data")
        late = False
        for name, right, wrong in MISTAKES:
            text = (folder / name).read_text()
            assert right in text, f"{name} has no {right!r}"
            (folder / name).write_text(text.replace(right, wrong, 1))
            seconds, test = first_failure(folder)
            late |= seconds > 60 or test == "none"
            print(f"{seconds:5.1f} s  {name}: {right} -> {wrong}  {test}", flush=True)
            (folder / name).write_text(text)
    sys.exit(late)


if __name__ == "__main__":
    main()
