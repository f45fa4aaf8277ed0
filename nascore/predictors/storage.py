"""Predictor files: safetensors with named arrays and one JSON header.

The header is the file's only metadata entry, because safetensors writes several entries in no fixed order and the
same predictor must give the same bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nascore.errors import PredictorError
from nascore.files import replacing
from nascore.spaces.staged import StagedSpace

FORMAT_VERSION = 1
HEADER_KEY = "nascore"
HEADER_FIELDS = {"predictor": str, "options": dict, "space": dict, "calibration": dict, "fit": dict}

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Content:
    """What a predictor file holds: its JSON header and its arrays."""

    header: dict[str, Any]
    arrays: Arrays


def fingerprint(space: StagedSpace) -> dict[str, Any]:
    """Return what must agree between the space of a fit and the space of a prediction.

    The restriction to a searched part is left out: it changes no gene's meaning.
    """
    return {
        "name": space.name,
        "global_choices": [[choice.name, list(choice.values)] for choice in space.global_choices],
        "stages": [[stage.name, list(stage.depths)] for stage in space.stages],
        "block_choices": [[choice.name, list(choice.values)] for choice in space.block_choices],
        "options": space.options(),
    }


def write(path: str | Path, header: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a predictor file, whole or not at all."""
    text = json.dumps({"format_version": FORMAT_VERSION, **header}, sort_keys=True, allow_nan=False)
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    # By way of memory, because safetensors answers a full disk with an error of its own.
    content = save(contiguous, metadata={HEADER_KEY: text})
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def read(path: str | Path) -> Content:
    """Read a predictor file.

    Raises
    ------
    PredictorError
        If it is missing, not a whole safetensors file, has no header of this project, or another format version.
    """
    path = Path(path)
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise PredictorError(f"{path} {found}; expected a predictor file")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise PredictorError(f"{path} is not a whole safetensors file: {error}") from None
    return Content(_header(path, metadata), arrays)


def _header(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return the checked JSON header."""
    if HEADER_KEY not in metadata:
        raise PredictorError(f"{path} is a safetensors file without the metadata entry {HEADER_KEY!r} of a predictor")
    try:
        header = json.loads(metadata[HEADER_KEY])
    except json.JSONDecodeError as error:
        raise PredictorError(f"{path}: the metadata entry {HEADER_KEY!r} is not JSON: {error}") from None
    found = header.get("format_version") if isinstance(header, dict) else None
    if found != FORMAT_VERSION:
        raise PredictorError(f"{path} has format version {found!r}; this version of nascore reads {FORMAT_VERSION}")
    for field, kind in HEADER_FIELDS.items():
        if not isinstance(header.get(field), kind):
            raise PredictorError(f"{path}: {field!r} of the header is missing or not a {kind.__name__}")
    return dict(header)


def check_space(path: str | Path, found: Mapping[str, Any], space: StagedSpace) -> None:
    """Refuse a predictor of another space; says the first difference.

    Raises
    ------
    PredictorError
        If the fingerprints differ.
    """
    expected = fingerprint(space)
    for key, value in expected.items():
        if found.get(key) != value:
            raise PredictorError(
                f"{path} was trained on another space: its {key} is {found.get(key)}; expected {value} "
                f"of space {space.name!r}"
            )


def check_arrays(path: str | Path, arrays: Arrays, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse arrays that are missing, surplus, of another shape, or not finite.

    Raises
    ------
    PredictorError
        Names the file and the array.
    """
    for name in sorted(set(arrays) ^ set(shapes)):
        raise PredictorError(f"{path}: array {name!r} is {'missing' if name in shapes else 'not expected'}")
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != shape or array.dtype.kind != "f":
            raise PredictorError(
                f"{path}: array {name!r} is {array.dtype} of shape {array.shape}; expected floats of shape {shape}"
            )
        if not np.isfinite(array).all():
            raise PredictorError(f"{path}: array {name!r} holds values that are not finite")
