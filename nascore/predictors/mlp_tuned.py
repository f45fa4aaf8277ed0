"""`mlp_tuned`: an ensemble of small MLPs on what `linear_per_global` leaves over.

The additive part carries nearly all of the accuracy and is fitted in closed form; the MLPs only learn its residuals,
from the same contrast features, with dropout and strong weight decay. How much of their mean is added is decided on
held-out training rows, so with few rows the predictor falls back to the additive part.

Prediction is NumPy; torch is loaded by `fit` only.
"""

from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nascore.predictors.base import Predictor
from nascore.predictors.features import BlockFeatures
from nascore.predictors.holdout import trusted_share
from nascore.predictors.linear import fit_additive, inner_residuals, table_arrays, table_from, table_shapes
from nascore.predictors.options import PredictorOptions
from nascore.predictors.storage import Arrays
from nascore.spaces.block_table import BlockTableLookup
from nascore.spaces.staged import Genes

Array = NDArray[np.float64]

N_LAYERS = 3


class MlpTunedOptions(PredictorOptions):
    """Options of `mlp_tuned`."""

    members: Annotated[int, Field(ge=1)] = Field(4, description="Networks in the ensemble.")
    hidden: Annotated[int, Field(ge=1)] = Field(128, description="Units of each hidden layer of a network.")
    epochs: Annotated[int, Field(ge=1)] = Field(15, description="Passes over the rows.")
    batch_size: Annotated[int, Field(ge=1)] = Field(256, description="Rows per step; all of them where they are fewer.")
    learning_rate: Annotated[float, Field(ge=1e-8)] = Field(2e-3, description="Peak learning rate of AdamW.")
    weight_decay: Annotated[float, Field(ge=0)] = Field(0.3, description="Weight decay of AdamW.")
    dropout: Annotated[float, Field(ge=0, lt=1)] = Field(0.3, description="Share of hidden units left out per step.")


class MlpTuned(Predictor):
    """Additive model plus an ensemble of MLPs on its residuals; see the module's first paragraph."""

    name: ClassVar[str] = "mlp_tuned"
    options_class: ClassVar[type[PredictorOptions]] = MlpTunedOptions
    options: MlpTunedOptions

    @cached_property
    def _features(self) -> BlockFeatures:
        return BlockFeatures(self.space)

    def _fit(self, genes: Genes, accuracy: Array, seed: int) -> dict[str, Any]:
        self._table, facts = fit_additive(self.space, genes, accuracy)
        self._lookup = BlockTableLookup(self.space, [self._table])
        residuals, inner, held = inner_residuals(self.space, genes, accuracy, seed, self.name)
        members = self._train(genes[inner], residuals[inner], seed, "inner")
        added, wanted = self._ensemble(genes[held], members), residuals[held]
        share = trusted_share(float(added @ added), float(added @ wanted), float(wanted @ wanted), len(held))
        if share > 0:
            members = self._train(genes, accuracy - self._lookup(genes)[0], seed, "final")
        last = f"members.{N_LAYERS - 1}"
        self._members = {k: v * np.float32(share) if k.startswith(last) else v for k, v in members.items()}
        return {**facts, "ensemble_share": share}

    def _train(self, genes: Genes, residuals: Array, seed: int, stage: str) -> Arrays:
        """Train the ensemble; input weights of global values that do not occur are set to 0, not left random."""
        # Imported here, so that whoever only predicts never loads torch.
        from nascore.predictors.mlp_training import train_ensemble

        scale = residuals.std() or 1.0
        inputs = self._inputs(genes)
        members = train_ensemble(inputs, residuals / scale, seed=seed, stage=stage, **self.options.model_dump())
        members["members.0.weight"][:, ~inputs.any(axis=0)] = 0
        for part in ("weight", "bias"):
            members[f"members.{N_LAYERS - 1}.{part}"] *= np.float32(scale)
        return members

    def _inputs(self, genes: Genes) -> NDArray[np.float32]:
        """Return the `(n, n_inputs)` main features and one-hot global choices."""
        one_hot = [np.eye(len(c.values))[genes[:, i]] for i, c in enumerate(self.space.global_choices)]
        return np.concatenate([self._features.main(genes), *one_hot], axis=1).astype(np.float32)

    def _ensemble(self, genes: Genes, members: Arrays) -> Array:
        """Return the `(n,)` mean output of the members."""
        hidden = self._inputs(genes)[None]
        for layer in range(N_LAYERS):
            hidden = hidden @ members[f"members.{layer}.weight"] + members[f"members.{layer}.bias"][:, None]
            if layer < N_LAYERS - 1:
                np.maximum(hidden, 0, out=hidden)
        mean: Array = hidden[:, :, 0].mean(axis=0, dtype=np.float64)
        return mean

    def _predict(self, genes: Genes) -> Array:
        return self._lookup(genes)[0] + self._ensemble(genes, self._members)

    def _arrays(self) -> Arrays:
        return {**table_arrays(self._table), **self._members}

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        members, hidden = self.options.members, self.options.hidden
        n_one_hot = sum(len(choice.values) for choice in self.space.global_choices)
        widths = [self._features.n_main + n_one_hot, hidden, hidden, 1]
        shapes = table_shapes(self.space)
        for layer in range(N_LAYERS):
            shapes[f"members.{layer}.weight"] = (members, widths[layer], widths[layer + 1])
            shapes[f"members.{layer}.bias"] = (members, widths[layer + 1])
        return shapes

    def _restore(self, arrays: Arrays) -> None:
        self._table = table_from(arrays)
        self._lookup = BlockTableLookup(self.space, [self._table])
        self._members = {name: array for name, array in arrays.items() if name.startswith("members.")}
