"""A small run's files, made up but consistent: four targets, one of each status."""

import shutil

import numpy as np
import pandas as pd
import pytest
from supernet_run import write_finetuning_files, write_supernet_files

from nascore.efficiency import cost
from nascore.files import read_json, write_json
from nascore.spaces import get_space

RESOLUTIONS = [96, 112]
ODD_NAME = "<b>x</b>"
CONSTRAINT = {"name": "peak_memory_kb", "metric": "peak_memory_bytes", "limit": 64.0, "limit_in_metric": 65536}


@pytest.fixture(scope="session")
def space():
    return get_space("ofa_mcunet", resolutions=tuple(RESOLUTIONS))


@pytest.fixture(scope="session")
def subnets(space):
    """Forty subnets as a search result lists them, best first."""
    genes = space.sample(40, np.random.default_rng(0))
    costs, accuracy = cost(space, genes).to_dict("records"), np.linspace(0.93, 0.88, 40)
    return [
        {
            "arch_id": arch_id,
            "arch": arch,
            "predicted_accuracy": float(a),
            "lower": float(a) - 0.01,
            "upper": float(a) + 0.01,
            "costs": costs[i],
        }
        for i, (arch_id, arch, a) in enumerate(zip(space.arch_id(genes), space.to_dicts(genes), accuracy, strict=True))
    ]


@pytest.fixture(scope="session")
def search_results(space, subnets):
    """Search results by (target, searcher)."""

    def result(target, searcher, status, found, **changes):
        return {
            "target": target,
            "searcher": searcher,
            "algorithm": searcher,
            "predictor": "additive",
            "status": status,
            "message": "",
            "constraints": [CONSTRAINT],
            "device": None,
            "fixed": {},
            "space": {
                "name": "ofa_mcunet",
                "resolutions": RESOLUTIONS,
                "n_architectures": space.restrict({"width": [0, 1]}).size(),
                "kept_to": {"width": [0, 1]} | {gene: [value] for gene, value in changes.get("fixed", {}).items()},
                "note": "",
            },
            "subnets": found,
            "interval_level": 0.9,
            "evaluations": 1000,
            "certificate": None,
            "infeasibility": None,
        } | changes

    certificate = {
        "objective": subnets[0]["predicted_accuracy"],
        "best_bound": subnets[0]["predicted_accuracy"],
        "gap": 0.0,
        "tolerance": 1e-12,
        "n_architectures": 10**19,
        "global_combinations": 4,
        "closed_by_bound": 3,
        "paths_enumerated": 10,
        "root_bound": 0.9301,
        "binding": ["peak_memory_kb"],
        "top_k_proven": True,
    }
    smallest = {
        "constraint": "peak_memory_kb",
        "metric": "peak_memory_bytes",
        "limit_in_metric": 65536,
        "smallest": 73728,
        "arch_id": subnets[3]["arch_id"],
        "arch": subnets[3]["arch"],
    }
    proof = {"reason": "Every subnet needs more memory.", "smallest": [smallest]}
    device = {"name": "stm32f411", "part": "STM32F411RE", "sram_kb": 128, "flash_kb": 512, "datasheet": "ST DS10314"}
    rows = [
        result("easy", "exact", "optimal", subnets[:5], certificate=certificate, device=device),
        result("easy", "random", "found", subnets[4:6]),
        result(
            ODD_NAME, "random", "found", subnets[7:9], fixed={"resolution": 96}, message="<script>alert(1)</script>"
        ),
        result("tiny", "exact", "infeasible", [], infeasibility=proof),
        result("unlucky", "random", "not_found", []),
    ]
    return {(row["target"], row["searcher"]): row for row in rows}


@pytest.fixture(scope="session")
def run_files(tmp_path_factory, space, search_results):
    """Write everything that `read_content` reads and return its arguments; tests don't change these files."""
    folder = tmp_path_factory.mktemp("run")
    rng = np.random.default_rng(1)
    arguments = {"searches": [], "predictors": [folder / "metrics.json"], "folder": folder}
    for i, result in enumerate(search_results.values()):
        arguments["searches"].append(folder / f"search{i}.json")
        write_json(arguments["searches"][-1], result)
    write_json(arguments["predictors"][0], _metrics())
    facts = {"kind": "tables", "source": "lab3 tables", "n_rows": 4000, "n_images": 4029, "n_files": 2}
    facts |= {"n_duplicates_dropped": 0, "accuracy_min": 0.8, "accuracy_mean": 0.9, "accuracy_max": 0.94}
    arguments["dataset"] = folder / "import.json"
    write_json(arguments["dataset"], facts)
    tables = {
        "heldout": _heldout(rng, 3000),
        "learning_curves": pd.DataFrame(
            {"n_rows": [100, 1000], "mae": [0.01, 0.002], "rmse": 0.02, "kendall_tau": 0.8}
        ).assign(kendall_tau_within_resolution=0.7),
        "pareto_fronts": _front(1000),
        "coverage": pd.DataFrame(
            [(c.name, v, 0 if c.name == "width" and v == 2 else 100) for c in space.gene_choices for v in c.values],
            columns=["gene", "value", "n_rows"],
        ),
    }
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
    paths = {name: folder / f"{name}.parquet" for name in tables}
    return arguments | {
        "heldout": {"additive": paths["heldout"]},
        "learning_curves": {"additive": paths["learning_curves"]},
        "pareto_fronts": {"peak_memory_bytes": paths["pareto_fronts"]},
        "coverage": paths["coverage"],
    }


@pytest.fixture(scope="session")
def supernet_run_files(space, search_results, run_files):
    """Return the arguments for a run that trained a supernet and validated its winners."""
    return run_files | write_supernet_files(run_files["folder"], space, search_results)


@pytest.fixture
def files(run_files, tmp_path):
    """Return `read_content`'s arguments for a copy of the files, which a test may spoil."""
    return _copied(run_files, tmp_path)


@pytest.fixture
def supernet_files(supernet_run_files, tmp_path):
    """Return a copy of `supernet_run_files`, which a test may spoil."""
    return _copied(supernet_run_files, tmp_path)


@pytest.fixture
def finetuning_files(supernet_files, tmp_path):
    """Write the fine-tuning of what `supernet_files` validates."""
    return write_finetuning_files(tmp_path, supernet_files["validations"])


@pytest.fixture
def bounded_files(supernet_files):
    """Bound the latency of `easy` on `board` in `supernet_files`: 4 ms of what searches found, 3.5 ms of contenders."""
    device = "latency_ms@board"
    for path in supernet_files["searches"][:2]:
        search = read_json(path)
        search["constraints"].append({"name": "latency_ms", "metric": device, "limit": 5.0, "limit_in_metric": 5.0})
        for subnet in search["subnets"]:
            subnet["costs"][device] = 4.0
        write_json(path, search)
    validation = read_json(supernet_files["validations"][0])
    for contender in validation["contenders"]:
        contender["costs"][device] = 3.5
    validation["winner"]["costs_counted"][device] = 3.5
    write_json(supernet_files["validations"][0], validation)
    return supernet_files


def _copied(arguments, folder):
    def copy(path):
        return folder if path.is_dir() else shutil.copy(path, folder / path.name)

    return {
        name: [copy(path) for path in value]
        if isinstance(value, list)
        else {key: copy(path) for key, path in value.items()}
        if isinstance(value, dict)
        else copy(value)
        for name, value in arguments.items()
    }


def _metrics() -> dict:
    return {
        "predictor": "additive",
        "n_train": 3000,
        "n_calibration": 500,
        "n_test": 500,
        "n_rows": 500,
        "mae": 0.002,
        "rmse": 0.003,
        "kendall_tau": 0.8,
        "kendall_tau_within_resolution": 0.7,
        "kendall_tau_by_resolution": {"96": 0.7, "112": 0.7},
        "spearman": 0.9,
        "interval_level": 0.9,
        "interval_coverage": 0.91,
        "interval_mean_width": 0.01,
        "is_additive": True,
    }


def _heldout(rng: np.random.Generator, n: int) -> pd.DataFrame:
    predicted = rng.uniform(0.85, 0.93, n)
    return pd.DataFrame(
        {
            "arch_id": [f"{i:016x}" for i in range(n)],
            "resolution": rng.choice(RESOLUTIONS, n),
            "width": rng.integers(0, 2, n),
            "measured": predicted + rng.normal(0, 0.002, n),
            "predicted": predicted,
            "lower": predicted - 0.004,
            "upper": predicted + 0.004,
        }
    )


def _front(n: int) -> pd.DataFrame:
    metric = np.arange(n) * 100 + 73728
    table = pd.DataFrame({"peak_memory_bytes": metric, "predicted_accuracy": np.linspace(0.86, 0.93, n)})
    return table.assign(arch_id="0123456789abcdef", resolution=96, width=0)
