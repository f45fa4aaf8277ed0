"""Which rows of an accuracy dataset a predictor is fitted to, calibrated on, and tested on."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nascore.accuracy_dataset.parquet import AccuracyDataset
from nascore.accuracy_dataset.shares import PARTS, empty_parts, part_sizes
from nascore.errors import DataError
from nascore.results.dataset import SPLIT
from nascore.seeds import generator


def split_rows(arch_ids: Sequence[str], seed: int, fractions: Mapping[str, float]) -> NDArray[np.str_]:
    """Return the `(n,)` part of each row: train, calibration or test.

    Rows are drawn in the order of their arch_id, so the order of rows and files changes nothing. All rows of one
    architecture are in one part, so no measurement of a test architecture is trained on.

    Parameters
    ----------
    arch_ids
        The `(n,)` identities of the rows' architectures.
    seed
        The root seed.
    fractions
        The part of the architectures for each of `train`, `calibration` and `test`; they add up to 1.

    Raises
    ------
    DataError
        If a part is missing or unknown, a fraction is not in [0, 1], they don't add up to 1, or a part that should have
        rows gets none.
    """
    sizes = [fractions.get(part, -1.0) for part in PARTS]
    if set(fractions) != set(PARTS) or min(sizes) < 0 or abs(sum(sizes) - 1) > 1e-9:
        raise DataError(
            f"split fractions must be numbers from 0 to 1 for {', '.join(PARTS)} that add up to 1; "
            f"got {dict(fractions)}"
        )
    unique, row_of = np.unique(np.asarray(arch_ids, dtype=np.str_), return_inverse=True)
    order = generator(seed, "split").permutation(len(unique))
    parts = np.empty(len(unique), dtype=f"<U{max(map(len, PARTS))}")
    for part in empty_parts(len(unique), fractions):
        raise DataError(f"{len(unique)} rows are too few: {fractions[part]} of them leaves none for {part}")
    ends = np.cumsum(list(part_sizes(len(unique), fractions).values()))
    for part, indices in zip(PARTS, np.split(order, ends[:-1]), strict=True):
        parts[indices] = part
    return parts[row_of]


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
    split = SPLIT.read(path)
    part = split["part"]
    if split["arch_id"].tolist() != dataset.frame["arch_id"].tolist():
        raise DataError(f"{path} divides another accuracy dataset: its architectures differ")
    return {str(name): np.flatnonzero(part == name) for name in part.unique()}
