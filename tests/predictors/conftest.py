"""A synthetic additive world that predictors should find again."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from nascore.spaces import Genes, StagedSpace
from nascore.spaces.block_table import BlockTable, BlockTableLookup

NOISE = 0.002


@dataclass
class World:
    """Architectures with their true and their measured accuracies."""

    genes: Genes
    truth: NDArray[np.float64]
    measured: NDArray[np.float64]


def additive_world(space: StagedSpace, n: int, noise: float = NOISE, curved: float = 0.0) -> World:
    """Return architectures of a space whose accuracy is additive plus noise, and curved if asked."""
    rng = np.random.default_rng(3)
    n_globals = len(space.global_values)
    block_effects = rng.normal(0, 0.003, (1, space.n_blocks, space.n_ops))
    slopes = 1 + 0.1 * np.arange(n_globals)[:, None, None] / n_globals
    table = BlockTable(0.8 + 0.1 * np.arange(n_globals) / n_globals, block_effects * slopes)
    genes = space.sample(n, rng)
    truth = BlockTableLookup(space, [table])(genes)[0]
    truth = truth + curved * (truth - truth.mean()) ** 2
    return World(genes, truth, np.clip(truth + rng.normal(0, noise, n), 0, 1))


@pytest.fixture(scope="session")
def make_world() -> Callable[..., World]:
    """Return `additive_world`, which tests cannot import from here."""
    return additive_world


@pytest.fixture(scope="session")
def world(space) -> World:
    return additive_world(space, 3000)
