"""What the import contracts in pyproject.toml cannot see: what a running process really loads."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    ["nascore.search", "nascore.predictors", "nascore.accuracy_dataset", "nascore.efficiency", "nascore.spaces"],
)
def test_the_numbers_wing_loads_neither_torch_nor_snakemake(module):
    code = f"import sys, {module}; print(sorted({{'torch', 'torchvision', 'snakemake'}} & sys.modules.keys()))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
