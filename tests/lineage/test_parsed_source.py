import json
import sys
from pathlib import Path

import pytest
from messages import facts

from nascore.errors import DataError
from nascore.lineage.parsed_source import parsed


@pytest.fixture
def keeping(monkeypatch):
    """Python keeps compiled code, and so does `parsed` keep what it found."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


@pytest.fixture
def file(tmp_path, keeping) -> Path:
    file = tmp_path / "costs.py"
    file.write_text("import ast\nx = 1\n")
    return file


def kept(file: Path) -> Path:
    (found,) = (file.parent / "__pycache__").glob("costs.*.code.json")
    return found


def rewrite(file: Path, text: str) -> None:
    """Give a file other text; its size tells `parsed` that it is no longer the one it knows."""
    assert len(text) != file.stat().st_size
    file.write_text(text)


def test_what_was_found_is_kept_and_read_again(file, tmp_path):
    first = parsed(file)
    assert first.imports == {"ast"}
    content = json.loads(kept(file).read_text())
    kept(file).write_text(json.dumps(content | {"code_sha256": "kept"}))
    copy = tmp_path / "other" / "costs.py"
    (copy.parent / "__pycache__").mkdir(parents=True)
    copy.write_bytes(file.read_bytes())
    kept(file).rename(copy.parent / "__pycache__" / kept(file).name)
    assert parsed(copy).code_sha256 == "kept", "the file has the same bytes"
    assert not list(tmp_path.rglob("*.json.*")), "a temporary file was left"


def test_other_bytes_are_parsed_anew(file):
    first = parsed(file)
    rewrite(file, "import ast\nx = 10\n")
    second = parsed(file)
    assert second.code_sha256 != first.code_sha256
    rewrite(file, "# why\nimport ast\n\nx = 10\n")
    assert parsed(file) == second


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"identity": 1, "imports": []}', "\x00"])
def test_a_damaged_keeper_is_no_harm(file, damage):
    first = parsed(file)
    kept(file).write_text(damage)
    rewrite(file, "import ast\nx = 1  # the same code\n")
    assert parsed(file) == first


def test_nothing_is_kept_where_python_keeps_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    file = tmp_path / "costs.py"
    file.write_text("x = 1\n")
    parsed(file)
    assert not (tmp_path / "__pycache__").exists()


def test_a_folder_that_cannot_be_written_is_no_harm(file):
    (file.parent / "__pycache__").write_text("a file in the place of the folder")
    assert parsed(file).imports == {"ast"}


def test_a_syntax_error_is_named_and_not_kept(file):
    file.write_text("x = 1\ny = (\n")
    with pytest.raises(DataError, match=facts("costs.py", "line 2")):
        parsed(file)
    assert not (file.parent / "__pycache__").exists()
