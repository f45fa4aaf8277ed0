"""Containers that give layers their published names; the static and the elastic network share them."""

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, cast

from torch import Tensor, nn

from nascore.spaces.layers import Conv

Layer = TypeVar("Layer", bound=nn.Module)


class BlockLayers(nn.ModuleDict, Generic[Layer]):
    """The layers of a block by their names, in order of execution.

    Parameters
    ----------
    names
        See `nascore.spaces.layers.Unit.layer_names`.
    layers
        The layers.
    """

    def __init__(self, names: Sequence[str], layers: Sequence[Layer]) -> None:
        super().__init__(dict(zip(names, layers, strict=True)))

    def __iter__(self) -> Iterator[Layer]:  # type: ignore[override]
        """Iterate over the layers, not their names."""
        return cast("Iterator[Layer]", iter(self.values()))


class Blocks(nn.ModuleList, Generic[Layer]):
    """A module list that knows the type of its entries."""

    def __iter__(self) -> Iterator[Layer]:
        """Iterate over the blocks in order of execution."""
        return cast("Iterator[Layer]", super().__iter__())


class GateLayers(nn.Module):
    """The two 1x1 convolutions of a squeeze-and-excitation gate."""

    def __init__(self, reduce: Conv, expand: Conv) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(reduce.c_in, reduce.c_out, 1)
        self.expand = nn.Conv2d(expand.c_in, expand.c_out, 1)

    def active(self, mid: int, bottleneck: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return views of weight and bias of both layers, for the first `mid` channels and a narrower bottleneck."""
        first, second = self.reduce, self.expand
        assert first.bias is not None and second.bias is not None
        return (
            first.weight[:bottleneck, :mid],
            first.bias[:bottleneck],
            second.weight[:mid, :bottleneck],
            second.bias[:mid],
        )


class Classifier(nn.Module, Generic[Layer]):
    """The linear layer on the pooled features, behind a hidden one where the network has that.

    Parameters
    ----------
    linear
        The last layer.
    head
        The hidden layer with its activation.
    """

    def __init__(self, linear: Layer, head: nn.Module | None = None) -> None:
        super().__init__()
        self.head = head
        self.linear = linear

    def forward(self, features: Tensor) -> Tensor:
        """Return the `(n, n_classes)` logits of `(n, c, h, w)` feature maps."""
        pooled = features.mean((2, 3))
        logits: Tensor = self.linear(pooled if self.head is None else self.head(pooled))
        return logits
