"""Checks that weights are used on images of the classes that they were trained on, in the same order."""

import json
import sys
from pathlib import Path

from nascore.data.store import CLASS_NAMES, SPLIT_HASHES, ImageStore
from nascore.errors import DataError
from nascore.supernet.checkpoint import read_facts


def check_images(weights: str | Path, store: ImageStore) -> None:
    """Refuse images of other classes than weights tell apart, and say on standard error in what else they differ.

    Only the splits `train` and `calibration` are compared, of which something is in the weights. Given weights, and
    those of earlier versions, do not say what they were made with, and pass.

    Parameters
    ----------
    weights
        A supernet or a subnet; see `nascore.supernet.checkpoint`.

    Raises
    ------
    DataError
        With the classes of both.
    """
    facts, own = read_facts(weights), store.facts
    if CLASS_NAMES in facts and facts[CLASS_NAMES] != own[CLASS_NAMES]:
        raise DataError(
            f"{weights} tells apart the classes {_names(weights, facts[CLASS_NAMES])}; the images in {store.folder} "
            f"are of {', '.join(store.class_names)}"
        )
    for split, key in SPLIT_HASHES.items():
        if facts.get(key, own[key]) != own[key]:
            others = f"other images of split {split} than those in {store.folder}"
            print(f"note: {weights} was made with {others}", file=sys.stderr)


def _names(weights: str | Path, written: str) -> str:
    """Return the classes that weights name."""
    try:
        names = json.loads(written)
    except json.JSONDecodeError:
        raise DataError(f"{weights}: {CLASS_NAMES!r} of the header's facts is {written!r}; expected a list") from None
    return ", ".join(map(str, names)) if isinstance(names, list) else str(names)
