"""Has made again what is no longer as its job wrote it: files that were edited, cut or removed.

In one run Snakemake does again all that reads what a job has made again. So a repair is a run of its own, before the
jobs are planned: where it gives the recorded bytes, nothing that reads them has to run. Of files that are made from one
another the first is repaired first, for the same reason.
"""

import io
import os
import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import Collection, Iterable, Mapping
from contextlib import redirect_stderr, suppress
from pathlib import Path
from typing import Any

from snakemake.cli import parse_args
from snakemake.rules import Rule

from nascore.lineage.history import Run
from nascore.versioning.restored import accept_restored

REPAIRING = "NASCORE_REPAIRING"
"""Set where a run is a repair."""

WITHOUT_JOBS = (
    *("touch", "lint", "generate_unit_tests", "containerize", "print_compilation", "deploy_sources"),
    *("dag", "rulegraph", "filegraph", "d3dag", "summary", "detailed_summary", "archive", "unlock"),
    *("list_rules", "list_target_rules", "list_changes", "list_input_changes", "list_params_changes", "list_untracked"),
    *("list_conda_envs", "conda_create_envs_only", "conda_cleanup_envs", "container_cleanup_images"),
    *("cleanup_metadata", "cleanup_shadow", "delete_all_output", "delete_temp_output"),
)
"""Options of Snakemake with which it runs no job, by their names in what its parser returns."""

LOCKS = Path(".snakemake", "locks")
"""Where Snakemake lists the files that a run is about to write, while it runs."""

UP_TO_DATE = "no update"
"""What Snakemake's summary says of files whose jobs it does not plan."""


def accept_and_repair(name: str, rules: Iterable[Rule]) -> None:
    """Accept the files of a run as they are, and run the jobs again that made those which are not as recorded.

    Only what this call of Snakemake needs and would not make anyway is repaired. A dry run shows the first plan.

    Parameters
    ----------
    name
        The run.
    rules
        The rules; what none of them makes is left alone.

    Raises
    ------
    SystemExit
        With the status of a repair that failed.
    """
    found, repaired = accept_restored(name), set[str]()
    made = [path for path in found if any(rule.is_producer(path) for rule in rules)]
    if not made or REPAIRING in os.environ or _written_by_others() & set(made):
        return
    arguments = sys.argv[1:]
    with redirect_stderr(io.StringIO()):  # it has said which profile it reads
        _, options = parse_args(arguments)
    if not _runs_jobs(options) or options.forceall:
        return
    folder = _started_in(options.directory)
    while files := set(_first_to_repair(found, _plan(arguments, folder), options, Run.open(name))) - repaired:
        for path in sorted(files):
            word = "would be" if options.dryrun else "is"
            print(f"{path} {found[path]}; it {word} made again", file=sys.stderr, flush=True)
        _run(with_options(arguments, "--forcerun", *sorted(files), "--until", *sorted(files)), folder)
        if options.dryrun:
            return
        found, repaired = accept_restored(name, repaired=True), repaired | files


def with_options(arguments: list[str], *options: str) -> list[str]:
    """Return the arguments of a call with options more; what follows `--` are targets."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return [*arguments[:end], *options, *arguments[end:]]


def _written_by_others() -> set[str]:
    """Return the files that another run is writing; Snakemake refuses to begin a second one."""
    found = set[str]()
    for lock in LOCKS.glob("*.output.lock"):
        with suppress(FileNotFoundError):  # that run has just ended
            found |= set(lock.read_text().splitlines())
    return found


def _runs_jobs(options: Namespace) -> bool:
    """Say whether a call of Snakemake runs jobs, or would but for `--dry-run`."""
    reports = (options.report or options.reporter) and not options.report_after_run
    return not reports and not any(getattr(options, name) for name in WITHOUT_JOBS)


def _first_to_repair(found: Collection[str], plan: Mapping[str, str], options: Namespace, run: Run) -> list[str]:
    """Return the files whose job a call needs, will not run or only as they are missing, and could run right now."""
    needed = {path for path in found if path in plan and _is_asked_for(path, options, run)}
    first = []
    jobs_of_needed = {run.made[path] for path in needed}
    for path in sorted(needed):
        above = run.upstream([path])
        sources = {entry.path for record in above.values() for entry in record.inputs}
        is_current = all(plan.get(source, UP_TO_DATE) == UP_TO_DATE for source in sources)
        is_first = not jobs_of_needed & (above.keys() - {run.made[path]})
        if is_current and is_first and (plan[path] == UP_TO_DATE or not Path(path).exists()):
            first.append(path)
    return first


def _is_asked_for(path: str, options: Namespace, run: Run) -> bool:
    """Say whether `--until` and `--omit-from` leave the job that makes a file; the summary has all jobs."""
    above = run.upstream([path]).values()
    names = {name for record in above for name in (record.rule, *(entry.path for entry in record.outputs))}
    rules = {name: record.rule for name, record in run.jobs().items()}
    last = [made for made, name in run.made.items() if {made, rules.get(name)} & set(options.until)]
    return names.isdisjoint(options.omit_from) and (not options.until or run.made[path] in run.upstream(last))


def _started_in(directory: Path | None) -> Path:
    """Return the folder that the paths of a call start from: with `--directory`, Snakemake has left it by now."""
    if directory is None:
        return Path.cwd()
    started = Path(os.environ.get("PWD", ""))
    if (started / directory).resolve() != Path.cwd():
        sys.exit(f"error: outputs have to be made again; start snakemake in {Path.cwd()}, without --directory")
    return started


def _plan(arguments: list[str], folder: Path) -> dict[str, str]:
    """Return what a call of Snakemake plans with each file it needs; empty where it fails, which it will then say."""
    command = [sys.executable, "-m", "snakemake", *with_options(arguments, "--summary")]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return {row[0]: row[-1] for row in rows}


def _run(arguments: list[str], folder: Path) -> None:
    """Run Snakemake, and end with it if it fails; Ctrl-C reaches it, too, and it ends in its own way."""
    command, environment = [sys.executable, "-m", "snakemake", *arguments], {**os.environ, REPAIRING: "1"}
    process = subprocess.Popen(command, cwd=folder, env=environment)

    def wait(number: int, _: Any) -> None:
        if number == signal.SIGTERM:
            process.terminate()

    before = {number: signal.signal(number, wait) for number in (signal.SIGINT, signal.SIGTERM)}
    status = process.wait()
    for number, handler in before.items():
        signal.signal(number, handler)
    if status:
        sys.exit(status)
