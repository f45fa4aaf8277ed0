"""The strings that BINAS and timm write blocks as: `ir_r1_k5_s2_e3_c32_nre_se0.25`.

A field is a name and a value. The first one is the type: `ir` inverted residual, `ds` depthwise-separable, `cn`
convolution, normalisation and activation. Then in any order `r` repeats, `k` kernel, `s` stride, `e` expand ratio, `c`
output channels, `se` ratio of the gate, `n` activation (`re`, `r6`, `hs`, `sw`; the model's own where it is absent).

The published parser skips what it does not know and lets any block have a stride. This one reads what it can
print again, and says what is wrong with the rest.
"""

import ast
import re
from dataclasses import dataclass, replace
from typing import Any

from nascore.errors import SpaceError, unknown_name

ACTIVATIONS = {"re": "relu", "r6": "relu6", "hs": "hswish", "sw": "swish"}
TYPES = {"ir": "inverted residual", "ds": "depthwise-separable", "cn": "convolution"}
NEEDED = {"ir": ("r", "k", "s", "e", "c"), "ds": ("r", "k", "s", "c"), "cn": ("r", "k", "s", "c")}
"""Fields without which a block of each type has no meaning."""

MAX_LENGTH = 10_000
"""Characters of a whole architecture; the largest of the BINAS space has about 700."""

_FIELD = re.compile(r"(?P<name>se|[rksec])(?P<value>[0-9.+-]+)|n(?P<activation>[a-z0-9]*)")


@dataclass(frozen=True)
class BlockString:
    """One block of an architecture string; `None` where a field is absent."""

    type: str
    kernel: int
    stride: int
    channels: int
    repeat: int = 1
    expand: float | None = None
    squeeze_excite: float | None = None
    activation: str | None = None

    def __str__(self) -> str:
        """Return the canonical form."""
        fields = [self.type, f"r{self.repeat}", f"k{self.kernel}", f"s{self.stride}"]
        fields += [f"e{self.expand:g}"] if self.expand is not None else []
        fields += [f"c{self.channels}"]
        fields += [f"n{name}" for name, activation in ACTIVATIONS.items() if activation == self.activation]
        fields += [f"se{self.squeeze_excite:g}"] if self.squeeze_excite is not None else []
        return "_".join(fields)


def print_architecture(stages: list[list[BlockString]]) -> str:
    """Return the string of a whole architecture, in the published form of a Python list of lists."""
    return str([[str(block) for block in stage] for stage in stages])


def parse_architecture(text: str) -> list[list[BlockString]]:
    """Read the string of a whole architecture; a block with `r` above 1 becomes as many blocks.

    Raises
    ------
    SpaceError
        If it is not a list of lists of block strings, or a block is not valid; names the stage and the block.
    """
    if len(text) > MAX_LENGTH:
        raise SpaceError(f"an architecture string has at most {MAX_LENGTH} characters; got {len(text)}")
    try:
        stages = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise SpaceError(f"an architecture string is a list of lists of block strings; got {text[:80]!r}") from None
    if not isinstance(stages, list) or not all(isinstance(stage, list) and stage for stage in stages):
        raise SpaceError(f"an architecture string is a list of lists of block strings; got {text[:80]!r}")
    return [_parse_stage(number, stage) for number, stage in enumerate(stages)]


def _parse_stage(number: int, stage: list[Any]) -> list[BlockString]:
    """Read the blocks of one stage; only the very first may have a stride."""
    blocks: list[BlockString] = []
    for place, text in enumerate(stage):
        try:
            block = parse_block(text)
        except SpaceError as error:
            raise SpaceError(f"stage {number}, block {place}: {error}") from None
        if blocks and block.stride > 1:
            raise SpaceError(
                f"stage {number}, block {place}: only the first block of a stage has a stride; got {text!r}"
            )
        once = replace(block, repeat=1)
        blocks += [once, *[replace(once, stride=1)] * (block.repeat - 1)]
    return blocks


def parse_block(text: object) -> BlockString:
    """Read one block.

    Raises
    ------
    SpaceError
        If the type, a field or an activation is unknown, a field is missing or given twice, or a value is not a
        positive number.
    """
    if not isinstance(text, str):
        raise SpaceError(f"a block is a string such as 'ir_r1_k3_s1_e3_c24'; got {text!r}")
    kind, *fields = text.split("_")
    if kind not in TYPES:
        raise SpaceError(f"{text!r}: {unknown_name('block type', kind, TYPES)}")
    values: dict[str, Any] = {}
    for field in fields:
        match = _FIELD.fullmatch(field)
        if match is None:
            raise SpaceError(
                f"{text!r}: unknown field {field!r}; expected r, k, s, e, c or se and a number, or n and a name"
            )
        name = match["name"] or "n"
        if name in values:
            raise SpaceError(f"{text!r}: field {name!r} is given twice")
        values[name] = _activation(text, match["activation"]) if name == "n" else _number(text, name, match["value"])
    missing = [name for name in NEEDED[kind] if name not in values]
    if missing:
        raise SpaceError(
            f"{text!r}: field {missing[0]!r} is missing; a block of type {kind} has {', '.join(NEEDED[kind])}"
        )
    return BlockString(
        type=kind,
        kernel=values["k"],
        stride=values["s"],
        channels=values["c"],
        repeat=values["r"],
        expand=values.get("e"),
        squeeze_excite=values.get("se"),
        activation=values.get("n"),
    )


def _activation(text: str, name: str) -> str:
    """Return the activation behind its short name."""
    if name not in ACTIVATIONS:
        raise SpaceError(f"{text!r}: {unknown_name('activation', name, ACTIVATIONS)}")
    return ACTIVATIONS[name]


def _number(text: str, name: str, value: str) -> float | int:
    """Return the positive number of a field: any for `e` and `se`, a whole one for the others."""
    try:
        number = float(value) if name in ("e", "se") else int(value)
    except ValueError:
        number = 0
    if not 0 < number <= 65536:
        kind = "number" if name in ("e", "se") else "whole number"
        raise SpaceError(f"{text!r}: {name} must be a positive {kind} of at most 65536; got {value!r}")
    return number
