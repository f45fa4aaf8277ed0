"""Classify images: python predict.py MODEL.onnx IMAGE ... (needs onnxruntime, numpy and pillow alone)."""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, PngImagePlugin

PngImagePlugin.MAX_TEXT_CHUNK = 1 << 26  # colour profiles may be larger than Pillow's limit of 1 MB
TURNS = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_270", 7: "TRANSVERSE",
         8: "ROTATE_90"}  # fmt: skip


def upright(image: Image.Image) -> Image.Image:
    """Turn an image as its EXIF orientation asks for; one whose metadata are damaged stays as it is."""
    try:
        turn = TURNS.get(int(image.getexif().get(0x0112, 1)))
    except Exception:  # of damaged metadata, Pillow's reader raises anything
        turn = None
    return image.transpose(Image.Transpose[turn]) if turn else image


def prepared(path: str, size: int, mean: float, std: float, white: float | None = None) -> np.ndarray:
    """Return an image file as the model's input: upright, RGB over white, squeezed to a square, normalised."""
    image = upright(Image.open(path))
    if image.mode.startswith("I") or image.mode == "F":  # greys of more than 8 bits
        greys = np.asarray(image)
        if white is None or not 0 <= greys.min() <= greys.max() <= white:
            raise ValueError(f"greys from {greys.min()} to {greys.max()}; the model was trained on 0 to {white}")
        image = Image.fromarray(np.rint(greys * (255 / white)).astype(np.uint8))
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    pixels = np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR), np.float32)
    return (pixels / np.float32(255 * std) - np.float32(mean / std)).transpose(2, 0, 1)[None]


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", "1")  # no x86 processor lets int8 sums saturate
    session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
    about = session.get_modelmeta().custom_metadata_map
    size, mean, std = int(about["input_size"]), float(about["mean"]), float(about["std"])
    white = float(about["white"]) if "white" in about else None
    for path in sys.argv[2:]:
        try:
            x = prepared(path, size, mean, std, white)
        except Exception as error:  # of damaged files, decoders raise anything
            sys.exit(f"error: {path} cannot be read as an image: {error}")
        logits = session.run(None, {"input": x})[0][0].astype(float)
        shares = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        print(f"{path}: {json.loads(about['labels'])[shares.argmax()]} {shares.max():.4f}")
