"""`linear_per_global`: additive in the blocks, given the global combination; closed form, no torch.

    accuracy = sum over contrasts c of global combinations of B_c(globals) * (features of the blocks @ weights_c)

The contrasts are orthogonal polynomials of the global choices' values, so the weights of neighbouring resolutions are
partially pooled: constant over resolutions plus a slope plus a curvature ..., each with its own prior precision per
feature family, found by evidence maximisation. What the rows of one combination cannot tell alone, the others tell;
what does differ between combinations stays free. Products of contrasts within a block (kernel size times expand
ratio) are the same for all combinations.

At a global value without training rows the polynomials extrapolate: finite and smooth, but a guess.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nascore.predictors import evidence
from nascore.predictors.base import Predictor
from nascore.predictors.features import BlockFeatures, global_contrasts
from nascore.predictors.holdout import inner_holdout
from nascore.predictors.storage import Arrays
from nascore.spaces.block_table import BlockTable, BlockTableLookup
from nascore.spaces.staged import Genes, StagedSpace

Array = NDArray[np.float64]


class AdditivePredictor(Predictor):
    """A predictor that is an additive table; a subclass says how to fit it, and hands it to `_take`."""

    is_additive: ClassVar[bool] = True
    is_bilinear: ClassVar[bool] = True

    def _take(self, table: BlockTable) -> None:
        self._table = table
        self._lookup = BlockTableLookup(self.space, [table])

    def _predict(self, genes: Genes) -> Array:
        return self._lookup(genes)[0]

    def additive_table(self) -> BlockTable | None:
        """Return the table whose look-up is `predict`; None before the fit."""
        return self._table if self.fit_facts else None

    def _arrays(self) -> Arrays:
        return table_arrays(self._table)

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        return table_shapes(self.space)

    def _restore(self, arrays: Arrays) -> None:
        self._take(table_from(arrays))


class LinearPerGlobal(AdditivePredictor):
    """Partially pooled Bayesian ridge regression per global combination; see the module's first paragraph."""

    name: ClassVar[str] = "linear_per_global"

    def _fit(self, genes: Genes, accuracy: Array, seed: int) -> dict[str, Any]:
        table, facts = fit_additive(self.space, genes, accuracy)
        self._take(table)
        return facts


def table_arrays(table: BlockTable) -> Arrays:
    """Return an additive table as named arrays of a predictor file."""
    return {"additive.fixed": table.fixed, "additive.blocks": table.blocks}


def table_shapes(space: StagedSpace) -> dict[str, tuple[int, ...]]:
    """Return the shapes of `table_arrays`."""
    n_globals = len(space.global_values)
    return {"additive.fixed": (n_globals,), "additive.blocks": (n_globals, space.n_blocks, space.n_ops)}


def table_from(arrays: Arrays) -> BlockTable:
    """Return the additive table behind `table_arrays`."""
    return BlockTable(arrays["additive.fixed"], arrays["additive.blocks"])


def fit_additive(space: StagedSpace, genes: Genes, accuracy: Array) -> tuple[BlockTable, dict[str, Any]]:
    """Fit the additive model; return its table and the facts of the fit.

    Parameters
    ----------
    genes, accuracy
        At least one valid row: `(n, n_genes)` canonical genes and `(n,)` accuracies.
    """
    mean, scale = accuracy.mean(), accuracy.std()
    target = (accuracy - mean) / scale if scale > 0 else np.zeros_like(accuracy)
    design = _Design(space, genes)
    gram, moment = design.normal_equations(genes, target)
    posterior = evidence.fit(gram, moment, float(target @ target), len(target), design.group)
    table = design.table(posterior.weights * scale, mean)
    facts = {
        "noise_std": float(np.sqrt(posterior.noise_variance) * scale),
        "n_determined_weights": posterior.n_determined,
        "n_global_combinations": len(design.seen),
    }
    return table, facts


def inner_residuals(
    space: StagedSpace, genes: Genes, accuracy: Array, seed: int, name: str
) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
    """Return what the additive model leaves over when only the inner training rows fit it.

    Parameters
    ----------
    genes, accuracy
        The training rows: `(n, n_genes)` and `(n,)`.
    seed, name
        See `nascore.predictors.holdout.inner_holdout`.

    Returns
    -------
    residuals
        The `(n,)` measured minus predicted accuracies of all rows.
    inner, held
        Indices of the inner training rows and of the held-out rows.
    """
    inner, held = inner_holdout(len(genes), seed, name)
    table, _ = fit_additive(space, genes[inner], accuracy[inner])
    return accuracy - BlockTableLookup(space, [table])(genes)[0], inner, held


@dataclass(frozen=True)
class _Design:
    """The columns of the regression: products of a global contrast and a column of the blocks.

    Block columns are a constant, the main features and the within-block products; the last ones meet only the
    constant contrast.
    """

    space: StagedSpace
    genes: Genes

    @cached_property
    def features(self) -> BlockFeatures:
        return BlockFeatures(self.space)

    @cached_property
    def seen(self) -> NDArray[np.int64]:
        """Global combinations that occur in the training rows."""
        return np.unique(self.space.global_index(self.genes))

    @cached_property
    def contrasts(self) -> Array:
        """The `(n_global_combinations, n_contrasts)` global contrasts."""
        return global_contrasts(self.space, self.seen)

    @cached_property
    def family(self) -> NDArray[np.int64]:
        """The family of each block column: 0 the constant, 1.. the main ones, the last the products."""
        n_products = self.space.n_blocks * self.features.op_products.shape[1]
        main = 1 + self.features.main_family
        return np.concatenate([[0], main, np.full(n_products, 2 + len(self.space.block_choices))])

    @cached_property
    def columns(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The global contrast and the block column behind each column of the regression."""
        pooled_only = self.family == 2 + len(self.space.block_choices)
        used = np.ones((self.contrasts.shape[1], len(self.family)), dtype=bool)
        used[1:, pooled_only] = False
        contrast, column = np.nonzero(used)
        return contrast, column

    @cached_property
    def group(self) -> NDArray[np.int64]:
        """The prior group of each column: one per global contrast and family; 0 is the overall constant."""
        contrast, column = self.columns
        return contrast * (3 + len(self.space.block_choices)) + self.family[column]

    def normal_equations(self, genes: Genes, target: Array) -> tuple[Array, Array]:
        """Return `X.T @ X` and `X.T @ target`, summed up over the Gram matrices of the global combinations.

        The design itself, an order of magnitude wider than the block columns, is never made.
        """
        contrast, column = self.columns
        gram, moment = np.zeros((len(column), len(column))), np.zeros(len(column))
        row_globals = self.space.global_index(genes)
        for combination in self.seen:
            rows = np.flatnonzero(row_globals == combination)
            blocks = self._block_columns(genes[rows])
            factor = self.contrasts[combination, contrast]
            gram += (blocks.T @ blocks)[np.ix_(column, column)] * np.outer(factor, factor)
            moment += (blocks.T @ target[rows])[column] * factor
        return gram, moment

    def _block_columns(self, genes: Genes) -> Array:
        """Return the `(n, n_block_columns)` columns that meet the global contrasts."""
        constant = np.ones((len(genes), 1))
        return np.concatenate([constant, self.features.main(genes), self.features.products(genes)], axis=1)

    def table(self, weights: Array, mean: float) -> BlockTable:
        """Return the fitted weights as contributions per global combination, block and operation."""
        space, features = self.space, self.features
        by_contrast = np.zeros((self.contrasts.shape[1], len(self.family)))
        by_contrast[self.columns] = weights
        by_global = self.contrasts @ by_contrast
        ends = np.cumsum([1, len(features.optional), space.n_blocks * features.op_main.shape[1]])
        constant, presence, main, products = np.split(by_global, ends, axis=1)
        shape = (len(by_global), space.n_blocks, -1)
        blocks = _per_op(main, features.op_main, shape) + _per_op(products, features.op_products, shape)
        blocks[:, features.optional] += presence[:, :, None]
        return BlockTable(mean + constant[:, 0], blocks)


def _per_op(weights: Array, per_op: Array, shape: tuple[int, int, int]) -> Array:
    """Return the `(n_global_combinations, n_blocks, n_ops)` values of `weights` on features of operations."""
    n_globals, n_blocks, _ = shape
    return weights.reshape(n_globals, n_blocks, per_op.shape[1]) @ per_op.T
