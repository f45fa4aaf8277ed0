import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from deterministic_weights import fill
from messages import facts

from nascore.deploy.check import logits_of_model, model_input
from nascore.deploy.export import export, metadata, with_batch
from nascore.evaluation.measure import calibrate_on_store
from nascore.evaluation.onnx_extra import onnx_session
from nascore.spaces import get_space
from nascore.supernet import build_supernet

ABOUT = {"labels": '["a", "b"]'}


@pytest.mark.slow
@torch.no_grad()
@pytest.mark.parametrize("name", ["ofa_mcunet", "binas"])
def test_the_model_says_what_the_subnet_says(name, rng, store):
    space = get_space(name, resolutions=(40,), n_classes=3)
    supernet = build_supernet(space)
    fill(supernet)
    subnet = supernet.subnet(space.sample(1, rng)[0])
    calibrate_on_store(subnet, store, n_images=8, device=torch.device("cpu"))
    pixels = store.images("test", 40)[:5]
    expected = subnet.eval()(torch.from_numpy(model_input(pixels))).numpy()
    assert expected.shape == (5, 3) and np.ptp(expected) > 0.01
    np.testing.assert_allclose(
        logits_of_model(export(subnet, ABOUT), pixels), expected, atol=3e-5 * np.abs(expected).max()
    )


def test_a_dynamic_batch_changes_no_answer_and_a_fixed_one_is_kept_to(subnet, store):
    single, pixels = export(subnet, ABOUT), store.images("test", 40)[:7]
    dynamic = with_batch(single, None)
    alone = logits_of_model(single, pixels)
    for batch in (1, 3, 7):
        np.testing.assert_allclose(logits_of_model(dynamic, pixels, batch), alone, atol=1e-5)
    refused = onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument
    with pytest.raises(refused, match=facts("input", "Got: 3", "Expected: 1")):
        logits_of_model(single, pixels, 3)


def test_the_model_holds_what_it_must_be_given(subnet):
    model = export(subnet, metadata(subnet, ["not_person", "Mensch ü"], "ab" * 32))
    about = onnx_session(model).get_modelmeta().custom_metadata_map
    assert json.loads(about["labels"]) == ["not_person", "Mensch ü"]
    assert (about["input_size"], about["mean"], about["std"]) == ("40", "0.5", "0.5")
    assert (about["arch_id"], about["weights_sha256"]) == (subnet.arch_id, "ab" * 32)
    read = onnx.load_from_string(model)
    assert [(entry.domain, entry.version) for entry in read.opset_import] == [("", 17)]
    assert [tensor.name for tensor in (*read.graph.input, *read.graph.output)] == ["input", "logits"]


def test_batch_normalisations_are_folded_and_the_subnet_is_left_alone(subnet):
    before = {name: value.clone() for name, value in subnet.state_dict().items()}
    operators = {node.op_type for node in onnx.load_from_string(export(subnet, ABOUT)).graph.node}
    assert operators == {"Add", "Clip", "Conv", "Flatten", "GlobalAveragePool", "HardSigmoid", "Mul"}
    assert all(torch.equal(value, before[name]) for name, value in subnet.state_dict().items())
