"""Models of what users write: every key is known, and a mistake is said with what would be valid."""

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nascore.errors import unknown_name

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""A name that is also the name of a folder."""


class Strict(BaseModel):
    """An immutable pydantic model that refuses unknown keys by name, and true and false in place of numbers.

    Texts such as ``1e-3`` are taken as numbers, because YAML 1.1 reads that as a text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        """Refuse unknown keys before pydantic does, because it does not say which ones are valid."""
        if isinstance(given, Mapping) and cls.model_config["extra"] == "forbid":
            unknown = [key for key in given if key not in cls.model_fields]
            if unknown:
                raise ValueError(" ".join(unknown_name("key", key, cls.model_fields) for key in unknown))
        return given

    @model_validator(mode="before")
    @classmethod
    def _no_boolean_as_number(cls, given: Any) -> Any:
        """Refuse true and false where numbers are expected, because pydantic takes them for 1 and 0."""
        if isinstance(given, Mapping):
            for key, field in cls.model_fields.items():
                value = given.get(key)
                entries = value if isinstance(value, list | tuple) else [value]
                if bool not in (field.annotation, *get_args(field.annotation)) and any(
                    isinstance(entry, bool) for entry in entries
                ):
                    raise ValueError(f"{key}: expected a number or a text; got {value!r}")
        return given


def mistakes(error: ValidationError) -> list[str]:
    """Return one line for each of pydantic's findings: the key, what was expected, and what was given."""
    return [_mistake(entry) for entry in error.errors()]


def _mistake(entry: Mapping[str, Any]) -> str:
    """Say one finding."""
    key = ".".join(str(part) for part in entry["loc"]) or "top level"
    message = str(entry["msg"]).removeprefix("Value error, ")
    given = entry.get("input")
    if entry["type"] == "union_tag_invalid":
        tags = [tag.strip("' ") for tag in entry["ctx"]["expected_tags"].split(",")]
        kind = entry["ctx"]["discriminator"].strip("'")
        return f"{key}: {unknown_name(kind, entry['ctx']['tag'], tags)}"
    if entry["type"] in ("model_type", "dict_type"):
        message = "expected a mapping of keys to values"
    shown = "" if entry["type"] in ("missing", "value_error") else f"; got {given!r}"
    if entry["type"] == "string_type" and isinstance(given, int | float):
        shown += f", a number; a folder of that name is written ./{given}, and another text in quotes"
    return f"{key}: {message}{shown}"
