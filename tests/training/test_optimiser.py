import math

import pytest

from nascore.supernet import build_supernet
from nascore.training.optimiser import learning_rate, new_optimiser


def test_the_rate_rises_and_falls_by_half_a_cosine():
    rates = [learning_rate(2.0, step, 10, 0.2) for step in range(10)]
    falling = [1 + math.cos(math.pi * step / 8) for step in range(8)]
    assert rates == pytest.approx([2 / 3, 4 / 3, *falling])
    assert rates[2] == 2.0 and rates[6] == pytest.approx(1.0)


@pytest.mark.parametrize("warmup", [0.0, 0.05, 0.99])
@pytest.mark.parametrize("n_steps", [1, 2, 7])
def test_no_step_is_lost_at_a_rate_of_zero(n_steps, warmup):
    rates = [learning_rate(1.0, step, n_steps, warmup) for step in range(n_steps)]
    assert all(0 < rate <= 1 for rate in rates)
    assert max(rates) == 1


def test_weights_that_multiply_decay_and_no_others(small_space):
    supernet = build_supernet(small_space)
    names = {id(parameter): name for name, parameter in supernet.named_parameters()}
    decayed, others = new_optimiser(supernet, 0.02).param_groups
    assert (decayed["weight_decay"], others["weight_decay"]) == (0.02, 0.0)
    assert len(decayed["params"]) + len(others["params"]) == len(names)
    assert all(names[id(p)].endswith("weight") and p.ndim in (2, 4) for p in decayed["params"])
    undecayed = [names[id(parameter)] for parameter in others["params"]]
    assert all(".bn." in name or name.endswith(("bias", "_matrix")) for name in undecayed)
    assert sum(name.endswith("_matrix") for name in undecayed) == 40
