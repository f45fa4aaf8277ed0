"""What every script of the workflow shares: output to the rule's log, and errors in one line instead of a traceback."""

import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from nascore.accuracy_dataset.coverage import covered_space, read_coverage
from nascore.errors import NascoreError
from nascore.spaces import OfaMcunet, get_space


def run(main: Callable[[Any], None], snakemake: Any) -> None:
    """Run a script's `main` with everything it prints in the rule's log; leave with status 1 on a known error."""
    with open(snakemake.log[0], "w", encoding="utf-8", buffering=1) as log, redirect_stdout(log), redirect_stderr(log):
        try:
            main(snakemake)
        except NascoreError as error:
            print(f"error: {error}", file=sys.__stderr__)
            print(f"error: {error}")
            sys.exit(1)
        except BaseException:
            traceback.print_exc()
            raise


def searched_space(space: dict[str, Any], coverage: str, uncovered_choices: bool) -> OfaMcunet:
    """Return the space that may be searched: the covered choices, unless all are asked for."""
    whole = get_space(**space)
    return whole if uncovered_choices else covered_space(whole, read_coverage(coverage))
