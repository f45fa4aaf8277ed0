"""`bilinear`: additive given all depths; closed form, no torch (Nayman et al., 2021, section 3.3).

    accuracy = linear_per_global + constant + sum over blocks that run of (depth contrasts @ weights @ block features)

What a block is worth may depend on the depths of all stages, its own and others. The products are fitted, together with
a correction of the additive part, to the residuals of that part by ridge regression; its penalty is chosen on held-out
training rows, and no products at all is one of the choices. The published fit cuts singular values off at an absolute
threshold, which depends on the number of rows.

Given the depths, the prediction is a sum over blocks, so exact search applies (`nascore.search.unfold`).
"""

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nascore.predictors.base import Predictor
from nascore.predictors.features import BlockFeatures, orthonormal_polynomials
from nascore.predictors.linear import fit_additive, inner_residuals
from nascore.predictors.ridge import fit_ridge
from nascore.predictors.storage import Arrays
from nascore.spaces.bilinear import BilinearForm
from nascore.spaces.block_table import BlockTable, BlockTableLookup
from nascore.spaces.staged import Genes
from nascore.spaces.unfolded import Unfolded

Array = NDArray[np.float64]
FORM = ("fixed", "depths", "blocks", "products")


class Bilinear(Predictor):
    """Bilinear in operations and depths, given the global combination; see the module's first paragraph."""

    name: ClassVar[str] = "bilinear"
    is_bilinear: ClassVar[bool] = True

    @cached_property
    def _features(self) -> BlockFeatures:
        return BlockFeatures(self.space)

    @cached_property
    def _unfolded(self) -> Unfolded:
        return Unfolded(self.space.unrestricted())

    @cached_property
    def _depth_contrasts(self) -> list[Array]:
        """Per stage, the `(n_depths, n_depths - 1)` orthonormal polynomials of its depth's rank."""
        ranks = [np.arange(len(stage.depths), dtype=np.float64) for stage in self.space.stages]
        return [orthonormal_polynomials(rank, rank)[:, 1:] for rank in ranks]

    def _fit(self, genes: Genes, accuracy: Array, seed: int) -> dict[str, Any]:
        table, facts = fit_additive(self.space, genes, accuracy)
        left_over, inner, held = inner_residuals(self.space, genes, accuracy, seed, self.name)
        residuals = np.stack([left_over, accuracy - BlockTableLookup(self.space, [table])(genes)[0]], axis=1)
        weights, penalty = fit_ridge(lambda rows: self._columns(genes[rows]), residuals, inner, held)
        self._take(self._with_products(BilinearForm.of_table(self.space, table), weights))
        return {**facts, "product_penalty": penalty}

    def _columns(self, genes: Genes) -> NDArray[np.float32]:
        """Return the `(n, n_columns)` products of 1 or a depth contrast and a block column, then the contrasts."""
        blocks = self._block_columns(genes)
        depths = genes[:, self.space.depth_slice]
        contrasts = np.concatenate([c[depths[:, s]] for s, c in enumerate(self._depth_contrasts)], axis=1)
        factors = np.concatenate([np.ones((len(genes), 1)), contrasts], axis=1).astype(np.float32)
        products = factors[:, :, None] * blocks.astype(np.float32)[:, None, :]
        n_products = factors.shape[1] * blocks.shape[1]
        return np.concatenate([products.reshape(len(genes), n_products), factors[:, 1:]], axis=1)

    def _block_columns(self, genes: Genes) -> Array:
        """Return the `(n, n_block_columns)` presence, main features and within-block products."""
        return np.concatenate([self._features.main(genes), self._features.products(genes)], axis=1)

    def _with_products(self, form: BilinearForm, weights: Array) -> BilinearForm:
        """Add fitted weights of `_columns` to the additive form."""
        # Imported here, because planning a workflow imports this module and fits nothing.
        from scipy.linalg import block_diag

        space, features = self.space, self._features
        n_columns = features.n_main + space.n_blocks * features.op_products.shape[1]
        n_contrasts = sum(contrasts.shape[1] for contrasts in self._depth_contrasts)
        constant, products, contrasts = np.split(weights, [1, 1 + (1 + n_contrasts) * n_columns])
        per_factor = self._per_op(products.reshape(1 + n_contrasts, n_columns))
        to_depths = block_diag(*self._depth_contrasts)
        return BilinearForm(
            fixed=form.fixed + constant,
            depths=form.depths + to_depths @ contrasts,
            blocks=form.blocks + per_factor[0],
            products=form.products + np.einsum("cbo,dc->bod", per_factor[1:], to_depths),
        )

    def _per_op(self, weights: Array) -> Array:
        """Return the `(n, n_blocks, n_ops)` values that `(n, n_block_columns)` weights give operations."""
        space, features = self.space, self._features
        ends = np.cumsum([len(features.optional), space.n_blocks * features.op_main.shape[1]])
        presence, main, products = np.split(weights, ends, axis=1)
        shape = (len(weights), space.n_blocks, -1)
        blocks: Array = main.reshape(shape) @ features.op_main.T + products.reshape(shape) @ features.op_products.T
        blocks[:, features.optional] += presence[:, :, None]
        return blocks

    # -- the fitted form ---------------------------------------------------------------------------

    def bilinear_form(self) -> BilinearForm | None:
        """Return the form whose values are `predict`'s; None before the fit."""
        return self._form if self.fit_facts else None

    def conditional_table(self) -> BlockTable | None:
        """Return the table, on the unfolded space, whose look-up is `predict`; None before the fit."""
        return self._form.table(self._unfolded) if self.fit_facts else None

    def _take(self, form: BilinearForm) -> None:
        self._form = form
        self._lookup = BlockTableLookup(self._unfolded.space, [form.table(self._unfolded)])

    def _predict(self, genes: Genes) -> Array:
        return self._lookup(self._unfolded.unfold(genes))[0]

    def _arrays(self) -> Arrays:
        return {f"bilinear.{name}": getattr(self._form, name) for name in FORM}

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        n_globals, n_depths = len(self.space.global_values), sum(len(stage.depths) for stage in self.space.stages)
        blocks = (n_globals, self.space.n_blocks, self.space.n_ops)
        shapes = ((n_globals,), (n_globals, n_depths), blocks, (*blocks, n_depths))
        return {f"bilinear.{name}": shape for name, shape in zip(FORM, shapes, strict=True)}

    def _restore(self, arrays: Arrays) -> None:
        self._take(BilinearForm(*(arrays[f"bilinear.{name}"] for name in FORM)))
