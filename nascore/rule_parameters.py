"""Maps a configuration to the parameters of each rule: the workflow gives them to jobs, audits compare them.

What is here is compared with what a job was run with, and a change reruns it. Files of the user's are not: their paths
reach a script beside the parameters, and what they hold is a parameter that `rules/common.smk` adds.
"""

from collections.abc import Callable
from typing import Any

from nascore.config import Config
from nascore.data.options import FILES

Wildcards = Any
"""An object with a rule's wildcards as attributes."""
Parameter = Callable[[Config, Wildcards], Any]

_SPACE: dict[str, Parameter] = {"space": lambda config, _: config.space_options}
_SEED: dict[str, Parameter] = {"seed": lambda config, _: config.seed}
_DEVICE: dict[str, Parameter] = {"device": lambda config, _: config.device}
_MEASURING: dict[str, Parameter] = {
    **_SPACE,
    "options": lambda config, _: config.evaluation.model_dump(mode="json"),
    **_DEVICE,
}
_CALIBRATION: dict[str, Parameter] = {"calibration_images": lambda config, _: config.evaluation.calibration_images}
_UNCOVERED: dict[str, Parameter] = {"uncovered_choices": lambda config, _: config.search.uncovered_choices}
_STRATEGY: dict[str, Parameter] = {"strategy": lambda config, _: config.sampling.strategy}
_TIMING: dict[str, Parameter] = {
    **_SPACE,
    "options": lambda config, wildcards: _of_device(config, wildcards),
    "repeats": lambda config, _: config.latency.repeats,
}
_FITTING: dict[str, Parameter] = {
    **_SPACE,
    "options": lambda config, wildcards: config.predictors[wildcards.predictor].model_dump(mode="json"),
    **_SEED,
}
_TARGET: dict[str, Parameter] = {"target": lambda config, wildcards: config.targets[wildcards.target].model_dump()}

PARAMETERS: dict[str, dict[str, Parameter]] = {
    "prepare_images": {
        "options": lambda config, _: config.data and config.data.content(without=FILES),
        "resolutions": lambda config, _: sorted(config.space.resolutions),
        **_SEED,
    },
    "train_phase": {
        **_SPACE,
        "options": lambda config, _: config.training.model_dump(mode="json"),
        **_CALIBRATION,
        **_DEVICE,
        **_SEED,
    },
    "import_start": {**_SPACE, **_SEED, **_DEVICE, "start_accuracy": lambda config, _: config.supernet.start_accuracy},
    "import_supernet": {**_SPACE, "entry": lambda config, _: config.supernet.entry},
    "import_tables": {**_SPACE, "table_format": lambda config, _: config.table_format.model_dump(mode="json")},
    "sample_architectures": {
        **_SPACE,
        "subnets": lambda config, _: config.sampling.subnets,
        **_STRATEGY,
        **_SEED,
    },
    "measure_shard": {**_MEASURING, "shards": lambda config, _: config.sampling.shards},
    "gather_shards": {**_SPACE, "source": lambda config, _: config.data and config.data.source, **_STRATEGY},
    "count_coverage": _SPACE,
    "split_rows": {**_SPACE, **_SEED, "shares": lambda config, _: config.split.model_dump()},
    "fit_predictor": _FITTING,
    "evaluate_predictor": _SPACE,
    "measure_learning_curve": {**_FITTING, "rows": lambda config, _: list(config.learning_curve.rows)},
    "measure_contributions": {
        **_SPACE,
        "options": lambda config, _: config.contribution_options,
        **_DEVICE,
        **_SEED,
    },
    "estimate_contributions": _SPACE,
    "search": {
        **_SPACE,
        **_TARGET,
        "options": lambda config, wildcards: config.searchers[wildcards.searcher].model_dump(mode="json"),
        "top_k": lambda config, _: config.search.top_k,
        **_UNCOVERED,
        **_SEED,
    },
    "trace_pareto": {**_SPACE, **_UNCOVERED},
    "choose_contenders": {
        **_SPACE,
        **_TARGET,
        "top_k": lambda config, _: config.validation.top_k,
        **_UNCOVERED,
        **_SEED,
    },
    "rank_contenders": _MEASURING,
    "validate_target": _MEASURING,
    "finetune_winner": {
        **_SPACE,
        "options": lambda config, _: config.finetuning_options,
        **_CALIBRATION,
        **_DEVICE,
        **_SEED,
    },
    "validate_finetuned": _MEASURING,
    "export_bundle": _CALIBRATION,
    "measure_bundles": {"order": lambda config, _: list(config.targets)},
    "measure_layers": _TIMING,
    "measure_networks": {
        **_TIMING,
        "n_networks": lambda config, _: config.latency.fit + config.latency.heldout,
        **_SEED,
    },
    "fit_latency": {
        **_SPACE,
        "fit": lambda config, _: config.latency.fit,
        "heldout": lambda config, _: config.latency.heldout,
        **_SEED,
    },
    "measure_found": {**_TIMING, **_UNCOVERED},
    # Orders are those of rows and sections: Snakemake compares inputs as sets.
    "summarize": {
        "order": lambda config, _: [list(config.targets), list(config.searchers), list(config.predictors)],
    },
    "summarize_validation": {"order": lambda config, _: [list(config.targets), list(config.searchers)]},
    "draw_winner": {"order": lambda config, _: list(config.searchers)},
    "write_report": {
        "order": lambda config, _: [list(config.targets), list(config.searchers)],
        "predictors": lambda config, _: list(config.predictors),
        "devices": lambda config, _: list(config.latency.devices),
        "metrics": lambda config, _: list(config.search.pareto),
    },
}
"""By rule and name of the parameter."""


def _of_device(config: Config, wildcards: Wildcards) -> dict[str, Any]:
    """Return how a device is measured, without the places of tables that were measured elsewhere."""
    device = config.latency.devices[wildcards.measured_device]
    return device.model_dump(mode="json", exclude={"table", "networks"})
