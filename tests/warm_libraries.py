"""Imports the libraries of jobs and commands, for the server of `warm_start`; nothing of the project is among them."""

import functools
import gc
import importlib
import subprocess
import sys

import snakemake.cli
import vl_convert

LIBRARIES = """
altair dvc.cli dvc.repo dvc_s3 highspy jinja2 matplotlib.backends.backend_svg matplotlib.figure onnx
onnxruntime.quantization pandas.io.formats.format pandera.pandas pandera.accessors.pandas_accessor
pandera.backends.pandas.builtin_checks PIL.ImageOps pyarrow.dataset pyarrow.parquet rocrate.rocrate safetensors.numpy
safetensors.torch scipy.optimize scipy.sparse.linalg scipy.stats snakemake.cli snakemake.profiles
snakemake.report.html_reporter snakemake.script torch torch._inductor typer
"""
for name in LIBRARIES.split():
    importlib.import_module(name)

# Snakemake looks for its plugins among all packages.
snakemake.cli.get_argument_parser()


@functools.cache
def javascript_bundle(snippet: str) -> str:
    """Return what `vl_convert.javascript_bundle` does, put together in a process of its own, as that starts threads."""
    program = "import sys, vl_convert; sys.stdout.write(vl_convert.javascript_bundle(sys.argv[1]))"
    return subprocess.check_output([sys.executable, "-c", program, snippet], text=True, encoding="utf-8")


# Every report has the same script, which takes two seconds to put together.
vl_convert.javascript_bundle = javascript_bundle
javascript_bundle("window.vegaEmbed = vegaEmbed;")

# All of it stays: collecting garbage would only look through it, and so copy the memory that processes share.
gc.freeze()
