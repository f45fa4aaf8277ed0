"""Makes the supernet that training starts from of the weights of a published network."""

from pathlib import Path

from nascore.data.store import ImageStore
from nascore.errors import DataError
from nascore.evaluation.measure import measure
from nascore.evaluation.validation import interval
from nascore.seeds import integer_seed
from nascore.spaces.described import DescribedSpace
from nascore.supernet import Supernet
from nascore.supernet.initialise import new_supernet
from nascore.supernet.inputs import find_device
from nascore.supernet.start import read_start

TOLERANCE = 0.05
"""How far the accuracy on other images may be from the known one, beside the noise of their number."""


def started_supernet(
    path: str | Path,
    space: DescribedSpace,
    store: ImageStore,
    *,
    seed: int,
    known_accuracy: float | None = None,
    device: str = "auto",
) -> Supernet:
    """Return a supernet whose published subnet has the weights of a file, and say how good they are on `search`.

    Parameters
    ----------
    path, space
        See `nascore.supernet.start.read_start`.
    store
        The images that training will have.
    seed
        The root seed of the weights that the published network does not have.
    known_accuracy
        The accuracy that the weights should have, about.

    Raises
    ------
    DataError
        If the weights cannot be read or do not fit, or their accuracy is far from the known one.
    """
    published = read_start(path, space, store.class_names)
    found = measure(published, store, split="search", device=find_device(device))
    lower, upper = interval(found)
    said = f"{found.accuracy:.4f} ({lower:.4f} to {upper:.4f}) on {found.n_images} images of search"
    if known_accuracy is not None and not lower - TOLERANCE <= known_accuracy <= upper + TOLERANCE:
        raise DataError(
            f"{path}: the published network has accuracy {said}, and supernet.start_accuracy is {known_accuracy}; "
            "check input, padding, classes and layers of the description of the space"
        )
    print(f"published network: accuracy {said}")
    supernet = new_supernet(space, integer_seed(seed, "training", "initial weights"))
    assert isinstance(supernet, Supernet)
    supernet.copy_from(published)
    return supernet
