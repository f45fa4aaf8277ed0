"""Training of the MLP predictors: the only module of the numbers wing that needs torch.

It is imported inside `fit`. Training runs on one thread with torch's generator forked from the root seed, so the same
rows and seed give the same weights, bit for bit, and nobody else's random numbers change.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from nascore.predictors.storage import Arrays
from nascore.progress import progress
from nascore.seeds import integer_seed


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Make torch deterministic on one thread and seed it; everything is put back at the end.

    More threads would split sums differently on machines with another number of cores.
    """
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            torch.set_num_threads(1)
            torch.use_deterministic_algorithms(True)
            yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)


class PublishedMlp(nn.Module):
    """The published network, with its published parameter names."""

    def __init__(self, n_features: int, hidden: int, base_acc: float) -> None:
        super().__init__()
        widths = [n_features, hidden, hidden, hidden]
        blocks = [nn.Sequential(nn.Linear(a, b), nn.ReLU()) for a, b in pairwise(widths)]
        self.layers = nn.Sequential(*blocks, nn.Linear(hidden, 1, bias=False))
        self.base_acc = nn.Parameter(torch.tensor(base_acc, dtype=torch.float32), requires_grad=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the `(n,)` accuracies of `(n, n_features)` encodings."""
        correction: torch.Tensor = self.layers(features)[:, 0]
        return correction + self.base_acc


def train_published(
    features: NDArray[np.float32],
    accuracy: NDArray[np.float64],
    *,
    hidden: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
) -> Arrays:
    """Train the published network the published way: L1 loss, Adam, shuffled batches with a ragged last one.

    Returns
    -------
    Arrays
        The float32 state dict.
    """
    inputs, targets = torch.from_numpy(features), torch.from_numpy(accuracy.astype(np.float32))
    with reproducible(integer_seed(seed, "predictor", "mlp")):
        model = PublishedMlp(features.shape[1], hidden, float(accuracy.mean()))
        optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=learning_rate)
        for _ in progress(range(epochs), "training epochs"):
            for rows in torch.randperm(len(inputs)).split(batch_size):
                optimizer.zero_grad()
                nn.functional.l1_loss(model(inputs[rows]), targets[rows]).backward()
                optimizer.step()
    return {name: tensor.numpy() for name, tensor in model.state_dict().items()}


def train_ensemble(
    inputs: NDArray[np.float32],
    targets: NDArray[np.float64],
    *,
    members: int,
    hidden: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    weight_decay: float,
    dropout: float,
    seed: int,
    stage: str,
) -> Arrays:
    """Train MLPs with two hidden layers side by side, each on its own shuffles: L1, AdamW, cosine schedule.

    Returns
    -------
    Arrays
        `members.<layer>.weight` of shape `(members, n_in, n_out)` and `members.<layer>.bias` of shape
        `(members, n_out)`, float32.
    """
    features, wanted = torch.from_numpy(inputs), torch.from_numpy(targets.astype(np.float32))
    n_rows, batch_size = len(inputs), min(batch_size, len(inputs))
    n_steps = epochs * (n_rows // batch_size)
    with reproducible(integer_seed(seed, "predictor", "mlp_tuned", stage)):
        parameters = _initial(members, [inputs.shape[1], hidden, hidden, 1])
        optimizer = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=weight_decay)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
        for _ in progress(range(epochs), "training epochs"):
            orders = torch.stack([torch.randperm(n_rows) for _ in range(members)])
            # A ragged last batch is left out; the next epoch's shuffle has other rows there.
            for rows in orders[:, : n_rows - n_rows % batch_size].split(batch_size, dim=1):
                optimizer.zero_grad()
                outputs = _forward(features[rows], parameters, dropout)
                # Mean over rows, sum over members: no member's gradient depends on how many there are.
                loss = (outputs - wanted[rows]).abs().mean(dim=1).sum()
                loss.backward()
                optimizer.step()
                schedule.step()
    names = [f"members.{layer}.{part}" for layer in range(3) for part in ("weight", "bias")]
    return {name: parameter.detach().numpy() for name, parameter in zip(names, parameters, strict=True)}


def _initial(members: int, widths: list[int]) -> list[nn.Parameter]:
    """Return weights and biases layer by layer, drawn as `nn.Linear` draws them."""
    parameters = []
    for n_in, n_out in pairwise(widths):
        bound = n_in**-0.5
        parameters.append(nn.Parameter(torch.empty(members, n_in, n_out).uniform_(-bound, bound)))
        parameters.append(nn.Parameter(torch.empty(members, n_out).uniform_(-bound, bound)))
    return parameters


def _forward(inputs: torch.Tensor, parameters: list[nn.Parameter], dropout: float) -> torch.Tensor:
    """Return the `(members, n)` outputs for each member's own `(members, n, n_inputs)` rows."""
    hidden = inputs
    for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        hidden = torch.baddbmm(bias[:, None], hidden, weight).relu()
        hidden = nn.functional.dropout(hidden, dropout)
    return torch.baddbmm(parameters[-1][:, None], hidden, parameters[-2])[:, :, 0]
