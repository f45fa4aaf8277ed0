"""Random generators: one root seed, one independent stream per named use.

A stream depends on the root seed and on its names alone, so no result depends on the number of cores,
the order of jobs, or what else was drawn.
"""

import hashlib
from collections import Counter

import numpy as np

_drawn: Counter[str] = Counter()


def seed_sequence(root_seed: int, *names: str | int) -> np.random.SeedSequence:
    """Derive the seed sequence of one named stream.

    Parameters
    ----------
    root_seed
        The run's only seed, a non-negative integer.
    *names
        What the stream is for, from general to particular, e.g. ``("search", "evolution", "stm32f746")``.
    """
    _drawn["/".join("*" if isinstance(name, int) else name for name in names)] += 1
    digest = hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()
    return np.random.SeedSequence([root_seed, int.from_bytes(digest[:16], "big")])


def generator(root_seed: int, *names: str | int) -> np.random.Generator:
    """Return the NumPy generator of one named stream; see `seed_sequence`."""
    return np.random.default_rng(seed_sequence(root_seed, *names))


def integer_seed(root_seed: int, *names: str | int) -> int:
    """Return a 63-bit integer for libraries that take a plain seed; see `seed_sequence`."""
    return int(seed_sequence(root_seed, *names).generate_state(1, np.uint64)[0] >> 1)


def drawn_streams() -> dict[str, int]:
    """Return the streams that this process has drawn, and how often; numbers in a name are written ``*``.

    For lineage records: a training draws a stream per step, and thousands of numbers say no more than that.
    """
    return dict(sorted(_drawn.items()))
