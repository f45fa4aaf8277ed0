import numpy as np
import torch

from nascore.predictors import storage
from nascore.predictors.mlp import Mlp
from nascore.predictors.mlp_training import PublishedMlp, reproducible


def test_weights_have_their_published_names_and_shapes(space, world, tmp_path):
    Mlp(space, epochs=1).fit(world.genes[:300], world.measured[:300], seed=0).save(tmp_path / "mlp")
    shapes = {name: array.shape for name, array in storage.read(tmp_path / "mlp").arrays.items()}
    assert shapes == {
        "layers.0.0.weight": (400, 128),
        "layers.0.0.bias": (400,),
        "layers.1.0.weight": (400, 400),
        "layers.1.0.bias": (400,),
        "layers.2.0.weight": (400, 400),
        "layers.2.0.bias": (400,),
        "layers.3.weight": (1, 400),
        "base_acc": (),
    }


def test_numpy_predicts_what_torch_predicts(space, world):
    predictor = Mlp(space, hidden=32, epochs=1).fit(world.genes[:300], world.measured[:300], seed=0)
    model = PublishedMlp(128, 32, 0.0)
    model.load_state_dict({name: torch.tensor(array) for name, array in predictor._arrays().items()})
    with torch.no_grad():
        expected = model(torch.from_numpy(space.encode(world.genes))).numpy()
    np.testing.assert_allclose(predictor.predict(world.genes), expected, atol=1e-6)


def test_base_acc_is_the_mean_of_the_training_rows(space, world):
    predictor = Mlp(space, hidden=4, epochs=1).fit(world.genes[:300], world.measured[:300], seed=0)
    assert predictor._arrays()["base_acc"] == np.float32(world.measured[:300].mean())


def test_training_learns_and_depends_on_the_seed(space, world):
    fits = [Mlp(space, hidden=64).fit(world.genes[:2000], world.measured[:2000], seed=seed) for seed in (0, 1)]
    first, second = (fit.predict(world.genes[2000:]) for fit in fits)
    assert np.corrcoef(first, world.truth[2000:])[0, 1] > 0.9
    assert (first != second).any()


def test_training_leaves_torch_as_it_was(space, world):
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    threads = torch.get_num_threads()
    Mlp(space, hidden=4, epochs=1).fit(world.genes[:50], world.measured[:50], seed=0)
    torch.testing.assert_close(torch.rand(3), expected)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


def test_reproducible_is_one_deterministic_thread():
    with reproducible(3):
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
        first = torch.rand(2)
    with reproducible(3):
        torch.testing.assert_close(torch.rand(2), first)
