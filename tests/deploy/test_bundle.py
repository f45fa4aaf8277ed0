import json
import re
import shutil
import subprocess
from hashlib import sha256

import numpy as np
import pytest
from messages import facts
from result_examples import contender, nothing_found, validation

from nascore.deploy import bundle as module
from nascore.deploy.bundle import write_bundle, write_empty_bundle
from nascore.deploy.card import model_card, picture
from nascore.devices import Device
from nascore.errors import DataError
from nascore.evaluation.onnx_extra import require_onnx
from nascore.files import read_json
from nascore.results.bundle import Bundle
from nascore.results.outcome import Outcome
from nascore.spaces import get_space, space_names
from nascore.supernet import Subnet
from nascore.supernet.checkpoint import save_subnet, save_supernet

FIGURES = {"test_accuracy": 0.8, "test_lower": 0.7, "test_upper": 0.9, "test_loss": 0.5}
FILES = {
    *("model.onnx", "model_dynamic.onnx", "model_int8.onnx", "model_int8.h", "model_card.md", "architecture.svg"),
    *("labels.txt", "predict.py", "checks.json"),
}


def test_the_bundle_is_whole(bundle, weights, store):
    folder, checks = bundle
    assert {path.name for path in folder.iterdir()} == FILES
    assert Bundle.of_folder(folder) == checks and checks.status == "bundled"
    assert (folder / "labels.txt").read_text() == "not_person\nperson\n"
    assert checks.weights_sha256 == sha256(weights.read_bytes()).hexdigest()
    assert (checks.n_test, checks.n_calibration, checks.images_sha256) == (35, 20, store.sha256)
    for name, model in checks.models.items():
        assert model.bytes == (folder / name).stat().st_size


def test_float_models_answer_as_pytorch(bundle):
    _, checks = bundle
    for name in ("model.onnx", "model_dynamic.onnx"):
        model = checks.models[name]
        assert model.max_difference < 1e-4 and model.changed_decisions == 0
        assert model.accuracy == checks.pytorch.accuracy
    int8 = checks.models["model_int8.onnx"]
    assert int8.max_difference > checks.models["model.onnx"].max_difference
    assert int8.bytes < checks.models["model.onnx"].bytes / 2


@pytest.mark.slow
def test_same_weights_same_bytes(bundle, weights, store, outcome, tmp_path):
    folder, _ = bundle
    write_bundle(tmp_path / "again", weights, store.folder, calibration_images=20, outcome=outcome)
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name


def test_the_card_says_it_all(bundle):
    folder, checks = bundle
    card = (folder / "model_card.md").read_text()
    for text in (
        "# Model card: easy", "](architecture.svg)", "| `model_int8.onnx` |", "opset 17", "| 5 M |", "7.5",
        "calibrated on 20 images", "35 images of `test`", checks.weights_sha256, "ab" * 32, "| fits |",
        "It is the winner of target `easy`: best measured of the 2 proven best predictions of exact.",
        "Predicted accuracy 87.50 %; the optimum of the prediction, proven, is another subnet, `0000000000000000`,",
        "`nascore lineage bundles/easy`", "](../../report.html)", "Apache License 2.0", "`synthetic`, 2 train,",
    ):  # fmt: skip
        assert text in card.replace("\u00a0", " "), text
    assert "{" not in card.replace(json.dumps(checks.arch, sort_keys=True), "")


def test_weights_of_another_subnet_are_refused(weights, store, outcome, tmp_path):
    wrong = Outcome(outcome.results, validation([contender("found", "1" * 16, **FIGURES)], "1" * 16))
    with pytest.raises(DataError, match=facts(weights, outcome.winner.arch_id, "1" * 16)):
        write_bundle(tmp_path / "b", weights, store.folder, calibration_images=4, outcome=wrong)
    assert not (tmp_path / "b").exists()


@pytest.mark.slow
def test_fine_tuned_weights_are_said_to_be(bundle, subnet, store, tmp_path):
    card = (bundle[0] / "model_card.md").read_text()
    assert bundle[1].finetuned_epochs is None and "Fine-tuned" not in card
    save_subnet(tmp_path / "tuned.safetensors", subnet, {"checkpoint_sha256": "ab" * 32, "finetuned_epochs": "3"})
    checks = write_bundle(tmp_path / "b", tmp_path / "tuned.safetensors", store.folder, calibration_images=4)
    assert checks.finetuned_epochs == 3
    assert "\n* Fine-tuned for 3 epochs after" in (tmp_path / "b" / "model_card.md").read_text()


def test_a_subnet_of_every_space_has_a_picture():
    for name in space_names():
        space = get_space(name, resolutions=(64,))
        assert picture(Subnet(space, space.sample(1, np.random.default_rng(0))[0])).startswith("<svg xmlns=")


def test_names_on_the_card_are_text(bundle, store):
    checks = bundle[1].model_copy(update={"labels": ["<script>alert(1)</script>", "person"]})
    card = model_card(checks, manifest=store.manifest)
    assert "<script" not in card and "&lt;script&gt;" in card


@pytest.mark.slow
def test_a_device_fits_to_the_last_byte(bundle, weights, store, tmp_path, monkeypatch):
    memory = bundle[1].memory
    arena, flash = (-(-getattr(memory, key) // 1024) for key in ("arena_bytes", "flash_bytes"))
    devices = [
        Device("enough", "-", arena, flash, "-"),
        Device("little_sram", "-", arena - 1, flash, "-"),
        Device("little_flash", "-", arena, flash - 1, "-"),
    ]
    monkeypatch.setattr(module, "DEVICES", {device.name: device for device in devices})
    found = write_bundle(tmp_path / "b", weights, store.folder, calibration_images=4).devices
    assert {row.name: row.fits for row in found} == {"enough": True, "little_sram": False, "little_flash": False}
    header = (tmp_path / "b" / "model_int8.h").read_text()
    assert re.search(r"enough .*: fits$", header, re.MULTILINE)
    assert re.search(r"little_flash .*: does not fit$", header, re.MULTILINE)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")
def test_the_header_is_c_and_says_the_sizes(bundle, tmp_path):
    folder, checks = bundle
    names = ("INPUT_SIZE", "CLASSES", "WEIGHT_BYTES", "BIAS_BYTES", "FLASH_BYTES", "ARENA_BYTES", "INPUT_ZERO_POINT")
    shown = ", ".join(f"NASCORE_{name}" for name in names)
    program = (
        f'#include <stdio.h>\n#include "model_int8.h"\nint main(void) {{ printf("{"%d " * len(names)}%g", {shown}, '
    )
    (tmp_path / "main.c").write_text(program + "NASCORE_INPUT_SCALE); return 0; }\n")
    warnings = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-std=c99"]
    subprocess.run(["cc", *warnings, f"-I{folder}", "main.c", "-o", "main"], cwd=tmp_path, check=True)
    *numbers, scale = subprocess.check_output([tmp_path / "main"], text=True).split()
    memory = checks.memory
    sizes = [getattr(memory, key) for key in ("weight_bytes", "bias_bytes", "flash_bytes", "arena_bytes")]
    assert [int(number) for number in numbers[:-1]] == [40, 2, *sizes]
    assert 0 <= int(numbers[-1]) <= 255 and float(scale) == pytest.approx(2 / 255, rel=0.05)


@pytest.mark.parametrize("status", ["infeasible", "not_found"])
def test_nothing_found_leaves_a_card_that_says_so(status, tmp_path):
    write_empty_bundle(tmp_path, Outcome((nothing_found(status, target="tiny", message="72 KB at least"),)))
    assert {path.name for path in tmp_path.iterdir()} == {"model_card.md", "checks.json"}
    assert Bundle.of_folder(tmp_path).status == status
    card = (tmp_path / "model_card.md").read_text()
    assert card.startswith("# Model card: tiny\n\nThere is no model. ") and "72 KB at least" in card


# -- what is wrong is said in one line ----------------------------------------------------------------


def refused(*arguments, **options) -> str:
    with pytest.raises(DataError) as caught:
        write_bundle(*arguments, calibration_images=4, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_weights(store, tmp_path):
    message = refused(tmp_path, tmp_path / "nothing.safetensors", store.folder)
    assert re.match(facts("nothing.safetensors"), message)


def test_weights_without_an_architecture(store, subnet, tmp_path):
    from nascore.supernet import build_supernet

    path = tmp_path / "supernet.safetensors"
    save_supernet(path, build_supernet(subnet.space), {})
    message = refused(tmp_path, path, store.folder)
    assert re.match(facts("supernet.safetensors", "kind", "'supernet'", "'subnet'", "architecture"), message)


def test_images_of_other_classes_or_without_calibration(weights, store, tmp_path):
    for change, message in (
        (lambda manifest: manifest["splits"].update(calibration=[]), ("manifest.json", "calibration", "[]")),
        (
            lambda manifest: manifest["class_names"].append("dog"),
            ("winner.safetensors", 2, tmp_path / "store", 3, "not_person, person, dog"),
        ),
        (
            lambda manifest: manifest["resolutions"].remove(40) or manifest["resolutions"].append(32),
            ("train_32.npy",),
        ),
    ):
        folder = tmp_path / "store"
        shutil.copytree(store.folder, folder)
        manifest = read_json(folder / "manifest.json")
        change(manifest)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        assert re.match(facts(*message), refused(tmp_path / "out", weights, folder))
        shutil.rmtree(folder)


@pytest.mark.slow
def test_a_folder_that_cannot_be_written(weights, store, tmp_path):
    (tmp_path / "file").write_text("")
    message = refused(tmp_path / "file" / "bundle", weights, store.folder)
    assert re.match(facts(tmp_path / "file" / "bundle", "Not a directory"), message)


def test_packages_that_are_missing_are_named_with_their_extra(monkeypatch):
    monkeypatch.setattr("nascore.evaluation.onnx_extra.find_spec", lambda name: None if name == "onnxruntime" else name)
    with pytest.raises(Exception, match=facts("deploy.bundles", "onnxruntime", "pip install 'nascore[onnx]'")):
        require_onnx("deploy.bundles")
