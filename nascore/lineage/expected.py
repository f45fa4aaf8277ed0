"""What today's code and configuration would give a job: whether its record is stale.

The workflow itself asks Snakemake, which compares a rule's parameters; this is the same question without Snakemake, for
what a rule takes from the configuration: both take it from `nascore.rule_parameters`.
"""

import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nascore.config import Config
from nascore.efficiency.latency_judgement import PREDICTORS as NETWORK_PREDICTORS
from nascore.errors import DataError
from nascore.lineage.fingerprint import NOT_INSTALLED, SourceTree, fingerprint, packages, source_part
from nascore.lineage.record import UNKNOWN, Environment, Record
from nascore.lineage.surroundings import installed_versions
from nascore.predictors import predictor_module, predictor_names
from nascore.rule_parameters import PARAMETERS


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
        self._source = SourceTree(code_folder)
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
        given = record.params.get("space", {})
        recorded, space = record.code.fingerprint, "described" if "description" in given else given.get("name")
        # The first of them that fits is looked for: each takes milliseconds, and there is one for every script.
        if any(self._fingerprint(record.script, modules, space) == recorded for modules in chosen):
            return []
        for modules in chosen:
            if source_part(self._fingerprint(record.script, modules, space)) == source_part(recorded):
                return _upgrades(packages(self._source, record.script, *modules, space=space), environment)
        return [f"the code of rule {record.rule} has changed since ({recorded})"]

    def _fingerprint_of(self, script: str, modules: tuple[str, ...], space: str | None) -> str:
        """Return the fingerprint of a script with modules, on a space; empty where there is no such code."""
        try:
            return fingerprint(self._source, script, *modules, space=space, versions=self._versions)
        except DataError:
            return ""

    def parameters(self, record: Record) -> dict[str, Any]:
        """Return the parameters that the configuration gives a job, as plain data; none without a configuration."""
        if self.config is None:
            return {}
        found, wildcards = {}, SimpleNamespace(**record.wildcards)
        for key, value in PARAMETERS.get(record.rule, {}).items():
            try:
                found[key] = value(self.config, wildcards)
            except KeyError:  # of a target, a searcher or a device that the configuration has no more
                found[key] = None
        plain: dict[str, Any] = json.loads(json.dumps(found, default=str))
        return plain


def _upgrades(used: list[str], environment: Environment | None) -> list[str]:
    """Say which of the packages that a job used have another version now."""
    then, now = environment.packages if environment else {}, installed_versions()
    pairs = ((name, then.get(name, UNKNOWN), now.get(name, NOT_INSTALLED)) for name in used)
    return [f"made with {name} {before}, which is {after} now" for name, before, after in pairs if before != after]
