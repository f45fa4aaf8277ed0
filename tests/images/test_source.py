import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import facts

from nascore.data.source import Item, drawn, halved, without_calibration
from nascore.errors import DataError
from nascore.seeds import generator

NAMES = st.lists(st.text("abc/", min_size=1, max_size=4), unique=True, min_size=2, max_size=30)


def items(names):
    return [Item(name, len(name) % 2) for name in names]


@given(NAMES, st.randoms(), st.integers(0, 30))
def test_a_draw_depends_on_names_alone(names, shuffle, count):
    first = drawn(items(names), count, generator(1, "data"))
    shuffle.shuffle(names)
    assert drawn(items(names), count, generator(1, "data")) == first
    assert sorted(first[0] + first[1]) == sorted(items(names)) and len(first[0]) == min(count, len(names))


@given(NAMES, st.sampled_from(["random", "published"]))
def test_halves_share_nothing_and_leave_nothing(names, halves):
    search, test = halved(items(names), halves, np.random.default_rng(0))
    assert sorted(search + test) == sorted(items(names))
    assert len(test) - len(search) in (0, 1)


def test_published_halves_are_every_second_image():
    search, test = halved(items("dbcae"), "published", np.random.default_rng(0))
    assert [item.name for item in test] == ["d", "c", "e"]
    assert [item.name for item in search] == ["b", "a"]


@pytest.mark.parametrize(
    ("n_training", "count", "expected"), [(2, None, 1), (40, None, 10), (5000, None, 1000), (9, 8, 8)]
)
def test_calibration_is_drawn_from_train_and_leaves_it(n_training, count, expected):
    training = items(map(str, range(n_training)))
    train, calibration = without_calibration(training, count, np.random.default_rng(0))
    assert len(calibration) == expected and sorted(train + calibration) == sorted(training)


def test_more_calibration_images_than_there_are():
    with pytest.raises(DataError, match=facts("calibration", 9, 8)):
        without_calibration(items(map(str, range(9))), 9, np.random.default_rng(0))
