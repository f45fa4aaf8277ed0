"""How several processes are started, told apart from what they do: the command, its output, its end."""

import os
import runpy
import sys
from threading import Event

import pytest
from messages import facts

from nascore.errors import TrainingError
from nascore.training import launch, train
from nascore.training.job import PhaseJob


@pytest.fixture
def job(make_job, tmp_path) -> PhaseJob:
    """A job for two processes."""
    return make_job(tmp_path, processes=2)


def program(code):
    """Return a stand-in for `launch.command`: Python code that gets the file of the job."""
    return lambda file, processes: [sys.executable, "-c", code, file, str(processes)]


def test_the_command_is_torchrun_with_a_process_each():
    call = launch.command("job.json", 3)
    assert call[1:4] == ["-m", "torch.distributed.run", "--standalone"] and "--nproc-per-node=3" in call
    assert call[-4:] == ["-m", "nascore.training", "job.json", "--ends-with-stdin"]


def test_what_processes_print_is_passed_on_and_they_get_the_job(job, monkeypatch, capsys):
    monkeypatch.setattr(launch, "command", program("import sys; print(open(sys.argv[1]).read(), sys.argv[2])"))
    launch.run_phase(job)
    written, processes = capsys.readouterr().out.rsplit(" ", 1)
    assert PhaseJob.model_validate_json(written) == job and processes == "2\n"


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("import sys; print('epoch 1'); sys.exit('error: the loss is nan')", ("the loss is nan",)),
        ("import sys; print('killed'); sys.exit(7)", ("status 7",)),
    ],
)
def test_a_failure_is_that_of_the_process(job, monkeypatch, code, named):
    monkeypatch.setattr(launch, "command", program(code))
    with pytest.raises(TrainingError, match=facts(*named)):
        launch.run_phase(job)


class TestOneProcess:
    """`python -m nascore.training`, with a training that only notes its job."""

    @staticmethod
    def run(job, path, monkeypatch, *options):
        path.write_text(job.model_dump_json())
        monkeypatch.setattr(sys, "argv", ["nascore.training", str(path), *options])
        runpy.run_module("nascore.training", run_name="__main__")

    def test_runs_the_job(self, job, tmp_path, monkeypatch):
        jobs = []
        monkeypatch.setattr(train, "train_phase", jobs.append)
        self.run(job, tmp_path / "job.json", monkeypatch)
        assert jobs == [job]

    def test_says_what_is_wrong_in_a_line(self, job, tmp_path, monkeypatch):
        def fail(_):
            raise TrainingError("the loss is nan")

        monkeypatch.setattr(train, "train_phase", fail)
        with pytest.raises(SystemExit, match=r"\Aerror: the loss is nan\Z"):
            self.run(job, tmp_path / "job.json", monkeypatch)

    def test_ends_with_its_standard_input(self, job, tmp_path, monkeypatch):
        ended, statuses = Event(), []
        monkeypatch.setattr(os, "read", lambda *_: b"")
        monkeypatch.setattr(os, "_exit", lambda status: (statuses.append(status), ended.set()))
        monkeypatch.setattr(train, "train_phase", lambda _: ended.wait(30))
        self.run(job, tmp_path / "job.json", monkeypatch, "--ends-with-stdin")
        assert statuses == [1]
