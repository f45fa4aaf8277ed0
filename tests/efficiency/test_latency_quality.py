from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from latency_examples import SETTING, networks_of, table_of
from messages import facts

from nascore.efficiency import cost
from nascore.efficiency.latency_judgement import compare, quality
from nascore.efficiency.latency_quality import (
    NetworkPredictor,
    correct,
    estimates,
    linear_fit,
    table_sum,
)
from nascore.errors import DataError
from nascore.latency_files import Correction
from nascore.predictors import load_predictor
from nascore.results.latency import ESTIMATES
from nascore.spaces import get_space
from nascore.spaces.block_table import BlockTableLookup

BINAS = get_space("binas", resolutions=(32,))
TABLE = table_of(BINAS)
GENES = np.unique(BINAS.sample(120, np.random.default_rng(0)), axis=0)
SUMS = table_sum(BINAS, TABLE, GENES)


def test_quality_by_hand():
    # Relative errors 0.1, 0, 0.25; of three pairs one is in the wrong order.
    assert quality([10, 20, 40], [11, 20, 30]) == pytest.approx({"mape": 0.35 / 3, "spearman": 1, "kendall_tau": 1})
    found = quality([1, 2, 3], [1, 3, 2])
    assert (found["spearman"], found["kendall_tau"]) == pytest.approx((0.5, 1 / 3))


def test_a_disturbed_network_does_not_move_the_line():
    x = np.linspace(1, 10, 40)
    measured = 1.5 * x + 0.25
    assert linear_fit(x, measured) == pytest.approx((1.5, 0.25), rel=1e-6)
    measured[7] *= 3
    assert linear_fit(x, measured) == pytest.approx((1.5, 0.25), rel=0.01)


def test_the_correction_is_found_whatever_the_table_had():
    networks = networks_of(BINAS, GENES, 1.5 * SUMS - 0.25)
    before = replace(TABLE, correction=Correction("binas", 9.0, 9.0, 3))
    found = correct(before, networks).correction
    assert (found.space, found.n_networks) == ("binas", len(GENES))
    assert (found.slope, found.intercept_ms) == pytest.approx((1.5, -0.25), rel=1e-6)


def test_a_table_that_is_too_slow_is_corrected_too():
    assert correct(TABLE, networks_of(BINAS, GENES, 0.5 * SUMS)).correction.slope == pytest.approx(0.5, rel=1e-6)


def test_macs_are_taken_for_a_latency_by_a_line_with_its_intercept():
    macs = cost(BINAS, GENES)["macs"].to_numpy()
    networks = networks_of(BINAS, GENES, macs / 1e6 + 3)
    fitted, judged = networks.split(80, 20)
    found = estimates(TABLE, fitted, judged, seed=0)
    assert found.columns.tolist() == list(ESTIMATES)
    assert found["macs"].to_numpy() == pytest.approx(judged.median_ms, rel=1e-3)


def test_without_networks_nothing_is_judged_and_the_columns_are_there():
    assert compare([], pd.DataFrame()).columns.tolist() == ["estimate", "mape", "spearman", "kendall_tau"]


def test_refuses_a_correction_that_makes_no_sense():
    with pytest.raises(DataError, match=facts("networks", 3, 2)):
        correct(TABLE, networks_of(BINAS, GENES[:2], SUMS[:2]))
    with pytest.raises(DataError, match=facts("networks", "layers", "slope", -1)):
        correct(TABLE, networks_of(BINAS, GENES, 100 - SUMS))
    smallest = table_sum(BINAS, TABLE, BINAS.smallest()[None])[0]
    with pytest.raises(DataError, match=facts("corrected", "smallest subnet", -0.25, "above 0")):
        correct(TABLE, networks_of(BINAS, GENES, SUMS - smallest - 0.25))
    other = networks_of(BINAS, GENES, SUMS, replace(SETTING, threads=4))
    with pytest.raises(DataError, match=facts("networks", "threads", 4, 1)):
        correct(TABLE, other)


@pytest.mark.slow
def test_each_estimate_is_judged_on_networks_that_it_has_not_seen():
    fitted, heldout = (networks_of(BINAS, GENES[rows], 2 * SUMS[rows] + 1) for rows in (slice(80), slice(80, None)))
    compared = compare(heldout.median_ms, estimates(TABLE, fitted, heldout, seed=0)).set_index("estimate")
    assert compared.index.tolist() == ["macs", "table_sum", "corrected_sum", "linear_per_global", "mlp"]
    assert compared.loc["corrected_sum"].tolist() == pytest.approx([0, 1, 1], abs=1e-6)
    assert 0.5 < compared.loc["table_sum", "mape"] < 0.6  # half of what is measured is missing, and the 1 ms
    macs = cost(BINAS, GENES)["macs"].to_numpy(float)
    assert compared.loc["macs", "spearman"] == pytest.approx(quality(SUMS[80:], macs[80:])["spearman"])
    # The additive predictor has what is additive; the MLP is better than the mean.
    assert compared.loc["linear_per_global", "mape"] < 0.02
    spread = np.abs(np.median(fitted.median_ms) / heldout.median_ms - 1).mean()
    assert compared.loc["mlp", "mape"] < spread


def test_a_held_out_network_is_in_one_sample_alone():
    sample = networks_of(BINAS, GENES[:5], SUMS[:5])
    with pytest.raises(DataError, match=facts("networks", 5, min(BINAS.arch_id(GENES[:5])))):
        estimates(TABLE, sample, sample, seed=0)


@pytest.mark.slow
def test_a_network_predictor_is_a_file_and_a_table_in_milliseconds(tmp_path):
    predictor = NetworkPredictor.fit("linear_per_global", networks_of(BINAS, GENES, 20 * SUMS), seed=0)
    predictor.predictor.save(tmp_path / "p.safetensors")
    again = NetworkPredictor(load_predictor(tmp_path / "p.safetensors", BINAS))
    assert (again.predict(GENES) == predictor.predict(GENES)).all()
    assert np.abs(predictor.predict(GENES) / (20 * SUMS) - 1).max() < 0.05
    looked_up = BlockTableLookup(BINAS, [predictor.block_table()])(GENES)[0]
    assert looked_up == pytest.approx(predictor.predict(GENES))
    assert NetworkPredictor.fit("mlp", networks_of(BINAS, GENES, SUMS), seed=0).block_table() is None
