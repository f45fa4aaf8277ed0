"""Rule `measure_contributions`: mean accuracies of random paths, from which the contributions of choices follow."""

from pathlib import Path

import common
import torch

from nascore.evaluation.contributions import PathMeasurer, PathOptions, measure_conditions
from nascore.predictors.contributions import conditions
from nascore.results.contributions import MEANS, Base
from nascore.spaces import get_space
from nascore.supernet.allocator import keep_freed_memory
from nascore.supernet.inputs import find_device


def main(snakemake):
    """Measure every condition, but for those that an interrupted run has measured."""
    torch.set_num_threads(1)
    keep_freed_memory()
    files, params, output = snakemake.input, snakemake.params, snakemake.output
    space = get_space(**params.space)
    options = PathOptions(split="search", seed=params.seed, **params.options)
    images = Path(files.images[0]).parent
    measurer = PathMeasurer(Path(files.checkpoint), space, images, options, find_device(params.device))
    unfinished = Path(output.means).with_suffix(".unfinished")
    base, means = measure_conditions(measurer, conditions(space), unfinished=unfinished, code=params.code)
    MEANS.write(output.means, means)
    about = Base(mean_accuracy=base, n_answers=measurer.n_images, split=options.split, **params.options)
    about.write(output.base)
    unfinished.unlink(missing_ok=True)
    print(about)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
