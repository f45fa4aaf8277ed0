"""Exact costs by table look-up against the usual way: build the subnet and count in forward hooks.

    python benchmarks/efficiency.py [--n 1000000]

Both run on one thread, in the same process. The usual way is to build the subnet and count in one forward pass with
hooks. MIT 6.5940 lab 3 takes two passes, for multiply-accumulates and for peak memory, on a copy of the subnet each;
that is timed too, and so is the pass alone, as if the subnet had been there already. Exits with 1 if any count of any
subnet differs.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import copy
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import torch
from torch import nn

from nascore.efficiency import cost
from nascore.spaces import Genes, OfaMcunet, get_space
from nascore.spaces.layers import Conv, Unit

TO_REACH, RATIO_TO_REACH = 1_000_000, 100_000
COMPARED = ["macs", "thop_macs", "params", "peak_memory_bytes"]


class ConvLayer(nn.Sequential):
    """Convolution, batch normalisation, and ReLU6 unless it is linear."""

    def __init__(self, shape: Conv, *, linear: bool) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(
                shape.c_in, shape.c_out, shape.kernel, shape.stride, shape.kernel // 2, groups=shape.groups, bias=False
            ),
            nn.BatchNorm2d(shape.c_out),
        ]
        super().__init__(*layers, *([] if linear else [nn.ReLU6()]))


class SqueezeExcite(nn.Module):
    """The gate behind a depthwise layer."""

    def __init__(self, reduce: Conv, expand: Conv) -> None:
        super().__init__()
        self.reduce, self.expand = nn.Conv2d(reduce.c_in, reduce.c_out, 1), nn.Conv2d(expand.c_in, expand.c_out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate = self.expand(nn.functional.relu6(self.reduce(x.mean((2, 3), keepdim=True))))
        return x * nn.functional.hardsigmoid(gate)


class Block(nn.Module):
    """Any unit of convolutions: a fixed layer or an inverted residual."""

    def __init__(self, unit: Unit, *, linear_end: bool) -> None:
        super().__init__()
        last = len(unit.convs) - 1
        layers = [ConvLayer(conv, linear=linear_end and i == last) for i, conv in enumerate(unit.convs)]
        if unit.squeeze_excite:
            layers.insert(last, SqueezeExcite(*unit.squeeze_excite))
        self.layers, self.residual = nn.Sequential(*layers), unit.residual

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)


class Subnet(nn.Module):
    """One OFA-MCUNet subnet as plain layers."""

    def __init__(self, space: OfaMcunet, row: Genes) -> None:
        super().__init__()
        g, ops = int(space.global_index(row)[0]), space.op_index(row)[0]
        stem, first, mix, classifier = space.fixed_units(g)
        running = np.flatnonzero(space.executed(row)[0])
        self.features = nn.Sequential(
            Block(stem, linear_end=False),
            Block(first, linear_end=True),
            *(Block(space.block_unit(g, int(b), int(ops[b])), linear_end=True) for b in running),
            Block(mix, linear_end=False),
        )
        self.classifier = nn.Linear(classifier.convs[0].c_in, classifier.convs[0].c_out)
        self.size = stem.convs[0].in_size

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x).mean((2, 3)))

    def run(self) -> None:
        """Make one forward pass over an image, batch 1."""
        with torch.no_grad():
            self.eval()(torch.zeros(1, 3, self.size, self.size))


@contextmanager
def hooks(modules: list[nn.Module], hook: Callable[..., None]) -> Iterator[None]:
    """Call `hook(module, inputs, output)` after each module's forward pass."""
    handles = [module.register_forward_hook(hook) for module in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class MacsCounter:
    """Counts multiply-accumulates and, as the lab's profiler does, 4 per batch-normalised element."""

    def __init__(self, net: Subnet) -> None:
        self.macs = self.normalised = 0
        self.modules = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear | nn.BatchNorm2d)]

    def __call__(self, module: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        if isinstance(module, nn.BatchNorm2d):
            self.normalised += inputs[0].numel()
        elif isinstance(module, nn.Conv2d | nn.Linear):
            self.macs += output.numel() * module.weight[0].numel()


class PeakCounter:
    """Finds the largest int8 working set: input + output of a layer, and a residual's input at the depthwise one."""

    def __init__(self, net: Subnet) -> None:
        self.peak = 0
        gates = [layer for m in net.modules() if isinstance(m, SqueezeExcite) for layer in (m.reduce, m.expand)]
        counted = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
        self.modules = [module for module in counted if not any(module is gate for gate in gates)]
        self.kept_by = {
            module: block
            for block in net.features
            if block.residual
            for module in block.modules()
            if isinstance(module, nn.Conv2d) and module.groups > 1
        }
        self.first_of = {block.layers[0][0]: block for block in self.kept_by.values()}
        self.kept: dict[nn.Module, int] = {}

    def __call__(self, module: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        if module in self.first_of:
            self.kept[self.first_of[module]] = inputs[0].numel()
        kept = self.kept[self.kept_by[module]] if module in self.kept_by else 0
        self.peak = max(self.peak, inputs[0].numel() + output.numel() + kept)


WAYS = ("build, 1 pass with hooks", "build, 2 passes on copies, as in the lab", "1 pass with hooks, already built")


def usual_ways(space: OfaMcunet, row: Genes) -> tuple[dict[str, int], list[float]]:
    """Return one subnet's counts and the seconds of each of `WAYS`."""
    start = time.perf_counter()
    net = Subnet(space, row)
    built = time.perf_counter()
    macs, peak = MacsCounter(net), PeakCounter(net)
    with hooks(macs.modules, macs), hooks(peak.modules, peak):
        net.run()
    params = sum(parameter.numel() for parameter in net.parameters())
    counted = time.perf_counter()

    first, second = copy.deepcopy(net), copy.deepcopy(net)
    for copied, counter in ((first, MacsCounter(first)), (second, PeakCounter(second))):
        with hooks(counter.modules, counter):
            copied.run()
    end = time.perf_counter()
    counts = (macs.macs, macs.macs + 4 * macs.normalised, params, peak.peak)
    seconds = [counted - start, built - start + end - counted, counted - built]
    return dict(zip(COMPARED, counts, strict=True)), seconds


def main() -> int:
    """Print the table; return 1 if a count differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1_000_000, help="architectures that are looked up")
    parser.add_argument("--subnets", type=int, default=20, help="random subnets that are built")
    parser.add_argument("--repeats", type=int, default=5, help="times that the look-up is repeated; the best counts")
    parser.add_argument("--seed", type=int, default=0, help="seed of the architectures")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    space, rng = get_space("ofa_mcunet"), np.random.default_rng(arguments.seed)

    built = space.canonical(space.sample(arguments.subnets, rng))
    usual_ways(space, built[:1])  # warm up
    runs = [usual_ways(space, built[i : i + 1]) for i in range(len(built))]
    counted = pd.DataFrame([counts for counts, _ in runs])
    differ = counted != cost(space, built)[COMPARED]
    if differ.any(axis=None):
        print(f"the counts of subnets {np.flatnonzero(differ.any(axis=1)).tolist()} differ", file=sys.stderr)
        return 1

    genes = space.sample(arguments.n, rng)
    seconds = []
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        cost(space, genes)
        seconds.append(time.perf_counter() - start)
    ours = arguments.n / min(seconds)
    print(f"one thread; {arguments.subnets} random subnets: {', '.join(COMPARED)} agree exactly")
    rows = [("table look-up, all costs", f"{ours:,.0f}", "1", f">= {TO_REACH:,}/s")]
    medians = np.median([seconds for _, seconds in runs], axis=0)
    for way, median, to_reach in zip(WAYS, medians, (f">= {RATIO_TO_REACH:,}", "-", "-"), strict=True):
        rows.append((way, f"{1 / median:,.1f}", f"{ours * median:,.0f}", to_reach))
    table = pd.DataFrame(rows, columns=["way", "architectures/s", "times slower", "to reach"])
    print(table.to_string(index=False, col_space=16))
    return 0


if __name__ == "__main__":
    sys.exit(main())
