"""What other stages need to know of an image store."""

from typing import Any, ClassVar

from pydantic import ConfigDict

from nascore.results.record import RecordFile


class ImageManifest(RecordFile):
    """Part of an image store's manifest; `nascore.data.store` has the whole.

    Parameters
    ----------
    class_names
        In the order of the labels.
    resolutions
        Pixels.
    splits
        The images of each split.
    """

    WHAT: ClassVar[str] = "the manifest of an image store"
    RULE: ClassVar[str] = "prepare_images"
    model_config = ConfigDict(extra="ignore")

    class_names: list[str]
    resolutions: list[int]
    splits: dict[str, list[Any]]
