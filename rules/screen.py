"""What people see while the workflow runs, in place of Snakemake's own account, which stays in .snakemake/log/.

    [12/75] measure_shard 0003, 4 of 8, about 02:10 left     one line per finished job: all steps, its rule's jobs
            train_phase sandwich: epoch: 3/8, about 04:10 left     how far a long one is, from the end of its log
    FAILED  search macs_3m exact: error: …                   with the log that says more

Snakemake's own account is on the screen, too, with `--verbose`, and in a dry run.
"""

import logging
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from snakemake_interface_logger_plugins.common import LogEvent

EVERY_S = 15
"""How often the state of running jobs is looked at; a job that is done sooner has its line at its end alone."""
SILENT_S = 60
"""After how long without anything new a running job is shown again."""
WORTH_SAYING_S = 10
"""Time left below which none is shown."""
WIDTH = 150

PROGRESS = re.compile(r"\d+/\d+")
"""What is in a line of a log that says how far its job is."""
KILLED = re.compile(r"<Signals.SIGKILL|exit status 137")
KILLED_WHY = "killed (SIGKILL); if nobody did so, the machine ran out of memory"

TELLING = ("prepare_images", "split_rows", "search", "validate_target")
"""Rules whose log ends in a result that is worth reading at once."""

NOISE = (
    *("Assuming unrestricted shared filesystem", "Building DAG", "Using shell", "Conda environments", "Select jobs"),
    *("Execute ", "Shutting down", "Terminating processes", "Removing output files of failed job", "Complete log"),
    *("Elapsed time", "Exiting because a job execution failed", "At least one job did not complete"),
)
"""How messages begin that say nothing to people, or that the end of the run says better."""


@dataclass
class Job:
    """A running job."""

    rule: str
    wildcards: tuple[str, ...]
    log: Path | None
    began: float = field(default_factory=time.time)
    seen: str = ""
    """The last line of its log."""
    seen_since: float = 0.0
    show_again: float = 0.0

    @property
    def name(self) -> str:
        """The rule and what it works on."""
        return " ".join((self.rule, *self.wildcards))

    def lines(self) -> list[str]:
        """Return the lines of its log that are not empty; none if the log is one of an earlier run."""
        try:
            if self.log is None or self.log.stat().st_mtime < self.began:
                return []
            text = self.log.read_text("utf-8", "replace")
        except OSError:  # not there yet
            return []
        return [line.strip() for line in text.splitlines() if line.strip()]

    def last_line(self) -> str:
        """Return the last line of its log; empty if there is none."""
        return (self.lines() or [""])[-1]

    def reason(self) -> str:
        """Return why it failed: its known error with what follows, or the last line of its log."""
        lines = self.lines() or ["nothing is in its log"]
        errors = [i for i, line in enumerate(lines) if line.startswith("error: ")]
        return "\n".join(lines[errors[-1] if errors else -1 :])


@dataclass
class Screen:
    """The state of a run, told event by event; `write` gets each line that is to be shown."""

    stream: TextIO = sys.stderr
    clock: Any = time.monotonic
    total: int = 0
    whole: bool = False
    """Whether the run makes everything up to the report."""
    in_rule: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    began: dict[str, float] = field(default_factory=dict)
    running: dict[int, Job] = field(default_factory=dict)
    failed: list[Job] = field(default_factory=list)
    killed: bool = False
    """Whether the job that fails next was killed, which its log cannot say."""
    interrupted: bool = False

    def write(self, text: str) -> None:
        """Show lines."""
        print(text, file=self.stream, flush=True)

    def write_line(self, line: str) -> None:
        """Show a line, cut where it is too long."""
        self.write(line if len(line) <= WIDTH else line[: WIDTH - 1] + "…")

    def told(self, event: LogEvent | None, level: int, facts: Mapping[str, Any]) -> None:
        """Take in one record of Snakemake's log."""
        if event == LogEvent.RUN_INFO:
            self._planned(facts["stats"])
        elif event == LogEvent.JOB_INFO:
            self._started(facts)
        elif event == LogEvent.JOB_FINISHED:
            self._finished(facts["job_id"])
        elif event == LogEvent.JOB_ERROR:
            self._failed(facts["jobid"])
        elif event is None or event == LogEvent.ERROR:
            self._said(str(facts["msg"] or ""), level)

    def _planned(self, stats: Mapping[str, int]) -> None:
        """Take in how many jobs there will be; `all` makes nothing."""
        self.in_rule = Counter({rule: n for rule, n in stats.items() if rule not in ("total", "all")})
        self.total, self.whole = self.in_rule.total(), "all" in stats

    def _started(self, facts: Mapping[str, Any]) -> None:
        if facts["rule_name"] == "all":
            return
        log = Path(facts["log"][0]) if facts["log"] else None
        self.running[facts["jobid"]] = Job(facts["rule_name"], tuple(map(str, facts["wildcards"].values())), log)
        self.began.setdefault(facts["rule_name"], self.clock())

    def _finished(self, jobid: int) -> None:
        job = self.running.pop(jobid, None)
        if job is None:
            return
        self.done[job.rule] += 1
        said = f": {job.last_line()}" if job.rule in TELLING else ""
        number = f"[{self.done.total():>{len(str(self.total))}}/{self.total}]"
        self.write_line(f"{number} {job.name}{self._of_rule(job.rule)}{said}")

    def _of_rule(self, rule: str) -> str:
        """Say how many jobs of a rule are done and how long the others take, if it has several."""
        done, total = self.done[rule], self.in_rule[rule]
        if total < 2:
            return ""
        left = round((self.clock() - self.began[rule]) / done * (total - done))
        after = f", about {left // 60:02}:{left % 60:02} left" if left >= WORTH_SAYING_S else ""
        return f", {done} of {total}{after}"

    def _failed(self, jobid: int) -> None:
        job = self.running.pop(jobid, None)
        if job is None or self.interrupted:
            return
        self.failed.append(job)
        self.write(f"FAILED {job.name}: {KILLED_WHY if self.killed else job.reason()}")
        self.killed = False

    def _said(self, message: str, level: int) -> None:
        """Show what has no event of its own, but for noise; the failures of jobs are shown from their logs."""
        if message.startswith("Terminating processes on user request"):
            self.interrupted = True
            # A second Ctrl-C would end Snakemake in the middle of its cleaning up, with its lock left behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self.write("Stopping …")
        of_a_job = level >= logging.ERROR and message.startswith("RuleException") and "CalledProcessError" in message
        self.killed |= of_a_job and KILLED.search(message) is not None
        if message.strip() and not message.removeprefix("WorkflowError:\n").startswith(NOISE) and not of_a_job:
            self.write(message.strip())

    def how_to_go_on(self) -> str:
        """Say what ended the run before its time, and what to do."""
        same = "the same command goes on where this one stopped"
        if self.interrupted:
            return f"\nInterrupted after {self.done.total()} of {self.total} jobs; {same}"
        logs = "".join(f"\n  {job.name}: see {job.log}" for job in self.failed)
        return f"\nNot finished: {len(self.failed)} failed{logs}\nOnce the cause is removed, {same}"

    def look(self) -> None:
        """Show how far the running jobs are, where their logs have gone on, and from time to time that they run."""
        now = self.clock()
        for job in list(self.running.values()):
            line = job.last_line()
            if line != job.seen:
                job.seen, job.seen_since, job.show_again = line, now, now
            if PROGRESS.search(line) and now >= job.show_again:
                job.show_again = now + SILENT_S
                since = f" (for {(now - job.seen_since) / 60:.0f} min)" if now > job.seen_since else ""
                self.write_line(f"{' ' * (2 * len(str(self.total)) + 3)} {job.name}: {line}{since}")


class Handler(logging.Handler):
    """Hands Snakemake's log over to a screen, and looks at running jobs from time to time."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self.screen = screen
        threading.Thread(target=self._look, daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take in one record; debugging ones are for Snakemake's own log."""
        if record.levelno < logging.INFO:
            return
        try:
            self.screen.told(getattr(record, "event", None), record.levelno, record.__dict__)
        except Exception:  # no run ends for what is shown of it
            self.handleError(record)

    def _look(self) -> None:
        while True:
            time.sleep(EVERY_S)
            with self.lock:
                self.screen.look()


def take_over(logger: logging.Logger, settings: Any) -> Screen | None:
    """Show a run on a screen of ours; None where Snakemake's own account is asked for, or another logger."""
    if settings.verbose or settings.dryrun or settings.quiet or settings.log_handler_settings:
        return None
    screen = Screen()
    for handler in [handler for handler in logger.handlers if handler.name == "DefaultStreamHandler"]:
        logger.removeHandler(handler)
        logger.addHandler(Handler(screen))
    return screen
