import pytest
from messages import facts
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
        ({"widht": 3}, ("widht", "width, inner")),
        ({"inner": {"detph": 3}}, ("inner", "detph", "depth")),
        ({"zzz": 3}, ("zzz", "width, inner")),
        ({3: 3}, ("'3'", "width, inner")),
        ({"widht": 3, "iner": {}}, ("widht", "width", "iner", "inner")),
        ({"width": 0}, ("width", "greater_than_equal")),
        ([("width", 3)], ("Outer", "model_type", "list")),
        (None, ("Outer", "model_type", "NoneType")),
    ],
)
def test_what_is_wrong_is_said(given, message):
    with pytest.raises(ValidationError, match=facts(*message)):
        Outer.model_validate(given)


def test_cannot_be_changed():
    with pytest.raises(ValidationError, match=facts("width", "frozen")):
        Outer().width = 5
