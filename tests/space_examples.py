"""Small spaces, and hypothesis strategies for architectures of any space."""

from itertools import product

import numpy as np
from hypothesis import strategies as st

from nascore.spaces import Choice, Genes, Stage, StagedSpace

SMALL = StagedSpace(
    name="small",
    global_choices=(Choice("resolution", (32, 64)),),
    stages=(Stage("early", (1, 2)), Stage("late", (0, 1, 3))),
    block_choices=(Choice("kernel", (3, 5, 7)), Choice("expand", (4,))),
)
"""Small enough to enumerate; its stages have gaps in their depths and one choice is no choice."""

BINAS_LIKE = StagedSpace(
    name="binas_like",
    global_choices=(),
    stages=tuple(Stage(f"stage{i}", (2, 3, 4)) for i in range(1, 6)),
    block_choices=(Choice("expand", (3, 4, 6)), Choice("kernel", (3, 5)), Choice("se", (0, 1))),
)
"""No global choices, 12 operations in each of 20 blocks."""


def all_genes(space: StagedSpace) -> Genes:
    """Return every gene combination of a small space, inert genes included."""
    return np.array(list(product(*(range(len(choice.values)) for choice in space.gene_choices))), dtype=np.int8)


def genes_of(space: StagedSpace, max_size: int = 8) -> st.SearchStrategy[Genes]:
    """Return a strategy for `(n, n_genes)` matrices whose inert genes hold anything."""
    row = st.tuples(*(st.integers(0, len(choice.values) - 1) for choice in space.gene_choices))
    return st.lists(row, min_size=1, max_size=max_size).map(lambda rows: np.array(rows, dtype=np.int8))


def restrictions_of(space: StagedSpace) -> st.SearchStrategy[StagedSpace]:
    """Return a strategy for spaces with a few genes kept to some of their values."""
    one_gene = st.sampled_from(space.gene_choices).flatmap(
        lambda choice: st.tuples(
            st.just(choice.name), st.lists(st.sampled_from(choice.values), min_size=1, unique=True).map(tuple)
        )
    )
    return st.lists(one_gene, max_size=6).map(lambda pairs: space.restrict(dict(pairs)))


DESCRIPTION = {
    "name": "own",
    "resolutions": [32, 48],
    "width": [50, 100],
    "stem": {"channels": 16},
    "stages": [
        {"block": "depthwise_separable", "channels": 16, "kernel": [3]},
        {
            "block": "inverted_residual",
            "channels": 24,
            "stride": 2,
            "depth": [1, 2],
            "kernel": [3, 5],
            "expand": [2, 4],
        },
        {"block": "residual", "channels": 32, "stride": 2, "depth": [1, 2], "kernel": [3], "middle": [50, 100]},
        {"block": "convolution", "channels": 32, "kernel": [1], "se": [0, 1]},
    ],
    "last": {"channels": 64},
}
"""A described space of 960 architectures, whose stages have blocks of each kind and choices of their own."""
