"""From the bytes of an image file to RGB arrays at every resolution."""

import io
import warnings
from collections.abc import Sequence

import numpy as np
from PIL import Image

from nascore.data.metadata import without_metadata
from nascore.data.source import (
    CorruptImage,
    EmptyImage,
    Pixels,
    TooBright,
    TooDark,
    TooLarge,
    UnknownFormat,
    UnknownWhite,
)

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
ORIENTATION = 0x0112
"""The only metadata that are read; see the EXIF standard."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
DARK = 16
"""Of 255: a 16-bit colour image without a brighter value was made with 12 bits or fewer, and would be all but black."""


def resized(content: bytes, resolutions: Sequence[int], max_pixels: int, white: int | None = None) -> list[Pixels]:
    """Decode an image once and resize it to every resolution as Visual Wake Words is published.

    It is resized to exactly (resolution, resolution), whatever its aspect ratio, bilinearly with antialiasing. Of
    several frames or pages it is the first.

    Parameters
    ----------
    content
        A file of one of `FORMATS`.
    resolutions
        Sizes, pixels.
    max_pixels
        Width times height that the header may promise; an image of more is not decoded.
    white
        The value of greys of more than 8 bits that is white.

    Raises
    ------
    CorruptImage
        If it is not a whole image of such a format, is too large, or has greys that `white` does not fit.
    """
    image = _decoded(content, max_pixels, white)
    return [np.asarray(image.resize((size, size), Image.Resampling.BILINEAR)) for size in resolutions]


def _decoded(content: bytes, max_pixels: int, white: int | None) -> Image.Image:
    """Return the pixels of a file as RGB, the way up that its EXIF data say."""
    try:
        return _read(content, max_pixels, white)
    except CorruptImage as error:
        # Pillow reads metadata before pixels, and damaged ones make it give up on a whole image.
        pixels = without_metadata(content)
        if pixels == content or type(error) not in (CorruptImage, UnknownFormat):
            raise
        try:
            return _read(pixels, max_pixels, white)
        except CorruptImage:
            raise error from None


def _read(content: bytes, max_pixels: int, white: int | None) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # Pillow warns of large images, which max_pixels decides on, and of odd metadata, which nothing reads.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                if image.width * image.height > max_pixels:
                    raise TooLarge(_too_large(f"{image.width} x {image.height}", max_pixels))
                is_deep = any("16" in str(tile.args) for tile in image.tile)
                image.load()
                return upright(_rgb(image, is_deep, white), orientation(image))
    except CorruptImage:
        raise
    except Image.UnidentifiedImageError:
        if not content:
            raise EmptyImage("the file is empty") from None
        raise UnknownFormat(f"the file is not a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} image") from None
    except Image.DecompressionBombError:
        raise TooLarge(_too_large("of far more", max_pixels)) from None
    # What a decoder raises for a damaged file is not documented and differs between formats.
    except Exception as error:
        raise CorruptImage(f"cannot be decoded: {error or type(error).__name__}") from None


def orientation(image: Image.Image) -> int:
    """Return how an image was taken, 1 to 8; 1, upright, where its metadata are damaged or say nothing."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # of damaged metadata, Pillow's reader raises anything
        return 1


def upright(image: Image.Image, how: int) -> Image.Image:
    """Turn an image the way that its orientation asks for."""
    return image.transpose(TURNS[how]) if how in TURNS else image


def _too_large(size: str, max_pixels: int) -> str:
    return f"{size} pixels; data.max_pixels allows {max_pixels}"


def _rgb(image: Image.Image, is_deep: bool, white: int | None) -> Image.Image:
    """Return any image as RGB: transparency over white, deep greys by the value that is white."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_grey(np.asarray(image), white)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    if is_deep and np.asarray(image).max(initial=0) < DARK:
        raise TooDark("a colour image of 16 bits that uses 12 or fewer, and so is black; convert it to 8 bits")
    return image


def _grey(values: np.ndarray, white: int | None) -> Pixels:
    """Return greys of more than 8 bits as 8 bits: the same factor for every image."""
    low, high = values.min(initial=0), values.max(initial=0)
    if white is None:
        raise UnknownWhite(
            f"greys of more than 8 bits, up to {high:g}; set data.white to the value that is white in all images, "
            "65535 if they use all of 16 bits"
        )
    if not 0 <= low <= high <= white:
        raise TooBright(f"greys from {low:g} to {high:g}; data.white expects 0 to {white}")
    return np.rint(values * (255 / white)).astype(np.uint8)
