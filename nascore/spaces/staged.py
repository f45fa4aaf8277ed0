"""Design spaces made of stages of blocks, with architectures as rows of an integer matrix.

`StagedSpace` is what the rest of the project uses: the structure of `nascore.spaces.structure`, random architectures,
encodings, and what only a particular space knows (its layers and its published form). Every matrix that a space
returns is canonical, so equal rows are equal networks and the reverse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nascore.errors import SpaceError
from nascore.spaces import operators
from nascore.spaces.inputs import check_keys
from nascore.spaces.layers import Unit
from nascore.spaces.one_hot import OneHotLayout
from nascore.spaces.structure import Choice, Genes, GeneSpace, Stage

__all__ = ["Choice", "Genes", "Stage", "StagedSpace"]

NBSP = "\u00a0"
"""Keeps a number and its unit on one line."""


@dataclass(frozen=True)
class StagedSpace(GeneSpace):
    """A design space; see `nascore.spaces.structure` for its other parameters and the layout of its genes.

    Parameters
    ----------
    n_classes
        Outputs of the classifier.
    """

    n_classes: int = 2

    batch_norm_eps: ClassVar[float] = 1e-5
    """What batch normalisations add to variances."""

    mean: ClassVar[float] = 0.5
    """What is taken off from every channel of an image, where pixels are in [0, 1]."""

    std: ClassVar[float] = 0.5
    """What the rest is divided by."""

    supernet: ClassVar[str] = "elastic"
    """How the weights of all architectures are one network: ``"elastic"``, of which a subnet uses a part, or
    ``"multi_path"``, in which every image of a batch takes an operation of its own."""

    def options(self) -> dict[str, Any]:
        """Return what else than the name makes networks of the space what they are."""
        return {"n_classes": self.n_classes}

    # -- random architectures ----------------------------------------------------------------------

    def sample(self, n: int, rng: np.random.Generator) -> Genes:
        """Draw `n` architectures, every gene uniform over its allowed values."""
        return operators.sample(self, n, rng)

    def mutate(
        self, genes: Genes, rng: np.random.Generator, *, arch_prob: float = 0.1, global_prob: float = 0.5
    ) -> Genes:
        """Return one mutant per row; see `nascore.spaces.operators.mutate`."""
        return operators.mutate(self, genes, rng, arch_prob=arch_prob, global_prob=global_prob)

    def crossover(self, first: Genes, second: Genes, rng: np.random.Generator) -> Genes:
        """Return one child per pair of rows; see `nascore.spaces.operators.crossover`."""
        return operators.crossover(self, first, second, rng)

    # -- one-hot encoding --------------------------------------------------------------------------

    def encode(self, genes: Genes) -> NDArray[np.float32]:
        """Return the `(n, n_features)` one-hot encoding; see `nascore.spaces.one_hot`."""
        return OneHotLayout(self).encode(genes)

    def decode(self, features: ArrayLike) -> Genes:
        """Return the genes behind a one-hot encoding; the exact inverse of `encode`."""
        return OneHotLayout(self).decode(features)

    # -- layers ------------------------------------------------------------------------------------

    def first_units(self, global_index: int) -> list[Unit]:
        """Return the units before the blocks, in order of execution: the stem, which is one layer, and maybe others."""
        raise NotImplementedError(f"space {self.name!r} has no layers")

    def last_units(self, global_index: int) -> list[Unit]:
        """Return the units behind the blocks: a last convolution or none, and the classifier on the pooled map."""
        raise NotImplementedError(f"space {self.name!r} has no layers")

    def block_unit(self, global_index: int, block: int, op: int) -> Unit:
        """Return the layers that a block is with one of its operations."""
        raise NotImplementedError(f"space {self.name!r} has no layers")

    def fixed_units(self, global_index: int) -> list[Unit]:
        """Return the units that every architecture of a global combination has, in order of execution."""
        return [*self.first_units(global_index), *self.last_units(global_index)]

    def units(self, genes: Genes) -> list[Unit]:
        """Return the units of one canonical `(n_genes,)` architecture, in order of execution."""
        row = genes[None]
        g = int(self.global_index(row)[0])
        ops, executed = self.op_index(row)[0], self.executed(row)[0]
        blocks = [self.block_unit(g, int(block), int(ops[block])) for block in np.flatnonzero(executed)]
        return [*self.first_units(g), *blocks, *self.last_units(g)]

    # -- labels ------------------------------------------------------------------------------------

    def value_label(self, gene: str, value: int) -> str:
        """Write the value of a gene with its unit."""
        if gene.endswith(".se"):
            return "on" if value else "off"
        unit = {"resolution": f"{NBSP}px", "depth": " blocks" if value != 1 else " block"}
        return f"{value}{unit.get(gene.rsplit('.')[-1], '')}"

    def arch_label(self, arch: Mapping[str, Any]) -> str:
        """Name an architecture in its published form by its global choices and its depths."""
        genes = self.from_dicts([arch])
        chosen = zip(self.global_choices, self.global_values[self.global_index(genes)[0]].tolist(), strict=True)
        size, *others = [(c, self.value_label(c.name, value)) for c, value in chosen]
        named = [f"{choice.name} {label}" for choice, label in others if len(choice.values) > 1]
        return ", ".join([size[1], *named, f"depths{NBSP}{NBSP.join(map(str, self.depths(genes)[0]))}"])

    def choices_of(self, arch: Mapping[str, Any]) -> dict[str, int]:
        """Return the global choices of a published form: `resolution` in pixels, and `width` in % if there is one."""
        return {choice.name: arch[choice.name] for choice in self.global_choices}

    # -- the published forms -----------------------------------------------------------------------

    @property
    def column_types(self) -> Mapping[str, str]:
        """Columns of a table of architectures: name to ``"string"``, ``"int8"``, ``"int16"`` or ``"list<int8>"``.

        By default there is one of each gene.
        """
        return dict.fromkeys(self.gene_names, "int16")

    def to_columns(self, genes: Genes) -> dict[str, list[Any]]:
        """Return `(n, n_genes)` canonical architectures as the columns of `column_types`, `n` entries each."""
        dicts = self.to_dicts(genes)
        return {name: [entry[name] for entry in dicts] for name in self.column_types}

    def from_columns(self, columns: Mapping[str, Sequence[Any]]) -> Genes:
        """Read architectures from the columns of `column_types`; the inverse of `to_columns`.

        Raises
        ------
        SpaceError
            If a row is not an architecture of the space; names the row and the column.
        """
        rows = zip(*(columns[name] for name in self.column_types), strict=True)
        return self.from_dicts([dict(zip(self.column_types, row, strict=True)) for row in rows])

    def to_dicts(self, genes: Genes) -> list[dict[str, Any]]:
        """Return architectures in the published form of the space, a dictionary each; by default gene: value."""
        return [
            {choice.name: choice.values[index] for choice, index in zip(self.gene_choices, row, strict=True)}
            for row in genes.tolist()
        ]

    def from_dicts(self, dicts: Sequence[Mapping[str, Any]]) -> Genes:
        """Read architectures in the published form of the space; the inverse of `to_dicts`.

        Raises
        ------
        SpaceError
            If a key is unknown or missing, or a value is not a choice; names the row and the key.
        """
        rows = []
        for number, entry in enumerate(dicts):
            try:
                rows.append(self._indices(entry))
            except SpaceError as error:
                raise SpaceError(f"row {number}: {error}") from None
        return self.canonical(np.array(rows, dtype=np.int8).reshape(len(rows), self.n_genes))

    def _indices(self, entry: Mapping[str, Any]) -> list[int]:
        """Return the indices of one architecture as `{gene: value}`."""
        check_keys(entry, self.gene_names)
        for choice in self.gene_choices:
            value = entry[choice.name]
            if isinstance(value, bool) or value not in choice.values:
                raise SpaceError(f"{choice.name} is {value!r}; expected one of {choice.values}")
        return [choice.values.index(entry[choice.name]) for choice in self.gene_choices]
