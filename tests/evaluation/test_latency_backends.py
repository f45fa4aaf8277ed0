from io import BytesIO

import numpy as np
import pytest
import torch
from messages import facts

from nascore.errors import ConfigError
from nascore.evaluation import onnx_extra
from nascore.evaluation.latency import network_units
from nascore.evaluation.latency_backends import backend_names, get_backend
from nascore.evaluation.latency_modules import example_input, plain_network
from nascore.spaces import get_space


@pytest.mark.parametrize("name", ["binas", "ofa_mcunet"])
def test_the_onnx_model_computes_what_the_pytorch_module_does(name, rng):
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    from nascore.evaluation.latency_onnx import INPUT, onnx_model

    space = get_space(name, resolutions=(32,))
    units = network_units(space, space.sample(1, rng)[0])
    network, x = plain_network(units), example_input(units[0], 2)
    session = runtime.InferenceSession(onnx_model(network, tuple(x.shape)), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {INPUT: x.numpy()})[0], network(x), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the exporter that needs no further package is on its way out
@pytest.mark.parametrize("name", ["binas", "ofa_mcunet"])
def test_the_onnx_model_is_what_pytorch_exports(name, rng):
    onnx = pytest.importorskip("onnx", reason="needs the extra onnx")
    from nascore.evaluation.latency_onnx import onnx_model

    space = get_space(name, resolutions=(32,))
    units = network_units(space, space.sample(1, rng)[0])
    network, x, exported = plain_network(units), example_input(units[0], 1), BytesIO()
    torch.onnx.export(network, (x,), exported, dynamo=False, opset_version=17)
    theirs = [node.op_type for node in onnx.load_from_string(exported.getvalue()).graph.node]
    ours = [node.op_type for node in onnx.load_from_string(onnx_model(network, tuple(x.shape))).graph.node]
    assert ours == [operator for operator in theirs if operator != "Constant"]


@pytest.mark.parametrize("name", ["pytorch", "onnxruntime"])
def test_a_call_takes_time_and_leaves_the_process_as_it_was(name):
    if name == "onnxruntime":
        pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    backend, before = get_backend(name, threads=2), torch.get_num_threads()
    units = network_units(get_space("binas", resolutions=(32,)), get_space("binas", resolutions=(32,)).smallest())
    with backend.running():
        assert torch.get_num_threads() == 2
        call, empty = backend.prepare(units, 1), backend.prepare([], 1)
        assert 0 < min(empty() for _ in range(9)) < min(call() for _ in range(9))
    assert torch.get_num_threads() == before
    assert not torch.is_inference_mode_enabled()
    assert backend.runtime_version[0].isdigit()
    assert backend.hardware


def test_a_backend_that_is_not_installed_names_its_extra(monkeypatch):
    monkeypatch.setattr(onnx_extra, "find_spec", lambda module: None)
    with pytest.raises(ConfigError, match=facts("onnx", "onnxruntime", "pip install 'nascore[onnx]'")):
        get_backend("onnxruntime")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_cuda_needs_a_gpu():
    with pytest.raises(ConfigError, match=facts("'cuda'", "GPU", "PyTorch")):
        get_backend("cuda")


def test_says_what_is_wrong():
    assert backend_names() == ["pytorch", "onnxruntime", "cuda"]
    with pytest.raises(ConfigError, match=facts("'onnx'", "'onnxruntime'")):
        get_backend("onnx")
    with pytest.raises(ConfigError, match=facts("threads", "'pytorch'", 1, 0)):
        get_backend("pytorch", threads=0)
