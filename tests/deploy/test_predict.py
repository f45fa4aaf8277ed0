"""The stand-alone script of a bundle: the store's preprocessing, and three packages alone."""

import importlib.metadata
import subprocess
import sys
import venv

import numpy as np
import pytest
from messages import facts
from odd_image_files import png_with, tiff_with
from packaging.requirements import Requirement
from PIL import Image

from nascore.data.decoding import resized
from nascore.deploy import predict
from nascore.deploy.check import logits_of_model, model_input

PACKAGES = ["onnxruntime", "numpy", "pillow"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Image files of several kinds, none of the model's size."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    pixels = Image.fromarray(rng.integers(0, 256, (73, 101, 4), dtype=np.uint8), "RGBA")
    turned = Image.Exif()
    turned[0x0112] = 6
    pixels.convert("RGB").save(folder / "turned.jpg", exif=turned)
    pixels.save(folder / "transparent.png")
    pixels.convert("P").save(folder / "palette.png")
    pixels.convert("L").resize((20, 9)).save(folder / "small_grey.png")
    return sorted(folder.iterdir())


def test_images_are_prepared_as_the_store_and_the_evaluation_do(pictures):
    for path in pictures:
        (expected,) = resized(path.read_bytes(), [40], max_pixels=10**6)
        np.testing.assert_array_equal(predict.prepared(str(path), 40, 0.5, 0.5), model_input(expected[None]))


def test_deep_greys_are_prepared_as_the_store_does(tmp_path, rng):
    path = tmp_path / "grey16.png"
    Image.fromarray(rng.integers(0, 4096, (50, 60), dtype=np.uint16)).save(path)
    (expected,) = resized(path.read_bytes(), [40], 10**6, 4095)
    np.testing.assert_array_equal(predict.prepared(str(path), 40, 0.5, 0.5, 4095), model_input(expected[None]))
    for white in (None, 1000):
        with pytest.raises(ValueError, match=facts(white)):
            predict.prepared(str(path), 40, 0.5, 0.5, white)


@pytest.mark.parametrize("how", range(1, 9))
def test_damaged_metadata_are_no_matter(tmp_path, how):
    path, image = tmp_path / "odd.png", Image.fromarray(np.arange(50 * 40 * 3, dtype=np.uint8).reshape(50, 40, 3))
    path.write_bytes(png_with(b"eXIf", tiff_with(how), image))
    (expected,) = resized(path.read_bytes(), [40], 10**6)
    np.testing.assert_array_equal(predict.prepared(str(path), 40, 0.5, 0.5), model_input(expected[None]))


def test_the_script_is_short_and_needs_no_nascore(bundle):
    text = (bundle[0] / "predict.py").read_text()
    assert len(text.splitlines()) <= 55
    assert "import nascore" not in text and "from nascore" not in text


def expected_lines(folder, model, pictures):
    """Return what the script should say."""
    lines = []
    for path in pictures:
        (logits,) = logits_of_model((folder / model).read_bytes(), resized(path.read_bytes(), [40], 10**6)[0][None])
        shares = np.exp(logits.astype(float)) / np.exp(logits.astype(float)).sum()
        lines.append(f"{path}: {['not_person', 'person'][shares.argmax()]} {shares.max():.4f}")
    return lines


def said(python, folder, model, pictures):
    command = [python, "-I", "predict.py", model, *map(str, pictures)]
    return subprocess.run(command, cwd=folder, text=True, capture_output=True, check=True).stdout.splitlines()


@pytest.mark.slow
def test_the_script_says_what_the_model_says(bundle, pictures):
    for model in ("model.onnx", "model_int8.onnx", "model_dynamic.onnx"):
        assert said(sys.executable, bundle[0], model, pictures) == expected_lines(bundle[0], model, pictures)


def closure(*packages):
    """Return the installed distributions of packages and of all that these need."""
    found, todo = {}, list(packages)
    while todo:
        distribution = importlib.metadata.distribution(todo.pop())
        if distribution.name in found:
            continue
        found[distribution.name] = distribution
        needs = map(Requirement, distribution.requires or ())
        todo += [need.name for need in needs if not need.marker or need.marker.evaluate({"extra": ""})]
    return found.values()


@pytest.mark.slow
def test_the_script_runs_in_an_environment_of_its_own(bundle, pictures, tmp_path):
    """What pip would install for its three packages, and nothing else."""
    venv.create(tmp_path / "env")
    python = tmp_path / "env" / "bin" / "python"
    (packages,) = (tmp_path / "env" / "lib").glob("*/site-packages")
    for distribution in closure(*PACKAGES):
        for top in {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}:
            if not (packages / top).exists():
                (packages / top).symlink_to(distribution.locate_file(top))
    assert subprocess.run([python, "-c", "import torch"], capture_output=True).returncode, (
        "the environment is not clean"
    )
    assert said(python, bundle[0], "model_int8.onnx", pictures) == expected_lines(
        bundle[0], "model_int8.onnx", pictures
    )
