import json
import os
import stat
import subprocess
import sys
import tempfile

import pytest
from messages import facts

from nascore.errors import DataError
from nascore.files import read_json, remove_leftovers, replacing, write_json, write_text


def test_writes_into_new_folders_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "a" / "b.txt"
    write_text(path, "µ\n")
    assert path.read_bytes() == "µ\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_the_temporary_file_keeps_the_suffix_that_writers_look_at(tmp_path):
    with replacing(tmp_path / "table.parquet") as temporary:
        assert temporary.suffix == ".parquet"
        assert temporary.parent == tmp_path


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_inside_keeps_the_old_file_and_no_temporary_one(tmp_path, error):
    path = tmp_path / "old.txt"
    path.write_text("old")
    with pytest.raises(error), replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_inside_leaves_no_new_file(tmp_path):
    with pytest.raises(ValueError), replacing(tmp_path / "new.txt") as temporary:
        temporary.write_text("half")
        raise ValueError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_what_a_killed_writer_left_is_removed_and_what_another_is_writing_is_not(tmp_path):
    path = tmp_path / "a" / "x.json"
    write_text(path, "old")
    killed = "import os, sys; from nascore.files import replacing\nwith replacing(sys.argv[1]): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", killed, path])
    assert len(list(path.parent.iterdir())) == 2 and path.read_text() == "old"
    with replacing(path) as temporary:
        remove_leftovers(tmp_path)
        assert {*path.parent.iterdir()} == {path, temporary}
        temporary.write_text("new")
    assert [*path.parent.iterdir()] == [path] and path.read_text() == "new"
    remove_leftovers(tmp_path / "not there yet")


def test_a_file_that_is_taken_for_a_leftover_before_it_is_locked_is_made_anew(tmp_path, monkeypatch):
    made, make = [], tempfile.mkstemp

    def make_and_lose_the_first(**arguments):
        made.append(make(**arguments))
        if len(made) == 1:
            os.unlink(made[0][1])
        return made[-1]

    monkeypatch.setattr(tempfile, "mkstemp", make_and_lose_the_first)
    write_text(tmp_path / "x", "whole")
    assert len(made) == 2 and (tmp_path / "x").read_text() == "whole"


def test_a_written_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "usual").touch()
    write_text(tmp_path / "ours", "")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE((tmp_path / "usual").stat().st_mode)


def test_a_folder_that_cannot_be_made_is_a_message(tmp_path):
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / "file" / "x"
    with pytest.raises(DataError, match=facts(folder / "result.json", "Not a directory")) as error:
        write_json(folder / "result.json", {})
    assert str(error.value).count(str(folder)) == 2, "the file, and what cannot be made"


def test_json_comes_back_and_has_one_form(tmp_path):
    content = {"b": [1, 2.5, None, "ü"], "a": {"x": True}}
    write_json(tmp_path / "one.json", content)
    write_json(tmp_path / "two.json", json.loads(json.dumps(content)))
    assert read_json(tmp_path / "one.json") == content
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert (tmp_path / "one.json").read_text(encoding="utf-8").startswith('{\n  "b": [\n')


def test_nan_is_refused_and_the_old_file_stays(tmp_path):
    write_json(tmp_path / "x.json", 1)
    with pytest.raises(ValueError):
        write_json(tmp_path / "x.json", float("nan"))
    assert read_json(tmp_path / "x.json") == 1


def test_unreadable_json_is_a_message(tmp_path):
    with pytest.raises(DataError, match=facts("none.json")):
        read_json(tmp_path / "none.json")
    (tmp_path / "cut.json").write_text('{\n  "a": [1, 2')
    with pytest.raises(DataError, match=facts("cut.json", "JSON", "line 2", "column 13")):
        read_json(tmp_path / "cut.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=facts("binary.json", "utf-8")):
        read_json(tmp_path / "binary.json")
    with pytest.raises(DataError, match=facts(tmp_path, "Is a directory")):
        read_json(tmp_path)


def test_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(DataError, match=facts("taken", "Is a directory")):
        write_text(tmp_path / "taken", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_deeply_nested_json_is_refused(tmp_path):
    (tmp_path / "deep.json").write_text("[" * 200_000)
    with pytest.raises(DataError, match=facts("deep.json", "JSON")):
        read_json(tmp_path / "deep.json")
