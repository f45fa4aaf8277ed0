"""Progress that fits where it is shown: a bar on a terminal, plain lines in a log."""

import sys
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


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
    total = f"/{len(items)}" if isinstance(items, Sized) else ""
    for number, item in enumerate(items, start=1):
        print(f"{what}: {number}{total}", file=sys.stderr, flush=True)
        yield item
