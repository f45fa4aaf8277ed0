import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nascore.data.dice import Dice
from nascore.data.options import SyntheticOptions
from nascore.data.raster import TURN, UNIT, Canvas, moved
from nascore.data.scenes import SIDE, render
from nascore.data.source import SPLITS
from nascore.data.store_writer import write_store
from nascore.data.synthetic import Synthetic, averaged
from nascore.seeds import generator

FEW = SyntheticOptions(train=8, calibration=2, search=4, test=6)


def scenes(count, person):
    return np.stack([render(generator(5, str(n)), person=person) for n in range(count)])


class TestScenes:
    def test_bytes_are_the_same_everywhere(self):
        source = Synthetic(FEW, seed=0)
        digest = hashlib.sha256()
        for item in source.splits()["train"]:
            content = source.read(item)
            digest.update(content)
            for image in source.resized(content, (32, 96, 160)):
                digest.update(image.tobytes())
        assert digest.hexdigest() == "9ef529780b6dd94e75b89fc9f99ae4b4a3b0e52e3e27924e96a58373473c0207"

    def test_a_scene_depends_on_its_split_and_number_alone(self):
        more = SyntheticOptions(train=9, calibration=3, search=5, test=7)
        few, many = (Synthetic(options, seed=1) for options in (FEW, more))
        for split in SPLITS:
            item = few.splits()[split][1]
            assert few.read(item) == many.read(item) != Synthetic(FEW, seed=2).read(item)

    @pytest.mark.slow
    def test_colours_and_light_alone_do_not_tell_a_person(self):
        """A threshold on brightness, on its spread or on redness decides hardly better than a coin."""
        with_person, without = scenes(150, True).astype(float), scenes(150, False).astype(float)
        for measure in (np.mean, np.std, lambda image: (image[..., 0] - image[..., 2]).mean()):
            values = np.array([measure(image) for image in [*with_person, *without]])
            above = (values[:150, None] > values[None, 150:]).mean()
            assert 0.35 < above < 0.65

    def test_classes_are_balanced_in_every_split(self):
        for items in Synthetic(FEW, seed=0).splits().values():
            assert sum(item.label for item in items) * 2 == len(items)

    def test_end_in_a_store(self, tmp_path):
        store = write_store(tmp_path / "store", Synthetic(FEW, seed=0), resolutions=(32, 96))
        assert store.class_names == ("not_person", "person")
        assert {split: len(store.images(split, 96)) for split in store.splits} == {
            "train": 8, "calibration": 2, "search": 4, "test": 6,
        }  # fmt: skip
        assert store.manifest["duplicates"] == []


class TestAveraging:
    @given(st.integers(1, 2 * SIDE), st.integers(0, 255))
    def test_one_colour_stays_that_colour(self, size, grey):
        assert (averaged(np.full((SIDE, SIDE, 3), grey, np.int32), size) == grey).all()

    @pytest.mark.parametrize("size", [1, 2, 64, 96, 192])
    def test_divisors_are_means_of_blocks(self, size, rng):
        scene = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.int32)
        block = SIDE // size
        sums = scene.reshape(size, block, size, block, 3).sum(axis=(1, 3))
        assert (averaged(scene, size) == (sums + block * block // 2) // (block * block)).all()

    def test_a_pixel_may_cover_parts_of_others(self):
        scene = np.zeros((SIDE, SIDE, 3), np.int32)
        scene[1] = 90
        row = averaged(scene, 160)[:, 0, 0]  # 1.2 pixels each: the first covers 0.2 of row 1, the next 0.8
        assert row[:3].tolist() == [15, 60, 0]


class TestCanvas:
    @pytest.fixture
    def canvas(self):
        return Canvas(np.zeros((32, 32, 3), np.uint8))

    def drawn(self, canvas):
        return canvas.pixels[..., 0] > 0

    def test_shapes_have_their_area(self, canvas):
        centre = (16 * UNIT, 16 * UNIT)
        canvas.ellipse(centre, (10 * UNIT, 5 * UNIT), (9, 9, 9))
        assert self.drawn(canvas).sum() == pytest.approx(np.pi * 50, rel=0.05)
        canvas.pixels[:] = 0
        canvas.capsule((8 * UNIT, 8 * UNIT), (20 * UNIT, 24 * UNIT), 3 * UNIT, (9, 9, 9))
        assert self.drawn(canvas).sum() == pytest.approx(20 * 6 + np.pi * 9, rel=0.05)

    def test_a_capsule_of_no_length_is_a_disc(self, canvas):
        canvas.capsule((64, 64), (64, 64), 20, (9, 9, 9))
        other = Canvas(np.zeros_like(canvas.pixels))
        other.ellipse((64, 64), (20, 20), (9, 9, 9))
        assert (canvas.pixels == other.pixels).all()

    def test_a_polygon_is_a_rectangle_too(self, canvas):
        canvas.polygon([(12, 20), (60, 20), (60, 90), (12, 90)], (9, 9, 9))
        other = Canvas(np.zeros_like(canvas.pixels))
        other.rectangle(12, 20, 60, 90, (9, 9, 9))
        assert (canvas.pixels == other.pixels).all() and self.drawn(canvas).sum() == 12 * 18

    @given(*[st.integers(-100, 100)] * 4, st.integers(1, 60))
    def test_a_shape_is_cut_at_the_edge_and_may_be_outside(self, ax, ay, bx, by, size):
        """A small canvas shows what a large one shows in its middle."""
        side, border = 16, 44

        def draw(side, offset):
            canvas = Canvas(np.zeros((side, side, 3), np.uint8))
            cx, cy, dx, dy = (place + offset * UNIT for place in (ax, ay, bx, by))
            canvas.rectangle(dx, dy, dx + size, dy + size, (4, 4, 4))
            canvas.polygon([(cx, cy), (cx + size, cy), (cx + size, cy + size), (cx, cy + size)], (3, 3, 3))
            canvas.capsule((cx, cy), (dx, dy), size, (2, 2, 2))
            canvas.ellipse((cx, cy), (size, size), (1, 1, 1))
            return canvas.pixels

        middle = slice(border, border + side)
        assert (draw(side, 0) == draw(side + 2 * border, border)[middle, middle]).all()

    def test_directions(self):
        ways = [moved((0, 0), angle, 1000) for angle in (0, TURN // 4, TURN // 2, -TURN // 4)]
        assert ways == [(0, -1000), (1000, 0), (0, 1000), (-1000, 0)]
        for angle in range(TURN):
            x, y = moved((0, 0), angle, 10_000)
            turn = angle * 2 * np.pi / TURN
            assert (x, y) == pytest.approx((10_000 * np.sin(turn), -10_000 * np.cos(turn)), abs=2)


def test_dice_are_fair_and_within_bounds():
    dice = Dice(np.random.default_rng(0))
    counts = np.bincount([dice.between(2, 5) for _ in range(4000)], minlength=7)
    assert counts[[0, 1, 6]].sum() == 0 and counts[2:6].min() > 900
    assert sum(dice.percent(30) for _ in range(4000)) == pytest.approx(1200, abs=100)
    assert {dice.pick("ab") for _ in range(50)} == {"a", "b"}
    assert dice.bytes(3, 5).shape == (3, 5)
