"""Which rows of an accuracy dataset a predictor is fitted to, calibrated on, and tested on."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as arrow
from numpy.typing import NDArray

from nascore.accuracy_dataset.parquet import AccuracyDataset
from nascore.errors import DataError


def read_split(path: str | Path, dataset: AccuracyDataset) -> dict[str, NDArray[np.int64]]:
    """Read the recorded division of a dataset's rows.

    Returns
    -------
    dict
        Row numbers of the dataset, by part (``train``, ``calibration``, ``test``).

    Raises
    ------
    DataError
        If the file cannot be read or divides another dataset.
    """
    try:
        split = pd.read_parquet(path)
        arch_id, part = split["arch_id"], split["part"]
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except (OSError, arrow.ArrowException, KeyError) as error:
        raise DataError(f"{path} is not a recorded split: {error}") from None
    if arch_id.tolist() != dataset.frame["arch_id"].tolist():
        raise DataError(f"{path} divides another accuracy dataset: its architectures differ")
    return {str(name): np.flatnonzero(part == name) for name in part.unique()}
