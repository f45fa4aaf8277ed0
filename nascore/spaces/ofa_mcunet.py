"""The once-for-all MCUNet space of MIT 6.5940 lab 3 (Visual Wake Words, "mcunet384" widths).

Six stages of inverted residual blocks, 20 blocks in all; a global resolution and a global width multiplier; per
block a kernel size and an expand ratio; per stage a depth. The last stage always executes its only block, so the
sixth entry of the published `d` means nothing: it is accepted and written as 0.

The published supernet leaves its SE width to the widest input; here it is the *active* input // 4, as in the
subnets that are extracted, evaluated and deployed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nascore.errors import SpaceError
from nascore.spaces.inputs import check_classes, check_keys, check_resolutions
from nascore.spaces.layers import Conv, Unit, inverted_residual, make_divisible, sizes_behind
from nascore.spaces.staged import Choice, Genes, Stage, StagedSpace

RESOLUTIONS = (96, 112, 128, 144, 160)
WIDTH_MULTIPLIERS = (0.5, 0.75, 1.0)
KERNELS = (3, 5, 7)
EXPANDS = (3, 4, 6)

STAGES = (
    Stage("stage1", (1, 2, 3)),
    *(Stage(f"stage{i}", (2, 3, 4)) for i in (2, 3, 4, 5)),
    Stage("stage6", (1,)),
)
STAGE_STRIDES = (2, 2, 2, 1, 2, 1)
STEM, FIRST_BLOCK, STAGE_CHANNELS, FEATURE_MIX = 32, 16, (24, 40, 80, 96, 192, 320), 384
"""Channels at width multiplier 1. The feature mix is never scaled."""
ACTIVATION = "relu6"

DICT_KEYS = ("wid", "ks", "e", "d", "image_size")
RENAMED = {"resolution": "image_size"}
"""Columns of tables that published dictionaries call otherwise."""


@dataclass(frozen=True)
class OfaMcunet(StagedSpace):
    """The OFA-MCUNet space; build it with `OfaMcunet.build` or `nascore.spaces.get_space`.

    `width` genes are the published `wid`: an index into `WIDTH_MULTIPLIERS`.
    """

    batch_norm_eps: ClassVar[float] = 1e-3
    """As published (MIT 6.5940 lab 3)."""

    @property
    def column_types(self) -> Mapping[str, str]:
        """The published entries."""
        return {"wid": "int8", "resolution": "int16", "ks": "list<int8>", "e": "list<int8>", "d": "list<int8>"}

    @classmethod
    def build(cls, resolutions: Sequence[int] = RESOLUTIONS, n_classes: int = 2) -> Self:
        """Make the space for the given input resolutions, in pixels.

        Raises
        ------
        SpaceError
            If the resolutions are empty, repeated, or not multiples of 8 from 32 to 1024 px, or if there
            are fewer than two classes.
        """
        return cls(
            name="ofa_mcunet",
            global_choices=(Choice("resolution", check_resolutions(resolutions)), Choice("width", (0, 1, 2))),
            stages=STAGES,
            block_choices=(Choice("kernel", KERNELS), Choice("expand", EXPANDS)),
            n_classes=check_classes(n_classes),
        )

    # -- shapes ------------------------------------------------------------------------------------

    def _scaled(self, global_index: int, channels: int) -> int:
        """Return `channels` under the width multiplier of a global combination."""
        return make_divisible(channels * WIDTH_MULTIPLIERS[self.global_values[global_index, 1]])

    def first_units(self, global_index: int) -> list[Unit]:
        """Return stem and first block, a linear 1x1."""
        stem, first = self._scaled(global_index, STEM), self._scaled(global_index, FIRST_BLOCK)
        stem_conv = Conv(3, stem, 3, 2, int(self.global_values[global_index, 0]), activation=ACTIVATION)
        return [Unit((stem_conv,)), Unit((Conv(stem, first, 1, 1, stem_conv.out_size),))]

    def last_units(self, global_index: int) -> list[Unit]:
        """Return feature mix and classifier."""
        last, last_size = self._scaled(global_index, STAGE_CHANNELS[-1]), self.stage_sizes(global_index)[-1]
        classifier = Conv(FEATURE_MIX, self.n_classes, 1, 1, 1, batch_norm=False, bias=True)
        return [
            Unit((Conv(last, FEATURE_MIX, 1, 1, last_size, activation=ACTIVATION),)),
            Unit((classifier,), pooled_from=last_size),
        ]

    def block_unit(self, global_index: int, block: int, op: int) -> Unit:
        """Return the inverted residual that block number `block` is with operation `op`."""
        stage, place = int(self.stage_of_block[block]), int(self.place_in_stage[block])
        kernel, expand = (int(value) for value in self.op_values[op])
        c_out = self._scaled(global_index, STAGE_CHANNELS[stage])
        first = place == 0
        before = FIRST_BLOCK if stage == 0 else STAGE_CHANNELS[stage - 1]
        c_in = self._scaled(global_index, before) if first else c_out
        sizes = self.stage_sizes(global_index)
        return inverted_residual(
            c_in,
            c_out,
            expand=expand,
            kernel=kernel,
            stride=STAGE_STRIDES[stage] if first else 1,
            in_size=sizes[stage] if first else sizes[stage + 1],
            activation=ACTIVATION,
            gate_activation=ACTIVATION,
            se_channels=c_in // 4 if self.has_squeeze_excite(block) else 0,
            residual=not first,
        )

    def has_squeeze_excite(self, block: int) -> bool:
        """Say whether a block has an SE gate: stages 2 to 5, but not the first block of stage 2."""
        stage, place = self.stage_of_block[block], self.place_in_stage[block]
        return bool(2 <= stage <= 4 or (stage == 1 and place > 0))

    def stage_sizes(self, global_index: int) -> list[int]:
        """Return the height and width that each stage's input and the last one's output have, pixels."""
        return sizes_behind(int(self.global_values[global_index, 0]), (2, *STAGE_STRIDES))

    # -- labels ------------------------------------------------------------------------------------

    def value_label(self, gene: str, value: int) -> str:
        """Write the value of a gene; a width as the multiplier that it stands for."""
        return f"×{WIDTH_MULTIPLIERS[value]:g}" if gene == "width" else super().value_label(gene, value)

    def arch_label(self, arch: Mapping[str, Any]) -> str:
        """Name a published dictionary by its resolution and its width."""
        return f"{self.value_label('resolution', arch['image_size'])}, {self.value_label('width', arch['wid'])}"

    def choices_of(self, arch: Mapping[str, Any]) -> dict[str, int]:
        """Return resolution, the published `wid`, and the width in % of the widest."""
        width = round(100 * WIDTH_MULTIPLIERS[arch["wid"]])
        return {"resolution": arch["image_size"], "wid": arch["wid"], "width": width}

    # -- the published dictionary form -------------------------------------------------------------

    def to_dicts(self, genes: Genes) -> list[dict[str, Any]]:
        """Return architectures as published `{wid, ks, e, d, image_size}` dictionaries.

        Entries of blocks that do not run hold the smallest value, so a dictionary stays valid when it is
        deepened (the published decoder writes 0 there, which is not a kernel size).
        """
        blocks = self.block_genes(genes)
        columns = {
            "wid": genes[:, 1],
            "ks": np.asarray(KERNELS)[blocks[:, :, 0]],
            "e": np.asarray(EXPANDS)[blocks[:, :, 1]],
            "d": genes[:, self.depth_slice],
            "image_size": np.asarray(self.global_choices[0].values)[genes[:, 0]],
        }
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def from_dicts(self, dicts: Sequence[Mapping[str, Any]]) -> Genes:
        """Read published `{wid, ks, e, d, image_size}` dictionaries; the inverse of `to_dicts`.

        `ks`, `e` and `d` may be one number for all blocks or stages, as in the published code. Entries of
        blocks that do not run are not looked at.

        Raises
        ------
        SpaceError
            If a key is unknown or missing, a list has the wrong length, or a value is not a choice.
            Names the row, the key and the place.
        """
        columns: dict[str, list[Any]] = {key: [] for key in DICT_KEYS}
        for row, entry in enumerate(dicts):
            try:
                self._read_dict(entry, columns)
            except SpaceError as error:
                raise SpaceError(f"row {row}: {error}") from None
        return self._from_lists(columns)

    def to_columns(self, genes: Genes) -> dict[str, list[Any]]:
        """Return architectures as the columns of `column_types`."""
        dicts = self.to_dicts(genes)
        return {name: [entry[RENAMED.get(name, name)] for entry in dicts] for name in self.column_types}

    def from_columns(self, columns: Mapping[str, Sequence[Any]]) -> Genes:
        """Read architectures from the columns of `column_types`; entries of blocks that do not run are not looked at.

        Raises
        ------
        SpaceError
            If a value is not a choice, or a list has the wrong length; names the row, the column and the place.
        """
        lengths = {"ks": self.n_blocks, "e": self.n_blocks, "d": len(self.stages)}
        lists = {key: _lists(key, columns[key], length) for key, length in lengths.items()}
        return self._from_lists({**lists, "wid": columns["wid"], "image_size": columns["resolution"]})

    def _read_dict(self, entry: Mapping[str, Any], columns: dict[str, list[Any]]) -> None:
        """Append one dictionary's entries, single numbers repeated, to the columns."""
        check_keys(entry, DICT_KEYS)
        for key in DICT_KEYS:
            length = {"ks": self.n_blocks, "e": self.n_blocks, "d": len(self.stages)}.get(key)
            value = entry[key]
            columns[key].append(_whole(key, value) if length is None else _listed(key, value, length))

    def _from_lists(self, columns: Mapping[str, Any]) -> Genes:
        """Read architectures from the entries of published dictionaries, key by key, all of the right length."""
        genes = np.zeros((len(columns["wid"]), self.n_genes), dtype=np.int8)
        genes[:, 0] = _indices("image_size", columns["image_size"], self.global_choices[0].values)
        genes[:, 1] = _indices("wid", columns["wid"], self.global_choices[1].values)
        depths = np.asarray(columns["d"]).reshape(len(genes), len(self.stages))
        for index, stage in enumerate(self.stages):
            if len(stage.depths) > 1:
                extra = tuple(range(len(stage.depths)))
                genes[:, self.depth_slice.start + index] = _indices(f"d[{index}]", depths[:, index], extra)
        executed = self.executed(genes)
        for position, key in enumerate(("ks", "e")):
            listed = np.asarray(columns[key]).reshape(len(genes), self.n_blocks)
            for block in range(self.n_blocks):
                # An entry that is not looked at passes as the first choice, whatever it holds.
                choices = self.block_choices[position].values
                looked_at = np.where(executed[:, block], listed[:, block], choices[0])
                self.block_genes(genes)[:, block, position] = _indices(f"{key}[{block}]", looked_at, choices)
        return genes


def _lists(key: str, entries: Sequence[Any], length: int) -> NDArray[np.int64]:
    """Return a column of lists of whole numbers as an `(n, length)` array."""
    for row, entry in enumerate(entries):
        if entry is None or len(entry) != length or any(value is None or value != value for value in entry):
            raise SpaceError(f"row {row}: {key} must be a list of {length} whole numbers; got {entry}")
    return np.array([list(entry) for entry in entries], dtype=np.int64).reshape(len(entries), length)


def _listed(key: str, value: Any, length: int) -> list[int]:
    """Return a list of `length` whole numbers, repeating a single one."""
    if isinstance(value, int):
        return [_whole(key, value)] * length
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != length:
        got = f"{len(value)} entries" if isinstance(value, list | tuple) else repr(value)
        raise SpaceError(f"{key} must be a list of {length} entries or one number; got {got}")
    return [_whole(f"{key}[{place}]", entry) for place, entry in enumerate(value)]


def _whole(where: str, value: Any) -> int:
    """Return a whole number, which `True`, `3.0` and `"3"` are not."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise SpaceError(f"{where} is {value!r}; expected a whole number")
    return value


def _indices(where: str, values: ArrayLike, valid: Sequence[int]) -> NDArray[np.intp]:
    """Return the index of each of `(n,)` values among the valid ones, which increase."""
    array = np.asarray(values)
    known = np.isin(array, valid)
    if not known.all():
        row = int(known.argmin())
        raise SpaceError(f"row {row}: {where} is {array[row]}; expected one of {', '.join(map(str, valid))}")
    return np.searchsorted(valid, array)
