"""The sections of a configuration: keys, defaults, bounds and meanings; `nascore.config` puts them together."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    GetPydanticSchema,
    PlainSerializer,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
    field_validator,
    model_validator,
)

from nascore.efficiency import METRICS
from nascore.errors import unknown_name
from nascore.predictors import predictor_names, predictor_options
from nascore.predictors.options import PredictorOptions
from nascore.space_files import read_space_file
from nascore.spaces import DEFAULT_SPACE, get_space
from nascore.strict import Name, Strict

Share = Annotated[float, Field(gt=0, lt=1)]


class SpaceConfig(Strict):
    """The design space."""

    name: str = Field(DEFAULT_SPACE, description="A published space, or the name of the one that is described.")
    file: str | None = Field(None, description="YAML file that describes the space, instead of a published one.")
    description: dict[str, Any] | None = Field(
        None, description="The same in place; see docs/howto/own_space.md for the keys."
    )
    resolutions: tuple[int, ...] = Field(
        (), description="Input resolutions to choose from, pixels; by default those of the space."
    )
    channels: str | None = Field(
        None, description="Channels of space `binas`: `base`, which is its default, or `large`, 1.2 times as many."
    )

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of `get_space`; what a file says, not where it is."""
        return self.model_dump(mode="json", exclude_none=True, exclude={"file"})

    @property
    def kind(self) -> str:
        """Which code the space has: its name, or ``"described"``."""
        return self.name if self.description is None else "described"

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, given: Any) -> Any:
        """Put in what the file says, and the space's own resolutions where none are given."""
        if not isinstance(given, Mapping):
            return given
        whole = dict(given)
        if isinstance(file := given.get("file"), str):
            description = read_space_file(file)
            if given.get("name", description.name) != description.name or given.get("channels"):
                raise ValueError(
                    f"file: {file} is of space {description.name!r}; name and channels are of published ones"
                )
            whole |= {"description": description.model_dump(mode="json", exclude_defaults=True)}
        if isinstance(whole.get("description"), Mapping):
            whole["name"] = whole["description"].get("name", "")
        if whole.get("resolutions") is None:
            options = {key: whole[key] for key in ("description", "channels") if whole.get(key) is not None}
            space = get_space(str(whole.get("name", DEFAULT_SPACE)), **options)
            whole["resolutions"] = space.global_choices[0].values
        return whole

    @model_validator(mode="after")
    def _can_be_built(self) -> "SpaceConfig":
        get_space(**self.options)
        return self


class TablesConfig(Strict):
    """What the accuracy tables hold."""

    accuracy_unit: Literal["percent", "fraction"] = Field("percent", description="Unit of the tables' accuracies.")
    n_images: Annotated[int, Field(ge=1)] = Field(
        4029, description="Images that each accuracy was measured on; each accuracy must be a whole number of them."
    )


class SupernetConfig(Strict):
    """Where the supernet's weights come from: trained, or given."""

    checkpoint: str | None = Field(
        None,
        description="File or URL of given weights in the layout of the published `vww_supernet.pth`, instead of "
        "training.",
    )
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        None, description="SHA-256 that the given file must have; a URL needs one."
    )
    start: str | None = Field(
        None,
        description="File with the weights of the published network that the description of the space names, which "
        "training starts from: safetensors, PyTorch, or Keras arrays (`.npz`).",
    )
    start_accuracy: Share | None = Field(
        None,
        description="Accuracy that these weights are known to have. If they are far from it on the images, training "
        "does not begin: the mapping, the normalisation or the padding is wrong.",
    )
    entry: str | None = Field(
        None,
        description="The entry of the given file that holds the weights, such as `state_dict_ema`; needed where "
        "several do.",
    )


class SamplingConfig(Strict):
    """Which subnets are measured for the accuracy dataset."""

    subnets: Annotated[int, Field(ge=10)] = Field(300, description="Number of different subnets.")
    strategy: Literal["uniform", "stratified"] = Field(
        "stratified",
        description="`uniform` over the space, or equally many for every resolution and width.",
    )
    shards: Annotated[int, Field(ge=1, le=10_000)] = Field(
        8, description="Independent jobs that they are measured in; results do not depend on it."
    )


class ContributionsConfig(Strict):
    """How the means behind the contributions of choices are measured, in runs that train space `binas`."""

    passes: Annotated[int, Field(ge=1)] = Field(
        1, description="Passes over `search` per mean, each image through another random subnet in each; published: 10."
    )
    resolution: int | None = Field(
        None, description="Resolution of images and subnets, pixels; by default the largest of the space."
    )


class ValidationConfig(Strict):
    """The measurement of what the searches found."""

    searcher: str = Field("exact", description="The searcher whose subnets are measured.")
    top_k: Annotated[int, Field(ge=1, le=1000)] = Field(
        5, description="Found subnets per target that are measured on `search`; the best of them is tested."
    )


class DeployConfig(Strict):
    """What is made of the winners for deployment."""

    bundles: bool = Field(
        False,
        description="Whether every target's winner becomes a bundle: ONNX models in float and int8, checked on `test`, "
        "with a card. Needs the extra `onnx`.",
    )


class SplitConfig(Strict):
    """How the rows of the accuracy dataset are divided; the shares add up to 1."""

    train: Share = Field(0.8, description="Share that predictors are fitted to.")
    calibration: Share = Field(0.1, description="Share that prediction intervals are calibrated on.")
    test: Share = Field(0.1, description="Share that only the reported metrics see.")

    @model_validator(mode="after")
    def _adds_up(self) -> "SplitConfig":
        total = self.train + self.calibration + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train, calibration and test must add up to 1; they add up to {total:.6g}")
        return self


_EveryPredictor = create_model(  # type: ignore[call-overload]
    "PredictorsConfig",
    __base__=Strict,
    __doc__="Predictors by name, with their options.",
    **{name: (predictor_options(name), predictor_options(name)()) for name in predictor_names()},
)


def _as_written(given: Any, known: ValidatorFunctionWrapHandler) -> dict[str, PredictorOptions]:
    """Return the options of the predictors that are given, in the order in which they are written."""
    options = known(given)
    return {name: getattr(options, name) for name in given}


def _plain(options: dict[str, PredictorOptions]) -> dict[str, dict[str, Any]]:
    """Return what `_as_written` does as plain data."""
    return {name: given.model_dump(mode="json") for name, given in options.items()}


PredictorsConfig = Annotated[
    dict[str, PredictorOptions],
    GetPydanticSchema(
        lambda _, schema_of: schema_of(Annotated[_EveryPredictor, WrapValidator(_as_written), PlainSerializer(_plain)])
    ),
]
"""Some of the registered predictors, each with options of its own model."""


class LearningCurveConfig(Strict):
    """The error of each predictor against the number of rows that it is fitted to."""

    rows: tuple[Annotated[int, Field(ge=2)], ...] = Field(
        (500, 2000, 4000, 16000),
        description="Numbers of rows. The last point of the curve is always the run's own predictor.",
    )


class DeviceConfig(Strict):
    """A device whose latency is known: measured on this machine, or by tables that were measured elsewhere."""

    backend: Literal["onnxruntime", "pytorch", "cuda"] | None = Field(
        None, description="What runs networks on this machine, to measure them; or give `table`."
    )
    threads: Annotated[int, Field(ge=1)] = Field(1, description="Threads of one inference.")
    batch: Annotated[int, Field(ge=1)] = Field(1, description="Images per call.")
    table: str | None = Field(
        None, description="Table of layer latencies (Parquet) that was measured elsewhere, in place of a backend."
    )
    networks: str | None = Field(
        None,
        description="Measured whole networks (Parquet) that belong to `table`, `latency.fit` + `latency.heldout` of "
        "them; without, the table is taken as it is and is not judged.",
    )

    @model_validator(mode="after")
    def _measured_here_or_elsewhere(self) -> "DeviceConfig":
        if (self.backend is None) == (self.table is None):
            given = "both" if self.table else "neither"
            raise ValueError(
                "latencies come either from a `backend` on this machine or from a `table` that was measured "
                f"elsewhere; {given} is given"
            )
        if self.table and (self.threads, self.batch) != (1, 1):
            raise ValueError("threads and batch belong to a `backend`; a `table` says itself how it was measured")
        if self.networks and not self.table:
            raise ValueError("networks belong to a `table`; a `backend` measures its own")
        return self


class LatencyConfig(Strict):
    """Which latencies are measured, and how well."""

    fit: Annotated[int, Field(ge=10)] = Field(
        100, description="Whole networks that the correction and the network predictors are fitted to."
    )
    heldout: Annotated[int, Field(ge=10)] = Field(50, description="Whole networks that they are judged on.")
    repeats: Annotated[int, Field(ge=4)] = Field(
        256, description="Timed calls of each layer and network at most, of those that are not measured yet."
    )
    devices: dict[Name, DeviceConfig] = Field({}, description="Devices by the name that targets give them.")


class SearchConfig(Strict):
    """What all searches share."""

    top_k: Annotated[int, Field(ge=1, le=1000)] = Field(10, description="Subnets to return per target.")
    uncovered_choices: bool = Field(
        False,
        description="Whether to search choices of which the accuracy dataset has no row. Their values are guesses.",
    )
    pareto: tuple[str, ...] = Field(
        ("thop_macs", "macs", "peak_memory_bytes", "flash_bytes"),
        description="Costs to trade predicted accuracy against, exactly.",
    )
    pareto_predictor: str = Field("linear_per_global", description="The additive predictor of the Pareto fronts.")

    @field_validator("pareto")
    @classmethod
    def _known_metrics(cls, metrics: tuple[str, ...]) -> tuple[str, ...]:
        for metric in metrics:
            if metric not in METRICS:
                raise ValueError(unknown_name("metric", metric, METRICS))
        return metrics
