import numpy as np
import pytest
import yaml
from latency_examples import SETTING, table_of
from messages import facts

from nascore.efficiency.latency_table import latency_block_table
from nascore.efficiency.latency_yaml import export_yaml, import_yaml, yaml_keys
from nascore.errors import DataError
from nascore.layer_signature import LayerSignature, layers_of
from nascore.spaces import get_space

MCUNET = get_space("ofa_mcunet", resolutions=(96,))
PLAIN = LayerSignature("inverted_residual", 24, 144, 24, 5, 1, 28, 28, 0, "relu6,relu6,-", True)
KEY = "expanded_conv-input:28x28x24-output:28x28x24-expand:6-kernel:5-stride:1-idskip:1"
OTHER_KEY = KEY.replace("28x28x24", "28x28x25")


def test_keys_are_the_published_ones():
    assert yaml_keys(PLAIN)[1] == KEY
    gated = LayerSignature("inverted_residual", 40, 240, 80, 5, 2, 15, 15, 64, "hswish,hswish,-;relu,hsigmoid", False)
    assert yaml_keys(gated) == [
        "expanded_conv-input:15x15x40-output:8x8x80-expand:240-kernel:5-stride:2-idskip:0-se:1-hs:1"
    ]
    stem = LayerSignature("conv", 3, 0, 32, 3, 2, 224, 224, 0, "relu6", False)
    mix = LayerSignature("conv", 320, 0, 1280, 1, 1, 7, 7, 0, "relu6", False)
    classifier = LayerSignature("classifier", 1280, 0, 1000, 1, 1, 7, 7, 0, "-", False)
    assert [yaml_keys(layer)[0] for layer in (stem, mix, classifier)] == [
        "Conv-input:224x224x3-output:112x112x32",
        "Conv_1-input:7x7x320-output:7x7x1280",
        "Logits-input:7x7x1280-output:1000",
    ]


@pytest.mark.parametrize("space", [MCUNET, get_space("binas")], ids=["ofa_mcunet", "binas"])
def test_a_table_comes_back_but_for_the_call(space, tmp_path):
    table = table_of(space)
    export_yaml(tmp_path / "board.yaml", table)
    assert "# board: Some CPU, onnxruntime 1.2.3, 1 threads, batch 1, float32" in (tmp_path / "board.yaml").read_text()
    again = import_yaml(tmp_path / "board.yaml", layers_of(space), SETTING)
    assert again.signatures == table.signatures
    found, expected = latency_block_table(space, again), latency_block_table(space, table)
    np.testing.assert_allclose(found.blocks, expected.blocks, rtol=1e-9)
    # The form has no call to add once per network.
    np.testing.assert_allclose(found.fixed, expected.fixed - 0.5, rtol=1e-9)
    assert again.rows["spread_ms"].to_numpy() == pytest.approx(0.125)


def test_reads_a_published_entry(tmp_path):
    (tmp_path / "phone.yaml").write_text(yaml.safe_dump({KEY: {"mean": 2.5, "std": 0.1, "count": 50}}))
    row = import_yaml(tmp_path / "phone.yaml", [PLAIN], SETTING).rows.iloc[0]
    assert (row["median_ms"], row["repeats"], row["call_ms"]) == (2.5, 50, 0.0)
    assert row["spread_ms"] == pytest.approx(0.1349)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1", ("{mean, std, count}", "list")),
        ("a: [", ("YAML", "line 1", "column 5")),
        (f"{OTHER_KEY}: {{mean: 1}}", ("inverted_residual 24→144→24, kernel 5", OTHER_KEY)),
        (f"{KEY}: {{mean: 0}}", (KEY, "{'mean': 0}", "std", "count")),
        (f"{KEY}: {{mean: true}}", (KEY, "{'mean': True}", "std", "count")),
        (f"{KEY}: 2.5", (KEY, 2.5, "mean", "std", "count")),
    ],
)
def test_says_what_is_wrong(tmp_path, text, message):
    (tmp_path / "phone.yaml").write_text(text)
    with pytest.raises(DataError, match=facts("phone.yaml", *message)):
        import_yaml(tmp_path / "phone.yaml", [PLAIN], SETTING)
    with pytest.raises(DataError, match=facts("no.yaml", "latency table", "YAML")):
        import_yaml(tmp_path / "no.yaml", [PLAIN], SETTING)


def test_two_layers_of_one_key_are_never_merged(tmp_path):
    relu = LayerSignature(*{**vars(PLAIN), "activation": "relu,relu,-"}.values())
    (tmp_path / "phone.yaml").write_text(yaml.safe_dump({KEY: {"mean": 2.5}}))
    with pytest.raises(DataError, match=facts("phone.yaml", KEY, "relu6,relu6,-", "relu,relu,-")):
        import_yaml(tmp_path / "phone.yaml", [PLAIN, relu], SETTING)
