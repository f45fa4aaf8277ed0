import re

import pytest
import torch
from messages import facts
from typer.testing import CliRunner

from nascore.cli import app


def run(*arguments):
    return CliRunner().invoke(app, ["deploy", *map(str, arguments)])


@pytest.mark.slow
def test_the_command_writes_a_bundle(weights, store, tmp_path):
    torch.set_num_threads(2)
    done = run("--weights", weights, "--images", store.folder, "--out", tmp_path / "out", "--calibration-images", 8)
    assert done.exit_code == 0, done.output
    assert torch.get_num_threads() == 1  # as in the workflow
    assert "model_int8.onnx" in done.output and "measured arena" in done.output and "fits stm32f411" in done.output
    card = (tmp_path / "out" / "model_card.md").read_text()
    assert card.startswith("# Model card: ") and "report.html" not in card


@pytest.mark.parametrize(
    ("missing", "message"), [("weights", ("nothing", "safetensors")), ("images", ("nothing/manifest.json",))]
)
def test_a_mistake_is_one_line(missing, message, weights, store, tmp_path):
    given = {"weights": weights, "images": store.folder} | {missing: tmp_path / "nothing"}
    done = run("--weights", given["weights"], "--images", given["images"], "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert re.match(facts(*message), done.stderr)


def test_without_onnx_runtime_the_extra_is_named(weights, store, tmp_path, monkeypatch):
    monkeypatch.setattr("nascore.evaluation.onnx_extra.find_spec", lambda name: None)
    done = run("--weights", weights, "--images", store.folder, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert re.match(facts("nascore deploy", "onnx", "onnxruntime", "pip install 'nascore[onnx]'"), done.stderr)
