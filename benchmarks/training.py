"""Seconds of one training step of the supernet, against the same step written plainly: NCHW, eager.

    python benchmarks/training.py [--threads 2] [--batch-size 64] [--resolution 96]

A step is forward and backward passes of the largest, a random and the smallest subnet on one batch, and AdamW. Both
sides have the same weights, subnets and images, and take turns. The plain side slices the same parameters and calls
`conv2d`, `batch_norm` and `relu6`; ours is `nascore.supernet.Supernet`, channels last.

First, losses and gradients of both are compared in double precision, where only a mistake makes them differ; if they
do, the script exits with 1. Then PyTorch's profiler adds up what `aten::copy_` copied, and `aten::zero_` cleared,
of tensors other than activations. Those are told by their first dimension: the batch of that step has a number of
images that no weight has channels. Clearing is how autograd makes the gradient of a slice. What oneDNN reorders within
a convolution is not visible there; it is part of the seconds.
"""

import os

os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # the profiler would print a line at each start and stop

import argparse
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from itertools import compress
from math import prod

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile

from nascore.spaces import Genes, get_space
from nascore.spaces.layers import Conv
from nascore.supernet import Supernet, build_supernet
from nascore.supernet.inputs import channels_last, normalise
from nascore.supernet.layers import ElasticConvBatchNorm
from nascore.training.optimiser import new_optimiser

RATIO_TO_REACH = 1.3
TOLERANCE = 1e-7
"""Largest difference of a gradient in double precision, relative to its largest entry."""
PROFILED_IMAGES, CHECKED_IMAGES = 13, 4
CPU = torch.device("cpu")

Forward = Callable[[Supernet, Tensor, Genes], Tensor]


# -- the usual way -------------------------------------------------------------------------------------


def plain_forward(net: Supernet, images: Tensor, genes: Genes) -> Tensor:
    """Return the logits of one subnet."""
    stem, *shapes, mix, _ = net.space.units(genes)
    first, *others = net.blocks
    running = [first, *compress(others, net.space.executed(genes[None])[0])]
    x = plain_layer(net.first_conv, images, stem.convs[0])
    for block, unit in zip(running, shapes, strict=True):
        y = x
        for layer, conv in zip(block.mobile_inverted_conv, unit.convs, strict=True):
            y = plain_layer(layer, y, conv, unit.squeeze_excite)
        x = x + y if unit.residual else y
    x = plain_layer(net.feature_mix_layer, x, mix.convs[0]).mean((2, 3))
    linear = net.classifier.linear.linear
    return functional.linear(x, linear.weight[:, : x.shape[1]], linear.bias)


def plain_layer(layer: ElasticConvBatchNorm, x: Tensor, conv: Conv, gate: tuple[Conv, ...] = ()) -> Tensor:
    """Return convolution, batch normalisation, activation and gate of the first channels."""
    weight, bn, c = plain_weight(layer, conv), layer.bn.bn, conv.c_out
    x = functional.conv2d(x, weight, stride=conv.stride, padding=conv.kernel // 2, groups=conv.groups)
    statistics = bn.running_mean[:c], bn.running_var[:c]
    x = functional.batch_norm(x, *statistics, bn.weight[:c], bn.bias[:c], True, bn.momentum, bn.eps)
    if layer.act is not None:
        x = functional.relu6(x)
    if layer.se is None:
        return x
    reduce, expand, inner = layer.se.fc.reduce, layer.se.fc.expand, gate[0].c_out
    hidden = functional.conv2d(x.mean((2, 3), keepdim=True), reduce.weight[:inner, :c], reduce.bias[:inner])
    hidden = functional.conv2d(functional.relu6(hidden), expand.weight[:c, :inner], expand.bias[:c])
    return x * functional.hardsigmoid(hidden)


def plain_weight(layer: ElasticConvBatchNorm, conv: Conv) -> Tensor:
    """Return the first channels of a convolution, its kernel mapped down where it is smaller."""
    weight = layer.conv.conv.weight[: conv.c_out, : conv.c_in // conv.groups]
    while weight.shape[-1] > conv.kernel:
        large = weight.shape[-1]
        kernel_map = layer.conv.get_parameter(f"{large}to{large - 2}_matrix")
        centre = weight[:, :, 1:-1, 1:-1].reshape(conv.c_out, -1)
        weight = functional.linear(centre, kernel_map).view(-1, 1, large - 2, large - 2)
    return weight


def our_forward(net: Supernet, images: Tensor, genes: Genes) -> Tensor:
    """Return the logits of one subnet."""
    return net(images, genes)


# -- the comparison ------------------------------------------------------------------------------------


class Side:
    """One way to train: its own weights and optimiser."""

    def __init__(self, forward: Forward, supernet: Supernet) -> None:
        self.forward, self.supernet = forward, supernet.train()
        self.optimiser = new_optimiser(supernet, 0.02)

    def gradients(self, images: Tensor, labels: Tensor, subnets: Genes) -> Tensor:
        """Add up the gradients of the mean loss, and return it."""
        self.optimiser.zero_grad()
        total = torch.zeros(())
        for genes in subnets:
            loss = functional.cross_entropy(self.forward(self.supernet, images, genes), labels) / len(subnets)
            loss.backward()
            total = total + loss.detach()
        return total

    def step(self, images: Tensor, labels: Tensor, subnets: Genes) -> float:
        """Make one training step and return its seconds."""
        start = time.perf_counter()
        self.gradients(images, labels, subnets)
        self.optimiser.step()
        return time.perf_counter() - start

    def copied(self, images: Tensor, labels: Tensor, subnets: Genes) -> dict[str, float]:
        """Return the MB that a step copies, and those that it clears, of tensors that are no activations."""
        names = {"aten::copy_": "copied", "aten::zero_": "cleared"}
        found = {f"{what} {when}": 0.0 for what in ("copied", "cleared") for when in ("forward", "backward")}
        for genes in subnets:
            with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as forward:
                loss = functional.cross_entropy(self.forward(self.supernet, images, genes), labels)
            with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as backward:
                loss.backward()
            for when, events in (("forward", forward.events()), ("backward", backward.events())):
                for event in events:
                    shape = event.input_shapes[0] if event.input_shapes else []
                    if event.name in names and shape[:1] != [len(images)]:
                        found[f"{names[event.name]} {when}"] += 4 * prod(shape) / 1e6
        return found


def new_sides(supernet: Supernet) -> dict[str, Side]:
    """Return both sides with the same weights."""
    ours = channels_last(deepcopy(supernet), CPU)
    return {"ours": Side(our_forward, ours), "plain": Side(plain_forward, deepcopy(supernet))}


def random_batch(resolution: int, n: int, rng: np.random.Generator) -> dict[str, tuple[Tensor, Tensor]]:
    """Return images and labels for each side, in the layout of its own."""
    images = normalise(rng.integers(0, 256, (n, resolution, resolution, 3), np.uint8), CPU)
    labels = torch.from_numpy(rng.integers(0, 2, n))
    return {"ours": (images, labels), "plain": (images.contiguous(), labels)}


def largest_difference(supernet: Supernet, resolution: int, subnets: Genes, rng: np.random.Generator) -> float:
    """Return the largest difference of loss and gradients in double precision, relative to the largest entry."""
    sides, batch = new_sides(deepcopy(supernet).double()), random_batch(resolution, CHECKED_IMAGES, rng)
    results = []
    for name, side in sides.items():
        images, labels = batch[name]
        loss = side.gradients(images.double(), labels, subnets)
        grads = {name: entry.grad for name, entry in side.supernet.named_parameters() if entry.grad is not None}
        results.append({"loss": loss, **grads})
    ours, plain = results
    if ours.keys() != plain.keys():  # a kernel map that no subnet of the step uses has no gradient
        return float("inf")
    # Gradients that are 0 but for rounding have no scale of their own.
    least = 1e-6 * max(float(value.abs().max()) for value in plain.values())
    return max(
        float((ours[name] - plain[name]).abs().max() / plain[name].abs().max().clamp(min=least)) for name in plain
    )


def weights_mb(supernet: Supernet, subnets: Genes) -> tuple[float, float]:
    """Return the MB of the weights that the subnets use, added up, and those of the supernet."""
    used = sum(p.numel() for genes in subnets for p in supernet.subnet(genes).parameters())
    return 4e-6 * used, 4e-6 * sum(p.numel() for p in supernet.parameters())


def main() -> int:
    """Print the tables; return 1 if losses or gradients differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of both")
    parser.add_argument("--batch-size", type=int, default=64, help="images per step")
    parser.add_argument("--resolution", type=int, default=96, help="pixels")
    parser.add_argument("--repeats", type=int, default=10, help="steps of each that are timed, after two that are not")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights, images and the random subnet")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    space, rng = get_space("ofa_mcunet", resolutions=[arguments.resolution]), np.random.default_rng(arguments.seed)
    subnets = np.stack([space.largest(), *space.sample(1, rng), space.smallest()])
    supernet = build_supernet(space)  # PyTorch's weights: in the project's own first ones, blocks pass no gradient
    with torch.no_grad():
        for name, parameter in supernet.named_parameters():
            if name.endswith("_matrix"):
                parameter.add_(0.1 * torch.randn(parameter.shape))

    difference = largest_difference(supernet, arguments.resolution, subnets, rng)
    print(f"loss and gradients, double precision: largest relative difference {difference:.1e} (<= {TOLERANCE:g})")

    used, whole = weights_mb(supernet, subnets)
    batch = random_batch(arguments.resolution, PROFILED_IMAGES, rng)
    copied = {name: side.copied(*batch[name], subnets) for name, side in new_sides(supernet).items()}
    print(f"\nMB of weights and their gradients; the step uses {used:.1f} MB, the supernet has {whole:.1f} MB")
    print(pd.DataFrame(copied).T.to_string(float_format="{:.2f}".format))

    sides, batch = new_sides(supernet), random_batch(arguments.resolution, arguments.batch_size, rng)
    for _ in range(2):
        for name, side in sides.items():
            side.step(*batch[name], subnets)
    seconds = pd.DataFrame(
        [{name: side.step(*batch[name], subnets) for name, side in sides.items()} for _ in range(arguments.repeats)]
    )
    table = pd.DataFrame({"min_s": seconds.min(), "median_s": seconds.median()})
    print(f"\none step, batch {arguments.batch_size}, {arguments.resolution} px, {arguments.threads} threads")
    print(table.to_string(float_format="{:.3f}".format))
    ratio = table.loc["plain"] / table.loc["ours"]
    print(f"plain / ours: {ratio['min_s']:.2f} (medians {ratio['median_s']:.2f}); to reach: >= {RATIO_TO_REACH}")
    return int(difference > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
