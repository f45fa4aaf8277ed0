import pytest

from nascore import errors


def test_every_error_is_a_nascore_error():
    named = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, Exception)]
    assert len(named) == 7
    assert all(issubclass(e, errors.NascoreError) for e in named)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            "millonMACs",
            "unknown constraint 'millonMACs'. Did you mean 'millionMACs'? Valid: millionMACs, KBPeakMemory.",
        ),
        ("zzz", "unknown constraint 'zzz'. Valid: millionMACs, KBPeakMemory."),
        (3, "unknown constraint '3'. Valid: millionMACs, KBPeakMemory."),
    ],
    ids=["misspelt", "strange", "not text"],
)
def test_unknown_name_lists_the_valid_ones_and_the_nearest(given, message):
    assert errors.unknown_name("constraint", given, ["millionMACs", "KBPeakMemory"]) == message
