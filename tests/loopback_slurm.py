"""A Slurm cluster of one node on loopback, as its own user, with all its files in one folder and nothing left behind.

Needs the programs of Debian's `slurm-wlm` and `munge`, no systemd, no root, no cgroups and no accounting database.
"""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sinfo", "srun")
LOOPBACK = (
    *("--profile", "profiles/slurm", "--slurm-no-account", "--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "1"),
)
"""How Snakemake is told to use it: without an accounting database, and patient for a second only."""

CPUS = 4
"""As many as Slurm gives away, whatever the machine has."""
PATIENCE_S = 60
"""How long a daemon may take to start or to end."""

CONFIGURATION = """\
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={slurmctld_port}
SlurmdPort={slurmd_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=1
MinJobAge=86400
KillWait=5
ReturnToService=2
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb} Gres=gpu:1
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE
"""
GRES = "NodeName={host} Name=gpu File=/dev/null\n"
"""A device that stands for a GPU: Slurm only counts it."""
SRUN = """\
#!/bin/sh
SLURM_CONF={folder}/slurm.conf exec {srun} "$@"
"""
"""The plugin takes `SLURM_CONF` from the environment of a job, and srun would look in /etc/slurm."""


def missing_programs() -> list[str]:
    """Return the programs that are not installed."""
    return [name for name in PROGRAMS if not shutil.which(name, path=PATH)]


@contextmanager
def loopback_slurm(folder: Path) -> Iterator[dict[str, str]]:
    """Start munged, slurmctld and slurmd, yield the variables with which Slurm's commands find them, stop them."""
    folder.mkdir(mode=0o700)
    values = {
        "folder": folder,
        "host": socket.gethostname().partition(".")[0],
        "user": getpass.getuser(),
        "slurmctld_port": _free_port(),
        "slurmd_port": _free_port(),
        "cpus": CPUS,
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
    }
    (folder / "slurm.conf").write_text(CONFIGURATION.format(**values))
    (folder / "gres.conf").write_text(GRES.format(**values))
    for name in ("state", "spool", "bin"):
        (folder / name).mkdir()
    (folder / "bin" / "srun").write_text(SRUN.format(folder=folder, srun=shutil.which("srun", path=PATH)))
    (folder / "bin" / "srun").chmod(0o755)
    variables = {"PATH": f"{folder}/bin:{PATH}", "SLURM_CONF": str(folder / "slurm.conf")}
    environment = {**os.environ, **variables}
    with ExitStack() as daemons:
        daemons.enter_context(_daemon("munged", _munge(folder), folder, environment))
        _wait_for(lambda: (folder / "munge.socket").exists(), "munged", folder)
        daemons.enter_context(_daemon("slurmctld", ["slurmctld", "-D", "-c"], folder, environment))
        daemons.enter_context(_daemon("slurmd", ["slurmd", "-D", "-c"], folder, environment))
        _wait_for(lambda: _state(environment) == "idle", "slurmd", folder)
        try:
            yield variables
        finally:
            # Steps of jobs are processes that outlive slurmd.
            subprocess.run(["scancel", "--me"], env=environment)
            _wait_for(lambda: _state(environment) == "idle", "slurmctld", folder)


def _munge(folder: Path) -> list[str]:
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    files = {"socket": "munge.socket", "key-file": "munge.key", "pid-file": "munge.pid", "seed-file": "munge.seed"}
    return ["munged", "--foreground", "--force", *(f"--{name}={folder / file}" for name, file in files.items())]


@contextmanager
def _daemon(name: str, command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Run a daemon in the foreground, its output in a log; it ends with this process, even if that is killed."""
    with open(folder / f"{name}.log", "w") as log:
        running = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *command],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
        )
    try:
        yield
    finally:
        running.terminate()
        try:
            running.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _wait_for(condition: Callable[[], bool], name: str, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{name} is not there after {PATIENCE_S} s: {(folder / f'{name}.log').read_text()}")
        time.sleep(0.1)


def _state(environment: dict[str, str]) -> str:
    """Return the state of the node."""
    asked = subprocess.run(["sinfo", "--noheader", "--format=%T"], env=environment, text=True, capture_output=True)
    return asked.stdout.strip()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
