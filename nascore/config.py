"""The configuration of a run: every key, its default, its bounds and its meaning.

The keys are here, in `nascore.config_sections` and in the options of each stage, and nowhere else;
`config/schema.json` and `config/README.md` are made from them.
"""

import json
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator

from nascore.accuracy_dataset.shares import empty_parts
from nascore.config_sections import (
    ContributionsConfig,
    DeployConfig,
    LatencyConfig,
    LearningCurveConfig,
    PredictorsConfig,
    SamplingConfig,
    SearchConfig,
    SpaceConfig,
    SplitConfig,
    SupernetConfig,
    TablesConfig,
    ValidationConfig,
)
from nascore.data.options import DataOptions
from nascore.data.sources import n_classes
from nascore.errors import ConfigError, NascoreError, unknown_name
from nascore.evaluation.options import EvaluationOptions
from nascore.predictors import make_predictor, predictor_names, predictor_options
from nascore.search.options import BcfwOptions, EvolutionOptions, ExactOptions, RandomOptions, Searcher
from nascore.search.targets import Target, TargetOptions, parse_target
from nascore.spaces import DescribedSpace, StagedSpace, get_space
from nascore.strict import Name, Strict, mistakes
from nascore.training.options import FinetuningOptions, TrainingOptions
from nascore.training.phases import phases
from nascore.yaml_files import read_yaml

DEVICE = r"^(auto|cpu|cuda(:[0-9]+)?)$"


class Config(Strict):
    """A whole run."""

    run: Name = Field(description="Name of the run; its artifacts are in `results/<run>/`.")
    seed: Annotated[int, Field(ge=0)] = Field(0, description="The root of every random stream.")
    tables: str | None = Field(
        None, description="Folder of published accuracy tables (JSON), in place of images and a supernet."
    )
    table_format: TablesConfig = Field(TablesConfig(), description="What the tables hold.")
    data: DataOptions | None = Field(None, description="Where images come from.")
    images: str | None = Field(None, description="The folder that the source of images needs; see `data`.")
    device: str = Field(
        "auto",
        json_schema_extra={"pattern": DEVICE},
        description="`auto` (a GPU where there is one), `cpu`, `cuda` or `cuda:N`.",
    )
    supernet: SupernetConfig = Field(SupernetConfig(), description="Where the supernet's weights come from.")
    training: TrainingOptions = Field(TrainingOptions(), description="How the supernet is trained.")
    evaluation: EvaluationOptions = Field(EvaluationOptions(), description="How a subnet is measured.")
    sampling: SamplingConfig = Field(SamplingConfig(), description="Which subnets are measured.")
    contributions: ContributionsConfig = Field(
        ContributionsConfig(), description="Measurement of what each choice contributes, in space `binas`."
    )
    validation: ValidationConfig = Field(ValidationConfig(), description="The measurement of what searches found.")
    finetuning: FinetuningOptions = Field(FinetuningOptions(), description="Further training of each target's winner.")
    deploy: DeployConfig = Field(DeployConfig(), description="What is made of the winners for deployment.")
    space: SpaceConfig = Field(SpaceConfig(), description="The design space.")
    split: SplitConfig = Field(SplitConfig(), description="How the rows are divided.")
    predictors: PredictorsConfig = Field(
        {name: predictor_options(name)() for name in predictor_names()},
        description="Predictors to fit: name to options.",
    )
    learning_curve: LearningCurveConfig = Field(LearningCurveConfig(), description="Error against number of rows.")
    latency: LatencyConfig = Field(LatencyConfig(), description="Devices whose latency is measured.")
    search: SearchConfig = Field(SearchConfig(), description="What all searches share.")
    searchers: dict[Name, Searcher] = Field(
        {"random": RandomOptions(), "evolution": EvolutionOptions(), "exact": ExactOptions()},
        description="Searchers to run on every target: name to options, of which `algorithm` chooses the kind.",
    )
    targets: dict[Name, TargetOptions] = Field(
        description="Constraint targets: name to upper bounds, a `device`, or fixed global choices. `latency_ms` is a "
        "bound on the device of `latency.devices` that `latency_on` names; it may be left out where there is one."
    )
    snapshot: bool = Field(
        False, description="Whether the workflow ends with `nascore snapshot`, which versions the run with DVC."
    )

    @field_validator("device")
    @classmethod
    def _known_device(cls, device: str) -> str:
        if not re.search(DEVICE, device):
            raise ValueError(f"expected auto, cpu, cuda or cuda:N; got {device!r}")
        return device

    @field_validator("predictors", "searchers", "targets")
    @classmethod
    def _not_empty(cls, entries: dict[str, Any]) -> dict[str, Any]:
        if not entries:
            raise ValueError("expected at least one entry")
        return entries

    @model_validator(mode="after")
    def _one_source_of_accuracies(self) -> "Config":
        if (self.tables is None) == (self.data is None):
            given = "both" if self.data else "neither"
            raise ValueError(
                "accuracies come either from `tables` (a folder of published tables) or from `data` (images, on which "
                f"a supernet is trained and measured); {given} is given"
            )
        if self.images and (self.data is None or self.data.source == "synthetic"):
            raise ValueError(
                "images is given, but no source of images reads it; set data.source to image_folder or vww"
            )
        if self.finetuning.epochs and not self.data:
            raise ValueError("finetuning.epochs is above 0, but a run on tables has no images to train on; set it to 0")
        if self.deploy.bundles and self.data is None:
            raise ValueError("deploy.bundles is true, but a run on published tables has no weights to deploy")
        if self.data and self.validation.searcher not in self.searchers:
            raise ValueError(
                f"validation.searcher: {unknown_name('searcher of this run', self.validation.searcher, self.searchers)}"
            )
        return self

    @model_validator(mode="after")
    def _every_part_gets_rows(self) -> "Config":
        shares, n = self.split.model_dump(), self.sampling.subnets
        for part in empty_parts(n, shares) if self.data else []:
            raise ValueError(
                f"sampling.subnets is {n}, of which split.{part} {shares[part]:g} leaves no row; raise either of them"
            )
        return self

    @model_validator(mode="after")
    def _names_agree(self) -> "Config":
        space = self.build_space()
        users = {f"searchers.{name}.predictor": searcher.predictor for name, searcher in self.searchers.items()}
        for key, predictor in {**users, "search.pareto_predictor": self.search.pareto_predictor}.items():
            if predictor not in self.predictors:
                raise ValueError(f"{key}: {unknown_name('predictor of this run', predictor, self.predictors)}")
        if not make_predictor(self.search.pareto_predictor, space).is_additive:
            raise ValueError(
                f"search.pareto_predictor {self.search.pareto_predictor} is not additive, as exact fronts need"
            )
        for name in self.targets:
            self.target(name)
        if self.supernet.start:
            self._can_start(space)
        if self.supernet.checkpoint and space.supernet != "elastic":
            raise ValueError(
                f"supernet.checkpoint holds the weights of an elastic supernet; that of space {space.name!r} is "
                f"{space.supernet}"
            )
        if self.data:
            phases(self.training, space)  # raises where the strategy is for another space
        return self

    def _can_start(self, space: StagedSpace) -> None:
        """Raise if training cannot start from given weights."""
        if self.data is None or self.supernet.checkpoint:
            other = (
                "supernet.checkpoint is given, too" if self.supernet.checkpoint else "a run on tables trains nothing"
            )
            raise ValueError(f"supernet.start is given, but {other}")
        if not isinstance(space, DescribedSpace):
            raise ValueError(
                f"supernet.start is given, but space {space.name!r} has no description with the key published; see "
                "space.file"
            )
        space.published()

    @model_validator(mode="after")
    def _predictors_have_what_bcfw_needs(self) -> "Config":
        fitting = {name: make_predictor(name, self.build_space()).is_bilinear for name in self.predictors}
        for name, searcher in self.searchers.items():
            if isinstance(searcher, BcfwOptions) and not fitting[searcher.predictor]:
                would_do = ", ".join(other for other, fits in fitting.items() if fits) or "none"
                raise ValueError(
                    f"searchers.{name}.predictor: bcfw needs an additive or bilinear predictor, and "
                    f"{searcher.predictor!r} is neither; of this run's predictors these would do: {would_do}"
                )
        return self

    @model_validator(mode="after")
    def _contributions_can_be_measured(self) -> "Config":
        given, resolutions = self.contributions.resolution, sorted(self.space.resolutions)
        if given is not None and given not in resolutions:
            raise ValueError(f"contributions.resolution is {given}; space.resolutions has {resolutions}")
        return self

    def target(self, name: str) -> Target:
        """Return one target."""
        return parse_target(
            name, self.targets[name].model_dump(), self.build_space(), measured_devices=list(self.latency.devices)
        )

    @property
    def finetuning_options(self) -> dict[str, Any]:
        """The options of the fine-tuning of a winner, as plain data."""
        return self.finetuning.beside(self.training).model_dump(mode="json")

    @property
    def measures_contributions(self) -> bool:
        """Whether the run measures contributions: of the one-shot network whose images take paths of their own."""
        return self.data is not None and self.build_space().supernet == "multi_path"

    @property
    def contribution_options(self) -> dict[str, int]:
        """How contributions are measured, with the resolution filled in."""
        resolution = self.contributions.resolution or max(self.space.resolutions)
        return {"passes": self.contributions.passes, "resolution": resolution}

    @property
    def space_options(self) -> dict[str, Any]:
        """The arguments of `get_space`: the number of classes is that of the images, two of the tables."""
        return {**self.space.options, "n_classes": self._n_classes}

    @cached_property
    def _n_classes(self) -> int:
        return n_classes(self.data, self.images) if self.data else 2

    def build_space(self) -> StagedSpace:
        """Make the design space."""
        space: StagedSpace = get_space(**self.space_options)
        return space


def validate_config(mapping: Mapping[str, Any], where: str = "the configuration") -> Config:
    """Check a configuration and fill in the defaults.

    Parameters
    ----------
    mapping
        The keys as written.
    where
        Where they were written, for the message.

    Raises
    ------
    ConfigError
        With every mistake: the key, what was given, what was expected, and the nearest valid name.
    """
    try:
        return Config.model_validate(dict(mapping))
    except ValidationError as error:
        raise ConfigError(f"{where} is not valid:\n  " + "\n  ".join(mistakes(error))) from None
    except NascoreError as error:
        raise ConfigError(f"{where} is not valid:\n  {error}") from None


def read_config(path: str | Path, overrides: Mapping[str, Any] | None = None) -> Config:
    """Read and check a YAML configuration file; `overrides` replace top-level keys.

    Raises
    ------
    ConfigError
        If the file is missing, is not YAML that says what it means, or holds a mistake.
    """
    mapping = read_yaml(path, ConfigError, "configuration")
    if not isinstance(mapping, dict):
        raise ConfigError(f"configuration {path} must be a mapping of keys; got {type(mapping).__name__}")
    return validate_config({**mapping, **(overrides or {})}, where=str(path))


def json_schema() -> str:
    """Return the JSON schema of configurations, for `config/schema.json`."""
    return json.dumps(Config.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
