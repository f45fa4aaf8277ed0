"""Starts Snakemake and `nascore` from a process that has imported the libraries already.

A small workflow has twenty to fifty jobs of a few milliseconds each, and each would import SciPy, pandas or torch
first. A server imports them once, and every program is forked from it: Snakemake, each of its jobs and the command line
are processes of their own as ever, with the working directory, the environment and the code of their project. The
server itself imports nothing of `nascore`, as every project has its own copy.
"""

import contextlib
import gc
import importlib
import multiprocessing
import os
import re
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from multiprocessing import forkserver
from pathlib import Path
from typing import Any, NoReturn

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["warm_libraries"])

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""As in the Snakefile: libraries read it when they are imported."""

FORKING = threading.Lock()
IMPORTED = re.compile(r"^\s*(?:from|import) (nascore[\w.]*)", re.MULTILINE)
"""What scripts import of the package."""

LIMIT_S = 600
POLL_S = 0.002


class Program:
    """A running program: a function of this module, with its arguments, in a process group of its own.

    Parameters
    ----------
    function
        `snakemake`, `nascore`, `dvc`, `python` or `run_page`.
    arguments
        The command line, without the name of the program.
    folder
        The working directory; its `nascore` is the one that is imported.
    environment
        The environment variables.
    """

    def __init__(
        self, function: Callable[..., None], *arguments: str, folder: Path, environment: Mapping[str, str]
    ) -> None:
        serve()
        self.arguments = list(arguments)
        self._said = tempfile.NamedTemporaryFile("r", encoding="utf-8")  # noqa: SIM115 (closed with this object)
        self._process = SERVER.Process(
            target=_begin, args=(function, arguments, folder, dict(environment), self._said.name)
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """The number of the process, and of its group."""
        assert self._process.pid
        return self._process.pid

    def is_running(self) -> bool:
        """Say whether it has not ended yet."""
        return self._process.is_alive()

    def said(self) -> str:
        """Return what it has written by now, on standard output and error."""
        self._said.seek(0)
        return self._said.read()

    def lines(self) -> Iterator[str]:
        """Yield each line that it writes as soon as it is whole, to its end."""
        with open(self._said.name, encoding="utf-8") as written:
            begun = ""
            while True:
                was_running = self.is_running()
                begun += written.readline()
                if begun.endswith("\n"):
                    yield begun
                    begun = ""
                elif was_running:
                    time.sleep(POLL_S)
                else:
                    return

    def kill(self, with_signal: signal.Signals) -> None:
        """Send a signal to the program and to all that it has started."""
        os.killpg(self.pid, with_signal)

    def wait(self) -> subprocess.CompletedProcess[str]:
        """Wait for its end, and return its status and what it wrote.

        Raises
        ------
        subprocess.TimeoutExpired
            If it takes longer than ten minutes.
        """
        self._process.join(LIMIT_S)
        if self.is_running():
            self.kill(signal.SIGKILL)
            raise subprocess.TimeoutExpired(self.arguments, LIMIT_S, self.said())
        status = self._process.exitcode
        assert status is not None
        return subprocess.CompletedProcess(self.arguments, status, self.said())


@cache
def serve() -> None:
    """Start the server, which imports the libraries while this process goes on."""
    before = dict(os.environ)
    os.environ.update(ONE_THREAD, PYTHONPATH=str(Path(__file__).parent))
    forkserver.ensure_running()
    os.environ.clear()
    os.environ.update(before)


def _begin(
    function: Callable[..., None], arguments: tuple[str, ...], folder: Path, environment: dict[str, str], said: str
) -> None:
    """Take on the working directory, the environment and the output of a program, and run it."""
    os.setpgid(0, 0)
    # Whoever runs the tests in the background may have SIGINT ignored, which children inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    output = os.open(said, os.O_WRONLY | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output, stream.fileno())
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = [str(folder)]
    # Jobs of a project compile its code once, whatever this machine's habit.
    sys.dont_write_bytecode = False
    function(*arguments)


def snakemake(*arguments: str) -> None:
    """Run Snakemake, which forks its jobs."""
    from snakemake import cli, script

    script.PythonScript.execute_script = _execute_script
    sys.argv = ["snakemake", *arguments]
    cli.main()


def nascore(*arguments: str) -> None:
    """Run the command line."""
    from nascore.cli import app

    sys.argv = ["nascore", *arguments]
    app()


def dvc(*arguments: str) -> None:
    """Run DVC."""
    from dvc.cli import main

    sys.exit(main(list(arguments)))


def python(code: str) -> None:
    """Run code."""
    exec(code, {"__name__": "__main__"})


def run_page(code: str, steps: str, outputs: str) -> None:
    """Run the steps of a page of documentation with the package of a folder."""
    import doc_runner

    sys.path.insert(0, code)
    doc_runner.run_page(steps, outputs)


def _execute_script(self: Any, script: str, edit: bool = False) -> None:
    """Run the script of a job as Snakemake's own method does, with an error unless it ends well.

    Only the time is recorded: looking at the memory of a process that shares so much takes longer than most jobs.
    """
    start = time.time()
    with FORKING:  # no thread is in the middle of an import while another one forks
        _import_code()
        gc.freeze()  # the job's collections of garbage leave alone what is Snakemake's
        pid = os.fork()
    if not pid:
        _run_script(script)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if self.bench_record:
        self.bench_record.running_time = time.time() - start
        self.bench_record.process_gone = True  # which is why nothing else is known of it
    if status:
        raise subprocess.CalledProcessError(status, f"python {script}")


@cache
def _import_code() -> None:
    """Import what the scripts of the project import of its package, once for all jobs of the run."""
    for script in sorted(Path("workflow_scripts").glob("*.py")):
        for name in IMPORTED.findall(script.read_text()):
            # A job that cannot import it says so itself.
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def _run_script(script: str) -> NoReturn:
    """Run a script as a new process would: Snakemake's signals are forgotten."""
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        runpy.run_path(script, run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Not by way of the end of the interpreter, which would wait for the threads of Snakemake.
        os._exit(status)
