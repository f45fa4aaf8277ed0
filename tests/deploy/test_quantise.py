from collections import Counter

import numpy as np
import onnx
import pytest

from nascore.deploy.check import logits_of_model, model_input
from nascore.deploy.export import export
from nascore.deploy.quantise import ends, int8_sizes, quantise
from nascore.evaluation.measured_costs import measured_costs
from nascore.evaluation.onnx_extra import onnx_session


@pytest.fixture(scope="module")
def single(subnet) -> bytes:
    return export(subnet, {"labels": "[]"})


@pytest.fixture(scope="module")
def calibration(store):
    return model_input(store.images("calibration", 40))


@pytest.fixture(scope="module")
def int8(single, calibration) -> bytes:
    return quantise(single, calibration)


def test_every_channel_of_a_weight_has_a_scale(int8):
    graph = onnx.load_from_string(int8).graph
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    makers = {node.output[0]: node for node in graph.node}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert convolutions
    for node in convolutions:
        values, scale, zero_point = (constants[name] for name in makers[node.input[1]].input)
        assert values.dtype == np.int8 and not zero_point.any()
        assert scale.shape == (len(values),)
        np.testing.assert_array_equal(np.abs(values.reshape(len(values), -1)).max(1), 127)  # the range is used


def test_no_convolution_is_left_in_float(int8, tmp_path):
    """With signed activations half of them are: ONNX Runtime then mixes both kinds, and fuses no such node."""
    path = tmp_path / "optimised.onnx"
    onnx_session(int8, configure=lambda options: setattr(options, "optimized_model_filepath", str(path)))
    run = Counter(node.op_type for node in onnx.load(path).graph.node)
    assert run["Conv"] == run["GlobalAveragePool"] == run["Mul"] == run["Add"] == 0
    assert run["QLinearConv"] > 10 and run["QLinearGlobalAveragePool"] and run["QLinearMul"]


def test_answers_are_close_to_those_in_float(single, int8, store):
    pixels = store.images("test", 40)
    exact, near = logits_of_model(single, pixels), logits_of_model(int8, pixels)
    # Untrained weights, to which all images look alike: differences between images are small beside what is rounded.
    for k in range(2):
        assert 0.7 < np.corrcoef(near[:, k], exact[:, k])[0, 1] < 1


@pytest.mark.slow
def test_ranges_come_from_the_calibration_images(single, int8, calibration):
    dark = quantise(single, np.full_like(calibration, -1))
    assert ends(dark)["input"] == (pytest.approx(1 / 255), 255)  # the range is [-1, 0]
    assert ends(int8)["input"] == (pytest.approx(2 / 255, rel=0.05), pytest.approx(127.5, abs=3))


@pytest.mark.slow
def test_same_images_same_bytes_in_any_number_at_once(single, int8, calibration, monkeypatch):
    monkeypatch.setattr("nascore.deploy.quantise.BATCH", 24)
    assert quantise(single, calibration) == int8
    assert onnx_session(int8).get_modelmeta().custom_metadata_map["labels"] == "[]"


def test_the_model_holds_the_bytes_that_are_counted_as_flash(int8, subnet):
    sizes = int8_sizes(int8)
    assert sum(sizes.values()) == measured_costs(subnet)["flash_bytes"]
    assert sizes["bias_bytes"] % 4 == 0 and sizes["weight_bytes"] > 0
