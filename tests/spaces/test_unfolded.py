import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_examples import PLAIN, every_architecture, look_up, random_table
from space_examples import BINAS_LIKE, SMALL, genes_of

from nascore.spaces.bilinear import BilinearForm
from nascore.spaces.block_table import BlockTable
from nascore.spaces.unfolded import Unfolded


@given(st.sampled_from([SMALL, BINAS_LIKE]).flatmap(lambda space: st.tuples(st.just(space), genes_of(space))))
def test_folding_is_the_inverse(pair):
    space, genes = pair
    unfolded, canonical = Unfolded(space), space.canonical(genes)
    there = unfolded.unfold(canonical)
    assert np.array_equal(there, unfolded.space.canonical(there))
    assert np.array_equal(unfolded.fold(there), canonical)
    assert np.array_equal(unfolded.runs[unfolded.space.global_index(there)], space.executed(canonical))


@pytest.mark.parametrize("space", [SMALL, PLAIN], ids=["small", "plain"])
def test_a_table_has_the_same_values(space):
    table = random_table(space, np.random.default_rng(0))
    unfolded, genes = Unfolded(space), every_architecture(space)
    same = look_up(unfolded.space, unfolded.table(table), unfolded.unfold(genes))
    assert same == pytest.approx(look_up(space, table, genes))
    form = BilinearForm.of_table(space, table).table(unfolded)
    assert look_up(unfolded.space, form, unfolded.unfold(genes)) == pytest.approx(same)


def test_a_table_of_peaks_stays_one():
    plain = random_table(SMALL, np.random.default_rng(0))
    peaks = BlockTable(plain.fixed, plain.blocks, np.maximum)
    unfolded, genes = Unfolded(SMALL), every_architecture(SMALL)
    assert unfolded.table(peaks).reduce is np.maximum
    same = look_up(unfolded.space, unfolded.table(peaks), unfolded.unfold(genes))
    assert same == pytest.approx(look_up(SMALL, peaks, genes))


def test_every_combination_of_depths_is_a_global_one():
    unfolded = Unfolded(BINAS_LIKE)
    assert len(unfolded.space.global_values) == unfolded.n_depth_combinations == 3**5
    assert unfolded.depth_one_hot.shape == (243, 15)
    assert unfolded.depth_one_hot.sum(axis=1).tolist() == [5.0] * 243
    assert unfolded.depth_one_hot[0].tolist() == [1, 0, 0] * 5
