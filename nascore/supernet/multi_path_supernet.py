"""The BINAS one-shot network (Nayman et al., 2021): one set of weights for every architecture, each image its own path.

The width of a squeeze-and-excitation bottleneck follows from the *active* middle channels, so a path computes what its
extracted network does.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from nascore.errors import SpaceError
from nascore.spaces.layers import Conv
from nascore.spaces.staged import Genes, StagedSpace
from nascore.supernet.batch_norm import ElasticBatchNorm
from nascore.supernet.containers import Blocks
from nascore.supernet.multi_path import MultiPathBlock, picked
from nascore.supernet.static_layers import ConvBatchNorm, activation, new_classifier
from nascore.supernet.subnet import Subnet, as_genes, check_resolution


class FixedLayer(nn.Module):
    """Convolution, batch normalisation over all processes of a training, and an activation; the same in every path."""

    def __init__(self, shape: Conv, eps: float) -> None:
        super().__init__()
        self.conv = ConvBatchNorm(shape, eps).conv
        self.bn = ElasticBatchNorm(shape.c_out, eps)
        self.act = activation(shape.activation)

    def forward(self, x: Tensor) -> Tensor:
        """Apply to `(n, c_in, h, w)` activations."""
        y: Tensor = self.act(self.bn(self.conv(x)))
        return y

    def copy_to(self, target: ConvBatchNorm) -> None:
        """Copy into the layer of a static network."""
        target.conv.weight.copy_(self.conv.weight)
        self.bn.copy_to(target.bn)


class MultiPathSupernet(nn.Module):
    """The shared weights of all architectures of the space, with PyTorch's default weights at first.

    Parameters
    ----------
    space
        The design space, with its number of classes; whether it is restricted changes nothing.
    """

    def __init__(self, space: StagedSpace) -> None:
        super().__init__()
        self.space = space.unrestricted()
        eps = space.batch_norm_eps
        (stem, first), (mix, classifier) = self.space.first_units(0), self.space.last_units(0)
        self.first_conv = FixedLayer(stem.convs[0], eps)
        self.first_block = nn.ModuleList(FixedLayer(conv, eps) for conv in first.convs)
        self.blocks = Blocks[MultiPathBlock](
            MultiPathBlock([self.space.block_unit(0, block, op) for op in range(space.n_ops)], eps)
            for block in range(space.n_blocks)
        )
        self.feature_mix_layer = FixedLayer(mix.convs[0], eps)
        self.classifier = new_classifier(classifier)

    def forward(self, images: Tensor, arch: Genes | Mapping[str, Any]) -> Tensor:
        """Return the `(n, n_classes)` logits of images, each through an architecture of its own or all through one.

        Parameters
        ----------
        images
            `(n, 3, resolution, resolution)` normalised images of the architectures' resolution.
        arch
            Genes of shape `(n, n_genes)`; or of one architecture, `(n_genes,)` or the published dictionary.

        Raises
        ------
        SpaceError
            If an architecture is not of the space, or the images have another size or number.
        """
        x = images
        for x in self.maps(images, arch):  # noqa: B007 - the last one; the others need not be kept
            pass
        logits: Tensor = self.classifier(x)
        return logits

    def maps(self, images: Tensor, arch: Genes | Mapping[str, Any]) -> Iterator[Tensor]:
        """Yield what the stem, the first block, each stage and the last convolution put out, `(n, c, h, w)` each.

        Parameters and errors are those of `forward`.
        """
        genes = self._paths(images, arch)
        ops, runs = self.space.op_index(genes), self.space.executed(genes)
        taken = self._taken(ops, runs, images.device)
        x = self.first_conv(images)
        yield x
        for layer in self.first_block:
            x = layer(x)
        for number, block in enumerate(self.blocks):
            if self.space.place_in_stage[number] == 0:
                yield x
            if taken[number].any():
                rows = np.flatnonzero(runs[:, number])
                y = block(picked(x, rows), ops[rows, number], taken[number])
                x = y if len(rows) == len(x) else x.index_copy(0, torch.from_numpy(rows).to(x.device), y)
        yield x
        yield self.feature_mix_layer(x)

    def _paths(self, images: Tensor, arch: Genes | Mapping[str, Any]) -> Genes:
        """Return the `(n, n_genes)` canonical architectures of `n` images."""
        if isinstance(arch, np.ndarray) and arch.ndim == 2:
            genes = self.space.canonical(arch)
            if len(genes) != len(images):
                raise SpaceError(f"{len(images)} images have {len(genes)} architectures; expected as many, or one")
        else:
            genes = np.repeat(as_genes(self.space, arch)[None], len(images), axis=0)
        for g in np.unique(self.space.global_index(genes)):
            check_resolution(images, self.space.first_units(int(g))[0].convs[0])
        return genes

    def _taken(self, ops: NDArray[np.int64], runs: NDArray[np.bool_], device: torch.device) -> NDArray[np.bool_]:
        """Return the `(n_blocks, n_ops)` operations that any image takes, in training in any process.

        All processes have to run the same layers, because their batch normalisations exchange sums.
        """
        taken = functional.one_hot(torch.from_numpy(ops), self.space.n_ops).mul(torch.from_numpy(runs)[..., None])
        counts = taken.sum(0).to(device)
        if self.training and dist.is_initialized():
            dist.all_reduce(counts)
        found: NDArray[np.bool_] = counts.cpu().numpy() > 0
        return found

    @torch.no_grad()
    def subnet(self, arch: Genes | Mapping[str, Any]) -> Subnet:
        """Return one architecture as a static network with a copy of its weights.

        It has the supernet's device, number format and mode, and the batch statistics of its choices, which are those
        of the paths that had them.

        Raises
        ------
        SpaceError
            If the architecture is not of the space.
        """
        with torch.random.fork_rng(devices=[]):  # its initial weights, which are not kept, are drawn on the CPU
            target = Subnet(self.space, arch).to(self.first_conv.conv.weight)
        first, *blocks = target.blocks
        ops, runs = self.space.op_index(target.genes[None])[0], self.space.executed(target.genes[None])[0]
        self.first_conv.copy_to(target.first_conv)
        for layer, copy in zip(self.first_block, first.mobile_inverted_conv, strict=True):
            assert isinstance(layer, FixedLayer)
            layer.copy_to(copy)
        for number, block in zip(np.flatnonzero(runs).tolist(), blocks, strict=True):
            self._block(number).copy_to(block, int(ops[number]))
        assert target.feature_mix_layer is not None
        self.feature_mix_layer.copy_to(target.feature_mix_layer)
        target.classifier.load_state_dict(self.classifier.state_dict())
        return target.train(self.training)

    def _block(self, number: int) -> MultiPathBlock:
        """Return a block by its number in the space."""
        block = self.blocks[number]
        assert isinstance(block, MultiPathBlock)
        return block
