"""What runs networks that are timed: PyTorch on the CPU or on a GPU, ONNX Runtime on the CPU.

A backend prepares a network once and returns a call that runs it and says how many milliseconds that took. Each is set
up as one would deploy it: evaluation mode, no gradients, folded, channels last in PyTorch, and with exactly the given
number of threads.
"""

import platform
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nascore.errors import ConfigError, unknown_name
from nascore.evaluation.latency_modules import example_input, plain_network
from nascore.evaluation.onnx_extra import onnx_session, require_onnx
from nascore.spaces.layers import Unit
from nascore.supernet.inputs import channels_last

Call = Callable[[], float]
"""Runs a network once and returns the milliseconds that it took."""


class Backend(ABC):
    """A way to run networks.

    Parameters
    ----------
    threads
        Threads of one inference.
    """

    name: ClassVar[str]
    hardware: str
    """The processor that runs the networks."""
    runtime_version: str

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads

    @abstractmethod
    def prepare(self, units: Sequence[Unit], batch: int) -> Call:
        """Return a call that runs the units one after the other; without units, one that runs nothing."""

    @contextmanager
    def running(self) -> Iterator[None]:
        """Set the process up for calls of this backend, and back afterwards."""
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            with torch.inference_mode():
                yield
        finally:
            torch.set_num_threads(before)


class PyTorchCpu(Backend):
    """PyTorch's eager mode on the CPU."""

    name = "pytorch"

    def __init__(self, threads: int = 1) -> None:
        super().__init__(threads)
        self.hardware, self.runtime_version = cpu_model(), str(torch.__version__)

    def prepare(self, units: Sequence[Unit], batch: int) -> Call:
        """Return a call of the plain network."""
        network = channels_last(plain_network(units), torch.device("cpu"))
        x = _input(units, batch).contiguous(memory_format=torch.channels_last)
        return _timed(lambda: network(x))


class PyTorchCuda(Backend):
    """PyTorch's eager mode on the first GPU, timed by its events."""

    name = "cuda"

    def __init__(self, threads: int = 1) -> None:
        super().__init__(threads)
        if not torch.cuda.is_available():
            raise ConfigError("latency backend 'cuda' needs a GPU that PyTorch can use; this machine shows none")
        self.hardware, self.runtime_version = torch.cuda.get_device_name(0), str(torch.__version__)

    def prepare(self, units: Sequence[Unit], batch: int) -> Call:
        """Return a call of the plain network, from the first kernel's launch to the last one's end."""
        device = torch.device("cuda")
        network = channels_last(plain_network(units), device)
        x = _input(units, batch).to(device, memory_format=torch.channels_last)
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)

        def call() -> float:
            start.record()
            network(x)
            end.record()
            end.synchronize()
            return float(start.elapsed_time(end))

        return call


class OnnxRuntime(Backend):
    """ONNX Runtime on the CPU."""

    name = "onnxruntime"

    def __init__(self, threads: int = 1) -> None:
        super().__init__(threads)
        require_onnx("latency backend 'onnxruntime'")
        self._runtime = import_module("onnxruntime")
        self.hardware, self.runtime_version = cpu_model(), str(self._runtime.__version__)

    def prepare(self, units: Sequence[Unit], batch: int) -> Call:
        """Return a call of the network as an ONNX model, without copies of its input and output."""
        from nascore.evaluation.latency_onnx import onnx_model  # needs the optional onnx

        x = _input(units, batch)
        return self.prepare_model(onnx_model(plain_network(units), tuple(x.shape)), x.numpy())

    def prepare_model(self, model: bytes, x: NDArray[np.float32]) -> Call:
        """Return a call of a serialised ONNX model with one input and one output."""
        session = onnx_session(model, self.threads)
        binding = session.io_binding()
        binding.bind_ortvalue_input(session.get_inputs()[0].name, self._runtime.OrtValue.ortvalue_from_numpy(x))
        binding.bind_output(session.get_outputs()[0].name)
        return _timed(lambda: session.run_with_iobinding(binding))


_BACKENDS: dict[str, type[Backend]] = {kind.name: kind for kind in (PyTorchCpu, OnnxRuntime, PyTorchCuda)}


def backend_names() -> list[str]:
    """Return the names that `get_backend` knows."""
    return list(_BACKENDS)


def get_backend(name: str, threads: int = 1) -> Backend:
    """Return a backend by name.

    Raises
    ------
    ConfigError
        If the name is unknown, the backend is not installed or has no device here, or the threads are not at least 1.
    """
    if name not in _BACKENDS:
        raise ConfigError(unknown_name("latency backend", name, _BACKENDS))
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise ConfigError(f"threads of latency backend {name!r} must be a whole number of at least 1; got {threads!r}")
    return _BACKENDS[name](threads)


def cpu_model() -> str:
    """Return the CPU's model as the operating system has it, e.g. ``"Intel(R) Xeon(R) Gold 6230"``."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def _input(units: Sequence[Unit], batch: int) -> Tensor:
    """Return the input of the first unit, or a single number."""
    return example_input(units[0], batch) if units else torch.zeros(1, 1, 1, 1)


def _timed(run: Callable[[], object]) -> Call:
    """Return a call that takes the time of another."""

    def call() -> float:
        start = time.perf_counter_ns()
        run()
        return (time.perf_counter_ns() - start) / 1e6

    return call
