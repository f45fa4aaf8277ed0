"""Configurations of small workflows, which make every stage in seconds."""

from synthetic_tables import N_IMAGES

CONFIG = {
    "run": "small",
    "tables": "tables",
    "table_format": {"n_images": N_IMAGES},
    "predictors": {"linear_per_global": {}, "mlp": {"epochs": 1, "hidden": 16}},
    "learning_curve": {"rows": [50]},
    "search": {"top_k": 3, "pareto": ["macs"]},
    "searchers": {
        "random": {"algorithm": "random", "samples": 50},
        "exact": {"algorithm": "exact"},
    },
    "targets": {"macs": {"macs_m": 30}, "board": {"device": "stm32f412"}, "impossible": {"peak_memory_kb": 64}},
}

LATENCY_CONFIG = {
    **CONFIG,
    "space": {"resolutions": [96]},
    "predictors": {"linear_per_global": {}},
    "learning_curve": {"rows": [50]},
    "searchers": {"exact": {"algorithm": "exact"}},
    "latency": {
        "fit": 10,
        "heldout": 10,
        "repeats": 4,
        "devices": {"onnx": {"backend": "onnxruntime"}, "torch": {"backend": "pytorch"}},
    },
    "targets": {
        "onnx": {"latency_ms": 1000, "latency_on": "onnx", "macs_m": 30},
        "torch": {"latency_ms": 1000, "latency_on": "torch"},
        "macs": {"macs_m": 30},
        "seconds": {"latency_ms": 0.0000001, "latency_on": "onnx"},
    },
}
"""A run with latency limits that any machine keeps, and one that none does; few layers and few repeats."""

IMAGES_CONFIG = {
    "run": "small",
    "data": {"source": "synthetic", "train": 64, "calibration": 16, "search": 40, "test": 40},
    "space": {"resolutions": [32, 40]},
    "training": {"epochs": 1, "batch_size": 32, "random_subnets": 1, "monitor_images": 10, "threads": 1},
    "evaluation": {"calibration_images": 16},
    "sampling": {"subnets": 21, "shards": 3},
    "validation": {"top_k": 2},
    "predictors": {"linear_per_global": {}},
    "learning_curve": {"rows": [10]},
    "search": {"top_k": 3, "pareto": ["macs"]},
    "searchers": {"random": {"algorithm": "random", "samples": 20}, "exact": {"algorithm": "exact"}},
    "targets": {"macs": {"macs_m": 5}, "smallest": {"peak_memory_kb": 8}, "impossible": {"peak_memory_kb": 7}},
}
"""A run with a supernet: at 32 px the smallest working set is that of one shape of subnets, 8 KB."""

BINAS_CONFIG = {
    **IMAGES_CONFIG,
    "data": {"source": "synthetic", "train": 32, "calibration": 16, "search": 3, "test": 40},
    "space": {"name": "binas", "resolutions": [32]},
    "training": IMAGES_CONFIG["training"] | {"strategy": "multi_path"},
    "sampling": {"subnets": 20, "shards": 2},
    "predictors": {"linear_per_global": {}, "contributions": {}, "bilinear": {}},
    "searchers": {
        "bcfw": {"algorithm": "bcfw", "predictor": "bilinear", "starts": 1},
        "exact": {"algorithm": "exact", "predictor": "bilinear"},
    },
    "targets": {"macs": {"macs_m": 6}, "impossible": {"macs_m": 3}},
}
"""A run of the BINAS space: one-shot network, contributions, and searches that need bilinear predictors."""
