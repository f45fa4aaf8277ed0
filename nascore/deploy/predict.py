"""Classify images: python predict.py MODEL.onnx IMAGE ... (needs onnxruntime, numpy and pillow alone)."""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def prepared(path: str, size: int, mean: float, std: float) -> np.ndarray:
    """Return an image file as the model's input: upright, RGB over white, squeezed to a square, normalised."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I"):  # 16-bit greys
        image = Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
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
    for path in sys.argv[2:]:
        x = prepared(path, int(about["input_size"]), float(about["mean"]), float(about["std"]))
        logits = session.run(None, {"input": x})[0][0].astype(float)
        shares = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        print(f"{path}: {json.loads(about['labels'])[shares.argmax()]} {shares.max():.4f}")
