"""The configuration of a run: every key, its default, its bounds and its meaning.

This is the only place that knows the keys. `config/schema.json` and `config/README.md` are made from it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from nascore.efficiency import METRICS
from nascore.errors import ConfigError, NascoreError, unknown_name
from nascore.predictors import make_predictor, predictor_names
from nascore.search.options import EvolutionOptions, ExactOptions, RandomOptions, Searcher
from nascore.search.targets import Target, parse_target
from nascore.spaces import get_space
from nascore.spaces.ofa_mcunet import RESOLUTIONS, OfaMcunet
from nascore.strict import Strict

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""A name that is also the name of a folder."""

Share = Annotated[float, Field(gt=0, lt=1)]


class SpaceConfig(Strict):
    """The design space."""

    name: str = Field("ofa_mcunet", description="Registered name of the space.")
    resolutions: tuple[int, ...] = Field(RESOLUTIONS, description="Input resolutions to choose from, pixels.")
    n_classes: Annotated[int, Field(ge=2)] = Field(2, description="Outputs of the classifier.")

    @model_validator(mode="after")
    def _can_be_built(self) -> "SpaceConfig":
        self.build()
        return self

    def build(self) -> OfaMcunet:
        """Make the space."""
        return get_space(self.name, resolutions=self.resolutions, n_classes=self.n_classes)


class TablesConfig(Strict):
    """What the accuracy tables hold."""

    accuracy_unit: Literal["percent", "fraction"] = Field("percent", description="Unit of the tables' accuracies.")
    n_images: Annotated[int, Field(ge=1)] = Field(
        4029, description="Images that each accuracy was measured on; each accuracy must be a whole number of them."
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


class LearningCurveConfig(Strict):
    """The error of each predictor against the number of rows that it is fitted to."""

    rows: tuple[Annotated[int, Field(ge=2)], ...] = Field(
        (500, 2000, 4000, 16000),
        description="Numbers of rows. The last point of the curve is always the run's own predictor.",
    )


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


class Config(Strict):
    """A whole run."""

    run: Name = Field(description="Name of the run; its artifacts are in `results/<run>/`.")
    seed: Annotated[int, Field(ge=0)] = Field(0, description="The root of every random stream.")
    tables: str = Field(description="Folder of published accuracy tables (JSON).")
    table_format: TablesConfig = Field(TablesConfig(), description="What the tables hold.")
    space: SpaceConfig = Field(SpaceConfig(), description="The design space.")
    split: SplitConfig = Field(SplitConfig(), description="How the rows are divided.")
    predictors: dict[str, dict[str, Any]] = Field(
        {name: {} for name in predictor_names()}, description="Predictors to fit: name to options."
    )
    learning_curve: LearningCurveConfig = Field(LearningCurveConfig(), description="Error against number of rows.")
    search: SearchConfig = Field(SearchConfig(), description="What all searches share.")
    searchers: dict[Name, Searcher] = Field(
        {"random": RandomOptions(), "evolution": EvolutionOptions(), "exact": ExactOptions()},
        description="Searchers to run on every target: name to options, of which `algorithm` chooses the kind.",
    )
    targets: dict[Name, dict[str, Any]] = Field(
        description="Constraint targets: name to upper bounds, a `device`, or fixed global choices."
    )

    @field_validator("predictors", "searchers", "targets")
    @classmethod
    def _not_empty(cls, entries: dict[str, Any]) -> dict[str, Any]:
        if not entries:
            raise ValueError("expected at least one entry")
        return entries

    @model_validator(mode="after")
    def _names_agree(self) -> "Config":
        space = self.space.build()
        for name, options in self.predictors.items():
            make_predictor(name, space, **options)
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
        return self

    def target(self, name: str) -> Target:
        """Return one target."""
        return parse_target(name, self.targets[name], self.space.build())


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
        lines = [_mistake(entry) for entry in error.errors()]
        raise ConfigError(f"{where} is not valid:\n  " + "\n  ".join(lines)) from None
    except NascoreError as error:
        raise ConfigError(f"{where} is not valid:\n  {error}") from None


def _mistake(entry: Mapping[str, Any]) -> str:
    """Say one of pydantic's findings in one line."""
    key = ".".join(str(part) for part in entry["loc"]) or "top level"
    message = str(entry["msg"]).removeprefix("Value error, ")
    given = entry.get("input")
    if entry["type"] == "union_tag_invalid":
        tags = [tag.strip("' ") for tag in entry["ctx"]["expected_tags"].split(",")]
        return f"{key}: {unknown_name('algorithm', entry['ctx']['tag'], tags)}"
    shown = "" if entry["type"] in ("missing", "value_error") else f"; got {given!r}"
    return f"{key}: {message}{shown}"


def read_config(path: str | Path, overrides: Mapping[str, Any] | None = None) -> Config:
    """Read and check a YAML configuration file; `overrides` replace top-level keys.

    Raises
    ------
    ConfigError
        If the file is missing, is not YAML, or holds a mistake.
    """
    path = Path(path)
    try:
        mapping = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"configuration {path} does not exist") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"configuration {path} cannot be read: {error}") from None
    if not isinstance(mapping, dict):
        raise ConfigError(f"configuration {path} must be a mapping of keys; got {type(mapping).__name__}")
    return validate_config({**mapping, **(overrides or {})}, where=str(path))


def json_schema() -> str:
    """Return the JSON schema of configurations, for `config/schema.json`."""
    return json.dumps(Config.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
