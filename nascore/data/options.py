"""Options of the sources of images, with their bounds; a configuration is checked against these."""

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from nascore.strict import Name, Strict

Count = Annotated[int, Field(ge=1, le=10_000_000)]
LINEAGE = "lineage"
Halves = Literal["random", "published"]
FILES = ("minival", "annotations", "train_images", "val_images")
"""The options of Visual Wake Words that name a file or an address."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class SourceOptions(Strict):
    """What all sources share."""

    name: Name | None = Field(
        None,
        description="Name of the image store, the folder `data/<name>`; by default that of the source. Runs on other "
        "images, or with other options, need one of their own.",
    )

    @field_validator("name")
    @classmethod
    def _is_free(cls, name: str | None) -> str | None:
        if name == LINEAGE:
            raise ValueError(f"{LINEAGE!r} is the folder in which lineage is kept; expected another name")
        return name

    @property
    def store(self) -> str:
        """The name of the image store."""
        return self.name or str(vars(self)["source"])

    def content(self, without: Collection[str] = ()) -> dict[str, Any]:
        """Return all options but the place of the store, as plain data; these decide what it holds."""
        return self.model_dump(mode="json", exclude={"name", *without})


class SyntheticOptions(SourceOptions):
    """Rendered scenes with and without a person; needs no file."""

    source: Literal["synthetic"] = Field("synthetic", description="Rendered scenes with and without a person.")
    train: Count = Field(6000, description="Images to train on.")
    calibration: Count = Field(500, description="Images that batch norms are calibrated on.")
    search: Count = Field(1500, description="Images that the accuracy dataset is measured on.")
    test: Count = Field(2000, description="Images that only the final validation sees.")


class PhotoOptions(SourceOptions):
    """What sources of image files share."""

    calibration: Count | None = Field(
        None,
        description="Training images that batch norms are calibrated on instead; by default 1,000, or a quarter of "
        "them if that is fewer.",
    )
    halves: Halves = Field(
        "random",
        description="How validation images become `search` and `test`: drawn at `random`, or the `published` halves, "
        "every second image in sorted order.",
    )
    allow_corrupt: bool = Field(
        False, description="Whether files that are not whole images are skipped and recorded, instead of an error."
    )
    # Pillow itself refuses more than twice its own limit.
    max_pixels: Annotated[int, Field(ge=1, le=178_956_970)] = Field(
        89_478_485, description="Pixels (width times height) above which an image is refused before it is decoded."
    )
    white: Annotated[int, Field(ge=1, le=2**32 - 1)] | None = Field(
        None,
        description="The value of greys of more than 8 bits that is white, in all images: 65535 if they use all of 16 "
        "bits. Without it such images are refused.",
    )


class ImageFolderOptions(PhotoOptions):
    """A folder of images with one folder per class, given by the key `images`."""

    source: Literal["image_folder"] = Field("image_folder", description="A folder of images, one folder per class.")
    validation_share: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.2, description="Share of every class that is for `search` and `test`, in a folder without train and val."
    )


class VwwOptions(PhotoOptions):
    """Visual Wake Words from COCO 2014; the key `images` is the folder that downloads are kept in."""

    source: Literal["vww"] = Field("vww", description="Visual Wake Words, made from COCO 2014.")
    minival: str = Field(description="File or URL of the published list of validation image ids, one a line.")
    train_images: str = Field(
        "http://images.cocodataset.org/zips/train2014.zip", description="File or URL of the training images."
    )
    val_images: str = Field(
        "http://images.cocodataset.org/zips/val2014.zip", description="File or URL of the validation images."
    )
    annotations: str = Field(
        "http://images.cocodataset.org/annotations/annotations_trainval2014.zip",
        description="File or URL of the annotations of both.",
    )
    sha256: dict[Literal["minival", "train_images", "val_images", "annotations"], Sha256] = Field(
        {}, description="SHA-256 that each of these files must have, where known."
    )


DataOptions = Annotated[SyntheticOptions | ImageFolderOptions | VwwOptions, Field(discriminator="source")]
"""Any source's options, told apart by `source`."""
