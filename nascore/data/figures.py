"""Persons, and figures made of the same parts that are none.

A figure that is no person is headless, has a wrong head or one in a wrong place, stands on a pole, or is all of one
colour as a statue is; colours, sizes and poses of its parts are drawn as those of persons and tell nothing.
"""

from dataclasses import dataclass, replace

from nascore.data.dice import Dice
from nascore.data.raster import TURN, Canvas, Colour, Point, moved

SKIN = ((242, 206, 178), (224, 172, 132), (198, 140, 100), (158, 102, 68), (112, 70, 46), (72, 46, 34))
HAIR = ((28, 22, 20), (70, 44, 26), (120, 78, 40), (206, 170, 104), (150, 146, 142), (140, 52, 28))
POSES = ("standing", "standing", "walking", "walking", "bending", "sitting")
FAULTS = ("headless", "wrong head", "displaced head", "on a pole", "no torso", "statue")

Limb = tuple[Point, Point, Point]
DOWN = TURN // 2


@dataclass(frozen=True)
class Look:
    """The colours of a figure."""

    skin: Colour
    hair: Colour
    top: Colour
    sleeves: Colour
    legs: Colour
    shoes: Colour


@dataclass(frozen=True)
class Body:
    """The joints of a figure, and its height and width in units."""

    height: int
    width: int
    head: Point
    neck: Point
    hip: Point
    arms: tuple[Limb, Limb]
    legs: tuple[Limb, Limb]


def any_colour(dice: Dice) -> Colour:
    """Return a colour as of cloth, paint or leaves."""
    grey, spread = dice.between(25, 215), dice.pick((12, 40, 90))
    red, green, blue = (min(245, max(10, grey + dice.between(-spread, spread))) for _ in range(3))
    return red, green, blue


def any_look(dice: Dice) -> Look:
    """Return the colours of some figure."""
    skin, top = dice.pick(SKIN), any_colour(dice)
    legs = skin if dice.percent(12) else any_colour(dice)
    return Look(skin, dice.pick(HAIR), top, skin if dice.percent(45) else top, legs, any_colour(dice))


def any_body(dice: Dice, foot: Point, height: int) -> Body:
    """Return a body in some pose with its feet about at `foot`."""
    pose, side = dice.pick(POSES), dice.pick((-1, 1))
    lean = side * (dice.between(24, 56) if pose == "bending" else dice.between(-5, 9))
    hip = foot[0], foot[1] - height * (27 if pose == "sitting" else 48) // 100
    neck = moved(hip, lean, height * 31 // 100)
    head = moved(neck, lean * dice.between(30, 100) // 100, height * 11 // 100)
    width = height * dice.between(80, 130) // 100
    return Body(
        height,
        width,
        head,
        neck,
        hip,
        (_arm(dice, neck, lean, -width, height), _arm(dice, neck, lean, width, height)),
        (_leg(dice, hip, pose, side, -1, height), _leg(dice, hip, pose, side, 1, height)),
    )


def _arm(dice: Dice, neck: Point, lean: int, width: int, height: int) -> Limb:
    """Return shoulder, elbow and hand; a negative width is the left arm."""
    outward = -1 if width < 0 else 1
    shoulder = moved(neck, lean + TURN // 4, width * 8 // 100)
    upper = DOWN + lean // 2 - outward * (dice.between(60, 120) if dice.percent(20) else dice.between(4, 44))
    elbow = moved(shoulder, upper, height * 17 // 100)
    return shoulder, elbow, moved(elbow, upper + dice.between(-60, 60), height * 15 // 100)


def _leg(dice: Dice, hip: Point, pose: str, side: int, direction: int, height: int) -> Limb:
    """Return hip, knee and ankle."""
    if pose == "sitting":
        thigh = DOWN - side * dice.between(44, 66)
        shin = DOWN + side * dice.between(-4, 10)
    else:
        thigh = DOWN - direction * (dice.between(8, 30) if pose == "walking" else dice.between(2, 9))
        shin = thigh + side * dice.between(0, 18 if pose == "walking" else 3)
    knee = moved(hip, thigh, height * 24 // 100)
    return hip, knee, moved(knee, shin, height * 24 // 100)


def draw_person(canvas: Canvas, dice: Dice, foot: Point, height: int) -> None:
    """Draw a person."""
    body, look = any_body(dice, foot, height), any_look(dice)
    _draw_legs(canvas, body, look)
    _draw_torso(canvas, body, look)
    _draw_head(canvas, dice, body, look)
    _draw_arms(canvas, body, look)


def draw_foil(canvas: Canvas, dice: Dice, foot: Point, height: int) -> None:
    """Draw a figure of a person's parts that is no person."""
    body, look, fault = any_body(dice, foot, height), any_look(dice), dice.pick(FAULTS)
    if fault == "statue":
        stone = any_colour(dice)
        look = Look(stone, stone, stone, stone, stone, stone)
    if fault == "displaced head":
        away = moved(body.head, dice.between(40, 216), height * dice.between(20, 45) // 100)
        body = replace(body, head=away)
    if fault == "on a pole":
        canvas.capsule(body.hip, (body.hip[0], foot[1]), max(2, height // 40), look.legs)
    else:
        _draw_legs(canvas, body, look)
    if fault != "no torso":
        _draw_torso(canvas, body, look)
    if fault == "wrong head":
        _draw_wrong_head(canvas, dice, body)
    elif fault != "headless":
        _draw_head(canvas, dice, body, look)
    if fault != "no torso":
        _draw_arms(canvas, body, look)


def draw_animal(canvas: Canvas, dice: Dice, foot: Point, height: int) -> None:
    """Draw an animal on four legs, as high as `height` to its head; its colours may be those of skin and hair."""
    coat = dice.pick(SKIN + HAIR) if dice.percent(60) else any_colour(dice)
    marks = dice.pick(HAIR) if dice.percent(40) else coat
    side, length, leg = dice.pick((-1, 1)), height * dice.between(70, 120) // 100, height * dice.between(35, 50) // 100
    rump = foot[0] - side * length // 2, foot[1] - leg
    chest = foot[0] + side * length // 2, foot[1] - leg - height // 20
    head = chest[0] + side * height * dice.between(10, 30) // 100, foot[1] - height * dice.between(75, 95) // 100
    for start in (rump, chest):
        for _ in range(2):
            end = start[0] + dice.between(-height, height) // 8, foot[1]
            canvas.capsule(start, end, max(2, height // 22), coat)
    canvas.capsule(rump, chest, max(2, height * dice.between(10, 16) // 100), coat)
    canvas.capsule(chest, head, max(2, height // 14), coat)
    canvas.ellipse(head, (height * 11 // 100, height * 8 // 100), marks)
    canvas.capsule(rump, moved(rump, -side * dice.between(20, 100), height // 4), max(1, height // 45), marks)


def _draw_legs(canvas: Canvas, body: Body, look: Look) -> None:
    radius = max(2, body.width * 38 // 1000)
    for hip, knee, ankle in body.legs:
        canvas.capsule(hip, knee, radius * 5 // 4, look.legs)
        canvas.capsule(knee, ankle, radius, look.legs)
        canvas.ellipse(ankle, (radius * 3 // 2, radius), look.shoes)


def _draw_torso(canvas: Canvas, body: Body, look: Look) -> None:
    (neck_x, neck_y), (hip_x, hip_y) = body.neck, body.hip
    canvas.capsule(body.neck, body.head, max(1, body.width * 26 // 1000), look.skin)
    across = max(1, body.width * 70 // 1000)
    chest = (neck_x * 3 + hip_x) // 4, (neck_y * 3 + hip_y) // 4
    canvas.capsule(chest, body.hip, across, look.top)
    canvas.capsule(body.arms[0][0], body.arms[1][0], max(2, body.width * 45 // 1000), look.top)
    canvas.ellipse(chest, (across * 5 // 4, across * 5 // 4), look.top)


def _draw_arms(canvas: Canvas, body: Body, look: Look) -> None:
    radius = max(2, body.width * 28 // 1000)
    for shoulder, elbow, hand in body.arms:
        canvas.capsule(shoulder, elbow, radius * 5 // 4, look.top)
        canvas.capsule(elbow, hand, radius, look.sleeves)
        canvas.ellipse(hand, (radius * 5 // 4, radius * 5 // 4), look.skin)


def _draw_head(canvas: Canvas, dice: Dice, body: Body, look: Look) -> None:
    """Draw hair and, unless the figure looks away, a face."""
    (x, y), wide, high = body.head, max(2, body.height * 56 // 1000), max(2, body.height * 72 // 1000)
    canvas.ellipse((x, y - high // 6), (wide * 9 // 8, high * 9 // 8), look.hair)
    turned = dice.between(-wide, wide) // 3
    if dice.percent(85):
        canvas.ellipse((x + turned, y + high // 5), (wide * 7 // 8, high * 7 // 8), look.skin)
        for eye in (-1, 1):
            canvas.ellipse((x + turned + eye * wide * 3 // 8, y), (wide // 7, high // 9), (30, 24, 22))


def _draw_wrong_head(canvas: Canvas, dice: Dice, body: Body) -> None:
    """Draw a box, a board or a pot where a head would be."""
    (x, y), colour = body.head, any_colour(dice)
    wide, high = (body.height * dice.between(45, 100) // 1000 for _ in range(2))
    if dice.percent(60):
        canvas.rectangle(x - wide, y - high, x + wide, y + high, colour)
    else:
        corners = [(x - wide, y - high), (x + wide, y - high), (x + wide // 2, y + high), (x - wide // 2, y + high)]
        canvas.polygon(corners, colour)
