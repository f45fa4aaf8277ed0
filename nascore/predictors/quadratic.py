"""`quadratic`: `linear_per_global` plus products of the features of different blocks; closed form, no torch.

    accuracy = linear_per_global + constant + (f - centre) @ matrix @ (f - centre)

`f` are the presence and contrast features of the blocks. The products are fitted to the residuals of the additive
part by ridge regression; its penalty is chosen on held-out training rows, and no products at all is one of the
choices. Products within a block are in the additive part already.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from nascore.predictors.base import Predictor
from nascore.predictors.features import BlockFeatures
from nascore.predictors.holdout import trusted_share
from nascore.predictors.linear import fit_additive, inner_residuals, table_arrays, table_from, table_shapes
from nascore.predictors.storage import Arrays
from nascore.spaces.block_table import BlockTableLookup
from nascore.spaces.staged import Genes

Array = NDArray[np.float64]
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]

PENALTIES = 10.0 ** np.arange(6, 0.9, -0.5)
"""Candidates, heaviest first, in units of the products' sums of squares."""
ROWS_PER_CHUNK = 2048
"""Rows whose products exist at one time; with 4,000 products these are 32 MB."""


class Quadratic(Predictor):
    """Additive model plus ridge regression on products across blocks; see the module's first paragraph."""

    name: ClassVar[str] = "quadratic"

    @cached_property
    def _features(self) -> BlockFeatures:
        return BlockFeatures(self.space)

    def _fit(self, genes: Genes, accuracy: Array, seed: int) -> dict[str, Any]:
        self._table, facts = fit_additive(self.space, genes, accuracy)
        self._lookup = BlockTableLookup(self.space, [self._table])
        features = self._features.main(genes)
        self._centre = features.mean(axis=0)
        pairs = _different_blocks(self._features)
        weights, penalty = self._fit_products(genes, accuracy, features - self._centre, pairs, seed)
        self._constant = weights[0]
        half = np.zeros((len(self._centre), len(self._centre)))
        half[pairs] = weights[1:] / 2
        self._matrix = half + half.T
        return {**facts, "product_penalty": penalty}

    def _fit_products(
        self, genes: Genes, accuracy: Array, centred: Array, pairs: Pairs, seed: int
    ) -> tuple[Array, float | None]:
        """Return the weights of the constant and the products, and the penalty; None where products don't help."""
        left_over, inner, held = inner_residuals(self.space, genes, accuracy, seed, self.name)
        residuals = np.stack([left_over, accuracy - self._lookup(genes)[0]], axis=1)
        fitted = _Moments.of(centred[inner], pairs, residuals[inner])
        tested = _Moments.of(centred[held], pairs, residuals[held])
        best = _best_penalty(fitted, tested, held_power=float(left_over[held] @ left_over[held]))
        if best is None:
            return np.zeros(len(fitted.gram)), None
        fitted.gram += tested.gram
        return _ridge(fitted.gram, (fitted.moment + tested.moment)[:, 1], best), best

    def _predict(self, genes: Genes) -> Array:
        centred = self._features.main(genes) - self._centre
        products: Array = np.einsum("ij,ij->i", centred @ self._matrix, centred)
        return self._lookup(genes)[0] + self._constant + products

    def _arrays(self) -> Arrays:
        quadratic = {"constant": np.array([self._constant]), "centre": self._centre, "matrix": self._matrix}
        return {**table_arrays(self._table), **{f"products.{name}": array for name, array in quadratic.items()}}

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        n = self._features.n_main
        products = {"products.constant": (1,), "products.centre": (n,), "products.matrix": (n, n)}
        return {**table_shapes(self.space), **products}

    def _restore(self, arrays: Arrays) -> None:
        self._table = table_from(arrays)
        self._lookup = BlockTableLookup(self.space, [self._table])
        self._constant = arrays["products.constant"][0]
        self._centre, self._matrix = arrays["products.centre"], arrays["products.matrix"]


def _different_blocks(features: BlockFeatures) -> Pairs:
    """Return the pairs of main features, first index smaller, that belong to different blocks."""
    first, second = np.triu_indices(features.n_main, 1)
    different = features.main_block[first] != features.main_block[second]
    return first[different], second[different]


@dataclass
class _Moments:
    """Sums over rows that ridge regression needs; the columns are a constant and the products.

    Single precision: the columns are of size 1 and the penalty keeps the system well conditioned.

    Parameters
    ----------
    gram
        A `(n_columns, n_columns)` float32 array, `X.T @ X`.
    moment
        A `(n_columns, n_targets)` array, `X.T @ targets`.
    n_rows
        Number of rows.
    """

    gram: NDArray[np.float32]
    moment: Array
    n_rows: int

    @classmethod
    def of(cls, centred: Array, pairs: Pairs, targets: Array) -> "_Moments":
        """Sum up over the rows of `(n, n_main)` features and `(n, n_targets)` targets, a chunk at a time."""
        first, second = pairs
        n_columns = 1 + len(first)
        gram, moment = np.zeros((n_columns, n_columns), np.float32), np.zeros((n_columns, targets.shape[1]))
        single = centred.astype(np.float32)
        for start in range(0, len(single), ROWS_PER_CHUNK):
            chunk = single[start : start + ROWS_PER_CHUNK]
            columns = np.ones((len(chunk), n_columns), np.float32)
            np.multiply(chunk[:, first], chunk[:, second], out=columns[:, 1:])
            gram += columns.T @ columns
            moment += columns.T @ targets[start : start + ROWS_PER_CHUNK].astype(np.float32)
        return cls(gram, moment, len(centred))


def _best_penalty(fitted: _Moments, tested: _Moments, held_power: float) -> float | None:
    """Return the penalty with the least held-out error, or None where products don't help for sure.

    Parameters
    ----------
    fitted, tested
        Sums over the inner training rows and over the held-out rows; the targets are in column 0.
    held_power
        Sum of squares of the held-out targets.
    """
    best, least, share = None, 0.0, 0.0
    for penalty in PENALTIES.tolist():
        weights = _ridge(fitted.gram, fitted.moment[:, 0], penalty)
        power, product = float(weights @ (tested.gram @ weights)), float(weights @ tested.moment[:, 0])
        # The squared error, less that of no products at all.
        if power - 2 * product >= least:
            break
        best, least = penalty, power - 2 * product
        share = trusted_share(power, product, held_power, tested.n_rows)
    return best if share > 0 else None


def _ridge(gram: NDArray[np.float32], moment: Array, penalty: float) -> Array:
    """Return the `(n_columns,)` ridge weights; the first column, the constant, is not penalised."""
    system = gram.astype(np.float64)
    system[np.diag_indices(len(system))] += np.r_[0.0, np.full(len(system) - 1, penalty)]
    weights: Array = cho_solve(cho_factor(system, lower=True, overwrite_a=True), moment)
    return weights
