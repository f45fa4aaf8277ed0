"""From the bytes of an image file to RGB arrays at every resolution."""

import io
import warnings
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

from nascore.data.source import CorruptImage, EmptyImage, Pixels, TooLarge, UnknownFormat

FORMATS = ("JPEG", "PNG", "WEBP")
SUFFIXES = (".jpeg", ".jpg", ".png", ".webp")


def resized(content: bytes, resolutions: Sequence[int], max_pixels: int) -> list[Pixels]:
    """Decode an image once and resize it to every resolution as Visual Wake Words is published.

    It is resized to exactly (resolution, resolution), whatever its aspect ratio, bilinearly with antialiasing.

    Parameters
    ----------
    content
        A JPEG, PNG or WebP file.
    resolutions
        Sizes, pixels.
    max_pixels
        Width times height that the header may promise; an image of more is not decoded.

    Raises
    ------
    CorruptImage
        If it is not a whole image of such a format, or is too large.
    """
    image = _decoded(content, max_pixels)
    return [np.asarray(image.resize((size, size), Image.Resampling.BILINEAR)) for size in resolutions]


def _decoded(content: bytes, max_pixels: int) -> Image.Image:
    """Return the pixels of a file as RGB, the way up that its EXIF data say."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of large images, which max_pixels decides on, and of odd metadata, which nothing reads.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                if image.width * image.height > max_pixels:
                    raise TooLarge(_too_large(f"{image.width} x {image.height}", max_pixels))
                image.load()
                return _rgb(ImageOps.exif_transpose(image))
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


def _too_large(size: str, max_pixels: int) -> str:
    return f"{size} pixels; data.max_pixels allows {max_pixels}"


def _rgb(image: Image.Image) -> Image.Image:
    """Return any image as RGB: transparency over white, 16-bit greys by their upper 8 bits."""
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")
