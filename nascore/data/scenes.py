"""Scenes with and without a person: a textured background, distractors, a subject, things in front, and light."""

import numpy as np
from numpy.typing import NDArray

from nascore.data.dice import Dice
from nascore.data.figures import HAIR, SKIN, any_colour, draw_animal, draw_foil, draw_person
from nascore.data.raster import UNIT, Canvas, Colour, Point
from nascore.data.source import Pixels

SIDE = 192
"""Height and width of a rendered scene, pixels."""

SPAN = SIDE * UNIT
FOILS = 8
"""Chance in per cent that a figure of a scene without a person is a foil, made of a person's parts."""

HEIGHTS = (10, 25, 33, 41, 49, 56, 62, 68, 74, 80, 92)
"""Heights of figures in per cent of the scene; every step between two is as frequent."""


def render(rng: np.random.Generator, *, person: bool) -> Pixels:
    """Render one scene.

    Parameters
    ----------
    rng
        Decides everything else.
    person
        Whether there is a person.

    Returns
    -------
    An RGB array `(SIDE, SIDE, 3)`.
    """
    dice = Dice(rng)
    canvas = Canvas(_background(dice))
    for _ in range(dice.between(0, 1)):
        _draw_object(canvas, dice)
    for _ in range(dice.pick((1, 1, 2, 2, 3))):
        foot, height = _place(dice)
        if person:
            draw_person(canvas, dice, foot, height)
        elif dice.percent(FOILS):
            draw_foil(canvas, dice, foot, height)
        else:
            _draw_object(canvas, dice)
        if dice.percent(15):
            _draw_occluder(canvas, dice, foot, height)
    if dice.percent(FOILS // 2):
        draw_foil(canvas, dice, *_place(dice))
    if dice.percent(15):
        _draw_object(canvas, dice)
    return _lit(canvas.pixels, dice)


def _place(dice: Dice) -> tuple[Point, int]:
    """Return the foot and the height of a figure; most of it is inside the scene."""
    step = dice.between(0, len(HEIGHTS) - 2)
    height = dice.between(HEIGHTS[step] * SPAN, HEIGHTS[step + 1] * SPAN) // 100
    foot = dice.between(height * 9 // 10, SPAN + height // 10)
    return (dice.between(SPAN // 12, SPAN * 11 // 12), foot), height


def _background(dice: Dice) -> Pixels:
    """Return two areas, one above the other, each with its own gradient, pattern and noise."""
    half = SIDE // 2
    horizon = dice.between(half // 4, half) if dice.percent(75) else half
    field = np.empty((half, half, 3), np.int16)
    field[:horizon] = _area(dice, horizon, half)
    field[horizon:] = _area(dice, half - horizon, half)
    strength = dice.between(1, 3)
    field += ((_noise(dice, half, 4) * strength) >> 4)[:, :, None]
    field += ((_noise(dice, half, 12) * dice.between(1, strength)) >> 4)[:, :, None]
    field += ((_noise(dice, half, 32) * dice.between(1, strength)) >> 4)[:, :, None]
    return field.clip(0, 255).astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)


def _area(dice: Dice, height: int, width: int) -> NDArray[np.int16]:
    """Return a gradient between two colours with stripes, tiles or nothing on it."""
    # Walls, sky, grass and water: paler than clothes, and seldom of the colour of skin.
    grey = dice.between(40, 210)
    first = np.array([grey + dice.between(*tint) for tint in ((-30, 10), (-20, 30), (-20, 35))], np.int32)
    second = first + dice.between(-50, 50)
    down = np.arange(height, dtype=np.int32)[:, None]
    colours = first + (second - first) * down // max(1, height)
    area = np.broadcast_to(colours[:, None], (height, width, 3)).astype(np.int16)
    pattern, size, contrast = (
        dice.pick(("plain", "plain", "stripes", "tiles")),
        dice.between(2, 12),
        dice.between(-30, 30),
    )
    rows, columns = np.arange(height)[:, None] // size, np.arange(width)[None] // size
    if pattern == "stripes":
        rows = rows * dice.between(0, 1)
    if pattern != "plain":
        area += (((rows + columns) & 1) * contrast).astype(np.int16)[:, :, None]
    return area


def _noise(dice: Dice, side: int, cells: int) -> NDArray[np.int16]:
    """Return value noise from -128 to 127 over a grid of cells, interpolated bilinearly."""
    grid = dice.bytes(cells + 1, cells + 1).astype(np.int32) - 128
    position = np.arange(side, dtype=np.int32) * cells
    cell, part = position // side, position % side
    rows = grid[cell] * (side - part)[:, None] + grid[cell + 1] * part[:, None]
    both = rows[:, cell] * (side - part) + rows[:, cell + 1] * part
    return (both // (side * side)).astype(np.int16)


def _draw_object(canvas: Canvas, dice: Dice) -> None:
    """Draw something that is in both classes: an animal, a tree, a pole, a ball, a cross or a box."""
    foot, height = _place(dice)
    (x, y), colour = foot, _object_colour(dice)
    kind = dice.pick(("animal", "tree", "pole", "ball", "cross", "box"))
    thin = max(2, height * dice.between(2, 6) // 100)
    if kind == "animal":
        draw_animal(canvas, dice, foot, max(8, height * 2 // 3))
    elif kind == "tree":
        canvas.capsule(foot, (x, y - height // 2), thin * 3 // 2, _object_colour(dice))
        for _ in range(3):
            crown = x + dice.between(-height, height) // 8, y - height * dice.between(55, 85) // 100
            canvas.ellipse(crown, (height * dice.between(12, 24) // 100, height * dice.between(12, 20) // 100), colour)
    elif kind == "pole":
        canvas.capsule(foot, (x, y - height), thin, _object_colour(dice))
        canvas.ellipse(
            (x, y - height), (height * dice.between(4, 10) // 100, height * dice.between(4, 9) // 100), colour
        )
    elif kind == "ball":
        canvas.ellipse((x, y - height // 6), (height // 6, height // 6), colour)
    elif kind == "cross":
        arm = height * dice.between(15, 35) // 100
        canvas.capsule(foot, (x, y - height), thin, colour)
        canvas.capsule((x - arm, y - height * 3 // 4), (x + arm, y - height * 3 // 4), thin, colour)
    else:
        canvas.rectangle(x - height // 4, y - height // 2, x + height // 4, y, colour)


def _object_colour(dice: Dice) -> Colour:
    """Return a colour that may be one of skin or hair."""
    return dice.pick(SKIN + HAIR) if dice.percent(20) else any_colour(dice)


def _draw_occluder(canvas: Canvas, dice: Dice, foot: Point, height: int) -> None:
    """Draw a box, bush or pole that hides a part of a figure, the lower one or a side."""
    (x, y), colour = foot, any_colour(dice)
    kind = dice.pick(("box", "bush", "pole"))
    if kind == "box":
        shift = dice.between(-height, height) // 5
        top = y - height * dice.between(15, 50) // 100
        canvas.rectangle(x + shift - height // 5, top, x + shift + height // 5, y + height // 20, colour)
    elif kind == "bush":
        for _ in range(4):
            centre = x + dice.between(-height, height) // 5, y - height * dice.between(0, 30) // 100
            canvas.ellipse(centre, (height * 12 // 100, height * 14 // 100), colour)
    else:
        shift = dice.between(-height, height) // 7
        canvas.capsule((x + shift, y + height // 10), (x + shift, y - height * 12 // 10), max(2, height // 40), colour)


def _lit(pixels: Pixels, dice: Dice) -> Pixels:
    """Return a scene under light from one side, darker or brighter as a whole, and with the noise of a camera."""
    ramp = np.arange(SIDE, dtype=np.int32) * 2 - SIDE
    slope = ramp[:, None] * dice.between(-50, 50) + ramp * dice.between(-50, 50)
    # In 64ths, so that light times a pixel stays below 2^15: 99 x 255 at most.
    light = ((256 + dice.between(-70, 40) + slope // SIDE) // 4).astype(np.int16)
    noise = (dice.bytes(SIDE, SIDE).astype(np.int16) - 128) * dice.between(0, 10) // 32
    lit = pixels * light[:, :, None]
    lit >>= 6
    lit += noise[:, :, None]
    return lit.clip(0, 255, out=lit).astype(np.uint8)
