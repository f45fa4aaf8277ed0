"""A design space written down as plain data, such as a YAML file: stem, stages of blocks, last layers and choices.

`docs/howto/own_space.md` leads through an example; `DescribedSpace` makes the networks.
"""

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from nascore.errors import SpaceError
from nascore.strict import Name, Strict, mistakes

Activation = Literal["none", "relu", "relu6", "hswish"]
BlockKind = Literal["inverted_residual", "depthwise_separable", "residual", "convolution"]
Channels = Annotated[int, Field(ge=1, le=4096)]
Stride = Annotated[int, Field(ge=1, le=4)]
Kernel = Annotated[int, Field(ge=1, le=15)]
Percent = Annotated[int, Field(ge=1, le=400)]

BLOCK_CHOICES = ("kernel", "expand", "middle", "se")
"""What a block chooses from, in the order of the genes."""


def _ascending(values: tuple[int, ...]) -> tuple[int, ...]:
    """Return choices in increasing order; none may be there twice, and a list that is given is not empty."""
    if not values or len(set(values)) < len(values):
        raise ValueError(f"expected different values, one at least; got {list(values)}")
    return tuple(sorted(values))


def _odd(values: tuple[int, ...]) -> tuple[int, ...]:
    """Return kernel sizes, which are odd."""
    if even := [value for value in values if value % 2 == 0]:
        raise ValueError(f"{even[0]} is even; kernels are odd, so that a map has a middle")
    return values


class InputDescription(Strict):
    """What becomes of pixels before the first convolution; weights that were trained elsewhere need what they had."""

    range: Annotated[float, Field(gt=0, le=255)] = Field(1.0, description="What a white pixel is; black ones are 0.")
    mean: float = Field(0.5, description="Taken off then.")
    std: Annotated[float, Field(gt=0)] = Field(0.5, description="What the rest is divided by.")


class StemDescription(Strict):
    """The first convolution."""

    channels: Channels = Field(description="Output channels at a width of 100 %.")
    kernel: Kernel = Field(3, description="Kernel size, odd.")
    stride: Stride = Field(2, description="Stride.")
    activation: Activation | None = Field(None, description="What follows; by default the space's.")

    @field_validator("kernel")
    @classmethod
    def _is_odd(cls, kernel: int) -> int:
        return _odd((kernel,))[0]


class StageDescription(Strict):
    """A run of blocks of one kind, of which an architecture executes the first ones."""

    block: BlockKind = Field(
        description="`inverted_residual`: 1x1, depthwise, 1x1; `depthwise_separable`: depthwise, 1x1; `residual`: two "
        "convolutions and the sum, with a 1x1 shortcut where shapes differ; `convolution`: one convolution."
    )
    channels: Channels = Field(description="Output channels at a width of 100 %.")
    stride: Stride = Field(1, description="Stride of the first block.")
    depth: tuple[Annotated[int, Field(ge=1, le=32)], ...] = Field((1,), description="Numbers of blocks to choose from.")
    kernel: tuple[Kernel, ...] = Field((3,), description="Kernel sizes to choose from, odd.")
    expand: tuple[Annotated[int, Field(ge=1, le=32)], ...] = Field(
        (), description="Of inverted residuals, ratios of middle to input channels to choose from."
    )
    middle: tuple[Percent, ...] = Field(
        (100,), description="Of residual blocks, channels between the two convolutions, in % of the output's."
    )
    se: tuple[Annotated[int, Field(ge=0, le=1)], ...] = Field(
        (0,), description="Whether there is a squeeze-and-excitation gate: 0, 1, or both to choose from."
    )
    group_size: Channels = Field(1, description="Channels per group of a depthwise convolution; 1: truly depthwise.")
    activation: Activation | None = Field(None, description="What follows the convolutions; by default the space's.")
    residual: bool | None = Field(
        None, description="Whether blocks whose input and output have one shape add the two; by default those of "
        "inverted residuals do."
    )  # fmt: skip
    name: Name | None = Field(None, description="Name of the stage in genes; by default `stage1`, `stage2`, …")

    _sorted = field_validator("depth", "kernel", "expand", "middle", "se")(_ascending)
    _are_odd = field_validator("kernel")(_odd)

    @model_validator(mode="after")
    def _fits_the_kind(self) -> "StageDescription":
        inverted = self.block == "inverted_residual"
        if inverted != bool(self.expand):
            raise ValueError(f"expand {'is missing' if inverted else 'is given'}; expected only of inverted_residual")
        if self.middle != (100,) and self.block != "residual":
            raise ValueError(f"middle is given, but block is {self.block}; it is a choice of residual blocks")
        if self.group_size > 1 and self.block not in ("inverted_residual", "depthwise_separable"):
            raise ValueError(f"group_size is given, but block is {self.block}, which has no depthwise convolution")
        if self.block == "residual" and self.residual is False:
            raise ValueError("residual is false, but block is residual; expected convolution, or leave it out")
        return self


class LastDescription(Strict):
    """A 1x1 convolution behind the stages."""

    channels: Channels = Field(description="Output channels.")
    scaled: bool = Field(False, description="Whether they follow the width.")
    activation: Activation | None = Field(None, description="What follows; by default the space's.")


class PublishedDescription(Strict):
    """A published network of the space: which architecture it is, and what its weights mean."""

    arch: dict[str, int] = Field(
        {},
        description="Its genes, such as `resolution: 96` or `stage2.depth: 1`; `kernel: 3` is that of "
        "every block that can have it. Those that are not named have their largest value.",
    )
    classes: tuple[str, ...] | None = Field(
        None, description="Its classes in the order of its outputs; without them its classifier is not taken."
    )
    layers: tuple[str, ...] | None = Field(
        None, description="Its layers in the order of execution, of a residual block the shortcut last; by default in "
        "the order of a PyTorch file, or of the numbers in their names."
    )  # fmt: skip


class SpaceDescription(Strict):
    """A design space."""

    name: Name = Field(description="Its name in results.")
    resolutions: tuple[Annotated[int, Field(ge=8, le=1024)], ...] = Field(
        description="Input resolutions to choose from, pixels, where a configuration has none."
    )
    width: tuple[Percent, ...] = Field((100,), description="Widths to choose from, in % of the channels given here.")
    divisor: Annotated[int, Field(ge=1, le=64)] = Field(8, description="Channels are rounded to multiples of it.")
    padding: Literal["symmetric", "same"] = Field(
        "symmetric", description="Zeros around maps: as in PyTorch, or as TensorFlow's `same`."
    )
    activation: Activation = Field("relu6", description="What follows convolutions where nothing else is given.")
    batch_norm_eps: Annotated[float, Field(gt=0, lt=1)] = Field(1e-5, description="Added to variances.")
    se_ratio: Annotated[float, Field(gt=0, le=1)] = Field(
        0.25, description="Channels inside a squeeze-and-excitation gate, as a share of those that it reads."
    )
    input: InputDescription = Field(InputDescription(), description="How pixels are normalised.")
    stem: StemDescription = Field(description="The first convolution.")
    stages: tuple[StageDescription, ...] = Field(description="The stages, in order.")
    last: LastDescription | None = Field(None, description="A 1x1 convolution behind the stages.")
    hidden: Channels | None = Field(None, description="Outputs of a hidden layer before the classifier.")

    published: PublishedDescription | None = Field(None, description="A network that training can start from.")

    _sorted = field_validator("resolutions", "width")(_ascending)

    @model_validator(mode="after")
    def _stages_fit(self) -> "SpaceDescription":
        if not self.stages:
            raise ValueError("stages: expected one at least")
        names = [stage.name or f"stage{number}" for number, stage in enumerate(self.stages, start=1)]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"stages: {twice[0]} is there twice; names must differ")
        return self

    @property
    def digest(self) -> str:
        """16 hexadecimal digits of what makes the networks; keys that have their defaults do not count."""
        plain = self.model_dump(mode="json", exclude={"name", "resolutions", "published"}, exclude_defaults=True)
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def read_description(given: Any, where: str = "the description of a space") -> SpaceDescription:
    """Check a description that is plain data.

    Raises
    ------
    SpaceError
        Names every key that is wrong.
    """
    try:
        return SpaceDescription.model_validate(given)
    except ValidationError as error:
        raise SpaceError("\n".join([f"{where} is not valid:", *(f"  {line}" for line in mistakes(error))])) from None
