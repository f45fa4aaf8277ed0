import numpy as np
import pytest

from nascore.deploy.check import agreement, arena_bytes
from nascore.evaluation.measured_costs import measured_costs


def test_agreement_by_hand():
    labels = np.array([0, 1, 1, 0])
    reference = np.array([[1, 0], [0, 1], [0, 1], [0, 1]], np.float32)
    logits = reference.copy()
    logits[1] = [1.5, 1]  # decides otherwise, wrongly
    found = agreement(logits, reference, labels)
    assert (found["accuracy"], found["max_difference"], found["changed_decisions"]) == (0.5, 1.5, 1)
    assert 0 < found["lower"] < 0.5 < found["upper"] < 1
    assert agreement(reference, reference, labels)["accuracy"] == 0.75


def test_the_arena_of_int8_activations_is_the_predicted_peak(bundle, subnet):
    """By definition input and output of the widest layer and what is kept beside it; the runtime holds just that."""
    folder, checks = bundle
    measured = arena_bytes((folder / "model_int8.onnx").read_bytes(), 40)
    assert measured == checks.memory.measured_arena_bytes
    assert measured == measured_costs(subnet)["peak_memory_bytes"] == checks.memory.predicted_peak_memory_bytes


def test_float_activations_take_more(bundle):
    folder, checks = bundle
    single = arena_bytes((folder / "model.onnx").read_bytes(), 40)
    assert single == pytest.approx(4 * checks.memory.measured_arena_bytes, rel=0.5)
