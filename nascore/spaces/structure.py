"""The structure of a staged design space: what each gene means, and which values of it are searched.

A space has global choices (resolution, width, ...), stages with a choice of depth, and blocks with choices of their own
(kernel, expand ratio, ...). An architecture is a row of *genes*, each the index of a chosen value:

    [global choices ... | depth of each stage ... | choices of block 0 ... | choices of block 1 ... | ...]

A stage executes its first `depth` blocks; the genes of the others are inert and are 0 in *canonical* form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from math import prod
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nascore.errors import SpaceError, unknown_name

Genes = NDArray[np.int8]


@dataclass(frozen=True)
class Choice:
    """A named list of values of which an architecture takes one, in increasing order."""

    name: str
    values: tuple[int, ...]


@dataclass(frozen=True)
class Stage:
    """A run of `max(depths)` blocks of which the first `depth` are executed."""

    name: str
    depths: tuple[int, ...]

    @property
    def n_blocks(self) -> int:
        """Number of blocks that the stage can execute."""
        return max(self.depths)


@dataclass(frozen=True)
class GeneSpace:
    """Genes and their meaning; see the module's first paragraph for their layout.

    Parameters
    ----------
    name
        The space's registered name; part of every `arch_id`.
    global_choices, stages, block_choices
        The structure. Every block has the same `block_choices`.
    allowed
        Pairs of a gene name and the values that `sample`, `mutate`, `size` and the searches keep to; genes
        that are not named are free. Set it with `restrict`.
    structure
        Likewise the values that architectures can have at all, of genes that cannot have all of their choice. `allowed`
        keeps to them.
    """

    name: str
    global_choices: tuple[Choice, ...]
    stages: tuple[Stage, ...]
    block_choices: tuple[Choice, ...]
    allowed: tuple[tuple[str, tuple[int, ...]], ...] = ()
    structure: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def identity(self) -> str:
        """What tells the space from every other, resolutions aside: its name, where that says all."""
        return self.name

    # -- structure ---------------------------------------------------------------------------------

    @cached_property
    def n_globals(self) -> int:
        """Number of global genes."""
        return len(self.global_choices)

    @cached_property
    def n_blocks(self) -> int:
        """Number of blocks of the largest architecture."""
        return sum(stage.n_blocks for stage in self.stages)

    @cached_property
    def block_names(self) -> tuple[str, ...]:
        """Names like ``stage2.block0``, one per block."""
        return tuple(f"{stage.name}.block{i}" for stage in self.stages for i in range(stage.n_blocks))

    @cached_property
    def gene_choices(self) -> tuple[Choice, ...]:
        """The choice behind each gene, in the order of the genes, with the gene's full name."""
        depths = [Choice(f"{stage.name}.depth", stage.depths) for stage in self.stages]
        blocks = [
            Choice(f"{block}.{choice.name}", choice.values)
            for block in self.block_names
            for choice in self.block_choices
        ]
        return (*self.global_choices, *depths, *blocks)

    @cached_property
    def gene_names(self) -> tuple[str, ...]:
        """Full name of each gene, e.g. ``resolution``, ``stage2.depth``, ``stage2.block0.kernel``."""
        return tuple(choice.name for choice in self.gene_choices)

    @cached_property
    def n_genes(self) -> int:
        """Number of genes of one architecture."""
        return len(self.gene_choices)

    @cached_property
    def depth_slice(self) -> slice:
        """Where the depth genes stand."""
        return slice(self.n_globals, self.n_globals + len(self.stages))

    @cached_property
    def n_ops(self) -> int:
        """Number of operations of one block: the product of its choices."""
        return prod(len(choice.values) for choice in self.block_choices)

    @cached_property
    def op_values(self) -> NDArray[np.int64]:
        """An `(n_ops, n_block_choices)` array: the values behind each operation index."""
        grids = np.meshgrid(*(choice.values for choice in self.block_choices), indexing="ij")
        return np.stack([grid.ravel() for grid in grids], axis=1)

    @cached_property
    def global_values(self) -> NDArray[np.int64]:
        """An `(n_global_combinations, n_globals)` array: the values behind each `global_index`."""
        if not self.global_choices:
            return np.zeros((1, 0), dtype=np.int64)
        grids = np.meshgrid(*(choice.values for choice in self.global_choices), indexing="ij")
        return np.stack([grid.ravel() for grid in grids], axis=1)

    @cached_property
    def stage_of_block(self) -> NDArray[np.int64]:
        """An `(n_blocks,)` array: index of the stage that each block belongs to."""
        return np.repeat(np.arange(len(self.stages)), [stage.n_blocks for stage in self.stages])

    @cached_property
    def place_in_stage(self) -> NDArray[np.int64]:
        """An `(n_blocks,)` array: position of each block inside its stage."""
        return np.concatenate([np.arange(stage.n_blocks) for stage in self.stages])

    # -- reading genes -----------------------------------------------------------------------------

    def block_genes(self, genes: Genes) -> Genes:
        """View `(n, n_genes)` genes as `(n, n_blocks, n_block_choices)` block genes."""
        return genes[:, self.depth_slice.stop :].reshape(len(genes), self.n_blocks, len(self.block_choices))

    def op_index(self, genes: Genes) -> NDArray[np.int64]:
        """Return the `(n, n_blocks)` operation index of each block, executed or not."""
        index = np.zeros((len(genes), self.n_blocks), dtype=np.int64)
        for position, choice in enumerate(self.block_choices):
            index = index * len(choice.values) + self.block_genes(genes)[:, :, position]
        return index

    def global_index(self, genes: Genes) -> NDArray[np.int64]:
        """Return the `(n,)` row of `global_values` that each architecture uses."""
        index = np.zeros(len(genes), dtype=np.int64)
        for position, choice in enumerate(self.global_choices):
            index = index * len(choice.values) + genes[:, position]
        return index

    def global_columns(self, genes: Genes) -> dict[str, NDArray[np.int64]]:
        """Return the `(n,)` values of each global choice, by name."""
        values = self.global_values[self.global_index(genes)]
        return {choice.name: values[:, position] for position, choice in enumerate(self.global_choices)}

    def depths(self, genes: Genes) -> NDArray[np.int64]:
        """Return the `(n, n_stages)` numbers of executed blocks."""
        columns = genes[:, self.depth_slice]
        return np.stack([np.asarray(s.depths)[columns[:, i]] for i, s in enumerate(self.stages)], axis=1)

    def executed(self, genes: Genes) -> NDArray[np.bool_]:
        """Return an `(n, n_blocks)` mask of the blocks that run."""
        return self.place_in_stage < self.depths(genes)[:, self.stage_of_block]

    def from_ops(self, global_index: NDArray[np.int64], ops: NDArray[np.int8]) -> Genes:
        """Return the genes of architectures given by their operations.

        Parameters
        ----------
        global_index
            An `(n,)` array of rows of `global_values`.
        ops
            An `(n, n_blocks)` array of operation indices, negative where a block does not run. Those that run
            must be the first ones of their stage.
        """
        genes = np.zeros((len(ops), self.n_genes), dtype=np.int8)
        for position, choice in enumerate(self.global_choices):
            genes[:, position] = np.searchsorted(choice.values, self.global_values[global_index, position])
        runs = ops >= 0
        for index, stage in enumerate(self.stages):
            depth = runs[:, self.stage_of_block == index].sum(axis=1)
            genes[:, self.depth_slice.start + index] = np.searchsorted(stage.depths, depth)
        chosen = self.op_values[ops[runs]]
        for position, choice in enumerate(self.block_choices):
            self.block_genes(genes)[runs, position] = np.searchsorted(choice.values, chosen[:, position])
        return genes

    def canonical(self, genes: ArrayLike) -> Genes:
        """Validate genes and set the inert ones to 0.

        Raises
        ------
        SpaceError
            If the array is not an integer matrix of `n_genes` columns, or a gene is out of range.
        """
        checked = self._checked(genes)
        self.block_genes(checked)[~self.executed(checked)] = 0
        if self.structure and not (possible := self._whole._inside(checked)).all():
            row, column = np.argwhere(~possible)[0]
            choice = self.gene_choices[column]
            expected = ", ".join(map(str, self._whole.allowed_values(choice)))
            raise SpaceError(
                f"row {row}: {choice.name} is {choice.values[checked[row, column]]}; expected one of {expected}"
            )
        return checked

    def _checked(self, genes: ArrayLike) -> Genes:
        """Return a fresh int8 copy of a valid gene matrix."""
        array = np.asarray(genes)
        if array.ndim != 2 or array.shape[1] != self.n_genes or array.dtype.kind not in "iu":
            raise SpaceError(
                f"genes of space {self.name!r} are an integer array of shape (n, {self.n_genes}); "
                f"got {array.dtype} of shape {array.shape}"
            )
        sizes = np.array([len(choice.values) for choice in self.gene_choices])
        wrong = np.argwhere((array < 0) | (array >= sizes))
        if len(wrong):
            row, column = wrong[0]
            raise SpaceError(
                f"row {row}: gene {self.gene_names[column]!r} is {array[row, column]}; "
                f"expected an index from 0 to {sizes[column] - 1} into {self.gene_choices[column].values}"
            )
        return array.astype(np.int8)

    def arch_id(self, genes: Genes) -> list[str]:
        """Return a stable 16-digit hash per architecture.

        It is made of the space's identity and the chosen values, not their indices, so it stays the same
        when a configuration lists other resolutions. The genes must be canonical.
        """
        values = np.stack(
            [np.asarray(c.values, dtype="<i2")[genes[:, i]] for i, c in enumerate(self.gene_choices)], axis=1
        )
        self.block_genes(values)[~self.executed(genes)] = 0
        prefix = self.identity.encode() + b"\0"
        return [blake2b(prefix + row.tobytes(), digest_size=8).hexdigest() for row in values]

    # -- the searched part -------------------------------------------------------------------------

    def restrict(self, choices: Mapping[str, Sequence[int]]) -> Self:
        """Return the same space with some genes kept to the given values.

        Genes keep their meaning, so tables, encodings and predictors of the whole space still fit.
        Restricting a restricted space keeps the values that both allow.

        Raises
        ------
        SpaceError
            If a gene is unknown, a value is not one of its choices, or nothing is left.
        """
        allowed = dict(self.allowed)
        for name, values in choices.items():
            if name not in self.gene_names:
                raise SpaceError(unknown_name(f"gene of space {self.name!r}", name, self.gene_names))
            valid = self.gene_choices[self.gene_names.index(name)].values
            strangers = [value for value in values if value not in valid]
            if strangers:
                raise SpaceError(f"{name} {strangers[0]!r} is not one of {valid} of space {self.name!r}")
            before = allowed.get(name, valid)
            allowed[name] = tuple(value for value in before if value in values)
            if not allowed[name]:
                raise SpaceError(f"no {name} is left: {tuple(values)} and {before} have nothing in common")
        return replace(self, allowed=tuple(sorted(allowed.items())))

    def largest(self) -> Genes:
        """Return the `(n_genes,)` architecture with the last allowed choice of every gene."""
        return self.canonical([[allowed[-1] for allowed in self.allowed_indices]])[0]

    def smallest(self) -> Genes:
        """Return the `(n_genes,)` architecture with the first allowed choice of every gene."""
        return self.canonical([[allowed[0] for allowed in self.allowed_indices]])[0]

    def unrestricted(self) -> Self:
        """Return the whole space."""
        return self._whole

    @cached_property
    def _whole(self) -> Self:
        """The whole space, made once: every check of an architecture asks for it."""
        return self if self.allowed == self.structure else replace(self, allowed=self.structure)

    def allowed_values(self, choice: Choice) -> tuple[int, ...]:
        """Return the values of a gene's choice that the searched part allows."""
        return dict(self.allowed).get(choice.name, choice.values)

    @cached_property
    def allowed_indices(self) -> tuple[NDArray[np.int64], ...]:
        """Per gene, the indices that the searched part allows."""
        return tuple(
            np.flatnonzero(np.isin(choice.values, self.allowed_values(choice))) for choice in self.gene_choices
        )

    @cached_property
    def allowed_ops(self) -> NDArray[np.bool_]:
        """An `(n_blocks, n_ops)` mask of the operations in the searched part."""
        mask = np.ones((self.n_blocks, self.n_ops), dtype=bool)
        for block, name in enumerate(self.block_names):
            for position, choice in enumerate(self.block_choices):
                values = self.allowed_values(Choice(f"{name}.{choice.name}", choice.values))
                mask[block] &= np.isin(self.op_values[:, position], values)
        return mask

    @cached_property
    def allowed_globals(self) -> NDArray[np.int64]:
        """The global indices in the searched part, increasing."""
        mask = np.ones(len(self.global_values), dtype=bool)
        for position, choice in enumerate(self.global_choices):
            mask &= np.isin(self.global_values[:, position], self.allowed_values(choice))
        return np.flatnonzero(mask)

    def allows(self, genes: Genes) -> NDArray[np.bool_]:
        """Return an `(n,)` mask of the architectures in the searched part; inert genes are not looked at."""
        return np.logical_and.reduce(self._inside(genes), axis=1)

    def _inside(self, genes: Genes) -> NDArray[np.bool_]:
        """Return an `(n, n_genes)` mask of the values in the searched part; those of inert genes count as such."""
        inside = np.ones(genes.shape, dtype=bool)
        for column, (choice, indices) in enumerate(zip(self.gene_choices, self.allowed_indices, strict=True)):
            if len(indices) < len(choice.values):
                inside[:, column] = np.isin(genes[:, column], indices)
        self.block_genes(inside)[~self.executed(genes)] = True
        return inside

    def size(self) -> int:
        """Return the exact number of distinct architectures in the searched part."""
        ops = self.allowed_ops.sum(axis=1).tolist()
        total = len(self.allowed_globals)
        first = 0
        for stage, indices in zip(self.stages, self.allowed_indices[self.depth_slice], strict=True):
            total *= sum(prod(ops[first : first + stage.depths[i]]) for i in indices)
            first += stage.n_blocks
        return total
