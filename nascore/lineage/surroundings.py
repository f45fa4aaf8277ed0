"""What a job ran with: the commit of the code, installed versions, the machine. Reads no environment variable."""

import hashlib
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from nascore.lineage.record import UNKNOWN, Code, Environment, Machine

CODE = (
    *("Snakefile", "rules", "workflow_scripts", "nascore"),
    *("environment.yml", "environment.post-deploy.sh", "pyproject.toml", "requirements.lock"),
)
"""What is code in the project's folder; anything else may differ from the commit without making it dirty."""

LOCK = "requirements.lock"


def code_state(root: Path, fingerprint: str) -> Code:
    """Return which code is in a folder; everything about git is unknown without git or outside a repository."""
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return Code(fingerprint=fingerprint, commit=UNKNOWN, state="unknown")
    name = commit.decode().strip()
    changed = _git(root, "status", "--porcelain", "-z", "--untracked-files=all", "--", *CODE)
    if changed is None:
        return Code(fingerprint=fingerprint, commit=name, state="unknown")
    if not changed:
        return Code(fingerprint=fingerprint, commit=name, state="clean")
    return Code(fingerprint=fingerprint, commit=name, state="dirty", diff_sha256=_diff_hash(root))


def _diff_hash(root: Path) -> str:
    """Return the hash of what the folder adds to the commit: the diff, and the files that git does not know."""
    digest = hashlib.sha256(_git(root, "diff", "--no-ext-diff", "--binary", "HEAD", "--", *CODE) or b"")
    untracked = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *CODE) or b""
    for name in sorted(filter(None, untracked.split(b"\0"))):
        file = root / os.fsdecode(name)
        digest.update(name + b"\0" + (file.read_bytes() if file.is_file() else b"") + b"\0")
    return digest.hexdigest()


def _git(root: Path, *arguments: str) -> bytes | None:
    """Return what a git command prints, or None if it fails; it takes no lock that another job may want."""
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return None


def environment(root: Path) -> Environment:
    """Return the versions and the machine of this process."""
    lock = root / LOCK
    text = lock.read_bytes() if lock.is_file() else None
    installed = installed_versions()
    if text is not None:
        lines = (line.partition("#")[0].partition("==") for line in text.decode(errors="replace").splitlines())
        names = sorted(normal_name(name) for name, equals, _ in lines if equals)
        installed = {name: installed.get(name, "not installed") for name in names}
    return Environment(
        python=platform.python_version(),
        lock_sha256=hashlib.sha256(text).hexdigest() if text is not None else None,
        packages=installed,
        machine=Machine(cpu=_cpu(), cores=_cores(), gpu=_gpu(), system=f"{platform.system()} {platform.release()}"),
    )


def installed_versions() -> dict[str, str]:
    """Return the version of each installed package by its normalised name, from the names of metadata folders.

    Reading the metadata itself, as `importlib.metadata` does, takes a fifth of a second, in every job.
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if match := re.fullmatch(r"(.+)-([^-]+)\.dist-info", name):
                found.setdefault(normal_name(match[1]), match[2])
    return dict(sorted(found.items()))


def normal_name(name: str) -> str:
    """Return a package's name as indices compare names."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _cpu() -> str:
    """Return the model of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model")))
    return next(filter(None, models), "") or platform.processor() or platform.machine()


def _cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _gpu() -> str | None:
    """Return the model of the first GPU, without loading torch for it."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return str(torch.cuda.get_device_name(0))
