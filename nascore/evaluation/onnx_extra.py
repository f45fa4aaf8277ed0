"""The optional packages that make and run ONNX models; no torch, so that a configuration is checked without it."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from nascore.errors import ConfigError

PACKAGES = ("onnx", "onnxruntime")


def require_onnx(what: str) -> None:
    """Refuse what needs the packages of the extra `onnx` where they are not installed.

    Parameters
    ----------
    what
        Who needs them, e.g. ``"latency backend 'onnxruntime'"``.

    Raises
    ------
    ConfigError
        With the missing packages and the extra that installs them.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ConfigError(f"{what} needs {' and '.join(missing)}, not installed here: pip install 'nascore[onnx]'")


def onnx_session(model: bytes, threads: int = 1, configure: Callable[[Any], None] = lambda options: None) -> Any:
    """Return a model ready to run on the CPU with exactly so many threads; `configure` changes its options first."""
    runtime = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    # Without it, int8 sums saturate on x86 processors that have no VNNI: answers then depend on the machine.
    options.add_session_config_entry("session.x64quantprecision", "1")
    configure(options)
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
