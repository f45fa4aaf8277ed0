import numpy as np
import pytest
import torch
from space_examples import SMALL

from nascore.predictors.linear import LinearPerGlobal
from nascore.predictors.mlp_training import _forward, train_ensemble
from nascore.predictors.mlp_tuned import MlpTuned


@pytest.mark.parametrize("n", [20, 100])
def test_few_rows_do_not_spoil_the_additive_part(make_world, n):
    world = make_world(SMALL, 2000)
    ratios = []
    for first in range(0, 5 * n, n):
        rows = world.genes[first : first + n], world.measured[first : first + n]
        fits = [p.fit(*rows, seed=0) for p in (LinearPerGlobal(SMALL), MlpTuned(SMALL, members=2, epochs=3))]
        errors = [np.abs(p.predict(world.genes) - world.truth).mean() for p in fits]
        ratios.append(errors[1] / errors[0])
    assert np.mean(ratios) < 1.02


def test_without_a_share_the_additive_part_is_left(make_world, monkeypatch):
    monkeypatch.setattr("nascore.predictors.mlp_tuned.trusted_share", lambda *_: 0.0)
    world = make_world(SMALL, 300)
    tuned = MlpTuned(SMALL, members=2, hidden=8, epochs=1).fit(world.genes, world.measured, seed=0)
    linear = LinearPerGlobal(SMALL).fit(world.genes, world.measured, seed=0)
    np.testing.assert_array_equal(tuned.predict(world.genes), linear.predict(world.genes))


@pytest.mark.slow
def test_what_is_not_additive_is_learnt_from_the_residuals(make_world):
    world = make_world(SMALL, 4000, noise=0.0005, curved=50.0)
    train, test = slice(0, 3000), slice(3000, None)
    tuned = MlpTuned(SMALL, members=3, hidden=32, epochs=30, dropout=0.0)
    tuned.fit(world.genes[train], world.measured[train], seed=0)
    linear = LinearPerGlobal(SMALL).fit(world.genes[train], world.measured[train], seed=0)
    errors = [np.abs(p.predict(world.genes[test]) - world.truth[test]).mean() for p in (linear, tuned)]
    assert tuned.fit_facts["ensemble_share"] > 0.5
    assert errors[1] < 0.8 * errors[0]
    assert not tuned.is_additive


def test_numpy_predicts_what_torch_predicts(space, world):
    tuned = MlpTuned(space, members=2, hidden=8, epochs=1)
    members = tuned._train(world.genes[:500], world.measured[:500] - 0.8, 0, "final")
    inputs = tuned._inputs(world.genes[:40])
    parameters = [torch.tensor(members[f"members.{i}.{part}"]) for i in range(3) for part in ("weight", "bias")]
    expected = _forward(torch.from_numpy(inputs).expand(2, -1, -1), parameters, dropout=0.0).mean(dim=0)
    np.testing.assert_allclose(tuned._ensemble(world.genes[:40], members), expected.numpy(), atol=1e-6)


def test_inputs_never_seen_have_no_weight(space, world):
    seen = world.genes[:, 1] < 2
    tuned = MlpTuned(space, members=2, hidden=8, epochs=1)
    members = tuned._train(world.genes[seen], world.measured[seen], 0, "final")
    assert (members["members.0.weight"][:, -1] == 0).all()
    assert (members["members.0.weight"][:, -2] != 0).any()


def test_members_differ(rng):
    inputs, targets = rng.normal(size=(40, 3)).astype(np.float32), rng.normal(size=40)
    options = {"hidden": 4, "epochs": 2, "batch_size": 16, "learning_rate": 1e-2, "weight_decay": 0.1, "dropout": 0.1}
    arrays = train_ensemble(inputs, targets, members=3, seed=0, stage="final", **options)
    assert arrays["members.0.weight"].shape == (3, 3, 4)
    assert (arrays["members.0.weight"][0] != arrays["members.0.weight"][1]).any()
