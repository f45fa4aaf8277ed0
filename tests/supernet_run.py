"""What a run that trains a supernet adds to the report's files: curves, image manifest, validations."""

from pathlib import Path

import numpy as np
import pandas as pd

from nascore.efficiency import cost
from nascore.files import read_json, write_json

CHECKPOINT = "ab" * 32
N_SEARCH, N_TEST = 1000, 1500


def write_supernet_files(folder: Path, space, search_results) -> dict:
    """Write the files and return the arguments of `read_content` that they change."""
    paths = {name: folder / f"{name}.json" for name in ("dataset_report", "manifest", "validation0", "validation1")}
    write_json(paths["dataset_report"], _dataset())
    sizes = {"train": 6000, "calibration": 500, "search": N_SEARCH, "test": N_TEST}
    splits = {name: [{"file": f"{name}/{i}.png"} for i in range(size)] for name, size in sizes.items()}
    write_json(
        paths["manifest"],
        {
            "source": {"source": "image_folder", "ignored_files": {".txt": 3}},
            "class_names": ["no person", "person"],
            "resolutions": [96, 112],
            "splits": splits,
            "corrupt": [{"name": "train/cut.png", "split": "train", "code": "undecodable"}],
            "duplicates": [],
        },
    )
    write_json(paths["validation0"], validated(space, search_results["easy", "exact"]))
    write_json(paths["validation1"], nothing_validated("tiny", "exact"))
    curves = []
    for phase, epochs in (("largest", 5), ("kernel", 3), ("depth", 4)):
        curves.append(folder / f"curve_{phase}.parquet")
        _curve(phase, epochs, start=0.6 - 0.1 * len(curves)).to_parquet(curves[-1])
    return {
        "dataset": paths["dataset_report"],
        "images": paths["manifest"],
        "validations": [paths["validation0"], paths["validation1"]],
        "training_curves": curves,
    }


def write_finetuning_files(folder: Path, validations: list[Path]) -> list[Path]:
    """Write the fine-tuning of each validated winner, from its accuracy to 90 %."""
    paths = []
    for number, path in enumerate(validations):
        validation, winner = read_json(path), None
        if validation["winner"]:
            names = ("test_accuracy", "test_lower", "test_upper", "test_loss")
            found = next(c for c in validation["contenders"] if c["role"] == "found" and c["test_accuracy"])
            kept = {name: validation["winner"][name] for name in ("arch_id", "costs_measured", "checkpoint_sha256")}
            winner = kept | {"epochs": 2, "weights": "weights/winner.safetensors"}
            winner["before"] = {name: found[name] for name in names}
            winner["after"] = dict(zip(names, (0.9, 0.88, 0.92, 0.3), strict=True))
        status = "finetuned" if winner else validation["status"]
        about = {"target": validation["target"], "message": "", "split_test": validation["split_test"]}
        paths.append(folder / f"finetuning{number}.json")
        write_json(paths[-1], about | {"status": status, "winner": winner})
    return paths


def _dataset() -> dict:
    facts = {"kind": "supernet", "source": "images of split search", "strategy": "uniform", "n_shards": 4}
    numbers = {"n_rows": 400, "n_images": N_SEARCH, "accuracy_min": 0.7, "accuracy_mean": 0.8, "accuracy_max": 0.9}
    return facts | numbers | {"checkpoint_sha256": CHECKPOINT}


def _curve(phase: str, epochs: int, start: float) -> pd.DataFrame:
    epoch = np.arange(1, epochs + 1)
    return pd.DataFrame(
        {
            "phase": phase,
            "epoch": epoch,
            "step": 94 * epoch,
            "images": 6000 * epoch,
            "learning_rate": 0.05 * (1 - (epoch - 1) / epochs),
            "loss": start * np.exp(-0.1 * epoch),
            "accuracy_largest": 0.9 - 0.2 * np.exp(-0.5 * epoch) * start,
            "accuracy_smallest": np.where(epoch % 2, 0.8 - 0.3 * np.exp(-0.3 * epoch), np.nan),
        }
    )


def validated(space, result: dict) -> dict:
    """Return the validation of a search result: its subnets, as many random ones, the smallest and the largest."""
    found = result["subnets"]
    others = space.sample(len(found) + 2, np.random.default_rng(5))
    predicted = np.linspace(0.90, 0.85, len(others))
    rows = [(subnet["arch"], subnet["arch_id"], subnet["predicted_accuracy"], subnet["costs"]) for subnet in found]
    arch_ids, costs = space.arch_id(others), cost(space, others).to_dict("records")
    rows += list(zip(space.to_dicts(others), arch_ids, predicted.tolist(), costs, strict=True))
    n = len(found)
    roles = [*[("found", i) for i in range(n)], *[("random", i) for i in range(n)], ("smallest", 0), ("largest", 0)]
    tested = {("found", 1): 0.885, ("random", 0): 0.874, ("smallest", 0): 0.81, ("largest", 0): 0.889}
    contenders = [
        {
            "role": role,
            "rank": rank,
            "arch_id": arch_id,
            "arch": arch,
            "predicted_accuracy": accuracy,
            "lower": accuracy - 0.01,
            "upper": accuracy + 0.01,
            "search_accuracy": round(accuracy - 0.02 + 0.01 * (rank == 1), 3),
            "search_loss": 0.3,
            **_tested(tested.get((role, rank))),
            "costs": counted,
        }
        for (role, rank), (arch, arch_id, accuracy, counted) in zip(roles, rows, strict=True)
    ]
    winner = {
        "arch_id": found[1]["arch_id"],
        "costs_counted": found[1]["costs"],
        "costs_measured": found[1]["costs"],
        "satisfies_target": True,
        "weights": "winner.safetensors",
        "checkpoint_sha256": CHECKPOINT,
    }
    about = {"target": result["target"], "searcher": result["searcher"], "predictor": result["predictor"]}
    return (
        about
        | _splits()
        | {
            "status": "validated",
            "message": "",
            "n_measurements": n,
            "contenders": contenders,
            "winner": winner,
        }
    )


def _tested(accuracy: float | None) -> dict:
    """Return the four test figures, made up around an accuracy."""
    lower, upper = (None, None) if accuracy is None else (accuracy - 0.016, accuracy + 0.015)
    loss = None if accuracy is None else 0.31
    return {"test_accuracy": accuracy, "test_lower": lower, "test_upper": upper, "test_loss": loss}


def nothing_validated(target: str, searcher: str) -> dict:
    """Return the validation of a target that nothing satisfies."""
    about = {"target": target, "searcher": searcher, "predictor": "additive", "status": "infeasible"}
    rest = {"message": "nothing satisfies the target", "n_measurements": 0, "contenders": [], "winner": None}
    return about | _splits() | rest


def _splits() -> dict:
    return {
        "split_search": {"name": "search", "n_images": N_SEARCH},
        "split_test": {"name": "test", "n_images": N_TEST},
        "majority_class_accuracy": 0.53,
    }
