"""Latency tables in the YAML form of ProxylessNAS: `key: {mean, std, count}`, milliseconds.

Such a key says less than a signature: an `expanded_conv` has neither the width of its gate nor its activation. So a
file is read for the layers of a space, which say the rest, and the setting is the caller's to state. Two layers of one
key are refused, never merged.

| layer | key |
|---|---|
| convolution, 3x3 or larger | `Conv-input:HxWxC-output:HxWxC` |
| 1x1 convolution | `Conv_1-input:...-output:...` |
| inverted residual | `expanded_conv-input:...-output:...-expand:MID-kernel:K-stride:S-idskip:0-se:0-hs:0` |
| the same, without gate and h-swish | also `...-expand:RATIO-kernel:K-stride:S-idskip:0` when it is read |
| separable convolution | as an inverted residual whose `expand` is its input |
| pooling and classifier | `Logits-input:HxWxC-output:N`; with a hidden layer `Logits-input:HxWxC-hidden:N-output:N` |

`mean` holds the median of what nascore measured, `std` the interquartile range over 1.349, and `count` the repeats.
"""

from collections.abc import Iterable
from math import isfinite, nan
from pathlib import Path
from typing import Any

import yaml

from nascore.errors import DataError, unknown_name
from nascore.files import write_text
from nascore.latency_files import LayerLatencies, Setting
from nascore.layer_signature import LayerSignature
from nascore.yaml_files import read_yaml

IQR_OF_NORMAL = 1.349
"""The interquartile range of a normal distribution, standard deviations."""


def export_yaml(path: str | Path, table: LayerLatencies) -> None:
    """Write a table; the setting is not part of the form and stands in a comment.

    Raises
    ------
    DataError
        If two layers have one key, or the folder cannot be written.
    """
    entries: dict[str, dict[str, float]] = {}
    for signature, times in zip(table.signatures, table.times(), strict=True):
        key = yaml_keys(signature)[0]
        if key in entries:
            raise DataError(
                f"{key!r} stands for more than one layer of the table, e.g. {signature}; YAML cannot say both"
            )
        # A call costs each layer of the form nothing: its own sum is over layers alone.
        mean = max(times["median_ms"] - times["call_ms"], 0.0)
        entries[key] = {"mean": mean, "std": times["spread_ms"] / IQR_OF_NORMAL, "count": int(times["repeats"])}
    setting = table.setting
    comment = (
        f"# {setting.device}: {setting.hardware}, {setting.backend} {setting.runtime_version}, "
        f"{setting.threads} threads, batch {setting.batch}, {setting.dtype}; milliseconds\n"
    )
    write_text(path, comment + yaml.safe_dump(entries, sort_keys=True))


def import_yaml(path: str | Path, signatures: Iterable[LayerSignature], setting: Setting) -> LayerLatencies:
    """Read a file for some layers.

    Parameters
    ----------
    signatures
        The layers of the space, `nascore.layer_signature.layers_of`; keys of other layers are not looked at.
    setting
        How the file was measured.

    Raises
    ------
    DataError
        If the file is not YAML of this form, a layer is missing, or two layers have one key.
    """
    path = Path(path)
    entries = _read(path)
    taken: dict[str, LayerSignature] = {}
    rows = {}
    for signature in signatures:
        keys = yaml_keys(signature)
        key = next((key for key in keys if key in entries), None)
        if key is None:
            raise DataError(f"{path} has no entry for {signature}: {unknown_name('key', keys[0], entries)[:400]}")
        if key in taken:
            raise DataError(f"{path}: {key!r} could be {taken[key]} or {signature}; it says too little for this space")
        taken[key] = signature
        rows[signature] = _times(path, key, entries[key])
    return LayerLatencies.of(setting, rows)


def yaml_keys(signature: LayerSignature) -> list[str]:
    """Return the keys that may stand for a layer; the first is the one to write."""
    s, out = signature, (signature.height - 1) // signature.stride + 1
    given = f"input:{s.height}x{s.width}x{s.c_in}"
    if s.operation == "classifier":
        return [f"Logits-{given}-{f'hidden:{s.c_mid}-' if s.c_mid else ''}output:{s.c_out}"]
    ends = f"{given}-output:{out}x{out}x{s.c_out}"
    if s.operation == "conv":
        return [f"{'Conv' if s.kernel > 1 else 'Conv_1'}-{ends}"]
    shape = f"kernel:{s.kernel}-stride:{s.stride}-idskip:{int(s.residual)}"
    swish = "hswish" in s.activation
    keys = [f"expanded_conv-{ends}-expand:{s.c_mid}-{shape}-se:{int(s.se > 0)}-hs:{int(swish)}"]
    if not s.se and not swish and s.c_mid % s.c_in == 0:
        keys.append(f"expanded_conv-{ends}-expand:{s.c_mid // s.c_in}-{shape}")
    return keys


def _read(path: Path) -> dict[str, Any]:
    """Read the mapping that a file is."""
    entries = read_yaml(path, DataError, "latency table")
    if not isinstance(entries, dict):
        raise DataError(f"{path} must map keys of layers to {{mean, std, count}}; got {type(entries).__name__}")
    return entries


def _times(path: Path, key: str, entry: Any) -> dict[str, float]:
    """Return the measured columns of an entry."""
    numbers = {"std": 0, "count": 1, **entry} if isinstance(entry, dict) else {}
    mean, std, count = (_number(numbers.get(name)) for name in ("mean", "std", "count"))
    if not (mean > 0 and std >= 0 and count >= 1):
        raise DataError(f"{path}: {key!r} has {entry!r}; expected mean above 0 (milliseconds), std and count")
    return {"median_ms": mean, "spread_ms": std * IQR_OF_NORMAL, "call_ms": 0.0, "repeats": int(count)}


def _number(value: Any) -> float:
    """Return a finite number, or NaN for anything else."""
    right = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return float(value) if right else nan
