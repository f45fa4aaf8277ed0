import re

import numpy as np
import pandas as pd
import pytest
import torch
from messages import facts
from result_examples import bound, nothing_found, search_result

from nascore.efficiency import cost
from nascore.evaluation.measure import Measurement, measure
from nascore.evaluation.validation import best_of_roles, interval, validate_target
from nascore.results.validation import Validation
from nascore.supernet.checkpoint import load_subnet, read_facts

SEARCH = search_result()


@pytest.fixture(scope="module")
def genes(small_space):
    """Return three found subnets, a random one that was found too, the smallest and the largest narrow one."""
    narrow = small_space.restrict({"width": [0]})
    drawn = narrow.sample(3, np.random.default_rng(1))
    return np.concatenate([drawn, drawn[1:2], [narrow.smallest()], [narrow.largest()]])


@pytest.fixture(scope="module")
def ranking(small_space, genes) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "role": ["found", "found", "found", "random", "smallest", "largest"],
            "rank": [0, 1, 2, 0, 0, 0],
            "arch_id": small_space.arch_id(genes),
            "predicted_accuracy": [0.9, 0.8, 0.7, 0.8, 0.5, 0.6],
            "lower": 0.4,
            "upper": 0.95,
            "accuracy": [0.5, 0.75, 0.75, 0.75, 0.5, 0.25],
            "loss": 0.6,
            "n_images": 13,
        }
    ).join(cost(small_space, genes))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("validation") / "weights"


@pytest.fixture(scope="module")
def result(measurer, ranking, genes, folder) -> Validation:
    return validate_target(measurer, SEARCH, ranking, genes, folder)


@pytest.mark.slow
def test_a_latency_limit_is_judged_by_the_table_as_no_clock_is_here(measurer, ranking, genes, tmp_path):
    known = ranking.assign(**{"latency_ms@board": [4.0, 5.0, 5.0, 5.0, 3.0, 6.0]})
    for limit, kept in ((5.0, True), (4.5, False)):
        bounded = search_result(constraints=[bound("latency_ms@board", limit)])
        winner = validate_target(measurer, bounded, known, genes, tmp_path / str(limit)).winner
        assert winner.satisfies_target is kept
        assert winner.costs_counted["latency_ms@board"] == 5.0 and "latency_ms@board" not in winner.costs_measured
        assert not winner.differences


def test_the_record_holds_every_contender(result, ranking, genes, small_space, tmp_path):
    result.write(tmp_path / "validation.json")
    record = Validation.read(tmp_path / "validation.json")
    assert record == result
    assert record.status == "validated" and record.n_measurements == 3
    assert (record.split_search.n_images, record.split_test.n_images) == (13, 11)
    assert record.majority_class_accuracy == 6 / 11
    assert [contender.arch for contender in record.contenders] == small_space.to_dicts(genes)
    assert [contender.arch_id for contender in record.contenders] == ranking["arch_id"].tolist()
    assert [c.role for c in record.contenders if c.is_tested] == [
        "found",
        "random",
        "smallest",
        "largest",
    ]


def test_the_winner_was_decided_on_search(result, ranking):
    assert [c.is_tested for c in result.contenders[:3]] == [False, True, False]
    assert result.winner.arch_id == ranking["arch_id"][1]
    tested = result.contenders[1]
    assert tested.test_lower < tested.test_accuracy < tested.test_upper
    accuracies = (f"{share:.4f}" for share in tested.test.interval)
    assert re.match(facts(*accuracies, "0.8000"), result.message)


@pytest.mark.slow
def test_one_subnet_in_two_roles_is_tested_once(new_measurer, ranking, genes, tmp_path, monkeypatch):
    measurer = new_measurer()
    real, splits = measurer.measure, []
    monkeypatch.setattr(measurer, "measure", lambda subnet, split: splits.append(split) or real(subnet, split))
    contenders = validate_target(measurer, SEARCH, ranking, genes, tmp_path).contenders
    assert splits == ["test"] * 3
    assert contenders[1].test_loss == contenders[3].test_loss


def test_the_saved_weights_are_the_winner_s(result, small_space, store, folder, measurer):
    assert result.winner.weights == "weights/winner.safetensors"
    loaded = load_subnet(folder / "winner.safetensors", small_space)
    assert loaded.arch_id == result.winner.arch_id
    again = measure(loaded, store, split="test", device=torch.device("cpu"), batch_size=5)
    tested = result.contenders[1]
    assert (again.accuracy, again.loss) == (tested.test_accuracy, tested.test_loss)
    sha256 = measurer.checkpoint_sha256
    assert read_facts(folder / "winner.safetensors") == {"target": "easy", "checkpoint_sha256": sha256, **store.facts}
    assert result.winner.checkpoint_sha256 == sha256


def test_costs_by_table_and_on_the_network_agree(result):
    assert result.winner.costs_counted == result.winner.costs_measured == result.contenders[1].costs
    assert result.winner.satisfies_target


@pytest.mark.parametrize(
    ("constraints", "fixed", "satisfied"),
    [
        ([("macs", 0), ("params", 0)], {}, True),  # a limit is inclusive
        ([("macs", -1)], {}, False),
        ([("macs", 0), ("peak_memory_bytes", -1)], {}, False),
        ([], {"width": 0}, True),
        ([], {"width": 1}, False),
        ([], {"resolution": 1}, False),
    ],
)
def test_the_target_is_checked_on_the_network(
    measurer, ranking, genes, result, tmp_path, constraints, fixed, satisfied
):
    costs = result.winner.costs_measured
    limits = [bound(metric, costs[metric] + change) for metric, change in constraints]
    search = search_result(constraints=limits, fixed=fixed)
    found = validate_target(measurer, search, ranking[1:2].reset_index(drop=True), genes[1:2], tmp_path)
    assert found.winner.satisfies_target == satisfied


@pytest.mark.parametrize("status", ["infeasible", "not_found"])
def test_a_target_without_contenders(measurer, ranking, genes, tmp_path, status):
    search = nothing_found(status, message="72 KB at least")
    record = validate_target(measurer, search, ranking[:0], genes[:0], tmp_path / "weights")
    assert (record.status, record.message, record.winner) == (status, "72 KB at least", None)
    assert record.contenders == [] and record.n_measurements == 0
    assert list((tmp_path / "weights").iterdir()) == []


def test_baselines_without_a_find(measurer, ranking, genes, tmp_path):
    found = validate_target(measurer, SEARCH, ranking[4:5].reset_index(drop=True), genes[4:5], tmp_path)
    assert found.status == "not_found" and found.contenders[0].is_tested


# -- ties and intervals ------------------------------------------------------------------------------


def test_ties_do_not_depend_on_the_order_of_rows():
    frame = pd.DataFrame(
        {
            "role": ["found"] * 4,
            "arch_id": ["d", "c", "a", "b"],
            "accuracy": [0.5, 0.75, 0.75, 0.75],
            "predicted_accuracy": [0.9, 0.6, 0.8, 0.8],
        }
    )
    assert best_of_roles(frame) == {"found": 2}
    turned = frame[::-1].reset_index(drop=True)
    assert turned["arch_id"][best_of_roles(turned)["found"]] == "a"


@pytest.mark.parametrize(
    ("correct", "images", "lower", "upper"),
    [(50, 100, 0.40383, 0.59617), (0, 10, 0.0, 0.27753), (10, 10, 0.72247, 1.0), (90, 100, 0.82563, 0.94477)],
)
def test_intervals_are_wilson_s(correct, images, lower, upper):
    # (p + z²/2n ± z sqrt(p (1 - p)/n + z²/4n²)) / (1 + z²/n), z = 1.95996
    assert interval(Measurement(correct, images, 0.0)) == pytest.approx((lower, upper), abs=1e-5)
