"""A subnet as a LiteRT (TFLite) model in float32, by a package that the locked environment does not have.

It brings hundreds of megabytes of other packages, so it is an extra, and no rule of the workflow makes such a model.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from nascore.data.source import Pixels
from nascore.errors import ConfigError
from nascore.evaluation.measure import fold
from nascore.files import replacing
from nascore.supernet import Subnet
from nascore.supernet.inputs import normalise

PACKAGE = "litert_torch"


def require_litert() -> None:
    """Refuse where the package of the extra `litert` is not installed.

    Raises
    ------
    ConfigError
        With the extra that installs it.
    """
    if find_spec(PACKAGE) is None:
        raise ConfigError("a LiteRT model needs litert-torch, not installed here: pip install 'nascore[litert]'")


@torch.no_grad()
def write_litert(path: Path, subnet: Subnet, images: Pixels) -> float:
    """Write a calibrated subnet as a LiteRT model of one image, and return how far its logits are from PyTorch's.

    Parameters
    ----------
    images
        The `(n, resolution, resolution, 3)` uint8 images that logits are compared on.

    Raises
    ------
    ConfigError
        If the package is not installed.
    DataError
        If the file cannot be written.
    """
    require_litert()
    network = fold(subnet).requires_grad_(False)
    x = normalise(images, torch.device("cpu"), subnet.space.mean, subnet.space.std).contiguous()
    model = import_module(PACKAGE).convert(network, (x[:1],))
    with replacing(path) as temporary:
        model.export(str(temporary))
    answers = np.concatenate([np.asarray(model(image[None])) for image in x])
    return float(np.abs(answers - network(x).numpy()).max())
