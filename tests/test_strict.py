import pytest
from pydantic import Field, ValidationError

from nascore.strict import Strict


class Inner(Strict):
    depth: int = 1


class Outer(Strict):
    width: int = Field(2, ge=1)
    inner: Inner = Inner()


def test_known_keys_are_read():
    assert Outer.model_validate({"width": 3, "inner": {"depth": 4}}) == Outer(width=3, inner=Inner(depth=4))
    assert Outer.model_validate({}) == Outer()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"widht": 3}, r"unknown key 'widht'. Did you mean 'width'\? Valid: width, inner."),
        ({"inner": {"detph": 3}}, r"(?s)inner.*unknown key 'detph'. Did you mean 'depth'\? Valid: depth."),
        ({"zzz": 3}, "unknown key 'zzz'. Valid: width, inner."),
        ({3: 3}, "unknown key '3'. Valid"),
        ({"widht": 3, "iner": {}}, r"unknown key 'widht'.* unknown key 'iner'. Did you mean 'inner'\?"),
        ({"width": 0}, "greater than or equal to 1"),
        ([("width", 3)], "Input should be a valid dictionary"),
        (None, "Input should be a valid dictionary"),
    ],
)
def test_what_is_wrong_is_said(given, message):
    with pytest.raises(ValidationError, match=message):
        Outer.model_validate(given)


def test_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        Outer().width = 5
