# What is done and said before and after all jobs; Snakemake keeps one hook of each kind.

import time

from repair import REPAIRING
from screen import take_over
from snakemake.logging import logger

from nascore.cli.config_commands import targets_outlook
from nascore.cli.run_commands import winners_text
from nascore.files import remove_leftovers

SCREEN = take_over(logger, workflow.output_settings) if workflow.is_main_process else None
STARTED = time.monotonic()


def remove_temporary_files():
    """Remove what killed and interrupted jobs left; not every one of their files is about to be written again."""
    for folder in (RUN, ledger_folder("data"), "latency"):
        remove_leftovers(folder)


def refuse_missing_gpus():
    """End if this machine lacks a GPU that jobs need; where they run on other machines, this one may have none."""
    of_latency = ["cuda" for device in CONFIG.latency.devices.values() if device.backend == "cuda"]
    needed = [name for name in {CONFIG.device, *of_latency} if name.startswith("cuda")] if CONFIG.data else of_latency
    if needed and workflow.is_main_process and workflow.local_exec:
        from nascore.supernet.inputs import find_device  # loads torch

        try:
            for name in needed:
                find_device(name)
        except NascoreError as error:
            sys.exit(f"error: {error}")


onstart:
    refuse_missing_gpus()
    remove_temporary_files()
    if SCREEN and REPAIRING not in os.environ:
        SCREEN.write(targets_outlook(CONFIG))
        SCREEN.write(f"\n{SCREEN.total} jobs; Ctrl-C stops them, and the same command goes on\n")


onsuccess:
    if workflow.is_main_process:
        pin_versions()
    if SCREEN and SCREEN.whole:
        minutes, seconds = divmod(round(time.monotonic() - STARTED), 60)
        SCREEN.write(f"\n{winners_text(Path(RUN))}")
        SCREEN.write(f"\nDone in {minutes} min {seconds} s. The report is {RUN}/report.html")


onerror:
    remove_temporary_files()
    if SCREEN:
        SCREEN.write(SCREEN.how_to_go_on())
