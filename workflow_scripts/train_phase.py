"""Rule `train_phase`: one phase of the supernet's training."""

from pathlib import Path

import common

from nascore.training.job import PhaseJob
from nascore.training.launch import run_phase
from nascore.training.options import TrainingOptions


def main(snakemake):
    """Train, or go on."""
    files, params = snakemake.input, snakemake.params
    job = PhaseJob(
        space=params.space,
        options=TrainingOptions.model_validate(params.options),
        phase=snakemake.wildcards.phase,
        seed=params.seed,
        images=Path(files.images[0]).parent,
        calibration_images=params.calibration_images,
        checkpoint=Path(snakemake.output.checkpoint),
        curve=Path(snakemake.output.curve),
        start=Path(files.start) if files.start else None,
        # The largest network, which progressive shrinking trains first, teaches all that follows.
        teacher=Path(files.teacher) if files.teacher else None,
        device=params.device,
        code=params.code,
    )
    run_phase(job)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
