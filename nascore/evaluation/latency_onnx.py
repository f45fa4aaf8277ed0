"""Plain networks as ONNX models, node for node as PyTorch's exporter writes them, but in milliseconds each.

A latency table has thousands of entries, and each is a model of its own: the exporter would take longer than the
measurement.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import nn

from nascore.evaluation.latency_modules import Layer, PlainUnit

OPSET, IR_VERSION = 17, 8
INPUT = "input"
_OPERATORS: dict[str, tuple[str, dict[str, float]]] = {
    "relu": ("Relu", {}),
    "hswish": ("HardSwish", {}),
    "hsigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
}


class _Graph:
    """A graph that grows by one node at a time; every node's output has the node's name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def constant(self, value: NDArray[np.float32]) -> str:
        self.constants.append(numpy_helper.from_array(value, f"constant_{len(self.constants)}"))
        return self.constants[-1].name

    def layer(self, layer: nn.Module, x: str) -> str:
        assert isinstance(layer, Layer)
        conv, shape = layer.conv, layer.shape
        assert conv.bias is not None
        y = self.node(
            "Conv",
            x,
            self.constant(conv.weight.numpy()),
            self.constant(conv.bias.numpy()),
            kernel_shape=[shape.kernel] * 2,
            strides=[shape.stride] * 2,
            pads=[side for side in shape.pads for _ in range(2)],
            group=shape.groups,
        )
        return self.activation(shape.activation, y)

    def activation(self, name: str, x: str) -> str:
        if name == "relu6":
            return self.node("Clip", x, *(self.constant(np.array(end, dtype=np.float32)) for end in (0, 6)))
        operator, attributes = _OPERATORS.get(name, ("", {}))
        return self.node(operator, x, **attributes) if operator else x

    def unit(self, module: nn.Module, x: str) -> str:
        assert isinstance(module, PlainUnit)
        y = self._mean(x) if module.unit.pooled_from else x
        for number, layer in enumerate(module.layers):
            y = self.layer(layer, y)
            if len(module.gate) and number == module.unit.gated:
                gate = self._mean(y)
                for part in module.gate:
                    gate = self.layer(part, gate)
                y = self.node("Mul", y, gate)
        if not module.unit.residual:
            return y
        kept = x if module.shortcut is None else self.layer(module.shortcut, x)
        return self.activation(module.unit.activation, self.node("Add", kept, y))

    def _mean(self, x: str) -> str:
        return self.node("ReduceMean", x, axes=[2, 3], keepdims=1)


def onnx_model(network: nn.Sequential, input_shape: tuple[int, ...]) -> bytes:
    """Return a plain network as a serialised ONNX model.

    Parameters
    ----------
    network
        Made by `plain_network`; one without units gives its input back.
    input_shape
        Of the only input.
    """
    graph = _Graph()
    y = INPUT
    for module in network:
        y = graph.unit(module, y)
    if y == INPUT:
        y = graph.node("Identity", INPUT)
    tensor = helper.make_tensor_value_info
    inputs, outputs = [tensor(INPUT, onnx.TensorProto.FLOAT, input_shape)], [tensor(y, onnx.TensorProto.FLOAT, None)]
    made = helper.make_graph(graph.nodes, "network", inputs, outputs, graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    serialised: bytes = model.SerializeToString()
    return serialised
