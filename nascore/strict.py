"""Models of what users write: every key is known, and a misspelt one is answered with the nearest valid key."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from nascore.errors import unknown_name


class Strict(BaseModel):
    """An immutable pydantic model that refuses unknown keys by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        """Refuse unknown keys before pydantic does, because it does not say which ones are valid."""
        if isinstance(given, Mapping):
            unknown = [key for key in given if key not in cls.model_fields]
            if unknown:
                raise ValueError(" ".join(unknown_name("key", key, cls.model_fields) for key in unknown))
        return given
