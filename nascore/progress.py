"""Progress that fits where it is shown: a bar on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

WORTH_SAYING = 10
"""Seconds left above which a log line says so; from the time that the items before have taken."""


def progress(items: Iterable[Item], what: str) -> Iterator[Item]:
    """Yield the items and show on standard error how many are done.

    Parameters
    ----------
    items
        What is worked through.
    what
        What one is doing, e.g. ``"reading tables"``.
    """
    if sys.stderr.isatty():
        yield from tqdm(items, desc=what)
        return
    total = len(items) if isinstance(items, Sized) else None
    start = time.monotonic()
    for number, item in enumerate(items, start=1):
        left = (time.monotonic() - start) / (number - 1) * (total - number + 1) if total and number > 1 else 0
        of = "" if total is None else f"/{total}"
        after = f", about {tqdm.format_interval(left)} left" if left >= WORTH_SAYING else ""
        print(f"{what}: {number}{of}{after}", file=sys.stderr, flush=True)
        yield item
