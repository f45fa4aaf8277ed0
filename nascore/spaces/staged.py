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


@dataclass(frozen=True)
class StagedSpace(GeneSpace):
    """A design space; see `nascore.spaces.structure` for its parameters and the layout of its genes."""

    batch_norm_eps: ClassVar[float] = 1e-5
    """What batch normalisations add to variances."""

    def options(self) -> dict[str, Any]:
        """Return what else makes networks of the space what they are, e.g. the number of classes."""
        return {}

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

    def fixed_units(self, global_index: int) -> list[Unit]:
        """Return the units that every architecture of a global combination has, in order of execution."""
        raise NotImplementedError(f"space {self.name!r} has no layers")

    def block_unit(self, global_index: int, block: int, op: int) -> Unit:
        """Return the layers that a block is with one of its operations."""
        raise NotImplementedError(f"space {self.name!r} has no layers")

    # -- the published forms -----------------------------------------------------------------------

    column_types: ClassVar[Mapping[str, str]] = {}
    """Columns of a table of architectures: name to ``"string"``, ``"int8"``, ``"int16"`` or ``"list<int8>"``."""

    def to_columns(self, genes: Genes) -> dict[str, list[Any]]:
        """Return `(n, n_genes)` canonical architectures as the columns of `column_types`, `n` entries each."""
        raise NotImplementedError(f"space {self.name!r} has no published columns")

    def from_columns(self, columns: Mapping[str, Sequence[Any]]) -> Genes:
        """Read architectures from the columns of `column_types`; the inverse of `to_columns`.

        Raises
        ------
        SpaceError
            If a row is not an architecture of the space; names the row and the column.
        """
        raise NotImplementedError(f"space {self.name!r} has no published columns")

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
        return self.canonical(rows)

    def _indices(self, entry: Mapping[str, Any]) -> list[int]:
        """Return the indices of one architecture as `{gene: value}`."""
        check_keys(entry, self.gene_names)
        for choice in self.gene_choices:
            value = entry[choice.name]
            if isinstance(value, bool) or value not in choice.values:
                raise SpaceError(f"{choice.name} is {value!r}; expected one of {choice.values}")
        return [choice.values.index(entry[choice.name]) for choice in self.gene_choices]
