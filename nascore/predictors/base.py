"""What every accuracy predictor is: fit, predict, calibrate, save and load.

A subclass says how to fit, how to predict, and which arrays hold the result; validation, intervals and files are
the same for all and stand here.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError

from nascore.errors import PredictorError
from nascore.predictors import conformal, storage
from nascore.predictors.options import PredictorOptions
from nascore.spaces.bilinear import BilinearForm
from nascore.spaces.block_table import BlockTable
from nascore.spaces.staged import Genes, StagedSpace
from nascore.strict import mistakes

HALF_WIDTHS = "calibration.half_widths"
"""Name of the array of conformal half-widths in a predictor file."""

CHUNK = 16384
"""Architectures predicted at a time, which bounds the memory of features and hidden layers."""


class Predictor(ABC):
    """An accuracy predictor of one design space.

    Parameters
    ----------
    space
        The design space. Restricting it changes nothing here.
    **options
        The fields of the subclass's `options_class`; what is not given keeps its default.

    Raises
    ------
    PredictorError
        If an option is unknown or its value is not valid.
    """

    name: ClassVar[str]
    options_class: ClassVar[type[PredictorOptions]] = PredictorOptions
    is_additive: ClassVar[bool] = False
    """Whether `additive_table` returns a table once the predictor is fitted."""
    is_bilinear: ClassVar[bool] = False
    """Whether `bilinear_form` returns a form once the predictor is fitted."""

    def __init__(self, space: StagedSpace, /, **options: Any) -> None:
        self.space = space
        try:
            self.options = self.options_class.model_validate(options)
        except ValidationError as error:
            raise PredictorError(f"options of predictor {self.name!r}: {'; '.join(mistakes(error))}") from None
        self.fit_facts: dict[str, Any] = {}
        """What the fit chose and what it saw: root seed, number of rows, hyper-parameters."""
        self._levels: tuple[float, ...] = ()
        self._calibration_rows = 0
        self._half_widths: NDArray[np.float64] | None = None

    # -- what a subclass says ----------------------------------------------------------------------

    @abstractmethod
    def _fit(self, genes: Genes, accuracy: NDArray[np.float64], seed: int) -> dict[str, Any]:
        """Fit to valid data and return the facts worth recording."""

    @abstractmethod
    def _predict(self, genes: Genes) -> NDArray[np.float64]:
        """Return the `(n,)` predictions of a fitted predictor for at most `CHUNK` rows."""

    @abstractmethod
    def _arrays(self) -> storage.Arrays:
        """Return everything that prediction needs, as named float arrays."""

    @abstractmethod
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each of `_arrays`, as the space, the options and `fit_facts` tell."""

    @abstractmethod
    def _restore(self, arrays: storage.Arrays) -> None:
        """Take back what `_arrays` returned."""

    # -- fit and predict ---------------------------------------------------------------------------

    def fit(self, genes: ArrayLike, accuracy: ArrayLike, *, seed: int) -> Self:
        """Fit to measured architectures; an earlier calibration is dropped.

        Parameters
        ----------
        genes
            A `(n, n_genes)` integer array.
        accuracy
            The `(n,)` measured accuracies, in [0, 1].
        seed
            The root seed; the same data and seed give the same predictor, bit for bit.

        Raises
        ------
        PredictorError
            If the shapes disagree, there are fewer than 2 rows, or an accuracy is not in [0, 1].
        SpaceError
            If a row is not an architecture of the space.
        """
        valid_genes, measured = self._checked(genes, accuracy, min_rows=2)
        self._half_widths, self._levels, self._calibration_rows = None, (), 0
        facts = self._fit(valid_genes, measured, seed)
        self.fit_facts = {"seed": seed, "n_rows": len(measured), **facts}
        return self

    def predict(self, genes: Genes) -> NDArray[np.float64]:
        """Return the `(n,)` predicted accuracies of `(n, n_genes)` valid architectures.

        Predictions are not clipped, so that their order survives at the ends of the scale.

        Raises
        ------
        PredictorError
            If the predictor has not been fitted.
        """
        if not self.fit_facts:
            raise PredictorError(f"predictor {self.name!r} must be fitted or loaded before it predicts")
        predicted = np.empty(len(genes))
        for start in range(0, len(genes), CHUNK):
            predicted[start : start + CHUNK] = self._predict(genes[start : start + CHUNK])
        return predicted

    def additive_table(self) -> BlockTable | None:
        """Return the table whose look-up is `predict`, or None if the predictor is not additive.

        The accuracy of an additive predictor is a sum of contributions of blocks, given the global combination;
        that is what exact search needs.
        """
        return None

    def conditional_table(self) -> BlockTable | None:
        """Return the table, on the unfolded space, whose look-up is `predict`; None if not additive given all depths.

        See `nascore.spaces.unfolded`; exact search works on it too.
        """
        return None

    def bilinear_form(self) -> BilinearForm | None:
        """Return the form whose values are `predict`'s, or None if the predictor is neither bilinear nor additive."""
        table = self.additive_table()
        return None if table is None else BilinearForm.of_table(self.space, table)

    # -- intervals ---------------------------------------------------------------------------------

    def calibrate(self, genes: ArrayLike, accuracy: ArrayLike, levels: Sequence[float] = (0.5, 0.8, 0.9, 0.95)) -> Self:
        """Learn the widths of prediction intervals from rows that `fit` has not seen.

        Split conformal prediction, per global combination where there are enough rows; see
        `nascore.predictors.conformal`.

        Raises
        ------
        PredictorError
            If the rows are not valid, there is none, or a level is not between 0 and 1.
        """
        valid_genes, measured = self._checked(genes, accuracy, min_rows=1)
        wrong = [level for level in levels if not 0 < level < 1]
        if wrong or not levels:
            raise PredictorError(f"interval levels lie between 0 and 1; got {list(levels)}")
        residuals = np.abs(measured - self.predict(valid_genes))
        self._half_widths = conformal.half_widths(self.space, valid_genes, residuals, levels)
        self._levels, self._calibration_rows = tuple(levels), len(measured)
        return self

    def interval(self, genes: Genes, level: float = 0.9) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the `(n,)` lower and upper ends of prediction intervals, inside [0, 1].

        Raises
        ------
        PredictorError
            If the predictor is not calibrated, or not for this level.
        """
        if self._half_widths is None:
            raise PredictorError(f"predictor {self.name!r} must be calibrated before it gives intervals")
        if level not in self._levels:
            raise PredictorError(f"interval level {level} was not calibrated; calibrated levels: {list(self._levels)}")
        half = self._half_widths[self._levels.index(level), self.space.global_index(genes)]
        predicted = self.predict(genes)
        return np.clip(predicted - half, 0, 1), np.clip(predicted + half, 0, 1)

    # -- files -------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write the fitted predictor as one safetensors file; the same predictor gives the same bytes.

        Raises
        ------
        PredictorError
            If the predictor has not been fitted.
        DataError
            If the folder cannot be written.
        """
        if not self.fit_facts:
            raise PredictorError(f"predictor {self.name!r} must be fitted before it is saved")
        arrays = self._arrays()
        if self._half_widths is not None:
            arrays = {**arrays, HALF_WIDTHS: self._half_widths}
        header = {
            "predictor": self.name,
            "options": self.options.model_dump(),
            "space": storage.fingerprint(self.space),
            "calibration": {"levels": list(self._levels), "n_rows": self._calibration_rows},
            "fit": self.fit_facts,
        }
        storage.write(path, header, arrays)

    @classmethod
    def load(cls, path: str | Path, space: StagedSpace) -> Self:
        """Read a file that `save` wrote.

        Raises
        ------
        PredictorError
            If it is not a whole predictor file, is of another format version, holds another predictor, was
            trained on another space, or its arrays are not those of its header.
        """
        content = storage.read(path)
        header, arrays = content.header, content.arrays
        if missing := {"levels", "n_rows"} - header["calibration"].keys():
            raise PredictorError(f"{path}: 'calibration' of the header lacks {', '.join(sorted(missing))}")
        if header["predictor"] != cls.name:
            raise PredictorError(f"{path} holds a {header['predictor']!r} predictor; expected {cls.name!r}")
        storage.check_space(path, header["space"], space)
        loaded = cls(space, **header["options"])
        loaded.fit_facts = header["fit"]
        half_widths = arrays.pop(HALF_WIDTHS, None)
        storage.check_arrays(path, arrays, loaded._shapes())
        loaded._restore(arrays)
        loaded._levels = tuple(header["calibration"]["levels"])
        loaded._calibration_rows = header["calibration"]["n_rows"]
        shape = (len(loaded._levels), len(space.global_values))
        if loaded._levels and (half_widths is None or half_widths.shape != shape):
            raise PredictorError(f"{path}: array {HALF_WIDTHS!r} is missing or not of shape {shape}")
        loaded._half_widths = half_widths
        return loaded

    # -- validation --------------------------------------------------------------------------------

    def _checked(self, genes: ArrayLike, accuracy: ArrayLike, *, min_rows: int) -> tuple[Genes, NDArray[np.float64]]:
        """Return canonical genes and float accuracies, or say what is wrong with them."""
        canonical = self.space.canonical(genes)
        measured = np.asarray(accuracy, dtype=np.float64)
        if measured.shape != (len(canonical),):
            raise PredictorError(
                f"accuracy must have one number per row of genes, shape ({len(canonical)},); got {measured.shape}"
            )
        if len(measured) < min_rows:
            raise PredictorError(f"at least {min_rows} rows are needed; got {len(measured)}")
        wrong = np.flatnonzero(~((measured >= 0) & (measured <= 1)))
        if len(wrong):
            raise PredictorError(f"row {wrong[0]}: accuracy is {measured[wrong[0]]}; expected a number from 0 to 1")
        return canonical, measured
