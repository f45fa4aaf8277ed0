import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import facts

from nascore.data.source import Item, drawn, drawn_by_class, halved, refuse_missing_classes, without_calibration
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


SIZES = st.lists(st.integers(2, 20), min_size=1, max_size=5)


def of_classes(sizes):
    return [Item(f"{label}/{number}", label) for label, size in enumerate(sizes) for number in range(size)]


def sizes_of(found, n):
    return [sum(item.label == label for item in found) for label in range(n)]


@given(SIZES, st.data())
def test_a_draw_by_class_is_in_proportion_and_leaves_each_class_on_both_sides(sizes, data):
    count = data.draw(st.integers(len(sizes), sum(sizes) - len(sizes)))
    chosen, rest = drawn_by_class(of_classes(sizes), count, generator(1, "data"), "some")
    assert sorted(chosen + rest) == sorted(of_classes(sizes)) and len(chosen) == count
    shares = sizes_of(chosen, len(sizes))
    assert min(shares) >= 1 and min(sizes_of(rest, len(sizes))) >= 1
    quotas = [count * size / sum(sizes) for size in sizes]
    if all(1 <= quota <= size - 1 for quota, size in zip(quotas, sizes, strict=True)):
        assert all(abs(share - quota) < 1 for share, quota in zip(shares, quotas, strict=True))


@pytest.mark.parametrize(("sizes", "count"), [([5, 1], 3), ([5, 5], 1), ([5, 5], 9)])
def test_a_class_that_would_be_missing_is_refused(sizes, count):
    with pytest.raises(DataError, match=facts("some", sum(sizes))):
        drawn_by_class(of_classes(sizes), count, generator(1, "data"), "some")


@given(SIZES)
def test_halves_share_nothing_and_leave_nothing(sizes):
    count = sum(sizes) // 2
    search, test = halved(of_classes(sizes), "random", np.random.default_rng(0))
    assert sorted(search + test) == sorted(of_classes(sizes))
    assert (len(search), len(test) - len(search) in (0, 1)) == (count, True)


def test_published_halves_are_every_second_image():
    search, test = halved(items("dbcae"), "published", np.random.default_rng(0))
    assert [item.name for item in test] == ["d", "c", "e"]
    assert [item.name for item in search] == ["b", "a"]


@pytest.mark.parametrize(
    ("n_training", "count", "expected"), [(4, None, 2), (40, None, 10), (5000, None, 1000), (9, 7, 7)]
)
def test_calibration_is_drawn_from_train_and_leaves_it(n_training, count, expected):
    training = of_classes([n_training // 2, n_training - n_training // 2])
    train, calibration = without_calibration(training, count, np.random.default_rng(0))
    assert len(calibration) == expected and sorted(train + calibration) == sorted(training)


def test_more_calibration_images_than_there_are():
    with pytest.raises(DataError, match=facts("calibration", 9, "1 to 8")):
        without_calibration(of_classes([9]), 9, np.random.default_rng(0))


def test_a_split_without_a_class_is_refused_with_the_counts():
    splits = {"train": of_classes([3, 2]), "test": of_classes([1])}
    with pytest.raises(DataError, match=facts("test", "'dog'", "train 2", "test 0")):
        refuse_missing_classes(splits, ["cat", "dog"])
