"""Running a phase with one process or several."""

import subprocess
import sys
from tempfile import NamedTemporaryFile

from nascore.errors import TrainingError
from nascore.training.job import PhaseJob
from nascore.training.train import train_phase

ERROR = "error: "
"""How a process's last line starts where it ended on purpose."""


def run_phase(job: PhaseJob) -> None:
    """Run one phase, with as many processes as its options say; see `train_phase`.

    The processes end with this one, however it ends.

    Raises
    ------
    NascoreError
        As `train_phase`; with several processes it is a `TrainingError` with the message of the one that failed.
    """
    if job.options.processes == 1:
        train_phase(job)
        return
    with NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write(job.model_dump_json())
        file.flush()
        _run(command(file.name, job.options.processes))


def command(job_file: str, processes: int) -> list[str]:
    """Return the call that runs a job in several processes, which end when its standard input does."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    return [*torchrun, "-m", "nascore.training", job_file, "--ends-with-stdin"]


def _run(call: list[str]) -> None:
    """Run a command, passing on what it prints, and raise what it ended with."""
    message = None
    # Line by line, because this process's output may go to a file that is no standard stream. Leaving the block closes
    # the command's standard input, also where this process was interrupted or killed.
    with subprocess.Popen(
        call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if message is None and line.startswith(ERROR):
                message = line.removeprefix(ERROR).strip()
        status = process.wait()
    if status:
        raise TrainingError(message or f"a training process failed, and torchrun ended with status {status}")
