import re

import pytest
from messages import facts

from nascore import errors


def test_every_error_is_a_nascore_error():
    named = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, Exception)]
    assert len(named) == 7
    assert all(issubclass(e, errors.NascoreError) for e in named)


@pytest.mark.parametrize(
    ("given", "nearest"),
    [("millonMACs", ["millionMACs"]), ("zzz", []), (3, [])],
    ids=["misspelt", "strange", "not text"],
)
def test_unknown_name_lists_the_valid_ones_and_the_nearest(given, nearest):
    valid = ["millionMACs", "KBPeakMemory"]
    message = errors.unknown_name("constraint", given, valid)
    assert re.match(facts("constraint", given, ", ".join(valid)), message)
    beside_the_list = message.replace(", ".join(valid), "")
    assert [name for name in valid if re.match(facts(name), beside_the_list)] == nearest
