"""The networks of a described space: its description says stages and choices, and this what a block is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from nascore.errors import SpaceError
from nascore.spaces.description import BLOCK_CHOICES, SpaceDescription, StageDescription, read_description
from nascore.spaces.inputs import check_classes
from nascore.spaces.layers import Conv, Unit, gate_layers, make_divisible, sizes_behind
from nascore.spaces.staged import NBSP, Choice, Genes, Stage, StagedSpace


@dataclass(frozen=True)
class DescribedSpace(StagedSpace):
    """A design space that is described by plain data; build it with `DescribedSpace.build`.

    Parameters
    ----------
    description
        The space, checked.
    """

    description: SpaceDescription | None = field(default=None, hash=False)

    @classmethod
    def build(
        cls,
        description: SpaceDescription | Mapping[str, Any],
        resolutions: Sequence[int] | None = None,
        n_classes: int = 2,
    ) -> Self:
        """Make the space of a description.

        Parameters
        ----------
        resolutions
            Input resolutions to choose from, pixels; by default the description's.

        Raises
        ------
        SpaceError
            If the description is not valid, or its layers do not fit a map or one another.
        """
        known = description if isinstance(description, SpaceDescription) else read_description(description)
        sizes = tuple(sorted(resolutions or known.resolutions))
        if len(set(sizes)) < len(sizes) or not all(isinstance(size, int) and 8 <= size <= 1024 for size in sizes):
            raise SpaceError(f"resolutions must be different whole numbers, 8 to 1024 px; got {list(sizes)}")
        widths = [Choice("width", known.width)] if len(known.width) > 1 else []
        stages = tuple(Stage(s.name or f"stage{i}", s.depth) for i, s in enumerate(known.stages, start=1))
        choices = _block_choices(known)
        structure = _structure(known, stages, choices)
        space = cls(
            name=known.name,
            global_choices=(Choice("resolution", sizes), *widths),
            stages=stages,
            block_choices=choices,
            structure=structure,
            allowed=structure,
            n_classes=check_classes(n_classes),
            description=known,
        )
        space._check_layers()
        return space

    @property
    def identity(self) -> str:
        """The name with what tells it from other spaces of that name."""
        return f"{self.name} {self._described.digest}"

    @property
    def batch_norm_eps(self) -> float:  # type: ignore[override]
        """What batch normalisations add to variances."""
        return self._described.batch_norm_eps

    def published(self) -> Genes:
        """Return the `(n_genes,)` published architecture of the description.

        Raises
        ------
        SpaceError
            If the description has none, or a gene or a value is not of the space.
        """
        if self._described.published is None:
            raise SpaceError(f"the description of space {self.name!r} has no published network; add the key published")
        whole = self.unrestricted()
        kept: dict[str, list[int]] = {}
        for name, value in self._described.published.arch.items():
            choices = [choice for choice in self.gene_choices if choice.name.endswith(f".{name}")]
            having = [choice.name for choice in choices if value in whole.allowed_values(choice)]
            kept |= {gene: [value] for gene in having or [name]}
        return whole.restrict(kept).largest()

    @property
    def mean(self) -> float:  # type: ignore[override]
        """What is taken off from every channel of an image, where pixels are in [0, 1]."""
        return self._described.input.mean / self._described.input.range

    @property
    def std(self) -> float:  # type: ignore[override]
        """What the rest is divided by."""
        return self._described.input.std / self._described.input.range

    def options(self) -> dict[str, Any]:
        """Return the number of classes and the description."""
        return super().options() | {"description": self._described.model_dump(mode="json", exclude_defaults=True)}

    def value_label(self, gene: str, value: int) -> str:
        """Write the value of a gene; widths are per cent."""
        percent = gene == "width" or gene.endswith(".middle")
        return f"{value}{NBSP}%" if percent else super().value_label(gene, value)

    @property
    def _described(self) -> SpaceDescription:
        assert self.description is not None
        return self.description

    # -- layers ------------------------------------------------------------------------------------

    def first_units(self, global_index: int) -> list[Unit]:
        """Return the stem."""
        stem, size = self._described.stem, int(self.global_values[global_index, 0])
        c_out = self._scaled(global_index, stem.channels)
        return [Unit((self._conv(3, c_out, stem.kernel, stem.stride, size, stem.activation),))]

    def last_units(self, global_index: int) -> list[Unit]:
        """Return the last convolution where there is one, and the classifier."""
        last, size = self._described.last, self.stage_sizes(global_index)[-1]
        channels, units = self._scaled(global_index, self._described.stages[-1].channels), []
        if last:
            c_out = self._scaled(global_index, last.channels) if last.scaled else last.channels
            units.append(Unit((self._conv(channels, c_out, 1, 1, size, last.activation),)))
            channels = c_out
        linear = []
        if hidden := self._described.hidden:
            activation = _named(self._described.activation)
            linear.append(Conv(channels, hidden, 1, 1, 1, batch_norm=False, bias=True, activation=activation))
            channels = hidden
        linear.append(Conv(channels, self.n_classes, 1, 1, 1, batch_norm=False, bias=True))
        return [*units, Unit(tuple(linear), pooled_from=size)]

    def block_unit(self, global_index: int, block: int, op: int) -> Unit:
        """Return the layers that block number `block` is with operation `op`."""
        number, first = int(self.stage_of_block[block]), self.place_in_stage[block] == 0
        stage, sizes = self._described.stages[number], self.stage_sizes(global_index)
        before = self._described.stages[number - 1] if number else self._described.stem
        chosen = {name: values[0] for name in BLOCK_CHOICES if (values := getattr(stage, name))}
        chosen |= {c.name: int(v) for c, v in zip(self.block_choices, self.op_values[op], strict=True)}
        place = _Place(
            c_in=self._scaled(global_index, before.channels if first else stage.channels),
            c_out=self._scaled(global_index, stage.channels),
            size=sizes[number] if first else sizes[number + 1],
            stride=stage.stride if first else 1,
            keeps_shape=not first or (stage.stride == 1 and before.channels == stage.channels),
        )
        return self._gated(self._block(stage, place, chosen), chosen["se"])

    def _block(self, stage: StageDescription, place: "_Place", chosen: Mapping[str, int]) -> Unit:
        """Return the layers of a block, without a gate."""
        kernel, act, size, stride = chosen["kernel"], stage.activation, place.size, place.stride
        residual = place.keeps_shape and (
            stage.block == "inverted_residual" if stage.residual is None else stage.residual
        )
        if stage.block == "convolution":
            return Unit((self._conv(place.c_in, place.c_out, kernel, stride, size, act),), residual=residual)
        if stage.block == "residual":
            middle = make_divisible(place.c_out * chosen["middle"] / 100, self._described.divisor)
            first = self._conv(place.c_in, middle, kernel, stride, size, act)
            second = self._conv(middle, place.c_out, kernel, 1, first.out_size, "none")
            shortcut = None if place.keeps_shape else self._conv(place.c_in, place.c_out, 1, stride, size, "none")
            return Unit(
                (first, second), residual=True, shortcut=shortcut, activation=_named(act or self._described.activation)
            )
        layers, middle, linear_end = [], place.c_in, False
        if stage.block == "inverted_residual":
            middle = make_divisible(place.c_in * chosen["expand"], self._described.divisor)
            layers, linear_end = [self._conv(place.c_in, middle, 1, 1, size, act)], True
        if middle % stage.group_size:
            raise SpaceError(
                f"{middle} channels cannot be divided into groups of {stage.group_size}; change group_size"
            )
        layers.append(self._conv(middle, middle, kernel, stride, size, act, groups=middle // stage.group_size))
        layers.append(self._conv(middle, place.c_out, 1, 1, layers[-1].out_size, "none" if linear_end else act))
        return Unit(tuple(layers), residual=residual)

    def _gated(self, unit: Unit, has_gate: int) -> Unit:
        """Return a unit with a squeeze-and-excitation gate, if it is to have one."""
        if not has_gate:
            return unit
        read = unit.convs[unit.gated].c_out
        inner = make_divisible(read * self._described.se_ratio, self._described.divisor)
        return replace(unit, squeeze_excite=gate_layers(read, inner, "relu"))

    def _conv(
        self, c_in: int, c_out: int, kernel: int, stride: int, size: int, activation: str | None, groups: int = 1
    ) -> Conv:
        """Return a convolution with the padding of the space, and its activation where none is given."""
        named = _named(activation or self._described.activation)
        return Conv(c_in, c_out, kernel, stride, size, groups, activation=named, padding=self._described.padding)

    def _scaled(self, global_index: int, channels: int) -> int:
        """Return channels under the width of a global combination."""
        widths = self._described.width
        percent = int(self.global_values[global_index, 1]) if len(widths) > 1 else widths[0]
        return make_divisible(channels * percent / 100, self._described.divisor)

    def stage_sizes(self, global_index: int) -> list[int]:
        """Return the height and width that each stage's input and the last one's output have, pixels."""
        strides = [self._described.stem.stride, *(stage.stride for stage in self._described.stages)]
        return sizes_behind(int(self.global_values[global_index, 0]), strides)

    def _check_layers(self) -> None:
        """Raise if channels cannot be divided into groups, or a stride meets a map of one pixel."""
        # Spaces are built again and again, and only few have groups.
        grouped = np.array([stage.group_size > 1 for stage in self._described.stages])[self.stage_of_block]
        for block, op in np.argwhere(self.allowed_ops & grouped[:, None]):
            for g in range(len(self.global_values)):
                self.block_unit(g, int(block), int(op))
        smallest = int(self.global_values[:, 0].argmin())
        for stage, described, size in zip(
            self.stages, self._described.stages, self.stage_sizes(smallest)[:-1], strict=True
        ):
            if described.stride > 1 and size == 1:
                raise SpaceError(
                    f"{stage.name} has stride {described.stride}, but its input has one pixel at a resolution of "
                    f"{self.global_values[smallest, 0]} px; use larger resolutions or fewer strides"
                )


@dataclass(frozen=True)
class _Place:
    """Where a block stands: channels, input size, stride, and whether input and output have one shape."""

    c_in: int
    c_out: int
    size: int
    stride: int
    keeps_shape: bool


def _block_choices(description: SpaceDescription) -> tuple[Choice, ...]:
    """Return the choices of blocks, each with the values that any stage has; one at least, if only of one value."""
    found = {
        name: tuple(sorted({value for stage in description.stages for value in getattr(stage, name)}))
        for name in BLOCK_CHOICES
    }
    always = BLOCK_CHOICES[0]
    return tuple(Choice(name, values) for name, values in found.items() if len(values) > 1 or name == always)


def _structure(
    description: SpaceDescription, stages: Sequence[Stage], choices: Sequence[Choice]
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return the genes that cannot have all values of their choice, with those of their stage."""
    found = []
    for stage, described in zip(stages, description.stages, strict=True):
        for choice in choices:
            values = getattr(described, choice.name) or choice.values[:1]
            if values != choice.values:
                found += [(f"{stage.name}.block{place}.{choice.name}", values) for place in range(stage.n_blocks)]
    return tuple(sorted(found))


def _named(activation: str) -> str:
    """Return what a layer calls an activation."""
    return "" if activation == "none" else activation
