"""Image files as bytes: plain ones, and ones with odd metadata, sizes and depths."""

import io
import struct
import zlib


def encoded(image, **options):
    """Return an image as the bytes of a file."""
    content = io.BytesIO()
    image.save(content, **options)
    return content.getvalue()


def png_chunk(kind, data):
    """Return one chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(side, bits, pixels):
    """Return a PNG of a colour image by the bytes of its pixels."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, bits, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(pixels)) + png_chunk(b"IEND", b"")


def bomb_png(side):
    """Return a small PNG whose header promises `side` x `side` pixels."""
    return png_of(side, 8, b"0" * 1000)


def deep_png(value):
    """Return a PNG of one colour in 16 bits."""
    return png_of(16, 16, (b"\0" + struct.pack(">H", value) * 48) * 16)


def png_with(kind, data, image):
    """Return a PNG with one chunk more behind its header."""
    content = encoded(image, format="PNG")
    return content[:33] + png_chunk(kind, data) + content[33:]


def jpeg_with(marker, data, image):
    """Return a JPEG with one segment more at its start."""
    content = encoded(image, format="JPEG", quality=95)
    return content[:2] + b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data + content[2:]


def tiff_with(orientation):
    """Return EXIF data of an orientation, and of a resolution that is text instead of a number."""
    entries = struct.pack("<HHIHH", 0x112, 3, 1, orientation, 0) + struct.pack("<HHI4s", 282, 2, 3, b"72\0\0")
    return b"II*\0" + struct.pack("<IH", 8, 2) + entries + struct.pack("<I", 0)
