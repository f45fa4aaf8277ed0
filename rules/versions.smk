# Versions with DVC, before and after all jobs. No job calls DVC: it has one lock for the whole project.

from repair import accept_and_repair

from nascore.lineage.history import Run
from nascore.versioning.snapshot import snapshot

# What DVC has put in place has any times, and what was edited or removed is made again before the jobs are planned.
# Jobs read this file too, and are not to wait for that.
if workflow.is_main_process:
    try:
        accept_and_repair(CONFIG.run, workflow.rules)
    except NascoreError as error:
        sys.exit(f"error: {error}")


def pin_versions():
    """Version the run with DVC, if the configuration asks for it and the run was made as a whole."""
    is_whole = any(job.rule.name == "all" for job in workflow.dag.targetjobs)
    if CONFIG.snapshot and is_whole:
        try:
            versions = snapshot(Run.open(CONFIG.run), in_workflow=True)
        except NascoreError as error:
            sys.exit(f"error: {error}")
        for version in versions:
            print(f"{version.folder} is pinned by {version.pin}", file=sys.stderr)
