import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import facts
from space_examples import BINAS_LIKE, SMALL, genes_of

from nascore.errors import SpaceError
from nascore.spaces import get_space
from nascore.spaces.one_hot import OneHotLayout

GOLDEN = Path(__file__).parents[1] / "data" / "efficiency.json"
SPACES = st.sampled_from([SMALL, BINAS_LIKE, get_space("ofa_mcunet")])


def test_reproduces_500_published_encodings(space):
    rows = json.loads(GOLDEN.read_text())
    expected = np.array([[int(bit) for bit in row["feature"]] for row in rows])
    genes = space.from_dicts([row["arch"] for row in rows])
    assert (space.encode(genes) == expected).all()
    assert (space.decode(expected) == genes).all()


def test_groups_stand_where_they_are_published(space):
    layout = OneHotLayout(space)
    assert layout.n_features == 128
    assert [s.start for s in (*layout.global_slices, *layout.choice_slices)] == [0, 5, 8, 68]


@given(st.data(), SPACES)
def test_decode_is_the_inverse_of_encode(data, space):
    genes = space.canonical(data.draw(genes_of(space)))
    features = space.encode(genes)
    assert features.dtype == np.float32
    assert (space.decode(features) == genes).all()


def test_inert_genes_are_not_encoded(space, rng):
    genes = space.sample(5, rng)
    noisy = genes.copy()
    space.block_genes(noisy)[~space.executed(genes)] = 2
    assert (space.encode(noisy) == space.encode(genes)).all()


def test_takes_no_rows():
    assert SMALL.encode(np.empty((0, SMALL.n_genes), dtype=np.int8)).shape == (0, 22)
    assert SMALL.decode(np.empty((0, 22))).shape == (0, SMALL.n_genes)


# Features of SMALL: 2 resolutions | 5 blocks x 3 kernel sizes | 5 blocks x 1 expand ratio.
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({0: 2}, ("0 and 1",)),
        ({0: 0.5, 1: 0.5}, ("0 and 1",)),
        ({0: np.nan}, ("0 and 1",)),
        ({1: 1}, ("row 1", "resolution", "one-hot")),
        ({0: 0}, ("row 1", "resolution", "one-hot")),
        ({3: 1}, ("row 1", "early.block0.kernel", "one-hot")),
        ({17: 0}, ("row 1", "early.block0", "expand")),
        ({2: 0}, ("row 1", "early.block0", "expand")),
        ({11: 1, 20: 1}, ("row 1", "late", "block")),
        ({8: 1, 19: 1, 11: 1, 20: 1}, ("row 1", "late", "depth", "(0, 1, 3)")),
        ({2: 0, 17: 0}, ("row 1", "early", "depth", "(1, 2)")),
    ],
)
def test_refuses_what_is_no_encoding(changed, message):
    features = SMALL.encode(np.zeros((2, SMALL.n_genes), dtype=np.int8))
    for column, value in changed.items():
        features[1, column] = value
    with pytest.raises(SpaceError, match=facts("encoding", *message)):
        SMALL.decode(features)


@pytest.mark.parametrize("shape", [(22,), (2, 21), (1, 2, 22)])
def test_refuses_another_shape(shape):
    with pytest.raises(SpaceError, match=facts("encoding", "small", "(n, 22)", shape)):
        SMALL.decode(np.zeros(shape))
