"""Networks of described spaces, against plain PyTorch modules that are built by hand here."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from torch import nn
from torch.nn import functional

from nascore.deploy.export import INPUT, export
from nascore.efficiency import cost
from nascore.evaluation.calibration import calibrate
from nascore.evaluation.measure import fold
from nascore.space_files import find_space
from nascore.supernet import Supernet, build_supernet
from nascore.supernet.initialise import initialise
from nascore.supernet.sorting import sort_channels

EXAMPLES = sorted((Path(__file__).parents[2] / "config" / "spaces").glob("*.yaml"))
SAMPLES = 8


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem, scope="module")
def supernet(request) -> Supernet:
    """The supernet of an example with weights and statistics that are not those of the start."""
    space = find_space(str(request.param), resolutions=(24, 33), n_classes=3)
    network = build_supernet(space)
    initialise(network, 0)
    torch.manual_seed(0)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(std=0.1)
            elif module.parameters(recurse=False):
                for name, kernel_map in module.named_parameters(recurse=False):
                    if name.endswith("_matrix"):
                        kernel_map.add_(0.01 * torch.randn_like(kernel_map))
    return network.eval()


def images_for(subnet, n=2):
    size = subnet.resolution
    return torch.randn((n, 3, size, size), generator=torch.Generator().manual_seed(1))


def sampled(supernet):
    genes = supernet.space.sample(SAMPLES, np.random.default_rng(0))
    return [supernet.space.largest(), supernet.space.smallest(), *genes]


class TestSubnets:
    def test_compute_what_the_supernet_does(self, supernet):
        for genes in sampled(supernet):
            subnet = supernet.subnet(genes)
            images = images_for(subnet)
            torch.testing.assert_close(supernet(images, genes), subnet(images), atol=1e-4, rtol=1e-4)

    def test_have_the_counted_weights(self, supernet):
        genes = np.stack(sampled(supernet))
        for row, params in zip(genes, cost(supernet.space, genes)["params"], strict=True):
            assert sum(p.numel() for p in supernet.subnet(row).parameters()) == params

    def test_as_onnx_models_give_the_same_logits(self, supernet):
        for genes in sampled(supernet)[:4]:
            subnet = supernet.subnet(genes)
            images = images_for(subnet, 1)
            model = onnx.load_from_string(export(subnet, {}))
            (found,) = ReferenceEvaluator(model).run(None, {INPUT: images.numpy()})
            np.testing.assert_allclose(found, subnet(images).detach().numpy(), atol=1e-3, rtol=1e-3)

    def test_folded_are_the_same(self, supernet):
        subnet = supernet.subnet(supernet.space.largest())
        images = images_for(subnet)
        torch.testing.assert_close(fold(subnet)(images), subnet(images), atol=1e-4, rtol=1e-4)

    def test_calibrated_have_the_statistics_of_a_training_batch(self, supernet):
        """Of one batch they are those that PyTorch itself normalises by."""
        for genes in sampled(supernet)[:3]:
            subnet = supernet.subnet(genes)
            images = images_for(subnet, 12)
            expected = supernet.subnet(genes).train()(images)
            calibrate(subnet, images)
            torch.testing.assert_close(subnet(images), expected, atol=2e-3, rtol=2e-3)


def test_sorted_channels_leave_the_largest_subnet_as_it_was(supernet):
    genes = supernet.space.largest()
    images = images_for(supernet.subnet(genes))
    before = supernet(images, genes)
    sort_channels(supernet)
    torch.testing.assert_close(supernet(images, genes), before, atol=1e-4, rtol=1e-4)
    for block in supernet.blocks:
        layers = list(block.mobile_inverted_conv)
        if layers[0].conv.conv.groups == 1 and len(layers) > 1:
            read = layers[-1].conv.conv.weight.abs().sum((0, 2, 3))
            assert (read.diff() <= 1e-4).all()


# -- published references, by hand -------------------------------------------------------------------


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's padding, batch normalisation and a ReLU."""

    def __init__(self, c_in, c_out, kernel, stride=1, groups=1, relu=True):
        super().__init__(c_in, c_out, kernel, stride, groups=groups, bias=False)
        self.bn, self.relu = nn.BatchNorm2d(c_out, eps=1e-3), relu

    def forward(self, x):
        total = max((-(-x.shape[-1] // self.stride[0]) - 1) * self.stride[0] + self.kernel_size[0] - x.shape[-1], 0)
        pad = (total // 2, total - total // 2)
        y = self.bn(super().forward(functional.pad(x, (*pad, *pad))))
        return y.relu() if self.relu else y


class MobileNetV1(nn.Module):
    """MobileNetV1 x0.25 (Howard et al., 2017) as MLPerf Tiny has it."""

    def __init__(self):
        super().__init__()
        layers, c = [SameConv(3, 8, 3, 2)], 8
        for c_out, stride in [
            (16, 1),
            (32, 2),
            (32, 1),
            (64, 2),
            (64, 1),
            (128, 2),
            *[(128, 1)] * 5,
            (256, 2),
            (256, 1),
        ]:
            layers += [SameConv(c, c, 3, stride, groups=c), SameConv(c, c_out, 1)]
            c = c_out
        self.layers, self.linear = nn.Sequential(*layers), nn.Linear(c, 2)

    def forward(self, x):
        return self.linear(self.layers(x).mean((2, 3)))


class ResNet8(nn.Module):
    """ResNet-8 of MLPerf Tiny."""

    def __init__(self):
        super().__init__()
        self.stem, self.linear = SameConv(3, 16, 3), nn.Linear(64, 10)
        self.first = nn.ModuleList(SameConv(a, b, 3, s) for a, b, s in [(16, 16, 1), (16, 32, 2), (32, 64, 2)])
        self.second = nn.ModuleList(SameConv(b, b, 3, relu=False) for b in (16, 32, 64))
        self.shortcuts = nn.ModuleList(
            [nn.Identity(), SameConv(16, 32, 1, 2, relu=False), SameConv(32, 64, 1, 2, relu=False)]
        )

    def forward(self, x):
        x = self.stem(x)
        for first, second, shortcut in zip(self.first, self.second, self.shortcuts, strict=True):
            x = (shortcut(x) + second(first(x))).relu()
        return self.linear(x.mean((2, 3)))


def counted(network, size):
    """Return multiply-accumulates and parameters of a network, by hooks."""
    macs = []

    def add(module, _, y):
        weight = module.weight
        macs.append(weight.numel() * (y.shape[-1] * y.shape[-2] if y.ndim == 4 else 1))

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            # The hook sees the output behind the batch normalisation, which has the same size.
            module.register_forward_hook(add)
    network.eval()(torch.zeros(1, 3, size, size))
    return {"macs": sum(macs), "params": sum(p.numel() for p in network.parameters())}


REFERENCES = {
    "mobilenet_v1": (MobileNetV1, 96, 2, {"resolution": 96}, 7_489_664),
    "resnet8": (ResNet8, 32, 10, {"resolution": 32, **{f"stage{i}.depth": 1 for i in (1, 2, 3)}}, 12_501_632),
}


def reference(name):
    """Return a space, the genes of the published network in it, and that network."""
    build, _, n_classes, fixed, _ = REFERENCES[name]
    space = find_space(str(EXAMPLES[0].with_name(f"{name}.yaml")), n_classes=n_classes)
    kernels = {gene: [3] for gene in space.gene_names if gene.endswith(".kernel")}
    genes = space.restrict({gene: [value] for gene, value in fixed.items()} | kernels).largest()
    torch.manual_seed(0)
    return space, genes, build()


@pytest.mark.parametrize("name", REFERENCES)
def test_costs_are_those_of_the_reference(name):
    space, genes, network = reference(name)
    size, macs = REFERENCES[name][1], REFERENCES[name][4]
    (row,) = cost(space, genes[None]).to_dict("records")
    assert {key: row[key] for key in ("macs", "params")} == counted(network, size)
    assert row["macs"] == macs


@pytest.mark.parametrize("name", REFERENCES)
def test_logits_are_those_of_the_reference(name):
    """With the reference's weights, layer by layer in the order of both."""
    space, genes, network = reference(name)
    subnet = build_supernet(space).subnet(genes).eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(std=0.1)
                module.running_var.uniform_(0.5, 2)
        ours = [m for m in subnet.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d | nn.Linear)]
        for target, source in zip(ours, in_order(network), strict=True):
            target.load_state_dict({k: v for k, v in source.state_dict().items() if not k.startswith("bn.")})
    images = torch.randn(2, 3, REFERENCES[name][1], REFERENCES[name][1])
    torch.testing.assert_close(subnet(images), network.eval()(images), atol=1e-5, rtol=1e-5)


def in_order(network):
    """Return the layers of a reference in the order of a subnet: of a block, the shortcut last."""
    if isinstance(network, MobileNetV1):
        convs = list(network.layers)
    else:
        convs = [network.stem]
        for first, second, shortcut in zip(network.first, network.second, network.shortcuts, strict=True):
            convs += [first, second, *([shortcut] if isinstance(shortcut, SameConv) else [])]
    return [layer for conv in convs for layer in (conv, conv.bn)] + [network.linear]
