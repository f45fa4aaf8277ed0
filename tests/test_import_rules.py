"""What the import contracts in pyproject.toml cannot see: what a running process really loads."""

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.parametrize(
    "module",
    ["nascore.search", "nascore.predictors", "nascore.accuracy_dataset", "nascore.efficiency", "nascore.spaces"],
)
def test_the_numbers_wing_loads_neither_torch_nor_snakemake(module):
    code = f"import sys, {module}; print(sorted({{'torch', 'torchvision', 'snakemake'}} & sys.modules.keys()))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


@pytest.mark.slow
def test_planning_a_workflow_loads_nothing_heavy():
    """Every run, dry run and cluster job reads the rules first."""
    root = Path(__file__).parents[1]
    rules = "".join(file.read_text() for file in (root / "Snakefile", *(root / "rules").glob("*.smk")))
    imports = re.findall(r"^from nascore.*", rules, re.MULTILINE)
    code = "\n".join(["import sys", *imports, "print(sorted({'torch', 'scipy', 'altair'} & sys.modules.keys()))"])
    assert len(imports) > 10 and subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
