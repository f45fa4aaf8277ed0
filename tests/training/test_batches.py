from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
import torch

from nascore.supernet.inputs import normalise
from nascore.training.batches import BRIGHTNESS, CONTRAST, Batches, _draw_views, augment
from nascore.training.options import TrainingOptions
from nascore.training.phases import phases

CPU = torch.device("cpu")


class NumberedImages:
    """A store whose labels number the images."""

    def __init__(self, n: int) -> None:
        self.n = n

    def labels(self, split: str) -> np.ndarray:
        assert split == "train"
        return np.arange(self.n)

    def images(self, split: str, resolution: int) -> np.ndarray:
        return np.zeros((self.n, resolution, resolution, 3), np.uint8)


@pytest.fixture
def batches(store, small_space) -> Batches:
    (phase,) = phases(TrainingOptions(random_subnets=1), small_space)
    return Batches(store, phase, batch_size=6, min_crop=0.5, seed=4, device=CPU)


def same(first, second) -> bool:
    return torch.equal(first.images, second.images) and (first.subnets == second.subnets).all()


# -- which images ------------------------------------------------------------------------------------


def test_a_batch_depends_on_seed_phase_epoch_and_step_alone(batches):
    later = list(batches.epoch(1))
    torch.manual_seed(0)
    list(batches.epoch(0))
    again = list(replace(batches).epoch(1))
    assert all(same(*pair) for pair in zip(later, again, strict=True))


@pytest.mark.parametrize("change", ["seed", "phase", "epoch"])
def test_another_seed_phase_or_epoch_is_another_batch(batches, change):
    first = next(batches.epoch(0))
    other = {
        "seed": replace(batches, seed=5),
        "phase": replace(batches, phase=replace(batches.phase, name="kernel")),
        "epoch": batches,
    }[change]
    second = next(other.epoch(1 if change == "epoch" else 0))
    assert first.images.shape != second.images.shape or not torch.equal(first.images, second.images)


@pytest.mark.parametrize(("n", "steps", "seen"), [(19, 3, 18), (18, 3, 18), (6, 1, 6), (4, 1, 4)])
def test_an_epoch_has_every_image_at_most_once(batches, n, steps, seen):
    # The last, smaller batch is left out, unless it is the only one.
    numbered = replace(batches, store=NumberedImages(n))
    labels = [batch.labels.tolist() for batch in numbered.epoch(0)]
    assert (len(labels), numbered.steps_per_epoch, numbered.images_per_epoch) == (steps, steps, seen)
    flat = list(chain.from_iterable(labels))
    assert len(flat) == len(set(flat)) == seen
    assert {len(batch) for batch in labels} == {min(n, 6)}
    assert labels != [batch.labels.tolist() for batch in numbered.epoch(1)]


@pytest.mark.parametrize("processes", [2, 4])
def test_processes_share_the_batch_of_one(batches, processes):
    whole = list(batches.epoch(0))
    shares = [list(replace(batches, rank=rank, processes=processes).epoch(0)) for rank in range(processes)]
    for step, batch in enumerate(whole):
        mine = [share[step] for share in shares]
        assert {share.n_global for share in mine} == {batch.n_global} == {6}
        for rank, share in enumerate(mine):
            assert torch.equal(share.images, batch.images[rank::processes])
            assert torch.equal(share.labels, batch.labels[rank::processes])
            assert (share.subnets == batch.subnets).all()


def test_labels_belong_to_their_images(batches, store):
    plain = replace(batches, min_crop=1)
    pixels = {size: normalise(store.images("train", size), CPU) for size in (32, 40)}
    labels = torch.from_numpy(store.labels("train"))
    for batch in plain.epoch(0):
        candidates = pixels[batch.images.shape[-1]]
        for image, label in zip(batch.images, batch.labels, strict=True):
            # Correlation is blind to brightness and contrast.
            scores = [
                max(torch.corrcoef(torch.stack([image.ravel(), c.ravel()]))[0, 1] for c in (other, other.flip(2)))
                for other in candidates
            ]
            assert labels[int(torch.stack(scores).argmax())] == label


def test_every_resolution_of_the_phase_occurs_and_no_other(batches):
    sizes = {batch.images.shape[-1] for epoch in range(6) for batch in batches.epoch(epoch)}
    assert sizes == {32, 40}
    smaller = replace(batches, phase=replace(batches.phase, space=batches.phase.space.restrict({"resolution": [40]})))
    assert {batch.images.shape[-1] for epoch in range(6) for batch in smaller.epoch(epoch)} == {40}


def test_subnets_are_of_the_batch_s_resolution(batches):
    for batch in batches.epoch(0):
        sizes = batches.phase.space.global_columns(batch.subnets)["resolution"]
        assert set(sizes.tolist()) == {batch.images.shape[-1]}


# -- augmentation ------------------------------------------------------------------------------------


@pytest.mark.parametrize("min_crop", [0.3, 0.9, 1.0])
def test_views_keep_as_much_of_the_image_as_they_should(rng, min_crop):
    width, height, x, y, flip, contrast, brightness = _draw_views(2000, min_crop, rng).T
    area = width * height
    assert area.min() > min_crop - 1e-5 and area.max() < 1 + 1e-5
    assert area.mean() == pytest.approx((1 + min_crop) / 2, abs=0.02)
    assert (abs(x) <= 1 - width + 1e-6).all() and (abs(y) <= 1 - height + 1e-6).all()
    assert (abs(np.log(width / height)) <= np.log(4 / 3) + 1e-5).all()
    assert set(flip) == {-1, 1} and abs(flip.mean()) < 0.1
    assert abs(np.log(contrast)).max() <= CONTRAST + 1e-6 and abs(brightness).max() <= BRIGHTNESS


def test_a_view_of_everything_is_the_image(batches):
    images = next(batches.epoch(0)).images
    view = np.tile(np.array([1, 1, 0, 0, 1, 1, 0], np.float32), (len(images), 1))
    torch.testing.assert_close(augment(images, view), images, rtol=0, atol=1e-5)
    view[:, 4] = -1
    torch.testing.assert_close(augment(images, view), images.flip(3), rtol=0, atol=1e-5)


def test_a_view_is_where_its_offset_says():
    image = torch.zeros(1, 3, 32, 32)
    image[:, :, :16, 16:] = 1
    right_top = np.array([[0.5, 0.5, 0.5, -0.5, 1, 1, 0]], np.float32)
    assert augment(image, right_top).mean() > 0.95
    assert augment(image, right_top * np.array([1, 1, 1, -1, 1, 1, 1], np.float32)).mean() < 0.05


def test_augmented_images_keep_range_shape_and_memory_format(batches):
    for batch in batches.epoch(0):
        size = batch.images.shape[-1]
        assert batch.images.shape == (6, 3, size, size) and batch.images.dtype == torch.float32
        assert batch.images.is_contiguous(memory_format=torch.channels_last)
        assert -1 <= batch.images.min() < 0 < batch.images.max() <= 1
