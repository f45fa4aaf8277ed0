"""What the scripts that search share."""

from typing import Any

from nascore.accuracy_dataset.coverage import covered_space
from nascore.results.dataset import COVERAGE
from nascore.spaces import StagedSpace, get_space


def searched_space(space: dict[str, Any], coverage: str, uncovered_choices: bool) -> StagedSpace:
    """Return the space that may be searched: the covered choices, unless all are asked for."""
    whole = get_space(**space)
    return whole if uncovered_choices else covered_space(whole, COVERAGE.read(coverage))
