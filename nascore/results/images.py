"""What other stages need to know of an image store."""

from collections import Counter
from typing import Any, ClassVar

from pydantic import ConfigDict

from nascore.results.record import RecordFile

REASONS = {
    "undecodable": "cannot be decoded",
    "empty": "empty",
    "unknown_format": "of no format that is read",
    "too_large": "larger than data.max_pixels",
    "unknown_white": "without data.white",
    "too_bright": "brighter than data.white",
    "too_dark": "of 16 bits and all but black",
    "unreadable": "damaged in their archive",
    "two_classes": "in two classes",
}
"""What the codes of a manifest mean; see `nascore.data.source.CorruptImage` and `nascore.data.store_writer`."""


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
    corrupt
        The images that were left out, each with a code of `REASONS`.
    duplicates
        The images that were left out because another split has them.
    source
        Where the images come from; files that it ignored by suffix or reason under ``ignored_files``.
    """

    WHAT: ClassVar[str] = "the manifest of an image store"
    RULE: ClassVar[str] = "prepare_images"
    model_config = ConfigDict(extra="ignore")

    class_names: list[str]
    resolutions: list[int]
    splits: dict[str, list[Any]]
    corrupt: list[dict[str, str]]
    duplicates: list[dict[str, str]]
    source: dict[str, Any]

    def left_out(self) -> dict[str, int]:
        """Return how many files were left out, by reason, most first."""
        counts = Counter(REASONS.get(entry["code"], entry["code"]) for entry in self.corrupt)
        counts["also in another split"] = len(self.duplicates)
        for reason, number in self.source.get("ignored_files", {}).items():
            counts[f"{reason} files" if reason.startswith(".") else reason or "files without a suffix"] += number
        return {reason: number for reason, number in counts.most_common() if number}

    def summary(self) -> str:
        """Return in one line how many images are in each split, what was left out, and the classes."""
        splits = ", ".join(f"{split} {len(images):,}" for split, images in self.splits.items())
        left_out = "; ".join(f"{number:,} {reason}" for reason, number in self.left_out().items())
        return f"{splits}; left out: {left_out or 'nothing'}; classes: {', '.join(self.class_names)}"
