"""Rule `finetune_winner`: the winner of one target, trained further alone."""

from pathlib import Path

import common

from nascore.results.validation import WEIGHTS, Validation
from nascore.training.finetune import finetune, nothing_to_finetune
from nascore.training.job import PhaseJob
from nascore.training.options import TrainingOptions


def main(snakemake):
    """Fine-tune, go on, or say that nothing was found."""
    files, output, params = snakemake.input, snakemake.output, snakemake.params
    validation = Validation.read(files.validation)
    if validation.winner is None:
        nothing_to_finetune(Path(output.weights), Path(output.curve))
        print(f"nothing to fine-tune: {validation.message}")
        return
    job = PhaseJob(
        space=params.space,
        options=TrainingOptions.model_validate(params.options),
        phase="finetuning",
        seed=params.seed,
        images=Path(files.images[0]).parent,
        calibration_images=params.calibration_images,
        checkpoint=Path(output.weights) / WEIGHTS,
        curve=Path(output.curve),
        start=Path(files.start) / WEIGHTS,
        teacher=Path(files.teacher),
        device=params.device,
        code=params.code,
    )
    finetune(job)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
