"""The phases of a training: which subnets each trains, in what order, and for how long. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from nascore.errors import ConfigError
from nascore.spaces.staged import Genes, StagedSpace
from nascore.training.options import TrainingOptions

ALL = 100
"""More than any choice has values."""

PUBLISHED_PHASES = {
    # name: how many of the largest kernels, depths, expand ratios and global choices but the resolution; subnets per
    # step, share of the epochs, share of the learning rate
    "largest": (1, 1, 1, 1, 1, 0.30, 1.0),
    "kernel": (ALL, 1, 1, 1, 1, 0.20, 0.4),
    "depth_1": (ALL, 2, 1, 1, 2, 0.05, 0.03),
    "depth_2": (ALL, ALL, 1, 1, 2, 0.15, 0.1),
    "expand_1": (ALL, ALL, 2, 1, 4, 0.05, 0.03),
    "expand_2": (ALL, ALL, ALL, 1, 4, 0.15, 0.1),
    "width": (ALL, ALL, ALL, ALL, 4, 0.10, 0.1),
}
"""Once-for-All's schedule (Cai et al., 2020; `train_ofa_net.py`), in shares; the width phase as its library has it."""

MULTI_PATH_PHASES = {"heaviest": (0.75, 1.0), "multi_path": (0.25, 0.1)}
"""BINAS's schedule (Nayman et al., 2021; 300 and 100 epochs): shares of the epochs and of the learning rate."""

SUPERNET_OF_STRATEGY = {"progressive_shrinking": "elastic", "multi_path": "multi_path"}
"""Strategies that train one kind of supernet alone; see `nascore.spaces.staged.StagedSpace.supernet`."""


@dataclass(frozen=True)
class Phase:
    """One phase of a training.

    Parameters
    ----------
    name
        Its name, also of its folder and of its random streams.
    space
        The part of the space that is elastic in it.
    epochs
        Passes over the training images.
    learning_rate
        The peak.
    n_random
        Random subnets per step.
    sandwich
        Whether each step also trains the largest subnet, which teaches the others, and the smallest.
    sort_channels
        Before the first step, sort middle channels: 1 all of them, 2 within the bands of the two widest expand
        ratios; 0 not at all.
    multi_path
        Whether each image of a step goes through a random subnet of its own, whatever `n_random` is.
    """

    name: str
    space: StagedSpace
    epochs: int
    learning_rate: float
    n_random: int
    sandwich: bool = False
    sort_channels: int = 0
    multi_path: bool = False

    def subnets(self, rng: np.random.Generator, resolution: int, n_images: int = 1) -> Genes:
        """Return the `(n, n_genes)` subnets of one step, all of one resolution; in a sandwich the largest first.

        Of a multi-path phase they are as many as images.
        """
        space = self.space.restrict({"resolution": [resolution]})
        drawn = space.sample(n_images if self.multi_path else self.n_random, rng)
        return np.stack([space.largest(), *drawn, space.smallest()]) if self.sandwich else drawn


def phases(options: TrainingOptions, space: StagedSpace) -> tuple[Phase, ...]:
    """Return the phases of a training in order.

    Their epochs add up to those of the options, where these are at least as many as there are phases.

    Raises
    ------
    ConfigError
        If the strategy is for another kind of supernet.
    """
    if (needed := SUPERNET_OF_STRATEGY.get(options.strategy, space.supernet)) != space.supernet:
        raise ConfigError(
            f"training.strategy is {options.strategy!r}, which trains {needed} supernets; that of space {space.name!r} "
            f"is {space.supernet}"
        )
    if options.strategy == "sandwich":
        name, n_random = "sandwich", options.random_subnets
        return (Phase(name, space, options.epochs, options.learning_rate, n_random, sandwich=True),)
    if options.strategy == "multi_path":
        return _multi_path_phases(options, space)
    parts = {name: _part(name, space) for name in PUBLISHED_PHASES}
    # Of a space without some of the choices, the phases that would train nothing new are left out.
    names = [name for name in parts if parts[name] not in [parts[other] for other in takewhile(name.__ne__, parts)]]
    epochs = _divided(options.epochs, {name: PUBLISHED_PHASES[name][5] for name in names})
    return tuple(_published_phase(name, epochs[name], options, parts[name]) for name in names)


def _divided(epochs: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Divide epochs by shares; each phase has at least one, so that few epochs become as many as there are phases."""
    given = dict.fromkeys(shares, 1)
    while sum(given.values()) < epochs:
        given[max(shares, key=lambda name: shares[name] * epochs - given[name])] += 1
    return given


def _multi_path_phases(options: TrainingOptions, space: StagedSpace) -> tuple[Phase, Phase]:
    """Return the two phases of BINAS: the largest subnet alone, then a random one for each image."""
    epochs = _divided(options.epochs, {name: share for name, (share, _) in MULTI_PATH_PHASES.items()})
    rates = {name: rate * options.learning_rate for name, (_, rate) in MULTI_PATH_PHASES.items()}
    largest = space.restrict({c.name: space.allowed_values(c)[-1:] for c in space.gene_choices[space.n_globals :]})
    heaviest, paths = MULTI_PATH_PHASES
    return (
        Phase(heaviest, largest, epochs[heaviest], rates[heaviest], n_random=1),
        Phase(paths, space, epochs[paths], rates[paths], n_random=0, sort_channels=1, multi_path=True),
    )


def _part(name: str, space: StagedSpace) -> StagedSpace:
    """Return the part of a space that is elastic in a phase of progressive shrinking."""
    kernels, depths, expands, widths, *_ = PUBLISHED_PHASES[name]
    numbers = {f"{stage.name}.depth": depths for stage in space.stages}
    numbers |= {choice.name: widths for choice in space.global_choices if choice.name != "resolution"}
    for block in space.block_names:
        numbers |= {f"{block}.kernel": kernels, f"{block}.expand": expands}
    whole = space.unrestricted()
    values = {choice.name: whole.allowed_values(choice) for choice in space.gene_choices if choice.name in numbers}
    return space.restrict({name: found[-numbers[name] :] for name, found in values.items()})


def _published_phase(name: str, epochs: int, options: TrainingOptions, part: StagedSpace) -> Phase:
    """Return one phase of progressive shrinking."""
    n_random, _, rate = PUBLISHED_PHASES[name][4:]
    return Phase(
        name,
        part,
        epochs=epochs,
        learning_rate=rate * options.learning_rate,
        n_random=n_random,
        sort_channels={"expand_1": 1, "expand_2": 2}.get(name, 0),
    )
