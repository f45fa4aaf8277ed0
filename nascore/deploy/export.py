"""A subnet as an ONNX model: folded, float32, with labels and preprocessing inside the file."""

import json
from collections.abc import Iterator, Mapping, Sequence

import onnx
import torch
from onnx import helper
from torch import nn

from nascore.evaluation.latency_modules import Layer, PlainUnit, plain_network
from nascore.evaluation.latency_onnx import INPUT, OPSET, onnx_model
from nascore.evaluation.measure import fold
from nascore.supernet import Subnet

__all__ = ["INPUT", "OPSET", "OUTPUT", "export", "metadata", "with_batch"]

OUTPUT = "logits"
DYNAMIC = "batch"
"""How the dimension is called that may have any size."""


def metadata(subnet: Subnet, labels: Sequence[str], weights_sha256: str, white: int | None = None) -> dict[str, str]:
    """Return what every model of a bundle says of itself: what it must be given, and what its answers mean.

    Parameters
    ----------
    white
        The value of greys of more than 8 bits that is white; see `nascore.data.options.PhotoOptions`.
    """
    deep = {} if white is None else {"white": str(white)}
    return deep | {
        "labels": json.dumps(list(labels), ensure_ascii=False),
        "input_size": str(subnet.resolution),
        "mean": str(subnet.space.mean),
        "std": str(subnet.space.std),
        "arch_id": subnet.arch_id,
        "weights_sha256": weights_sha256,
    }


def export(subnet: Subnet, about: Mapping[str, str]) -> bytes:
    """Return a calibrated subnet as a serialised ONNX model of one image.

    Its input `INPUT` is `(1, 3, resolution, resolution)`, normalised; its output `OUTPUT` is `(1, n_classes)`.

    Parameters
    ----------
    about
        See `metadata`.
    """
    model = onnx.load_from_string(onnx_model(_plain(subnet), (1, 3, subnet.resolution, subnet.resolution)))
    for node in model.graph.node:
        # The same mean, and the operator that runtimes have int8 kernels for.
        if node.op_type == "ReduceMean":
            node.op_type = "GlobalAveragePool"
            del node.attribute[:]
    last = model.graph.node[-1].output[0]
    model.graph.node.append(helper.make_node("Flatten", [last], [OUTPUT], OUTPUT))
    shape = [1, subnet.units[-1].convs[-1].c_out]
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, shape))
    helper.set_model_props(model, dict(about))
    onnx.checker.check_model(model, full_check=True)
    return _bytes(model)


def with_batch(model: bytes, batch: int | None) -> bytes:
    """Return a model that takes so many images at a time; any number for None."""
    changed = onnx.load_from_string(model)
    for tensor in (*changed.graph.input, *changed.graph.output):
        first = tensor.type.tensor_type.shape.dim[0]
        if batch is None:
            first.dim_param = DYNAMIC
        else:
            first.dim_value = batch
    del changed.graph.value_info[:]  # shapes between input and output, which follow from these
    return _bytes(changed)


def _bytes(model: onnx.ModelProto) -> bytes:
    serialised: bytes = model.SerializeToString(deterministic=True)
    return serialised


@torch.no_grad()
def _plain(subnet: Subnet) -> nn.Sequential:
    """Return a subnet, folded, as the plain modules that `onnx_model` writes."""
    sources = [module for module in fold(subnet).cpu().modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    network = plain_network(subnet.units)
    for layer, source in zip(_layers(network), sources, strict=True):
        assert layer.conv.bias is not None and source.bias is not None
        layer.conv.weight.copy_(source.weight.reshape(layer.conv.weight.shape))
        layer.conv.bias.copy_(source.bias)
    return network


def _layers(network: nn.Sequential) -> Iterator[Layer]:
    """Yield the layers in the order in which a subnet has them: a gate behind its layer, the shortcut's last."""
    for unit in network:
        assert isinstance(unit, PlainUnit)
        for number, layer in enumerate(unit.layers):
            for found in (layer, *(unit.gate if number == unit.unit.gated else ())):
                assert isinstance(found, Layer)
                yield found
        if unit.shortcut is not None:
            yield unit.shortcut
