"""Proven searches on a space whose stages have different choices, against all of its architectures."""

import numpy as np
import pytest
from space_examples import DESCRIPTION

from nascore.efficiency import cost
from nascore.predictors import make_predictor
from nascore.search.options import ExactOptions
from nascore.search.run import run_search
from nascore.search.targets import parse_target
from nascore.spaces.described import DescribedSpace


@pytest.fixture(scope="module")
def every():
    """Return the space, all of its architectures, their costs and made-up accuracies."""
    space = DescribedSpace.build(DESCRIPTION)
    genes = np.unique(space.sample(40_000, np.random.default_rng(0)), axis=0)
    assert len(genes) == space.size() == 960
    costs = cost(space, genes)
    noise = np.random.default_rng(1).normal(0, 0.01, len(genes))
    return space, genes, costs, 0.5 + 0.04 * np.log2(costs["macs"].to_numpy() / 1e5) + noise


@pytest.mark.parametrize("name", ["linear_per_global", "bilinear"])
@pytest.mark.parametrize("limits", [{"macs_m": 3}, {"macs_m": 2, "peak_memory_kb": 12}, {"flash_kb": 20}])
def test_the_optimum_is_the_best_of_all(every, name, limits):
    space, genes, costs, accuracy = every
    chosen = np.random.default_rng(2).permutation(len(genes))[:600]
    predictor = make_predictor(name, space)
    predictor.fit(genes[chosen[:500]], accuracy[chosen[:500]], seed=0)
    predictor.calibrate(genes[chosen[500:]], accuracy[chosen[500:]])
    target = parse_target("own", limits, space)
    result = run_search(space, target, predictor, ExactOptions(), searcher="exact", top_k=1, seed=0)
    within = np.logical_and.reduce([costs[limit.metric] <= limit.limit_in_metric for limit in target.constraints])
    assert result.status == "optimal" and within.any()
    assert result.subnets[0].predicted_accuracy == pytest.approx(predictor.predict(genes[within]).max(), abs=1e-9)


def test_what_nothing_satisfies_is_proven(every):
    space, genes, costs, accuracy = every
    predictor = make_predictor("linear_per_global", space)
    predictor.fit(genes, accuracy, seed=0).calibrate(genes, accuracy)
    least = costs["macs"].min()
    target = parse_target("own", {"macs_m": (least - 1) / 1e6}, space)
    result = run_search(space, target, predictor, ExactOptions(), searcher="exact", top_k=1, seed=0)
    assert result.status == "infeasible" and result.infeasibility.smallest[0].smallest == least
