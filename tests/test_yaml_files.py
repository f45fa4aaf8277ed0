import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from messages import facts

from nascore.errors import ConfigError
from nascore.yaml_files import load_yaml, read_yaml, with_types


def read(tmp_path, content):
    (tmp_path / "a.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_yaml(tmp_path / "a.yaml", ConfigError, "configuration")


def test_what_is_meant_is_read(tmp_path):
    text = "\ufeffa: {x: 0, y: 0.10, z: 1e3}\n'30': no\nb: &b {c: 1}\nd:\n  <<: *b\n  c: 2\nlist: [1, 0x10, -0]\n"
    assert read(tmp_path, text) == {
        "a": {"x": 0, "y": 0.1, "z": "1e3"},
        "30": False,
        "b": {"c": 1},
        "d": {"c": 2},
        "list": [1, 16, 0],
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", ("line 3", "'a'", "line 1")),
        ("t:\n  x: {m: 1}\n  y: {m: 1, m: 2}\n", ("line 3", "'m'", "line 3")),
        ("- {a: 1, a: 1}\n", ("line 1", "'a'")),
        ("no: 1\n", ("line 1", "no", "False", '"no"')),
        ("a: 1\non: 2\n", ("line 2", "on", "True", '"on"')),
        ("30: 1\n", ("line 1", 30, '"30"')),
        ("~: 1\n", ("line 1", "~", "None")),
        ("a: 010\n", ("line 1", "010", 8, 10)),
        ("a: {b: [-017]}\n", ("line 1", "-017", -15, 17)),
        ("a: [1\n", ("line 2",)),
        ("a: !!python/name:os.system\n", ("line 1", "python")),
    ],
)
def test_what_would_be_read_as_something_else_is_refused_with_its_line(tmp_path, text, said):
    with pytest.raises(ConfigError, match=facts("a.yaml", *said)) as raised:
        read(tmp_path, text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("run: x\n".encode("utf-16"), ("byte 0", "UTF-16", "UTF-8")),
        ("run: é\n".encode("latin-1"), ("byte 5", "Latin-1", "UTF-8")),
    ],
)
def test_other_encodings_are_named(tmp_path, content, said):
    with pytest.raises(ConfigError, match=facts("a.yaml", *said)):
        read(tmp_path, content)


def test_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigError, match=facts("configuration", path)):
            read_yaml(path, ConfigError, "configuration")


def test_text_of_the_command_line():
    assert load_yaml("{a: 1.5}", ConfigError, "--set x") == {"a": 1.5}
    with pytest.raises(ConfigError, match=re.escape("--set x: line 1, column 8: ")):
        load_yaml("{a: 1, a: 2}", ConfigError, "--set x")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(0, 9).map(lambda x: round(x, 3)) | st.sampled_from("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
)


@given(st.dictionaries(st.sampled_from("pqr"), st.dictionaries(st.sampled_from("xyz"), values, max_size=3), max_size=3))
def test_values_inside_of_mappings_get_the_types_that_were_written(meant):
    # As Snakemake reads an entry of --config.
    given = {key: yaml.load(yaml.safe_dump(value), yaml.BaseLoader) for key, value in meant.items()}
    assert with_types({**given, "other": {"y": "1"}}, given) == {**meant, "other": {"y": "1"}}


def test_what_was_there_already_stays_as_it_is():
    config = {"targets": {"old": {"name": "010"}, "new": {"macs_m": "3.5"}}, "run": "7"}
    overrides = {"targets": {"new": {"macs_m": "3.5"}}, "run": "7"}
    assert with_types(config, overrides) == {
        "targets": {"old": {"name": "010"}, "new": {"macs_m": 3.5}},
        "run": "7",
    }
