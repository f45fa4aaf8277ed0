"""Checks what a message says, and not how: files, keys, rows, what was given, what was expected, the nearest name."""

import re


def facts(*expected: object) -> str:
    """Return a pattern that matches a message with all these facts, in any order and in any words.

    A fact is a name, a number or a value as the message shows it; it is found between characters that are no part of
    a word or of a number, so 4 is no fact of "got 48" or "got 4.5".

    Examples
    --------
    >>> import re
    >>> message = "runs.yaml, line 3: unknown key 'sed'. Did you mean 'seed'?"
    >>> bool(re.search(facts("runs.yaml", "line 3", "sed", "seed"), message))
    True
    >>> bool(re.search(facts("runs.yaml", "line 4"), message))
    False
    """
    return r"(?s)\A" + "".join(rf"(?=.*{_bounded(str(fact))})" for fact in expected)


def _bounded(fact: str) -> str:
    """Return a pattern of a fact that does not go on before or behind it."""
    before = r"(?<![\w])(?<!\d\.)(?<!\d,)" if fact[:1].isalnum() else ""
    behind = r"(?!\w)(?!\.\d)(?!,\d)" if fact[-1:].isalnum() else ""
    return before + re.escape(fact) + behind


def errors(output: str) -> str:
    """Return the errors of ours in a program's output: each line that reports one, and the indented ones below it."""
    return "\n".join(re.findall(r"^.*error: .*(?:\n +.*)*", output, re.MULTILINE))
