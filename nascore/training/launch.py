"""Running a phase with one process or several."""

import re
import subprocess
import sys
from tempfile import NamedTemporaryFile

from nascore.errors import TrainingError
from nascore.training.job import PhaseJob
from nascore.training.train import train_phase


def run_phase(job: PhaseJob) -> None:
    """Run one phase, with as many processes as its options say; see `train_phase`."""
    if job.options.processes == 1:
        train_phase(job)
        return
    with NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write(job.model_dump_json())
        file.flush()
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        call = [*torchrun, f"--nproc-per-node={job.options.processes}", "-m", "nascore.training", file.name]
        # Their output goes where this process's goes, which may be a file that is no standard stream.
        done = subprocess.run(call, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout)
    if done.returncode:
        message = re.findall("^error: (.*)", done.stdout, re.MULTILINE)
        raise TrainingError(message[0] if message else f"a training process ended with status {done.returncode}")
