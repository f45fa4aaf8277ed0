"""What is known about measured rows: where they come from, which choices they cover, and which part each is in."""

from pathlib import Path
from typing import ClassVar, Literal

from nascore.errors import DataError
from nascore.files import read_json
from nascore.results.record import RecordFile
from nascore.results.table import COUNT, TEXT, Table


class DatasetReport(RecordFile):
    """``dataset_report.json``.

    Parameters
    ----------
    source
        What was measured on, or where the rows come from, for people.
    n_rows, n_images
        Rows, and the images that each was measured on.
    accuracy_min, accuracy_mean, accuracy_max
        In [0, 1].
    """

    WHAT: ClassVar[str] = "a dataset report"

    source: str
    n_rows: int
    n_images: int
    accuracy_min: float
    accuracy_mean: float
    accuracy_max: float


class TablesReport(DatasetReport):
    """Rows that were imported from published tables."""

    RULE: ClassVar[str] = "import_tables"

    kind: Literal["tables"] = "tables"
    n_files: int
    n_duplicates_dropped: int


class SupernetReport(DatasetReport):
    """Rows that were measured with the weights of a supernet.

    Parameters
    ----------
    strategy
        How the subnets were sampled.
    """

    RULE: ClassVar[str] = "gather_shards"

    kind: Literal["supernet"] = "supernet"
    strategy: str
    n_shards: int
    checkpoint_sha256: str


def read_dataset_report(path: str | Path) -> TablesReport | SupernetReport:
    """Read a report of either kind.

    Raises
    ------
    DataError
        If the file is missing or is not such a report.
    """
    content = read_json(path)
    kind = content.get("kind") if isinstance(content, dict) else None
    kinds: dict[object, type[TablesReport | SupernetReport]] = {"tables": TablesReport, "supernet": SupernetReport}
    if kind not in kinds:
        raise DataError(
            f"{path} is not a dataset report: its kind is {kind!r}; expected {' or '.join(map(str, kinds))}"
        )
    return kinds[kind].read(path)


COVERAGE = Table(
    "the coverage of an accuracy dataset", "count_coverage", {"gene": TEXT, "value": COUNT, "n_rows": COUNT}
)
"""Rows per choice of each gene."""

SPLIT = Table("a recorded split", "split_rows", {"arch_id": TEXT, "part": TEXT})
"""The part of each row: train, calibration or test."""
