"""Rule `split_rows`: training, calibration and test rows."""

import common
import pandas as pd

from nascore.accuracy_dataset.parquet import read_accuracy_dataset
from nascore.accuracy_dataset.split import split_rows
from nascore.results.dataset import SPLIT
from nascore.spaces import get_space


def main(snakemake):
    """Divide the rows."""
    dataset = read_accuracy_dataset(snakemake.input.dataset, get_space(**snakemake.params.space))
    arch_id = dataset.frame["arch_id"]
    part = split_rows(arch_id.tolist(), snakemake.params.seed, snakemake.params.shares)
    SPLIT.write(snakemake.output.split, pd.DataFrame({"arch_id": arch_id, "part": part}))
    print(pd.Series(part).value_counts().to_dict())


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
