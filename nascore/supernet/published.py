"""Weights that were published or trained elsewhere, in PyTorch's own file format."""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import torch
from torch import Tensor

from nascore.data.download import fetch
from nascore.errors import DataError, unknown_name
from nascore.spaces.staged import Genes, StagedSpace
from nascore.supernet.state_dict import filled
from nascore.supernet.subnet import Subnet
from nascore.supernet.supernet import Supernet

CLASSIFIER = "classifier.linear.linear.weight"
BLOCK_LAYERS = "mobile_inverted_conv"
"""What the published checkpoint calls the layers of a block; raw training checkpoints have other names for it."""


def import_subnet(path: str | Path, space: StagedSpace, genes: Genes) -> Subnet:
    """Read the weights of one architecture from a PyTorch file with the names of the published extracted subnets.

    Nothing in the file is executed.

    Raises
    ------
    DataError
        If the file is missing, cut short or holds more than tensors, or a weight does not fit the architecture.
    """
    return filled(lambda: Subnet(space, genes), read_state_dict(Path(path)), path)


def import_published(
    source: str | Path,
    space: StagedSpace,
    *,
    sha256: str | None = None,
    folder: str | Path | None = None,
    entry: str | None = None,
) -> Supernet:
    """Read a supernet in the layout of the published `vww_supernet.pth` (MIT 6.5940 lab 3).

    Nothing in the file is executed; see `read_state_dict` for the variants of the layout.

    Parameters
    ----------
    source
        A path or a URL.
    sha256
        The SHA-256 of the file in hexadecimal; a download has to have one.
    folder
        Where downloads are kept, so that a cut one goes on from there; a temporary folder by default.
    entry
        See `read_state_dict`.

    Raises
    ------
    DataError
        If the file cannot be had, has another checksum, holds more than tensors, or other weights than the space's.
    """
    if sha256 is None and urlsplit(str(source)).scheme in ("http", "https"):
        raise DataError(f"{source} is a download without a checksum; give the sha256 that the file must have")
    with TemporaryDirectory() as temporary:
        path = fetch(str(source), folder or temporary, sha256.lower() if sha256 else None)
        tensors = read_state_dict(path, entry)
    if CLASSIFIER in tensors and tensors[CLASSIFIER].ndim == 2 and len(tensors[CLASSIFIER]) != space.n_classes:
        raise DataError(
            f"{source} has {len(tensors[CLASSIFIER])} classes; expected {space.n_classes}, as the space has"
        )
    return filled(lambda: Supernet(space), tensors, source)


def read_state_dict(path: Path, entry: str | None = None) -> dict[str, Tensor]:
    """Read the state dict of a PyTorch file under the published names, without executing anything in it.

    The file holds a state dict, or a dict with one under any key, such as `state_dict` or `model`. The prefix `module.`
    of a data-parallel training is removed.

    Parameters
    ----------
    entry
        The key of the state dict, which a file with several needs.

    Raises
    ------
    DataError
        If the file is cut short or none of PyTorch's, holds other objects than tensors, no state dict, or several and
        `entry` does not say which.
    """
    content = _state_dict(_load(path), path, entry)
    state: dict[str, Tensor] = {}
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, Tensor) or value.is_meta:
            kind = "a tensor without values" if getattr(value, "is_meta", False) else f"of type {type(value).__name__}"
            raise DataError(
                f"{path}: {key!r} is {kind}; expected a state dict of tensors alone, or a dict with 'state_dict'"
            )
        name = _published_name(key)
        if name in state:
            raise DataError(f"{path}: {key!r} and another key both stand for {name!r}")
        state[name] = value
    return state


def _state_dict(content: Any, path: Path, entry: str | None) -> Mapping[Any, Any]:
    """Return the state dict among what a file holds."""
    if not isinstance(content, Mapping):
        raise DataError(f"{path} holds a {type(content).__name__}; expected a state dict, or a dict with 'state_dict'")
    found = {
        key: value
        for key, value in content.items()
        if isinstance(key, str)
        and isinstance(value, Mapping)
        and any(isinstance(tensor, Tensor) for tensor in value.values())
    }
    if entry is not None:
        if entry not in found:
            raise DataError(f"{path}: {unknown_name('supernet.entry', entry, list(found))}")
        return found[entry]
    if len(found) > 1:
        raise DataError(
            f"{path} holds the weights {', '.join(found)}; expected supernet.entry to say which of them are meant"
        )
    return next(iter(found.values()), content)


def _load(path: Path) -> Any:
    """Return what a PyTorch file holds, tensors and plain containers alone."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL (\S+)", str(error))
        what = f"it refers to {found[1]!r}" if found else "its pickle is not one of tensors"
        raise DataError(
            f"{path} is not a PyTorch file of tensors alone: {what}. Such files can run any program, so nothing of it "
            "was loaded or executed."
        ) from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except Exception as error:  # PyTorch's reader raises almost anything on bytes that are not its own
        reason = str(error).split(". ")[0].strip() or type(error).__name__
        raise DataError(f"{path} is not a whole PyTorch file: {reason}") from None


def _published_name(key: str) -> str:
    """Return the published name of an entry."""
    parts = key.removeprefix("module.").split(".")
    if parts[0] == "blocks" and len(parts) > 3:
        parts[2] = BLOCK_LAYERS
    return ".".join(parts)
