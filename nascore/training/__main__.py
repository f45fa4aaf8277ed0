"""One process of a data-parallel training: `torchrun … -m nascore.training JOB.json [--ends-with-stdin]`.

With the option it ends at once when its standard input does, i.e. when whoever started the training is no more:
`torchrun` gives every process a session of its own, which no signal to the group reaches.
"""

import argparse
import os
import sys
from pathlib import Path
from threading import Thread

from nascore.errors import NascoreError
from nascore.training.job import PhaseJob
from nascore.training.train import train_phase


def _end_with_stdin() -> None:
    """Wait for the end of standard input and leave."""
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m nascore.training", description=__doc__)
    parser.add_argument("job", type=Path)
    parser.add_argument("--ends-with-stdin", action="store_true")
    arguments = parser.parse_args()
    if arguments.ends_with_stdin:
        Thread(target=_end_with_stdin, daemon=True).start()
    try:
        train_phase(PhaseJob.model_validate_json(arguments.job.read_text(encoding="utf-8")))
    except NascoreError as error:
        sys.exit(f"error: {error}")
