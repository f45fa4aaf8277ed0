"""The BINAS space (Nayman et al., 2021), which is that of HardCoRe-NAS: a MobileNetV3-like trunk with elastic blocks.

Five stages of 2 to 4 inverted residual blocks; per block an expand ratio, a kernel size, and squeeze-and-excitation on
or off: 12 operations, numbered as published. The squeeze-and-excitation gate is on the expanded channels.

The published input is 224 px and there is no other global choice; here the resolution is one of the listed ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np

from nascore.errors import SpaceError, unknown_name
from nascore.spaces.block_strings import BlockString, parse_architecture, print_architecture
from nascore.spaces.inputs import check_classes, check_resolutions
from nascore.spaces.layers import Conv, Unit, inverted_residual, make_divisible, sizes_behind
from nascore.spaces.staged import Choice, Genes, Stage, StagedSpace

EXPANDS = (3, 4, 6)
KERNELS = (3, 5)
SE_RATIO = 0.25
STAGES = tuple(Stage(f"stage{i}", (2, 3, 4)) for i in range(1, 6))
STAGE_STRIDES = (2, 2, 2, 1, 2)
STAGE_ACTIVATIONS = ("relu", "relu", "hswish", "hswish", "hswish")
ACTIVATION = "hswish"
"""Of stem, last convolution and head; what a block string without `n` has."""


@dataclass(frozen=True)
class Channels:
    """Output channels of the stem, the first block, the stages, and the last convolution."""

    stem: int
    first: int
    stages: tuple[int, ...]
    last: int


CHANNELS = {
    "base": Channels(32, 16, (24, 40, 80, 112, 192), 960),
    "large": Channels(40, 24, (32, 48, 96, 136, 232), 1152),
}
"""`large` is `base` times 1.2."""
HEAD = 1280


@dataclass(frozen=True)
class Binas(StagedSpace):
    """The BINAS space; build it with `Binas.build` or `nascore.spaces.get_space`.

    Parameters
    ----------
    n_classes
        Outputs of the classifier.
    channels
        Which of `CHANNELS`.
    """

    n_classes: int = 1000
    channels: str = "base"

    supernet: ClassVar[str] = "multi_path"

    @property
    def column_types(self) -> Mapping[str, str]:
        """Resolution and published string."""
        return {"resolution": "int16", "arch_string": "string"}

    @classmethod
    def build(
        cls,
        resolutions: Sequence[int] = (224,),
        n_classes: int = 1000,
        channels: Literal["base", "large"] = "base",
    ) -> Self:
        """Make the space for the given input resolutions, in pixels.

        Raises
        ------
        SpaceError
            If the resolutions or the number of classes are not valid, or the channels are unknown.
        """
        if channels not in CHANNELS:
            raise SpaceError(unknown_name("channels", channels, CHANNELS))
        return cls(
            name="binas",
            global_choices=(Choice("resolution", check_resolutions(resolutions)),),
            stages=STAGES,
            block_choices=(Choice("expand", EXPANDS), Choice("kernel", KERNELS), Choice("se", (0, 1))),
            n_classes=check_classes(n_classes),
            channels=channels,
        )

    def options(self) -> dict[str, Any]:
        """Return the number of classes and the channels."""
        return {"n_classes": self.n_classes, "channels": self.channels}

    @property
    def identity(self) -> str:
        """The name, and the channels where they are not those of the published base model."""
        return self.name if self.channels == "base" else f"{self.name} {self.channels}"

    # -- shapes ------------------------------------------------------------------------------------

    def stage_sizes(self, global_index: int) -> list[int]:
        """Return the height and width that each stage's input and the last one's output have, pixels."""
        return sizes_behind(int(self.global_values[global_index, 0]), (2, *STAGE_STRIDES))

    def first_units(self, global_index: int) -> list[Unit]:
        """Return stem and depthwise-separable block."""
        widths, sizes = CHANNELS[self.channels], self.stage_sizes(global_index)
        stem = Conv(3, widths.stem, 3, 2, int(self.global_values[global_index, 0]), activation=ACTIVATION)
        depthwise = Conv(widths.stem, widths.stem, 3, 1, sizes[0], groups=widths.stem, activation="relu")
        return [Unit((stem,)), Unit((depthwise, Conv(widths.stem, widths.first, 1, 1, sizes[0])))]

    def last_units(self, global_index: int) -> list[Unit]:
        """Return last convolution, and head and classifier."""
        widths, sizes = CHANNELS[self.channels], self.stage_sizes(global_index)
        last = Conv(widths.stages[-1], widths.last, 1, 1, sizes[-1], activation=ACTIVATION)
        head = Conv(widths.last, HEAD, 1, 1, 1, batch_norm=False, bias=True, activation=ACTIVATION)
        classifier = Conv(HEAD, self.n_classes, 1, 1, 1, batch_norm=False, bias=True)
        return [
            Unit((last,)),
            Unit((head, classifier), pooled_from=sizes[-1]),
        ]

    def block_unit(self, global_index: int, block: int, op: int) -> Unit:
        """Return the inverted residual that block number `block` is with operation `op`."""
        widths, sizes = CHANNELS[self.channels], self.stage_sizes(global_index)
        stage, first = int(self.stage_of_block[block]), self.place_in_stage[block] == 0
        expand, kernel, gated = (int(value) for value in self.op_values[op])
        c_out = widths.stages[stage]
        c_in = (widths.first, *widths.stages)[stage] if first else c_out
        return inverted_residual(
            c_in,
            c_out,
            expand=expand,
            kernel=kernel,
            stride=STAGE_STRIDES[stage] if first else 1,
            in_size=sizes[stage] if first else sizes[stage + 1],
            activation=STAGE_ACTIVATIONS[stage],
            gate_activation="relu",
            se_channels=make_divisible(make_divisible(c_in * expand) * SE_RATIO) if gated else 0,
            residual=not first,
        )

    # -- the published form ------------------------------------------------------------------------

    def to_dicts(self, genes: Genes) -> list[dict[str, Any]]:
        """Return architectures as `{"arch_string": ..., "resolution": ...}`; the string is the published form."""
        resolutions = self.global_columns(genes)["resolution"].tolist()
        strings = (self.to_string(row) for row in genes)
        return [{"arch_string": s, "resolution": r} for s, r in zip(strings, resolutions, strict=True)]

    def from_dicts(self, dicts: Sequence[Mapping[str, Any]]) -> Genes:
        """Read `{"arch_string": ..., "resolution": ...}`; the inverse of `to_dicts`.

        The resolution may be left out where the space has one alone.

        Raises
        ------
        SpaceError
            If a key is unknown or missing, or a value is not of the space. Names the row.
        """
        genes = np.zeros((len(dicts), self.n_genes), dtype=np.int8)
        for row, entry in enumerate(dicts):
            try:
                genes[row] = self._read_dict(entry)
            except SpaceError as error:
                raise SpaceError(f"row {row}: {error}") from None
        return genes

    def _read_dict(self, entry: Mapping[str, Any]) -> Genes:
        """Read one architecture."""
        resolutions = self.global_choices[0].values
        if not isinstance(entry, Mapping) or not isinstance(entry.get("arch_string"), str):
            raise SpaceError(f"an architecture is a mapping with arch_string and resolution; got {entry!r}")
        for key in entry:
            if key not in ("arch_string", "resolution"):
                raise SpaceError(unknown_name("architecture key", key, ("arch_string", "resolution")))
        resolution = entry.get("resolution", resolutions[0] if len(resolutions) == 1 else None)
        if isinstance(resolution, bool) or resolution not in resolutions:
            raise SpaceError(f"resolution is {resolution!r}; expected one of {', '.join(map(str, resolutions))}")
        row = self.from_string(entry["arch_string"])
        row[0] = resolutions.index(resolution)
        return row

    def to_string(self, row: Genes) -> str:
        """Return the published string of one canonical `(n_genes,)` architecture; it has no resolution."""
        ops, executed = self.op_index(row[None])[0], self.executed(row[None])[0]
        stages: list[list[BlockString]] = [[] for _ in self.stages]
        for block in np.flatnonzero(executed):
            stages[self.stage_of_block[block]].append(self._block_string(int(block), int(ops[block])))
        return print_architecture([[self._fixed_string(0)], *stages, [self._fixed_string(len(stages) + 1)]])

    def from_string(self, text: str) -> Genes:
        """Read a published string as canonical genes of shape `(n_genes,)`, at the first resolution.

        Raises
        ------
        SpaceError
            If the string cannot be read, or its network is not one of the space; names the stage and the block.
        """
        stages = parse_architecture(text)
        if len(stages) != len(self.stages) + 2:
            raise SpaceError(
                f"an architecture of space {self.name!r} has {len(self.stages) + 2} stages, with the first block and "
                f"the last convolution; got {len(stages)}"
            )
        ops = np.full((1, self.n_blocks), -1, dtype=np.int8)
        start = 0
        for number, given in enumerate(stages):
            inner = 0 < number <= len(self.stages)
            depths = self.stages[number - 1].depths if inner else (1,)
            if len(given) not in depths:
                raise SpaceError(f"stage {number} has {len(given)} blocks; expected {' or '.join(map(str, depths))}")
            for place, block in enumerate(given):
                valid = [self._fixed_string(number)]
                if inner:
                    valid = [self._block_string(start + place, op) for op in range(self.n_ops)]
                op = self._index(f"stage {number}, block {place}", block, valid)
                if inner:
                    ops[0, start + place] = op
            start += self.stages[number - 1].n_blocks if inner else 0
        return self.from_ops(np.zeros(1, dtype=np.int64), ops)[0]

    def _index(self, where: str, given: BlockString, valid: list[BlockString]) -> int:
        """Return the index of a block among the valid ones, or say which is nearest."""
        wanted = _whole(given)
        for index, block in enumerate(valid):
            if _whole(block) == wanted:
                return index
        nearest = min(valid, key=lambda block: sum(a != b for a, b in zip(astuple(block), astuple(given), strict=True)))
        raise SpaceError(
            f"{where}: {str(given)!r} is not of space {self.name!r} with {self.channels} channels; "
            f"the nearest that is: {str(nearest)!r}"
        )

    def _fixed_string(self, stage: int) -> BlockString:
        """Return the block before the first stage, or the convolution behind the last one."""
        widths = CHANNELS[self.channels]
        if stage == 0:
            return BlockString("ds", 3, 1, widths.first, expand=1, activation="relu")
        return BlockString("cn", 1, 1, widths.last)

    def _block_string(self, block: int, op: int) -> BlockString:
        """Return one block with one of its operations as it is published."""
        stage = int(self.stage_of_block[block])
        expand, kernel, gated = (int(value) for value in self.op_values[op])
        activation = STAGE_ACTIVATIONS[stage]
        return BlockString(
            "ir",
            kernel,
            STAGE_STRIDES[stage] if self.place_in_stage[block] == 0 else 1,
            CHANNELS[self.channels].stages[stage],
            expand=expand,
            squeeze_excite=SE_RATIO if gated else None,
            activation=None if activation == ACTIVATION else activation,
        )


def _whole(block: BlockString) -> BlockString:
    """Return a block with what may be left out: the model's own activation, and an expand ratio of 1."""
    return replace(block, activation=block.activation or ACTIVATION, expand=block.expand or 1)


def channels_of(text: str) -> str:
    """Return the name of the channels that a published string starts with; ``base`` where it has none of them.

    Raises
    ------
    SpaceError
        If the string cannot be read.
    """
    first = next((block.channels for stage in parse_architecture(text) for block in stage), None)
    return next((name for name, channels in CHANNELS.items() if channels.first == first), "base")
