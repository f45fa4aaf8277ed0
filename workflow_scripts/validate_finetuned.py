"""Rule `validate_finetuned`: a fine-tuned winner on the test split."""

from pathlib import Path

import common
import torch

from nascore.data.store import ImageStore
from nascore.evaluation.saved import validate_finetuned
from nascore.results.validation import Validation
from nascore.spaces import get_space
from nascore.supernet.inputs import find_device


def main(snakemake):
    """Test, on one CPU thread: jobs run side by side."""
    torch.set_num_threads(1)
    files, params = snakemake.input, snakemake.params
    result = validate_finetuned(
        Validation.read(files.validation),
        Path(files.weights),
        get_space(**params.space),
        ImageStore.open(Path(files.images[0]).parent),
        device=find_device(params.device),
        batch_size=params.options["batch_size"],
    )
    result.write(snakemake.output.finetuning)
    print(result.message)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
