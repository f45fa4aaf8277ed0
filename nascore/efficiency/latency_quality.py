"""Ways to know a latency without measuring: table sum, corrected sum, network predictor, and MACs.

Everything is fitted on some measured networks; `nascore.efficiency.latency_judgement` judges on others.
"""

from dataclasses import replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

from nascore.efficiency import cost
from nascore.efficiency.latency_judgement import PREDICTORS
from nascore.efficiency.latency_table import latency_block_table, without_correction
from nascore.errors import DataError
from nascore.latency_files import Correction, LayerLatencies, NetworkLatencies
from nascore.predictors import Predictor, make_predictor
from nascore.results.latency import ESTIMATES
from nascore.spaces.block_table import BlockTable, BlockTableLookup
from nascore.spaces.staged import Genes, StagedSpace

Array = NDArray[np.float64]

OUTLIER = 0.03
"""Relative error above which a network counts less and less in a linear fit."""
HEADROOM = 1.5
"""The scale of a latency predictor, as a multiple of the slowest network that it is fitted to."""


def table_sum(space: StagedSpace, table: LayerLatencies, genes: Genes) -> Array:
    """Return the `(n,)` latencies of architectures by a table with its correction, milliseconds."""
    values: Array = BlockTableLookup(space, [latency_block_table(space, table)])(genes)[0]
    return values


def linear_fit(x: ArrayLike, measured: ArrayLike) -> tuple[float, float]:
    """Return slope and intercept from `(n,)` numbers to `(n,)` measured latencies.

    Least squares of the relative errors, in which outliers count less: a network that was disturbed while it was
    measured does not move the line.

    Raises
    ------
    DataError
        If there are fewer than 3 networks.
    """
    given, truth = np.asarray(x, float), np.asarray(measured, float)
    if len(truth) < 3:
        raise DataError(f"a linear fit of latencies needs at least 3 measured networks; got {len(truth)}")
    scale = given.mean()

    def relative_errors(line: Array) -> Array:
        errors: Array = (line[0] * given / scale + line[1]) / truth - 1
        return errors

    start = np.array([truth.mean(), 0.0])
    line = least_squares(relative_errors, start, loss="soft_l1", f_scale=OUTLIER, x_scale=truth.mean()).x
    return float(line[0] / scale), float(line[1])


def correct(table: LayerLatencies, networks: NetworkLatencies) -> LayerLatencies:
    """Return a table with the linear correction that measured networks of one space tell.

    Raises
    ------
    DataError
        If table and networks were measured in different settings, there are fewer than 3 networks, or the correction
        makes larger networks faster or the smallest one take no time.
    """
    networks.setting.check(vars(table.setting), "the sample of networks")
    plain = without_correction(table)
    slope, intercept = linear_fit(table_sum(networks.space, plain, networks.genes), networks.median_ms)
    busy = "the networks or the layers were measured on a busy machine; measure again when it is idle"
    if slope <= 0:
        raise DataError(
            f"the measured networks get faster as the sum of their layers grows (slope {slope:.3g}): {busy}"
        )
    corrected = replace(plain, correction=Correction(networks.space.identity, slope, intercept, len(networks.genes)))
    smallest = table_sum(networks.space, corrected, networks.space.smallest()[None])[0]
    if smallest <= 0:
        raise DataError(f"corrected, the latency of the smallest subnet is {smallest:.3g} ms, expected above 0: {busy}")
    return corrected


class NetworkPredictor:
    """A latency predictor that learns from whole networks: an accuracy predictor on latencies as a share of a scale.

    Parameters
    ----------
    predictor
        Fitted; its `fit_facts` hold the scale, so that its file is all there is to save.
    """

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self.scale_ms = float(predictor.fit_facts["latency_scale_ms"])

    @classmethod
    def fit(cls, name: str, networks: NetworkLatencies, *, seed: int) -> Self:
        """Fit one of `PREDICTORS`.

        Parameters
        ----------
        seed
            The root seed.
        """
        scale = HEADROOM * float(networks.median_ms.max())
        predictor = make_predictor(name, networks.space, **PREDICTORS[name])
        predictor.fit(networks.genes, networks.median_ms / scale, seed=seed)
        predictor.fit_facts["latency_scale_ms"] = scale
        return cls(predictor)

    def predict(self, genes: Genes) -> Array:
        """Return the `(n,)` predicted latencies, milliseconds."""
        return self.scale_ms * self.predictor.predict(genes)

    def block_table(self) -> BlockTable | None:
        """Return the table whose look-up is `predict`, milliseconds, or None for a predictor that is not additive."""
        table = self.predictor.additive_table()
        return table and BlockTable(self.scale_ms * table.fixed, self.scale_ms * table.blocks)


def estimates(table: LayerLatencies, fitted: NetworkLatencies, heldout: NetworkLatencies, *, seed: int) -> pd.DataFrame:
    """Estimate the latency of networks that nothing was fitted to in every way.

    Parameters
    ----------
    table
        The layers; a correction that it may have is not used.
    fitted, heldout
        The networks to fit on and to judge on.

    Returns
    -------
    DataFrame
        One row per held-out network, milliseconds: `macs`, `table_sum`, `corrected_sum`, and one column per predictor.
        MACs are turned into milliseconds by a linear fit, the table sum is not.

    Raises
    ------
    DataError
        If an architecture is in both samples, or the settings differ.
    """
    space = fitted.space
    both = set(space.arch_id(fitted.genes)) & set(space.arch_id(heldout.genes))
    if both:
        raise DataError(f"{len(both)} held-out networks are also among those to fit on, e.g. {min(both)}")
    heldout.setting.check(vars(table.setting), "the held-out sample of networks")
    corrected = correct(table, fitted)
    slope, intercept = linear_fit(cost(space, fitted.genes)["macs"], fitted.median_ms)
    ways = {
        "macs": slope * cost(space, heldout.genes)["macs"].to_numpy() + intercept,
        "table_sum": table_sum(space, without_correction(table), heldout.genes),
        "corrected_sum": table_sum(space, corrected, heldout.genes),
        **{name: NetworkPredictor.fit(name, fitted, seed=seed).predict(heldout.genes) for name in PREDICTORS},
    }
    return pd.DataFrame(ways, columns=list(ESTIMATES))
