"""Weights on disk: supernets and single subnets as safetensors.

The same weights and facts give the same bytes, whatever device or memory format they are in. The header is the file's
only metadata entry, because safetensors writes several entries in no fixed order.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from nascore.errors import DataError, SpaceError
from nascore.files import replacing
from nascore.spaces import get_space
from nascore.spaces.staged import StagedSpace
from nascore.supernet import AnySupernet, build_supernet
from nascore.supernet.state_dict import filled
from nascore.supernet.subnet import Subnet

FORMAT_VERSION = 1
HEADER_KEY = "nascore"
SUPERNET, SUBNET = "supernet", "subnet"
"""Kinds of files."""
SPACE_OPTIONS = ("n_classes", "channels", "description")
"""What the header of a subnet says of its space, beside the name."""


def save_supernet(path: str | Path, supernet: AnySupernet, facts: Mapping[str, str]) -> None:
    """Write the weights of a supernet, whole or not at all: after an error the file is what it was before.

    Parameters
    ----------
    facts
        What else to record, e.g. the phase of the training; see `read_facts`.

    Raises
    ------
    DataError
        If the file cannot be written, e.g. because the disk is full.
    """
    _write(path, supernet, supernet.space, {"kind": SUPERNET, "facts": dict(facts)})


def save_subnet(path: str | Path, subnet: Subnet, facts: Mapping[str, str]) -> None:
    """Write the weights of a subnet with its architecture, in the published form; see `save_supernet`."""
    header = {"kind": SUBNET, "arch": subnet.arch, "arch_id": subnet.arch_id, "facts": dict(facts)}
    _write(path, subnet, subnet.space, header)


def load_supernet(path: str | Path, space: StagedSpace) -> AnySupernet:
    """Read what `save_supernet` wrote; the resolutions of the space may be others than then.

    Raises
    ------
    DataError
        If the file is missing, cut short or of another kind, belongs to another space or number of classes, or a
        weight is missing, surplus, not finite, or of another shape or type.
    """
    _, tensors = _read(path, SUPERNET, space)
    return filled(lambda: build_supernet(space), tensors, path)


def load_subnet(path: str | Path, space: StagedSpace) -> Subnet:
    """Read what `save_subnet` wrote.

    Raises
    ------
    DataError
        As `load_supernet`, and if the architecture is not of the space, e.g. has a resolution that the space lacks.
    """
    header, tensors = _read(path, SUBNET, space)
    try:
        (genes,) = space.from_dicts([header.get("arch", {})])
    except SpaceError as error:
        raise DataError(f"{path}: its architecture is not one of the space: {error}") from None
    return filled(lambda: Subnet(space.unrestricted(), genes), tensors, path)


def read_subnet(path: str | Path) -> Subnet:
    """Read what `save_subnet` wrote, in the space that its header names, with its own resolution alone.

    Raises
    ------
    DataError
        As `load_subnet`, and if the header describes no space.
    """
    header, tensors = _read_file(Path(path))
    arch, sizes = header.get("arch"), {len(tensor) for tensor in tensors.values() if tensor.ndim}
    if header.get("kind") != SUBNET or not isinstance(arch, dict):
        raise DataError(f"{path}: kind is {header.get('kind')!r}; expected {SUBNET!r} with its architecture")
    options = {name: header[name] for name in SPACE_OPTIONS if isinstance(header.get(name), int | str | dict)}
    # Before a network of that many outputs is made.
    if options.get("n_classes") not in sizes:
        raise DataError(f"{path}: n_classes is {options.get('n_classes')!r}, which no weight has as its length")
    try:
        name = str(header.get("space"))
        resolution = get_space(name, **options).choices_of(arch)["resolution"]
        space = get_space(name, resolutions=(resolution,), **options)
    except KeyError as error:
        raise DataError(f"{path}: its architecture has no {error}") from None
    except SpaceError as error:
        raise DataError(f"{path}: its header describes no space: {error}") from None
    return load_subnet(path, space)


def read_facts(path: str | Path) -> dict[str, str]:
    """Return the facts that were saved with a supernet or a subnet.

    Raises
    ------
    DataError
        If the file is missing, cut short, or has no header of this project, or if a fact is not what it should be.
    """
    facts = _read_file(Path(path))[0].get("facts")
    if not isinstance(facts, dict):
        raise DataError(f"{path}: 'facts' of the header is {facts!r}; expected an object")
    for name, value in facts.items():
        if not isinstance(value, str):
            raise DataError(f"{path}: '{name}' of the header's facts is {value!r}; expected text")
    epochs = facts.get("finetuned_epochs", "1")
    if not re.fullmatch("[0-9]{1,9}", epochs):
        raise DataError(f"{path}: 'finetuned_epochs' of the header's facts is {epochs!r}; expected a whole number")
    return facts


def _write(path: str | Path, network: nn.Module, space: StagedSpace, header: Mapping[str, Any]) -> None:
    """Write the state dict of a network."""
    about = {"format_version": FORMAT_VERSION, "space": space.name, **space.options(), **header}
    # Plain layout: safetensors refuses channels-last, and the bytes must not depend on it.
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    content = save(tensors, {HEADER_KEY: json.dumps(about, sort_keys=True, allow_nan=False)})
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _read(path: str | Path, kind: str, space: StagedSpace) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return header and weights of a file of a kind and a space."""
    header, tensors = _read_file(Path(path))
    for name, expected in {"kind": kind, "space": space.name, **space.options()}.items():
        if header.get(name) != expected:
            if name == "description":
                raise DataError(f"{path} holds weights of another description of space {space.name!r}")
            raise DataError(f"{path}: {name} is {header.get(name)!r}; expected {expected!r}")
    return header, tensors


def _read_file(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the header of this project and all tensors of a safetensors file."""
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise DataError(f"{path} {found}; expected a safetensors file")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path} is not a whole safetensors file: {error}") from None
    try:
        header = json.loads(metadata.get(HEADER_KEY, "null"))
    except json.JSONDecodeError:
        header = None
    version = header.get("format_version") if isinstance(header, dict) else None
    if version != FORMAT_VERSION:
        raise DataError(
            f"{path}: the format version in the metadata entry {HEADER_KEY!r} is {version!r}; this version of nascore "
            f"reads {FORMAT_VERSION}"
        )
    return header, tensors
