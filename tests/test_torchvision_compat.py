"""Each check has a process of its own, with torch but not yet torchvision, because operators cannot be undeclared."""

import os
from pathlib import Path

import pytest
from warm_start import Program, python


def run(code: str) -> str:
    """Return what `code` prints in a process of its own."""
    done = Program(python, code, folder=Path(__file__).parents[1], environment=os.environ).wait()
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.slow
def test_imports_with_and_without_the_compiled_operators():
    resized, nms = run("""
import torch
from nascore.torchvision_compat import import_torchvision
torchvision = import_torchvision()
assert import_torchvision() is torchvision
from torchvision.transforms.v2 import functional
print(tuple(functional.resize(torch.zeros(3, 4, 6, dtype=torch.uint8), [2, 3], antialias=True).shape))
try:
    print(torchvision.ops.nms(torch.tensor([[0.0, 0, 1, 1]]), torch.ones(1), 0.5).tolist())
except RuntimeError as error:
    print(error)
""").splitlines()
    assert resized == "(3, 2, 3)"
    assert nms == "[0]" or "Couldn't load custom C++ ops" in nms


@pytest.mark.slow
def test_nothing_is_declared_where_the_operators_exist():
    printed = run("""
import torch
compiled = torch.library.Library("torchvision", "DEF")
for name in ("nms", "qnms"):
    compiled.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
from nascore import torchvision_compat
torchvision_compat._declared.define = lambda schema: print("declared", schema)
torchvision_compat.import_torchvision()
print("imported")
""")
    assert printed == "imported\n"
