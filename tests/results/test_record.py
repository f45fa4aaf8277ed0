import json
from typing import ClassVar

import pytest
from messages import facts

from nascore.errors import DataError
from nascore.results.record import Record, RecordFile


class Part(Record):
    share: float


class Example(RecordFile):
    WHAT: ClassVar[str] = "an example"
    RULE: ClassVar[str] = "make_example"

    name: str
    parts: list[Part]

    def check(self) -> None:
        if not self.parts:
            raise DataError("no part")


EXAMPLE = Example(name="a", parts=[Part(share=0.5)])


def test_what_is_written_is_read_with_its_version(tmp_path):
    EXAMPLE.write(tmp_path / "example.json")
    assert json.loads((tmp_path / "example.json").read_text()) == {
        "version": 1,
        "name": "a",
        "parts": [{"share": 0.5}],
    }
    assert Example.read(tmp_path / "example.json") == EXAMPLE


def test_a_file_from_before_there_were_versions_is_read(tmp_path):
    (tmp_path / "old.json").write_text('{"name": "a", "parts": [{"share": 0.5}]}')
    assert Example.read(tmp_path / "old.json") == EXAMPLE


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"version": 2}, "version"),
        ({"name": 3}, "name"),
        ({"parts": [{"share": "0.5"}]}, "parts.0.share"),
        ({"parts": [{"share": float("nan")}]}, "parts.0.share"),
        ({"parts": [{}]}, "parts.0.share"),
        ({"part": []}, "part"),
    ],
)
def test_what_is_wrong_is_named_with_the_command_that_makes_it_again(tmp_path, changes, where):
    file = tmp_path / "example.json"
    file.write_text(json.dumps(EXAMPLE.model_dump() | changes))
    with pytest.raises(DataError, match=facts(file, "an example", where, "snakemake --forcerun make_example")):
        Example.read(file)


def test_what_types_do_not_say_is_checked_at_both_ends(tmp_path):
    wrong = Example(name="a", parts=[])
    with pytest.raises(DataError, match=facts("no part")):
        wrong.write(tmp_path / "example.json")
    assert not (tmp_path / "example.json").exists()
    (tmp_path / "example.json").write_text(wrong.model_dump_json())
    with pytest.raises(DataError, match=facts("example.json", "no part")):
        Example.read(tmp_path / "example.json")


def test_what_is_no_json_is_named(tmp_path):
    with pytest.raises(DataError, match=facts("none.json")):
        Example.read(tmp_path / "none.json")
    (tmp_path / "cut.json").write_text('{"name": ')
    with pytest.raises(DataError, match=facts("cut.json", "line 1")):
        Example.read(tmp_path / "cut.json")
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(DataError, match=facts("list.json", "an example")):
        Example.read(tmp_path / "list.json")
