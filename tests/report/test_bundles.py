import pytest
from messages import facts

from nascore.errors import DataError
from nascore.files import write_json
from nascore.report.content import read_content
from nascore.report.page import render

MODEL = {"accuracy": 0.75, "lower": 0.7, "upper": 0.8, "max_difference": 6e-7, "changed_decisions": 0, "bytes": 2048}
DEVICE = {"part": "-", "sram_bytes": 131072, "flash_bytes": 524288}
BUNDLED = {
    "status": "bundled",
    "message": "",
    "n_test": 1200,
    "models": {"model.onnx": MODEL, "model_int8.onnx": MODEL | {"accuracy": 0.74, "changed_decisions": 9}},
    "arch_id": "0" * 16,
    "pytorch": {"accuracy": 0.75, "lower": 0.7, "upper": 0.8},
    "memory": {
        "weight_bytes": 631000,
        "bias_bytes": 808,
        "flash_bytes": 631808,
        "predicted_peak_memory_bytes": 51200,
        "measured_arena_bytes": 52224,
        "arena_bytes": 52224,
    },
    "devices": [DEVICE | {"name": "small", "fits": False}, DEVICE | {"name": "large", "fits": True}],
}


def bundle(folder, target, **changes):
    """Write the checks of one bundle and return its folder."""
    write_json(folder / target / "checks.json", {"target": target, **BUNDLED, **changes})
    return folder / target


@pytest.fixture
def bundles(tmp_path):
    empty = {"status": "infeasible", "message": "72 KB at least", "models": {}, "memory": None, "devices": []}
    return [bundle(tmp_path, "easy"), bundle(tmp_path, "tiny", **empty)]


@pytest.mark.slow
def test_models_agreement_and_budgets_are_shown_with_links(files, bundles):
    page = " ".join(render(read_content(**files, bundles=bundles)).split())
    assert '<a href="#bundles">Bundles</a>' in page
    assert '<a href="bundles/easy/model_int8.onnx">model_int8.onnx</a>' in page
    assert '<a href="bundles/tiny/model_card.md">card</a>' in page and "none: proven infeasible" in page
    row = page[page.index("model_int8.onnx</a>") :]
    row = row[: row.index("</tr>")].replace("\u00a0", " ")
    assert ">74.00 %<" in row and ">6.0e-07<" in row and ">9 of 1,200<" in row and ">2.0<" in row
    budgets = page[page.index("On microcontrollers") :]
    assert (
        '50.0 KB</td> <td class="number">51.0 KB</td> <td class="number">617.0 KB</td> <td>large</td> <td>small</td>'
        in (budgets)
    )


@pytest.mark.slow
def test_fine_tuned_weights_are_said_to_be(files, tmp_path):
    def page(epochs):
        bundles = [bundle(tmp_path, "easy", finetuned_epochs=epochs)]
        return " ".join(render(read_content(**files, bundles=bundles)).split())

    assert "<small>fine-tuned, 1 epoch</small>" in page(1) and "<small>fine-tuned, 2 epochs</small>" in page(2)
    assert "fine-tuned" not in page(None)


def test_each_row_leads_to_its_file(files, bundles):
    origins = read_content(**files, bundles=bundles).origins
    assert origins[("bundle", "easy")].path.endswith("easy/checks.json")


@pytest.mark.slow
def test_without_bundles_the_page_has_no_such_section(files):
    assert 'id="bundles"' not in render(read_content(**files))


@pytest.mark.parametrize(
    ("target", "changes", "message"),
    [
        ("easi", {}, ("easi", "easy")),
        ("easy", {"memory": None}, ("bundled", "'model.onnx', 'model_int8.onnx'")),
        ("easy", {"models": {"model.onnx": MODEL}}, ("bundled", "['model.onnx']")),
        ("easy", {"n_test": "many"}, ("n_test", "integer")),
    ],
)
def test_a_wrong_bundle_is_named(files, tmp_path, target, changes, message):
    with pytest.raises(DataError, match=facts(tmp_path / target, *message)):
        read_content(**files, bundles=[bundle(tmp_path, target, **changes)])


def test_a_second_bundle_of_a_target_and_a_missing_one_are_named(files, bundles, tmp_path):
    with pytest.raises(DataError, match=facts(bundles[0], "'easy'")):
        read_content(**files, bundles=[*bundles, bundles[0]])
    with pytest.raises(DataError, match=facts("nothing/checks.json")):
        read_content(**files, bundles=[tmp_path / "nothing"])
