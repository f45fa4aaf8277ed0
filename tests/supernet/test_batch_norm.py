import os
import subprocess
import sys

import normalise_together
import pytest
import torch
from torch import nn

from nascore.spaces import OfaMcunet
from nascore.supernet.batch_norm import MOMENTUM, ElasticBatchNorm

PROCESSES = 2
EPS = 1e-3


def state_of(channels: int) -> dict[str, torch.Tensor]:
    layer = ElasticBatchNorm(channels, EPS)
    for value in layer.bn.state_dict().values():
        if value.is_floating_point():
            value.uniform_(0.5, 2)
    return layer.state_dict()


def make_case(bounds: list[int], dtype: torch.dtype = torch.float32, shift: float = 0.0) -> dict:
    """Return a batch of 5 of 7 channels, divided at `bounds`."""
    x = (3 * torch.randn(bounds[-1], 5, 4, 4) + shift).to(dtype)
    return {"x": x, "probe": torch.randn(x.shape), "state": state_of(7), "bounds": bounds}


@pytest.fixture(scope="module")
def cases() -> dict[str, dict]:
    torch.manual_seed(0)
    return {
        "equal": make_case([0, 4, 8]),
        "unequal": make_case([0, 2, 8]),
        "one without images": make_case([0, 0, 4]),
        "far from zero": make_case([0, 3, 8], shift=100.0),
        "bfloat16": make_case([0, 4, 8], dtype=torch.bfloat16),
    }


@pytest.fixture(scope="module")
def found(cases, tmp_path_factory) -> list[dict]:
    """Return what each process found."""
    folder = tmp_path_factory.mktemp("processes")
    torch.save(cases, folder / "cases.pt")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    command = [sys.executable, normalise_together.__file__, str(folder)]
    running = [subprocess.Popen([*command, str(rank), str(PROCESSES)], env=environment) for rank in range(PROCESSES)]
    assert [process.wait(timeout=120) for process in running] == [0] * PROCESSES
    return [torch.load(folder / f"found{rank}.pt") for rank in range(PROCESSES)]


TOLERANCES = {"far from zero": 1e-4, "bfloat16": 2e-2}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["equal", "unequal", "one without images", "far from zero", "bfloat16"])
def test_several_processes_normalise_as_one(cases, found, name):
    case = cases[name]
    alone = normalise_together.run(case["x"], case["probe"], case["state"])
    shares = [share[name] for share in found]
    tolerance = {"rtol": TOLERANCES.get(name, 2e-6), "atol": TOLERANCES.get(name, 2e-6)}
    for divided in ("output", "input_gradient"):
        torch.testing.assert_close(torch.cat([share[divided] for share in shares]), alone[divided], **tolerance)
    for summed in ("weight_gradient", "bias_gradient"):
        torch.testing.assert_close(sum(share[summed] for share in shares), alone[summed], **tolerance)
    for shared in ("running_mean", "running_var"):
        assert torch.equal(shares[0][shared], shares[1][shared])
        torch.testing.assert_close(shares[0][shared], alone[shared], **tolerance)


@pytest.mark.parametrize("training", [True, False])
def test_alone_it_is_the_ordinary_layer_on_the_first_channels(training):
    state, x = state_of(7), torch.randn(4, 5, 3, 3)
    layer, ordinary = (
        ElasticBatchNorm(7, EPS).train(training),
        nn.BatchNorm2d(5, eps=1e-3, momentum=0.1).train(training),
    )
    layer.load_state_dict(state)
    ordinary.load_state_dict(
        {name.removeprefix("bn."): value[:5] if value.ndim else value for name, value in state.items()}
    )
    assert torch.equal(layer(x), ordinary(x))
    assert torch.equal(layer.bn.running_var[:5], ordinary.running_var)
    assert torch.equal(layer.bn.running_var[5:], state["bn.running_var"][5:])


def test_constants_are_the_published_ones():
    assert (OfaMcunet.batch_norm_eps, MOMENTUM) == (1e-3, 0.1)
