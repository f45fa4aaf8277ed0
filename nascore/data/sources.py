"""From the options of a configuration to a source of images."""

from pathlib import Path

from nascore.data.folder_layout import find_layout
from nascore.data.image_folder import ImageFolder
from nascore.data.options import ImageFolderOptions, SyntheticOptions, VwwOptions
from nascore.data.source import Source
from nascore.data.synthetic import CLASS_NAMES, Synthetic
from nascore.data.vww import VisualWakeWords
from nascore.errors import ConfigError

Options = SyntheticOptions | ImageFolderOptions | VwwOptions


def make_source(options: Options, images: str | Path | None, seed: int) -> Source:
    """Make a source of images; nothing is read, rendered or downloaded yet.

    Parameters
    ----------
    options
        Which source, and its options.
    images
        The folder that it needs: of images, or to keep downloads in. Only `synthetic` needs none.
    seed
        The run's root seed.

    Raises
    ------
    ConfigError
        If `images` is missing where it is needed.
    """
    if isinstance(options, SyntheticOptions):
        return Synthetic(options, seed)
    folder = _needed(options, images)
    return (
        VisualWakeWords(folder, options, seed)
        if isinstance(options, VwwOptions)
        else ImageFolder(folder, options, seed)
    )


def n_classes(options: Options, images: str | Path | None) -> int:
    """Return how many classes a source has; lists folders at most. See `make_source`."""
    if isinstance(options, ImageFolderOptions):
        return len(find_layout(Path(_needed(options, images))).class_names)
    return len(CLASS_NAMES)


def _needed(options: ImageFolderOptions | VwwOptions, images: str | Path | None) -> str | Path:
    """Return the folder that a source needs."""
    if not images:
        raise ConfigError(
            f"the image source {options.source} needs a folder: set the key images, for example with "
            "--config images=PATH"
        )
    return images
