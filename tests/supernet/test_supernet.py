import json
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from deterministic_weights import fill, images
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messages import facts
from space_examples import genes_of
from torch import nn

from nascore.efficiency import cost
from nascore.errors import SpaceError
from nascore.spaces import get_space
from nascore.supernet import build_supernet

DATA = Path(__file__).parents[1] / "data"
SPACE = get_space("ofa_mcunet", resolutions=(32, 48))
FEW = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])


def uniform(width: int, kernel: int = 5, expand: int = 4, depth: int = 1, resolution: int = 32) -> dict:
    """Return the published form of an architecture whose blocks are all the same."""
    return {"wid": width, "ks": kernel, "e": expand, "d": depth, "image_size": resolution}


def one_architecture() -> st.SearchStrategy:
    return genes_of(SPACE, max_size=1).map(lambda rows: rows[0])


# -- the published network ---------------------------------------------------------------------------


def test_names_and_shapes_are_those_of_the_published_checkpoint(supernet):
    published = json.loads((DATA / "supernet_state_dict_shapes.json").read_text())
    assert len(published) == 480
    assert {name: list(value.shape) for name, value in supernet.state_dict().items()} == published
    assert list(supernet.state_dict()) == list(published)
    assert sum(parameter.numel() for parameter in supernet.parameters()) == 4_081_138


@torch.no_grad()
def set_statistics(subnet, batch):
    """Calibrate on one batch with the biased variance, as the reference did."""

    def take(layer, arguments):
        layer.running_var, layer.running_mean = torch.var_mean(arguments[0], (0, 2, 3), correction=0)

    hooks = [m.register_forward_pre_hook(take) for m in subnet.modules() if isinstance(m, nn.BatchNorm2d)]
    subnet(batch)
    for hook in hooks:
        hook.remove()


@pytest.mark.slow
@torch.no_grad()
def test_logits_of_the_published_network(space):
    golden = json.loads((DATA / "forward.json").read_text())
    network = build_supernet(space)
    fill(network)
    network.eval()
    assert len(golden) == 16
    for row in golden:
        resolution = row["arch"]["image_size"]
        batch = images(2, resolution)
        subnet = network.subnet(row["arch"])
        expected = torch.tensor(row["logits"])
        torch.testing.assert_close(network(batch, row["arch"]), expected, rtol=0, atol=1e-4)
        torch.testing.assert_close(subnet(batch), expected, rtol=0, atol=1e-4)
        set_statistics(subnet, images(16, resolution, seed=11))
        torch.testing.assert_close(subnet(batch), torch.tensor(row["calibrated_logits"]), rtol=0, atol=1e-4)


def test_the_largest_network_has_the_full_width_of_the_published_code(supernet):
    # The published sampler never draws it: its "largest" is the 0.75x one (defect 3).
    subnet = supernet.subnet(SPACE.largest())
    assert subnet.arch["wid"] == 2
    assert subnet.first_conv.conv.out_channels == 32
    assert sum(parameter.numel() for parameter in subnet.parameters()) == 4_067_018


# -- one network, two ways to run it -----------------------------------------------------------------


def agree(supernet, arch, *, training: bool) -> None:
    """Check logits and, when training, the statistics that the batch leaves behind."""
    network = deepcopy(supernet).train(training)
    genes = SPACE.from_dicts([arch])[0] if isinstance(arch, dict) else arch
    subnet = network.subnet(genes)
    assert subnet.training == training
    batch = images(4, subnet.resolution)
    with torch.no_grad():
        torch.testing.assert_close(network(batch, genes), subnet(batch), rtol=1e-5, atol=1e-5)
    after = network.subnet(genes).state_dict()
    for name, value in subnet.state_dict().items():
        if "num_batches_tracked" not in name:
            torch.testing.assert_close(after[name], value, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@FEW
@given(genes=one_architecture(), training=st.booleans())
def test_supernet_and_extracted_subnet_agree(supernet, genes, training):
    agree(supernet, genes, training=training)


@pytest.mark.slow
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("width", [0, 1, 2])
def test_they_agree_at_every_width(supernet, width, training):
    # The published supernet cannot run its first block (defect 5), and its SE is wider than the subnets' (defect 6).
    agree(supernet, uniform(width), training=training)


def test_a_subnet_has_its_own_weights(supernet):
    subnet = supernet.subnet(uniform(1))
    before = supernet.first_conv.conv.conv.weight.clone()
    with torch.no_grad():
        subnet.first_conv.conv.weight.zero_()
    assert torch.equal(supernet.first_conv.conv.conv.weight, before)
    assert all(parameter.requires_grad for parameter in subnet.parameters())


def test_extraction_keeps_number_format_and_draws_nothing(supernet):
    state = torch.get_rng_state()
    subnet = deepcopy(supernet).double().subnet(uniform(0))
    assert {value.dtype for value in subnet.state_dict().values()} == {torch.float64, torch.int64}
    assert torch.equal(torch.get_rng_state(), state)


# -- what it costs -----------------------------------------------------------------------------------


@torch.no_grad()
def count_macs(subnet) -> int:
    """Count what the layers really compute for one image."""
    macs = 0

    def count(layer, arguments, output):
        nonlocal macs
        macs += output.numel() * layer.weight[0].numel()

    for module in subnet.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    subnet.eval()(torch.zeros(1, 3, subnet.resolution, subnet.resolution))
    return macs


@pytest.mark.slow
@FEW
@given(genes=one_architecture())
def test_the_module_has_the_counted_parameters_and_macs(supernet, genes):
    subnet = supernet.subnet(genes)
    expected = cost(SPACE, subnet.genes[None]).iloc[0]
    assert sum(parameter.numel() for parameter in subnet.parameters()) == expected["params"]
    assert count_macs(subnet) == expected["macs"]


# -- training ----------------------------------------------------------------------------------------


def test_gradients_reach_every_weight_that_the_subnet_uses_and_no_other(supernet):
    network = deepcopy(supernet).train()
    arch = {**uniform(0, kernel=7), "ks": [3] + [7] * 19}
    network(images(4, 32), arch).square().sum().backward()
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    depthwise = "blocks.{}.mobile_inverted_conv.depth_conv.conv."
    assert gradients[depthwise.format(1) + "7to5_matrix"].abs().sum() > 0
    assert gradients[depthwise.format(1) + "5to3_matrix"].abs().sum() > 0
    assert gradients[depthwise.format(2) + "7to5_matrix"] is None
    stem = gradients["first_conv.conv.conv.weight"]
    assert stem[:16].abs().sum((1, 2, 3)).all() and not stem[16:].any()
    assert gradients["blocks.3.mobile_inverted_conv.point_linear.conv.conv.weight"] is None  # stage 1 runs two blocks


# -- mistakes ----------------------------------------------------------------------------------------


def test_images_of_another_resolution_are_refused(supernet):
    arch = uniform(1, resolution=48)
    for network in (supernet.subnet(arch), lambda batch: supernet(batch, arch)):
        with pytest.raises(SpaceError, match=facts("(2, 3, 32, 32)", "(n, 3, 48, 48)")):
            network(images(2, 32))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"d": [3, 0, 0, 0, 0, 0]}, ("d[0]", 3, "0, 1, 2")),
        ({"d": [1, 1]}, ("d", 6, 2)),
        ({"ks": 9}, ("ks[0]", 9, "3, 5, 7")),
        ({"wid": 3}, ("wid", 3, "0, 1, 2")),
        ({"w": 1}, ("w", "wid", "wid, ks, e, d, image_size")),
        ({"image_size": 96}, ("image_size", 96, "32, 48")),
    ],
)
def test_architectures_of_no_subnet_are_refused(supernet, change, message):
    # The published network takes any depth and any keyword (defect 16).
    with pytest.raises(SpaceError, match=facts("row 0", *message)):
        supernet.subnet({**uniform(1), **change})


@pytest.mark.parametrize(
    ("genes", "message"),
    [
        (
            np.zeros((2, 48), dtype=int),
            ("ofa_mcunet", 48, "(2, 48)"),
        ),
        (np.zeros(47, dtype=int), ("ofa_mcunet", "(n, 48)", "int64", "(1, 47)")),
        (np.full(48, 3), ("row 0", "resolution", 3, 0, 1, "(32, 48)")),
    ],
)
def test_genes_of_no_subnet_are_refused(supernet, genes, message):
    with pytest.raises(SpaceError, match=facts(*message)):
        supernet(images(1, 32), genes)


def test_the_sixth_depth_means_nothing(supernet):
    arch = supernet.subnet({**uniform(1), "d": [1, 1, 1, 1, 1, 2]})
    assert arch.arch_id == supernet.subnet(uniform(1)).arch_id


def test_a_restricted_space_and_a_number_of_classes():
    network = build_supernet(SPACE.restrict({"width": [0]}), n_classes=3)
    assert network.first_conv.conv.conv.out_channels == 32
    assert network.space.n_classes == 3
    assert network.eval().subnet(uniform(2))(images(1, 32)).shape == (1, 3)
