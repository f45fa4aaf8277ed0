import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from space_examples import BINAS_LIKE, SMALL, genes_of

from nascore.spaces import Genes, StagedSpace, get_space
from nascore.spaces.block_table import CHUNK, BlockTable, BlockTableLookup

SPACES = {space.name: space for space in (SMALL, BINAS_LIKE, get_space("ofa_mcunet"))}


def random_table(space: StagedSpace, reduce: np.ufunc) -> BlockTable:
    """Return a table of random numbers, of both signs where they are added."""
    rng = np.random.default_rng(space.n_genes)
    n_globals, low = len(space.global_values), -1 if reduce is np.add else 0
    blocks = rng.uniform(low, 1, (n_globals, space.n_blocks, space.n_ops))
    return BlockTable(rng.uniform(low, 1, n_globals), blocks, reduce)


def one_by_one(space: StagedSpace, table: BlockTable, genes: Genes) -> list[float]:
    """Return the values of a table with a plain loop over architectures, stages and blocks."""
    values = []
    for row in genes:
        g = 0
        for choice, gene in zip(space.global_choices, row[: space.n_globals], strict=True):
            g = g * len(choice.values) + int(gene)
        value, first = table.fixed[g], 0
        for stage, depth_gene in zip(space.stages, row[space.depth_slice], strict=True):
            for block in range(first, first + stage.depths[depth_gene]):
                op = 0
                for position, choice in enumerate(space.block_choices):
                    column = space.depth_slice.stop + block * len(space.block_choices) + position
                    op = op * len(choice.values) + int(row[column])
                value = table.reduce(value, table.blocks[g, block, op])
            first += stage.n_blocks
        values.append(value)
    return values


@pytest.fixture(scope="module")
def lookups() -> dict[str, tuple[list[BlockTable], BlockTableLookup]]:
    tables = {name: [random_table(space, np.add), random_table(space, np.maximum)] for name, space in SPACES.items()}
    return {name: (tables[name], BlockTableLookup(space, tables[name])) for name, space in SPACES.items()}


@given(st.data(), st.sampled_from(list(SPACES)))
def test_equals_a_loop_over_blocks(lookups, data, name):
    (tables, lookup), genes = lookups[name], data.draw(genes_of(SPACES[name]))
    values = lookup(genes)
    assert values.shape == (2, len(genes))
    for found, table in zip(values, tables, strict=True):
        assert found == pytest.approx(one_by_one(SPACES[name], table, genes), abs=1e-12)


@pytest.mark.parametrize("name", SPACES)
def test_inert_genes_do_not_matter(lookups, name, rng):
    space = SPACES[name]
    genes = rng.integers([len(choice.values) for choice in space.gene_choices], size=(50, space.n_genes), dtype=np.int8)
    assert (lookups[name][1](genes) == lookups[name][1](space.canonical(genes))).all()


def test_large_populations_are_looked_up_in_pieces(lookups, rng):
    genes = BINAS_LIKE.sample(CHUNK + 3, rng)
    lookup = lookups["binas_like"][1]
    assert (lookup(genes)[:, -5:] == lookup(genes[-5:])).all()


def test_no_architectures_have_no_values(lookups):
    assert lookups["small"][1](np.empty((0, SMALL.n_genes), dtype=np.int8)).shape == (2, 0)


def test_whole_numbers_stay_exact():
    """Costs are counts up to about 1e9, and sums of them are exact in float64."""
    shape = (1, BINAS_LIKE.n_blocks, BINAS_LIKE.n_ops)
    table = BlockTable(np.array([1.0]), np.full(shape, 123_456_789.0))
    deepest = np.full((1, BINAS_LIKE.n_genes), 1, dtype=np.int8)
    deepest[:, BINAS_LIKE.depth_slice] = 2
    assert BlockTableLookup(BINAS_LIKE, [table])(deepest) == [[1 + 20 * 123_456_789]]
