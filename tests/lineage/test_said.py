import ast
import re
from pathlib import Path

import pytest

import nascore
from nascore.lineage.parsed_source import parsed

PACKAGE = Path(nascore.__file__).parent

BEFORE = """
import logging
from nascore.errors import DataError
from nascore.progress import progress

def _described(x):
    return _unit(x) + " is wrong"

def _unit(x):
    return f"{x} KB"

def count(items, limit):
    total = 0
    for item in progress(items, "counting"):
        total += item
    if total > limit:
        shown = _described(total)
        raise DataError(f"too many: {shown}") from None
    print("counted", total)
    logging.getLogger("x").info("counted %s", total)
    return total
"""


def hash_of(tmp_path, text):
    (tmp_path / "module.py").write_text(text)
    return parsed(tmp_path / "module.py").code_sha256


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('f"too many: {shown}"', 'f"{shown}: at most {limit}"'),
        ("shown = _described(total)", "shown = _described(total).title()"),
        ('" is wrong"', '" is too much"'),
        ('f"{x} KB"', 'f"{x / 1024} MB"'),
        (" from None", " from ValueError()"),
        ('print("counted", total)', 'print(total, "items")'),
        ('"counted %s", total', '"%s items", total'),
        ('progress(items, "counting")', 'progress(items, "counting items")'),
        ('def _unit(x):\n    return f"{x} KB"', 'def _unit(x, n=1):\n    return f"{x} KB" * n'),
    ],
)
def test_words_do_not_count(tmp_path, old, new):
    assert old in BEFORE
    assert hash_of(tmp_path, BEFORE) == hash_of(tmp_path, BEFORE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("total > limit", "total >= limit"),
        ("raise DataError", "raise ValueError"),
        ("progress(items", "progress(items[1:]"),
        ("    total = 0\n", "    total = 1\n"),
        ("    return total", "    return total + len(_unit(total))"),
        ("    print(", "    total += 1; print("),
        ("for item in progress", "for item in sorted(_unit(items) for _ in ()) or progress"),
    ],
)
def test_what_is_computed_counts(tmp_path, old, new):
    assert old in BEFORE
    assert hash_of(tmp_path, BEFORE) != hash_of(tmp_path, BEFORE.replace(old, new))


def test_assignments_before_a_raise_count_where_anything_else_is_done(tmp_path):
    text = "def f(x):\n    if x:\n        x.n = 1\n        x.close()\n        raise ValueError(x)\n"
    assert hash_of(tmp_path, text) != hash_of(tmp_path, text.replace("x.n = 1", "x.n = 2"))


def test_a_function_that_is_registered_counts(tmp_path):
    text = "@register\ndef _f():\n    return 1\n"
    assert hash_of(tmp_path, text) != hash_of(tmp_path, text.replace("return 1", "return 2"))


def modules_with_messages():
    """Return 20 modules of the package and one of the messages that each raises."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        match = re.search(r'raise \w+\(\s*f?"([^"\n{}\\]{6,})', path.read_text())
        if match and "lineage" not in path.parts:
            found.append((path.relative_to(PACKAGE).as_posix(), match.start(1)))
    return found[:: max(1, len(found) // 20)][:20]


@pytest.mark.parametrize(("name", "position"), modules_with_messages())
def test_mended_messages_of_the_package_do_not_count(tmp_path, name, position):
    text = (PACKAGE / name).read_text()
    mended = f"{text[:position]}mended: {text[position:]}"
    assert ast.parse(mended)
    assert hash_of(tmp_path, text) == hash_of(tmp_path, mended)
