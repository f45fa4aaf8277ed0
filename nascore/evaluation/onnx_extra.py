"""The optional packages that make and run ONNX models; no torch, so that a configuration is checked without it."""

from importlib.util import find_spec

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
