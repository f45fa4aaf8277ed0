"""The accuracy dataset: measured (architecture, accuracy) rows in one checked Parquet file."""

from nascore.accuracy_dataset.coverage import coverage, covered_space
from nascore.accuracy_dataset.parquet import (
    SCHEMA_VERSION,
    AccuracyDataset,
    read_accuracy_dataset,
    write_accuracy_dataset,
)
from nascore.accuracy_dataset.split import read_split

__all__ = [
    "SCHEMA_VERSION",
    "AccuracyDataset",
    "coverage",
    "covered_space",
    "read_accuracy_dataset",
    "read_split",
    "write_accuracy_dataset",
]
