"""`quadratic`: `linear_per_global` plus products of the features of different blocks; closed form, no torch.

    accuracy = linear_per_global + constant + (f - centre) @ matrix @ (f - centre)

`f` are the presence and contrast features of the blocks. The products are fitted to the residuals of the additive
part by ridge regression; its penalty is chosen on held-out training rows, and no products at all is one of the
choices. Products within a block are in the additive part already.
"""

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nascore.predictors.base import Predictor
from nascore.predictors.features import BlockFeatures
from nascore.predictors.linear import fit_additive, inner_residuals, table_arrays, table_from, table_shapes
from nascore.predictors.ridge import fit_ridge
from nascore.predictors.storage import Arrays
from nascore.spaces.block_table import BlockTableLookup
from nascore.spaces.staged import Genes

Array = NDArray[np.float64]
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


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
        single, (first, second) = centred.astype(np.float32), pairs

        def products(rows: NDArray[np.int64]) -> NDArray[np.float32]:
            # np.take is several times as fast as indexing here, with the same values.
            chosen = single[rows]
            return np.take(chosen, first, axis=1) * np.take(chosen, second, axis=1)

        return fit_ridge(products, residuals, inner, held)

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
