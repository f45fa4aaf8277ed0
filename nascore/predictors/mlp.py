"""`mlp`: the published accuracy predictor of MIT 6.5940 lab 3, the baseline for the others.

One-hot architecture -> three hidden layers of 400 with ReLU -> one output without bias, plus `base_acc`, the mean
accuracy of the training rows (the published one also looks at the validation rows). The weights keep their published
names. Global values without training rows, such as the width 2 of the published data, have input weights that no
gradient ever reached: predictions there are arbitrary, as they are in the published system.

Prediction is NumPy; torch is loaded by `fit` only.
"""

from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nascore.predictors.base import Predictor
from nascore.predictors.options import PredictorOptions
from nascore.predictors.storage import Arrays
from nascore.spaces.one_hot import OneHotLayout
from nascore.spaces.staged import Genes

N_HIDDEN_LAYERS = 3


class MlpOptions(PredictorOptions):
    """Options of `mlp`; the defaults are the published ones."""

    hidden: Annotated[int, Field(ge=1)] = Field(400, description="Units of each of the three hidden layers.")
    epochs: Annotated[int, Field(ge=1)] = Field(10, description="Passes over the rows.")
    batch_size: Annotated[int, Field(ge=1)] = Field(256, description="Rows per step.")
    learning_rate: Annotated[float, Field(ge=1e-8)] = Field(1e-3, description="Learning rate of Adam.")


class Mlp(Predictor):
    """The published multilayer perceptron; see the module's first paragraph."""

    name: ClassVar[str] = "mlp"
    options_class: ClassVar[type[PredictorOptions]] = MlpOptions
    options: MlpOptions

    def _fit(self, genes: Genes, accuracy: NDArray[np.float64], seed: int) -> dict[str, Any]:
        # Imported here, so that whoever only predicts never loads torch.
        from nascore.predictors.mlp_training import train_published

        self._weights = train_published(self.space.encode(genes), accuracy, seed=seed, **self.options.model_dump())
        return {}

    def _predict(self, genes: Genes) -> NDArray[np.float64]:
        weights = self._weights
        hidden = self.space.encode(genes)
        for layer in range(N_HIDDEN_LAYERS):
            hidden = hidden @ weights[f"layers.{layer}.0.weight"].T + weights[f"layers.{layer}.0.bias"]
            np.maximum(hidden, 0, out=hidden)
        correction: NDArray[np.float64] = (hidden @ weights[f"layers.{N_HIDDEN_LAYERS}.weight"][0]).astype(np.float64)
        return correction + weights["base_acc"]

    def _arrays(self) -> Arrays:
        return self._weights

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        hidden = self.options.hidden
        widths = [OneHotLayout(self.space).n_features, *[hidden] * N_HIDDEN_LAYERS]
        shapes: dict[str, tuple[int, ...]] = {"base_acc": (), f"layers.{N_HIDDEN_LAYERS}.weight": (1, hidden)}
        for layer in range(N_HIDDEN_LAYERS):
            shapes[f"layers.{layer}.0.weight"] = (widths[layer + 1], widths[layer])
            shapes[f"layers.{layer}.0.bias"] = (widths[layer + 1],)
        return shapes

    def _restore(self, arrays: Arrays) -> None:
        self._weights = arrays
