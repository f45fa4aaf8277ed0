"""Small accuracy tables in the published form, with a made-up but sensible truth: bigger is better, less and less."""

import json
from pathlib import Path

import numpy as np

from nascore.efficiency import cost
from nascore.spaces import OfaMcunet

N_IMAGES = 1000


def write_tables(folder: Path, space: OfaMcunet, *, files: int, rows: int, seed: int = 0) -> None:
    """Write `files` tables of `rows` random subnets each, without the widest ones, as in the published tables."""
    rng = np.random.default_rng(seed)
    covered = space.restrict({"width": [0, 1]})
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        genes = covered.sample(rows, rng)
        macs = cost(space, genes)["macs"].to_numpy()
        accuracy = 0.55 + 0.05 * np.log2(macs / 7e6) + rng.normal(0, 0.003, rows)
        percent = np.round(accuracy * N_IMAGES) / N_IMAGES * 100
        table = [[arch, float(value)] for arch, value in zip(space.to_dicts(genes), percent, strict=True)]
        (folder / f"table{number}.json").write_text(json.dumps(table))
