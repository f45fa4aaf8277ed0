"""Takes the metadata out of image files, keeping the bytes of their pixels as they are."""

import struct

PNG = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf")
"""Chunks of the pixels, and the EXIF data."""
JPEG = b"\xff\xd8"
JPEG_SCAN = 0xDA
JPEG_PLAIN = (0x01, *range(0xD0, 0xD9))
"""Markers that no length follows."""
JPEG_METADATA = (*range(0xE2, 0xEE), 0xEF, 0xFE)
"""Application segments and comments, but for JFIF's and Adobe's, which say how colours are stored, and EXIF data."""


def without_metadata(content: bytes) -> bytes:
    """Return a PNG or JPEG file without its metadata but EXIF data, and others as they are.

    What follows a damaged part is kept, so that a cut file is not made to look whole.
    """
    if content.startswith(PNG):
        return _png(content)
    if content.startswith(JPEG):
        return _jpeg(content)
    return content


def _png(content: bytes) -> bytes:
    """Keep the chunks that are needed (PNG specification, section 5)."""
    kept, place = [PNG], len(PNG)
    while place + 8 <= len(content):
        (length,) = struct.unpack_from(">I", content, place)
        chunk = content[place : place + 12 + length]
        if chunk[4:8] in PNG_KEPT:
            kept.append(chunk)
        place += 12 + length
    return b"".join(kept)


def _jpeg(content: bytes) -> bytes:
    """Drop the segments of metadata before the pixels (ITU T.81, annex B)."""
    kept, place = [JPEG], len(JPEG)
    while place + 4 <= len(content) and content[place] == 0xFF and content[place + 1] != JPEG_SCAN:
        marker, (length,) = content[place + 1], struct.unpack_from(">H", content, place + 2)
        end = place + (2 if marker in JPEG_PLAIN else 2 + length)
        if marker not in JPEG_METADATA:
            kept.append(content[place:end])
        place = end
    return b"".join([*kept, content[place:]])
