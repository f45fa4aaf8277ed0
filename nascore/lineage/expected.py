"""What today's code and configuration would give a job: whether its record is stale.

The workflow itself asks Snakemake, which compares a rule's parameters; this is the same question without Snakemake, for
what a rule takes from the configuration. A test on real runs keeps both the same.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from nascore.config import Config
from nascore.efficiency.latency_judgement import PREDICTORS as NETWORK_PREDICTORS
from nascore.errors import DataError
from nascore.lineage.fingerprint import NOT_INSTALLED, fingerprint, packages, source_part
from nascore.lineage.record import UNKNOWN, Environment, Record
from nascore.lineage.surroundings import installed_versions
from nascore.predictors import predictor_module, predictor_names

Parameters = dict[str, Callable[[Config, dict[str, str]], Any]]

_FIXED: Parameters = {
    "space": lambda config, _: config.space_options,
    "seed": lambda config, _: config.seed,
    "device": lambda config, _: config.device,
    "uncovered_choices": lambda config, _: config.search.uncovered_choices,
    "calibration_images": lambda config, _: config.evaluation.calibration_images,
    "shares": lambda config, _: config.split.model_dump(),
    "rows": lambda config, _: list(config.learning_curve.rows),
    "resolutions": lambda config, _: sorted(config.space.resolutions),
    "subnets": lambda config, _: config.sampling.subnets,
    "strategy": lambda config, _: config.sampling.strategy,
    "shards": lambda config, _: config.sampling.shards,
    "table_format": lambda config, _: config.table_format.model_dump(mode="json"),
    "given": lambda config, _: config.supernet.model_dump(mode="json"),
    "images": lambda config, _: config.images,
    "fit": lambda config, _: config.latency.fit,
    "heldout": lambda config, _: config.latency.heldout,
    "n_networks": lambda config, _: config.latency.fit + config.latency.heldout,
    "repeats": lambda config, _: config.latency.repeats,
    "target": lambda config, wildcards: _target(config, wildcards["target"]),
}
"""Parameters that mean the same in every rule that has them."""

_MEASURING: Parameters = {"options": lambda config, _: config.evaluation.model_dump(mode="json")}
_TIMING: Parameters = {"options": lambda config, wildcards: _device(config, wildcards["measured_device"])}
_FITTING: Parameters = {"options": lambda config, wildcards: config.predictors.get(wildcards["predictor"])}
_OF_RULE: dict[str, Parameters] = {
    "prepare_images": {"options": lambda config, _: config.data.model_dump(mode="json") if config.data else None},
    "train_phase": {"options": lambda config, _: config.training.model_dump(mode="json")},
    "finetune_winner": {"options": lambda config, _: config.finetuning_options},
    "measure_shard": _MEASURING,
    "rank_contenders": _MEASURING,
    "validate_target": _MEASURING,
    "validate_finetuned": _MEASURING,
    "measure_contributions": {"options": lambda config, _: config.contribution_options},
    "measure_layers": _TIMING,
    "measure_networks": _TIMING,
    "measure_found": _TIMING,
    "fit_predictor": _FITTING,
    "measure_learning_curve": _FITTING,
    "search": {
        "options": lambda config, wildcards: _searcher(config, wildcards["searcher"]),
        "top_k": lambda config, _: config.search.top_k,
    },
    "choose_contenders": {"top_k": lambda config, _: config.validation.top_k},
}
"""Parameters whose meaning depends on the rule."""


class Expected:
    """Today's code and configuration.

    Parameters
    ----------
    code_folder
        Where the package and the scripts are.
    config
        The configuration, if it is known.
    """

    def __init__(self, code_folder: Path, config: Config | None) -> None:
        self.code_folder = code_folder
        self.config = config
        self._fingerprint = cache(self._fingerprint_of)
        self._versions = installed_versions()

    def changed_code(self, record: Record, environment: Environment | None) -> list[str]:
        """Say in what a rule's code differs from what the record was made with; nothing if it is the same.

        The rule may add modules to its script that are chosen by name while it runs. A fingerprint covers names and
        content, so if any such choice gives the recorded one, that very code is unchanged.
        """
        chosen = [(), *((predictor_module(name),) for name in predictor_names()), ("nascore.training.__main__",)]
        chosen.append(tuple(map(predictor_module, NETWORK_PREDICTORS)))
        recorded = record.code.fingerprint
        # The first of them that fits is looked for: each takes milliseconds, and there is one for every script.
        if any(self._fingerprint(record.script, modules) == recorded for modules in chosen):
            return []
        for modules in chosen:
            if source_part(self._fingerprint(record.script, modules)) == source_part(recorded):
                return _upgrades(packages(self.code_folder, record.script, *modules), environment)
        return [f"the code of rule {record.rule} has changed since ({recorded})"]

    def _fingerprint_of(self, script: str, modules: tuple[str, ...]) -> str:
        """Return the fingerprint of a script with modules; empty where there is no such code."""
        try:
            return fingerprint(self.code_folder, script, *modules, versions=self._versions)
        except DataError:
            return ""

    def parameters(self, record: Record) -> dict[str, Any]:
        """Return the parameters that the configuration gives a job, as plain data; none without a configuration."""
        if self.config is None:
            return {}
        known = {**_FIXED, **_OF_RULE.get(record.rule, {})}
        found = {key: known[key](self.config, record.wildcards) for key in record.params if key in known}
        plain: dict[str, Any] = json.loads(json.dumps(found, default=str))
        return plain


def _upgrades(used: list[str], environment: Environment | None) -> list[str]:
    """Say which of the packages that a job used have another version now."""
    then, now = environment.packages if environment else {}, installed_versions()
    pairs = ((name, then.get(name, UNKNOWN), now.get(name, NOT_INSTALLED)) for name in used)
    return [f"made with {name} {before}, which is {after} now" for name, before, after in pairs if before != after]


def _target(config: Config, name: str) -> dict[str, Any] | None:
    return config.target_spec(name) if name in config.targets else None


def _device(config: Config, name: str) -> dict[str, Any] | None:
    return config.latency.devices[name].model_dump(mode="json") if name in config.latency.devices else None


def _searcher(config: Config, name: str) -> dict[str, Any] | None:
    return config.searchers[name].model_dump(mode="json") if name in config.searchers else None
