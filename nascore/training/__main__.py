"""One process of a data-parallel training: `torchrun … -m nascore.training JOB.json`."""

import sys
from pathlib import Path

from nascore.errors import NascoreError
from nascore.training.job import PhaseJob
from nascore.training.train import train_phase

if __name__ == "__main__":
    try:
        train_phase(PhaseJob.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8")))
    except NascoreError as error:
        sys.exit(f"error: {error}")
