import re
from dataclasses import replace

import pytest
import torch
from messages import facts
from result_examples import contender, validation

from nascore.errors import DataError
from nascore.evaluation.measure import measure
from nascore.evaluation.measured_costs import measured_costs
from nascore.evaluation.saved import measure_saved, validate_finetuned
from nascore.evaluation.validation import interval
from nascore.supernet import Subnet
from nascore.supernet.checkpoint import save_subnet

CPU = torch.device("cpu")
BEFORE = {"test_accuracy": 0.5, "test_lower": 0.25, "test_upper": 0.75, "test_loss": 0.7}


@pytest.fixture(scope="module")
def subnet(measurer, small_space):
    return measurer.calibrated(small_space.smallest())


def validated(subnet):
    """Return a validation with that winner, two other contenders beside it."""
    others = [contender("found", "1" * 16), contender("random", "2" * 16, **BEFORE | {"test_accuracy": 0.7})]
    return validation([*others, contender("found", subnet.arch_id, **BEFORE)], subnet.arch_id)


def test_a_saved_subnet_is_measured_as_it_is(subnet, store):
    tested = measure_saved(subnet, store, split="test", device=CPU)
    plain = measure(subnet, store, split="test", device=CPU)
    assert (tested.accuracy, tested.loss, tested.n_images) == (plain.accuracy, plain.loss, 11)
    assert (tested.lower, tested.upper) == interval(plain)
    assert tested.costs == measured_costs(subnet)


def test_other_classes_and_resolutions_are_refused(subnet, small_space, store):
    three = Subnet(replace(small_space, n_classes=3), small_space.smallest())
    with pytest.raises(DataError, match=facts("classes", 3, store.folder, 2, "not_person, person")):
        measure_saved(three, store, split="test", device=CPU)
    other = small_space.build(resolutions=(48,))
    with pytest.raises(DataError, match=facts("resolution", "'48'", "32, 40")):
        measure_saved(Subnet(other, other.smallest()), store, split="test", device=CPU)


def test_a_fine_tuned_winner_stands_beside_what_it_was(subnet, small_space, store, tmp_path):
    save_subnet(tmp_path / "winner.safetensors", subnet, {"finetuned_epochs": "3", "checkpoint_sha256": "ab"})
    record = validate_finetuned(validated(subnet), tmp_path, small_space, store, device=CPU, batch_size=5)
    tested = measure_saved(subnet, store, split="test", device=CPU)
    assert record.status == "finetuned" and record.winner.epochs == 3 and record.winner.checkpoint_sha256 == "ab"
    assert record.winner.before.model_dump() == BEFORE
    after = record.winner.after
    assert (after.test_accuracy, after.test_lower, after.test_upper) == (tested.accuracy, tested.lower, tested.upper)
    accuracies = (f"{number:.4f}" for number in (tested.accuracy, tested.lower, tested.upper))
    assert re.match(facts(*accuracies, "0.5000", "0.2500", "0.7500"), record.message)


@pytest.mark.parametrize("status", ["infeasible", "not_found"])
def test_without_a_winner_nothing_is_fine_tuned(small_space, store, tmp_path, status):
    given = validation([], None, status=status, message="proven")
    result = validate_finetuned(given, tmp_path, small_space, store, device=CPU, batch_size=5)
    assert (result.status, result.winner) == (status, None)
    assert re.match(facts("fine-tune", "proven"), result.message)
