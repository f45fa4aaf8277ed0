import sys

import pytest

from nascore.progress import progress


def test_a_log_gets_one_line_per_item(capsys):
    assert list(progress(["a", "b"], "reading tables")) == ["a", "b"]
    captured = capsys.readouterr()
    assert captured.err == "reading tables: 1/2\nreading tables: 2/2\n"
    assert captured.out == ""


def test_a_log_says_how_long_it_will_take(capsys, monkeypatch):
    clock = iter([0.0, 30.0, 60.0, 90.0])
    monkeypatch.setattr("nascore.progress.time.monotonic", lambda: next(clock))
    assert list(progress("abc", "epoch")) == ["a", "b", "c"]
    assert capsys.readouterr().err == "epoch: 1/3\nepoch: 2/3, about 01:00 left\nepoch: 3/3, about 00:30 left\n"


def test_a_number_of_items_that_nobody_knows_is_not_shown(capsys):
    assert list(progress((i for i in range(2)), "searching")) == [0, 1]
    assert capsys.readouterr().err == "searching: 1\nsearching: 2\n"


def test_nothing_to_do_prints_nothing(capsys):
    assert list(progress([], "reading")) == []
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(progress([1, 2, 3], "reading")) == [1, 2, 3]
    shown = capsys.readouterr().err
    assert "reading: 100%" in shown and "3/3" in shown


def test_items_are_taken_one_by_one(capsys):
    """An error in the middle leaves the last line at the item that caused it."""

    def items():
        yield 1
        raise ValueError

    with pytest.raises(ValueError):
        list(progress(items(), "reading"))
    assert capsys.readouterr().err == "reading: 1\n"
