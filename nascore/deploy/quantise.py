"""Post-training quantisation to int8: QDQ form, one scale per output channel of a weight, calibrated on images.

Weights are signed and symmetric, activations unsigned and asymmetric, with the range that calibration saw (minimum and
maximum). ONNX Runtime on x86 has integer kernels for this pair alone: with signed activations a third of the
convolutions of a network with gates would run in float.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from nascore.deploy.export import INPUT, OUTPUT, with_batch

BATCH = 32
"""Images that go through the network at once; changes nothing but time and memory."""


def quantise(model: bytes, images: NDArray[np.float32]) -> bytes:
    """Return a float model of one image as an int8 model of one image; same model and images, same bytes.

    Parameters
    ----------
    model
        As `nascore.deploy.export.export` makes it.
    images
        The `(n, 3, resolution, resolution)` normalised images that activations take their ranges from.
    """
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "float.onnx"), Path(folder, "int8.onnx")
        source.write_bytes(with_batch(model, None))
        with _quietly():
            quantize_static(
                source,
                target,
                _Images(images),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
        quantised = onnx.load(target)
    about = {entry.key: entry.value for entry in onnx.load_from_string(model).metadata_props}
    helper.set_model_props(quantised, about)
    return with_batch(quantised.SerializeToString(), 1)


def int8_sizes(model: bytes) -> dict[str, int]:
    """Return the bytes of an int8 model's weights and of its int32 biases; scales and zero points are not counted."""
    sizes = {"weight_bytes": 0, "bias_bytes": 0}
    names = {onnx.TensorProto.INT8: "weight_bytes", onnx.TensorProto.INT32: "bias_bytes"}
    graph = onnx.load_from_string(model).graph
    zero_points = {node.input[2] for node in graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")}
    for tensor in graph.initializer:
        if tensor.data_type in names and tensor.name not in zero_points:
            sizes[names[tensor.data_type]] += numpy_helper.to_array(tensor).nbytes
    return sizes


def ends(model: bytes) -> dict[str, tuple[float, int]]:
    """Return scale and zero point of an int8 model's input and output."""
    graph = onnx.load_from_string(model).graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    first = next(node for node in graph.node if node.input[0] == INPUT)
    last = next(node for node in graph.node if OUTPUT in node.output)
    return {
        name: (float(constants[node.input[1]]), int(constants[node.input[2]]))
        for name, node in {"input": first, "output": last}.items()
    }


class _Images(CalibrationDataReader):
    """Feeds a few images at a time."""

    def __init__(self, images: NDArray[np.float32]) -> None:
        self._rest: Iterator[NDArray[np.float32]] = (
            images[start : start + BATCH] for start in range(0, len(images), BATCH)
        )

    def get_next(self) -> Mapping[str, Any] | None:
        """Return the next inputs, or None after the last."""
        images = next(self._rest, None)
        return None if images is None else {INPUT: images}


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the quantiser from advising a preparation that folded models do not need."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
