import hashlib
import os

import pytest
from messages import facts

from nascore.errors import DataError
from nascore.lineage.given_files import given_contents, given_paths

URL = "https://example.org/weights.pth"


def contents(rule, config, tmp_path, **wildcards):
    return given_contents(rule, config, wildcards, tmp_path / "cache")


def weights(path, sha256=None):
    return {"supernet": {"checkpoint": str(path), "sha256": sha256}}


def test_only_rules_that_read_files_of_the_users_have_some(tmp_path):
    assert given_paths("search", weights("a.pth"), {}) == {}
    assert given_paths("import_supernet", weights("a.pth"), {}) == {"supernet.checkpoint": ["a.pth"]}
    assert given_paths("import_supernet", {"supernet": {}}, {}) == given_paths("import_supernet", {}, {}) == {}


def test_content_counts_and_its_place_does_not(tmp_path):
    (tmp_path / "a.pth").write_text("weights")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.pth").write_text("weights")
    (tmp_path / "c.pth").write_text("other")
    places = (tmp_path / "a.pth", f"{tmp_path}/./folder/b.pth", f"file://{tmp_path}/a.pth", tmp_path / "c.pth")
    a, b, as_url, other = [contents("import_supernet", weights(place), tmp_path) for place in places]
    assert a == b == as_url and a != other


def test_another_checksum_than_the_configuration_says_is_refused(tmp_path):
    (tmp_path / "a.pth").write_text("weights")
    own = hashlib.sha256(b"weights").hexdigest()
    before = contents("import_supernet", weights(tmp_path / "a.pth"), tmp_path)
    assert contents("import_supernet", weights(tmp_path / "a.pth", own), tmp_path) == before
    with pytest.raises(DataError, match=facts("a.pth", own, "supernet.checkpoint", "ab" * 32)):
        contents("import_supernet", weights(tmp_path / "a.pth", "ab" * 32), tmp_path)


def test_a_file_that_is_written_again_is_read_again(tmp_path):
    file = tmp_path / "a.pth"
    file.write_text("weights")
    before = contents("import_supernet", weights(file), tmp_path)
    file.write_text("Weights")
    os.utime(file, ns=(1, 1))
    assert contents("import_supernet", weights(file), tmp_path) != before


def test_a_download_is_its_checksum_or_its_address(tmp_path):
    assert contents("import_supernet", weights(URL, "ab" * 32), tmp_path) == {"checkpoint": "ab" * 32}
    assert contents("import_supernet", weights(URL), tmp_path) == {"checkpoint": URL}
    data = {"source": "vww", "minival": URL, "sha256": {"minival": "cd" * 32}, "annotations": "http://other"}
    config = {"images": "downloads", "data": data, "supernet": {"sha256": None}}
    found = contents("prepare_images", config, tmp_path)
    assert found == {"images": "downloads", "minival": "cd" * 32, "annotations": "http://other"}
    assert contents("prepare_images", config | {"images": "elsewhere"}, tmp_path) == found


def test_tables_are_their_files_in_any_order_and_by_any_name(tmp_path):
    for folder, names in (("first", "ab"), ("second", "ba")):
        (tmp_path / folder).mkdir()
        for name, text in zip(names, ("[1]", "[2]"), strict=True):
            (tmp_path / folder / f"{name}.json").write_text(text)
    tables = [{"tables": str(tmp_path / folder)} for folder in ("first", "second")]
    first, second = [contents("import_tables", config, tmp_path) for config in tables]
    assert first == second and first["tables"]
    assert given_paths("import_tables", tables[0], {})["tables"] == [str(tmp_path / f"first/{n}.json") for n in "ab"]


def test_a_device_has_its_own_table(tmp_path):
    (tmp_path / "board.parquet").write_text("layers")
    config = {"latency": {"devices": {"board": {"table": str(tmp_path / "board.parquet")}, "onnx": {"table": None}}}}
    assert set(contents("fit_latency", config, tmp_path, measured_device="board")) == {"table"}
    assert contents("fit_latency", config, tmp_path, measured_device="onnx") == {}


@pytest.mark.parametrize(
    ("rule", "config"), [("import_supernet", weights("no.pth")), ("import_tables", {"tables": "no.pth"})]
)
def test_what_does_not_exist_is_named(rule, config, tmp_path):
    with pytest.raises(DataError, match=facts("no.pth")):
        contents(rule, config, tmp_path)
