"""A cheap predictor of the published space, for tests that only need some accuracies."""

import numpy as np
import pytest

from nascore.efficiency import cost, cost_tables
from nascore.predictors import make_predictor
from nascore.search.candidates import Candidates
from nascore.search.problem import Problem
from nascore.search.targets import parse_target


@pytest.fixture(scope="session")
def measured(space):
    """Return architectures of the two narrow widths and made-up accuracies that grow with their costs."""
    genes = space.restrict({"width": [0, 1]}).sample(600, np.random.default_rng(1))
    macs = cost(space, genes)["macs"].to_numpy()
    noise = np.random.default_rng(2).normal(0, 0.002, len(genes))
    return genes, np.clip(0.5 + 0.1 * np.log10(macs / 1e6) + noise, 0, 1)


@pytest.fixture(scope="session")
def predictor(space, measured):
    """Return a fitted and calibrated additive predictor."""
    genes, accuracy = measured
    return (
        make_predictor("linear_per_global", space)
        .fit(genes[:400], accuracy[:400], seed=0)
        .calibrate(genes[400:], accuracy[400:])
    )


@pytest.fixture
def candidates(space, predictor):
    """Return a function that makes the candidates of a target."""

    def of(spec, part=None):
        problem = Problem.of(part or space, parse_target("t", spec, space), cost_tables(space))
        return Candidates(problem, predictor.predict)

    return of
