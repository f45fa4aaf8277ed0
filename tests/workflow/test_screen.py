"""What a run shows: lines for finished jobs, progress of long ones, failures, and how to go on."""

import importlib.util
import io
import logging
import signal
import time
from pathlib import Path

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

SPEC = importlib.util.spec_from_file_location("screen", Path(__file__).parents[2] / "rules" / "screen.py")
assert SPEC and SPEC.loader
screen = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(screen)


class Told:
    """A screen that is told events, on a clock that the test sets."""

    def __init__(self, folder: Path, **jobs: int) -> None:
        self.folder, self.now = folder, 0.0
        self.screen = screen.Screen(io.StringIO(), lambda: self.now)
        self.tell(LogEvent.RUN_INFO, stats={**jobs, "all": 1, "total": sum(jobs.values()) + 1})

    def tell(self, event, level=logging.INFO, **facts):
        self.screen.told(event, level, facts)

    def start(self, jobid, rule, *wildcards, log=""):
        path = self.folder / f"{jobid}.log"
        facts = {"jobid": jobid, "rule_name": rule, "wildcards": dict(enumerate(wildcards)), "log": [str(path)]}
        self.tell(LogEvent.JOB_INFO, **facts)
        time.sleep(0.02)  # the file system's clock is a little behind
        path.write_text(log)

    def end(self, jobid):
        self.tell(LogEvent.JOB_FINISHED, job_id=jobid)

    @property
    def lines(self):
        return self.screen.stream.getvalue().splitlines()


@pytest.fixture
def told(tmp_path):
    return Told(tmp_path, prepare_images=1, measure_shard=4, search=5)


def test_a_finished_job_counts_for_the_run_and_for_its_rule(told):
    told.start(1, "prepare_images", log="blocks: 1/1\n{'train': 96}\n")
    told.end(1)
    for number in range(2):
        told.start(2 + number, "measure_shard", f"000{number}", log="measuring: 5/5\n")
        told.now += 20
        told.end(2 + number)
    assert told.lines == [
        "[ 1/10] prepare_images: {'train': 96}",
        "[ 2/10] measure_shard 0000, 1 of 4, about 01:00 left",
        "[ 3/10] measure_shard 0001, 2 of 4, about 00:40 left",
    ]


def test_a_search_shows_its_result(told):
    told.start(1, "search", "macs", "exact", log="10 subnets, the proven optimum\n")
    told.end(1)
    assert told.lines == ["[ 1/10] search macs exact, 1 of 5: 10 subnets, the proven optimum"]


def test_running_jobs_show_new_progress_once(told):
    told.start(1, "measure_shard", "0000")
    told.screen.look()
    log = told.folder / "1.log"
    log.write_text("loading\n")
    told.screen.look()
    log.write_text("measuring: 3/38, about 01:10 left\n")
    told.screen.look()
    told.screen.look()
    assert told.lines == ["        measure_shard 0000: measuring: 3/38, about 01:10 left"]


def test_a_running_job_without_anything_new_is_shown_each_minute(told):
    told.start(1, "train_phase", "sandwich", log="epoch: 1/8\n")
    for _ in range(9):
        told.screen.look()
        told.now += 15
    shown = [line.split("sandwich: ")[1] for line in told.lines]
    assert shown == ["epoch: 1/8", "epoch: 1/8 (for 1 min)", "epoch: 1/8 (for 2 min)"]


def test_the_log_of_an_earlier_run_is_not_shown(told):
    (told.folder / "1.log").write_text("measuring: 30/38\n")
    time.sleep(0.02)
    told.screen.running[1] = screen.Job("measure_shard", ("0000",), told.folder / "1.log")
    told.screen.look()
    assert told.lines == []


def test_a_failure_shows_the_end_of_its_log_and_how_to_go_on(told):
    told.start(1, "search", "macs", "exact", log="reading\nerror: the disk is full\nremove it\n")
    told.tell(LogEvent.JOB_ERROR, logging.ERROR, jobid=1)
    told.tell(LogEvent.ERROR, logging.ERROR, msg="RuleException:\nCalledProcessError in file search.smk")
    assert told.lines == ["FAILED search macs exact: error: the disk is full", "remove it"]
    end = told.screen.how_to_go_on()
    assert f"1 failed\n  search macs exact: see {told.folder}/1.log" in end and "the same command goes on" in end


def test_a_killed_job_cannot_say_why(told):
    told.start(1, "search", "macs", "exact", log="evaluating: 3/10\n")
    told.tell(
        LogEvent.ERROR, logging.ERROR, msg="RuleException:\nCalledProcessError …: died with <Signals.SIGKILL: 9>."
    )
    told.tell(LogEvent.JOB_ERROR, logging.ERROR, jobid=1)
    assert len(told.lines) == 1 and "killed (SIGKILL); if nobody did so, the machine ran out of memory" in told.lines[0]


def test_an_error_of_the_workflow_itself_is_shown(told):
    told.tell(LogEvent.ERROR, logging.ERROR, msg="RuleException:\nWorkflowError in file search.smk: no such function")
    assert told.lines[1] == "WorkflowError in file search.smk: no such function"


def test_ctrl_c_is_no_failure(told):
    told.start(1, "search", "macs", "exact", log="interrupted\n")
    before = signal.getsignal(signal.SIGINT)
    try:
        told.tell(None, msg="Terminating processes on user request, this might take some time.")
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN, "a second one does not tear Snakemake down"
    finally:
        signal.signal(signal.SIGINT, before)
    told.tell(LogEvent.JOB_ERROR, logging.ERROR, jobid=1)
    assert told.lines == ["Stopping …"]
    assert told.screen.how_to_go_on().startswith("\nInterrupted after 0 of 10 jobs; the same command goes on")


def test_a_record_that_cannot_be_shown_does_not_end_the_run(tmp_path, capsys):
    logger, told = logging.Logger("run"), Told(tmp_path, search=1)
    logger.addHandler(screen.Handler(told.screen))
    logger.info(None, extra={"event": LogEvent.JOB_FINISHED})  # without the number of its job
    logger.info("still here")
    assert told.lines == ["still here"] and "job_id" in capsys.readouterr().err


@pytest.mark.parametrize(
    "message",
    [
        *("Select jobs to execute...", "Execute 2 jobs...", "Building DAG of jobs..."),
        "WorkflowError:\nAt least one job did not complete successfully.",
    ],
)
def test_what_says_nothing_to_people_is_left_out(told, message):
    told.tell(None, msg=message)
    assert told.lines == []


def test_messages_that_nobody_thought_of_are_shown(told):
    told.tell(None, msg="Nothing to be done (all requested files are present and up to date).")
    told.tell(None, logging.ERROR, msg="LockException:\nError: Directory cannot be locked.")
    assert told.lines == [
        "Nothing to be done (all requested files are present and up to date).",
        *("LockException:", "Error: Directory cannot be locked."),
    ]
