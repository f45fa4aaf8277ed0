import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from messages import facts
from safetensors.numpy import save_file

from nascore.errors import PredictorError
from nascore.predictors import load_predictor, make_predictor, predictor_names
from nascore.spaces import Choice, Stage, StagedSpace, get_space

SMALL = StagedSpace(
    name="small",
    global_choices=(Choice("resolution", (96, 160)), Choice("width", (0, 1, 2))),
    stages=(Stage("early", (1, 2)), Stage("late", (0, 1, 3))),
    block_choices=(Choice("kernel", (3, 5, 7)), Choice("expand", (3, 4))),
)
# Small enough to fit in a moment.
QUICK = {
    "linear_per_global": {},
    "contributions": {},
    "bilinear": {},
    "quadratic": {},
    "mlp": {"hidden": 16, "epochs": 2},
    "mlp_tuned": {"members": 2, "hidden": 8, "epochs": 2},
}


@pytest.fixture(scope="module")
def space():
    return SMALL


@pytest.fixture(scope="module")
def world(space, make_world):
    return make_world(space, 1000)


@pytest.fixture(scope="module", params=QUICK)
def fitted(request, space, world):
    predictor = make_predictor(request.param, space, **QUICK[request.param])
    return predictor.fit(world.genes[:400], world.measured[:400], seed=5)


def test_every_registered_name_is_tested_here():
    assert predictor_names() == list(QUICK)


def test_unknown_predictor_names_the_nearest(space):
    with pytest.raises(PredictorError, match=facts("'mlp_tund'", "'mlp_tuned'")):
        make_predictor("mlp_tund", space)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mlp", {"epoch": 3}, ("mlp", "'epoch'", "'epochs'")),
        ("mlp", {"epochs": 0}, ("mlp", "epochs", 1, 0)),
        ("mlp", {"epochs": 2.5}, ("mlp", "epochs", 2.5)),
        ("mlp", {"learning_rate": float("nan")}, ("mlp", "learning_rate", "nan")),
        ("mlp_tuned", {"dropout": 1.0}, ("mlp_tuned", "dropout", 1, 1.0)),
        ("mlp_tuned", {"members": True}, ("mlp_tuned", "members", True)),
        ("quadratic", {"penalty": 1}, ("quadratic", "penalty")),
    ],
)
def test_wrong_options_are_refused(space, name, options, message):
    with pytest.raises(PredictorError, match=facts(*message)):
        make_predictor(name, space, **options)


def test_saved_and_loaded_predictors_agree(fitted, space, world, tmp_path):
    fitted.calibrate(world.genes[400:800], world.measured[400:800])
    fitted.save(tmp_path / "p.safetensors")
    loaded = load_predictor(tmp_path / "p.safetensors", space.restrict({"resolution": [96]}))
    assert type(loaded) is type(fitted)
    assert loaded.fit_facts == fitted.fit_facts
    assert loaded.options == fitted.options
    np.testing.assert_array_equal(loaded.predict(world.genes), fitted.predict(world.genes))
    np.testing.assert_array_equal(loaded.interval(world.genes, 0.8), fitted.interval(world.genes, 0.8))
    loaded.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "p.safetensors").read_bytes()


def test_same_rows_and_seed_give_the_same_bytes(fitted, space, world, tmp_path):
    again = make_predictor(fitted.name, space, **QUICK[fitted.name])
    again.fit(world.genes[:400], world.measured[:400], seed=5).save(tmp_path / "again")
    fresh = make_predictor(fitted.name, space, **QUICK[fitted.name])
    fresh.fit(world.genes[:400], world.measured[:400], seed=5).save(tmp_path / "fresh")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "fresh").read_bytes()
    np.testing.assert_array_equal(again.predict(world.genes), fitted.predict(world.genes))


@pytest.mark.parametrize("n", [0, 1, 7])
def test_predictions_are_a_column_of_doubles(fitted, world, n):
    predicted = fitted.predict(world.genes[:n])
    assert predicted.shape == (n,)
    assert predicted.dtype == np.float64


def test_predictions_do_not_depend_on_their_neighbours(fitted, world):
    together = fitted.predict(world.genes[:50])
    alone = np.concatenate([fitted.predict(row[None]) for row in world.genes[:50]])
    np.testing.assert_allclose(alone, together, atol=1e-6)


def test_predictions_are_finite_at_a_width_never_seen(space, world, fitted):
    seen = world.genes[:, 1] < 2
    predictor = make_predictor(fitted.name, space, **QUICK[fitted.name])
    predictor.fit(world.genes[seen][:300], world.measured[seen][:300], seed=0)
    assert np.isfinite(predictor.predict(world.genes[~seen])).all()


@pytest.mark.parametrize("n", [2, 3, 20])
@pytest.mark.filterwarnings("error")
def test_few_rows_and_constant_accuracy_are_no_trouble(fitted, space, world, n):
    predictor = make_predictor(fitted.name, space, **QUICK[fitted.name])
    assert np.isfinite(predictor.fit(world.genes[:n], world.measured[:n], seed=0).predict(world.genes)).all()
    constant = predictor.fit(world.genes[:n], np.full(n, 0.75), seed=0).predict(world.genes[:n])
    np.testing.assert_allclose(constant, 0.75, atol=0.2 if fitted.name == "mlp" else 1e-6)


def test_a_file_of_an_unknown_predictor_is_refused(fitted, space, tmp_path):
    import nascore.predictors.storage as storage

    fitted.save(tmp_path / "p")
    content = storage.read(tmp_path / "p")
    storage.write(tmp_path / "p", {**content.header, "predictor": "mlpp"}, content.arrays)
    with pytest.raises(PredictorError, match=facts(tmp_path / "p", "'mlpp'", "'mlp'")):
        load_predictor(tmp_path / "p", space)


def test_a_foreign_safetensors_file_is_refused(space, tmp_path):
    save_file({"x": np.zeros(2)}, tmp_path / "foreign")
    with pytest.raises(PredictorError, match=facts(tmp_path / "foreign", "safetensors", "'nascore'")):
        load_predictor(tmp_path / "foreign", space)


@pytest.mark.slow
def test_prediction_never_loads_torch(make_world, tmp_path):
    space = get_space("ofa_mcunet", resolutions=(96,))
    world = make_world(space, 100)
    for name in ("mlp", "mlp_tuned"):
        predictor = make_predictor(name, space, **QUICK[name])
        predictor.fit(world.genes, world.measured, seed=1).save(tmp_path / name)
    code = """
import sys
import numpy as np
from nascore.predictors import load_predictor
from nascore.spaces import get_space
space = get_space("ofa_mcunet", resolutions=(96,))
genes = space.sample(3, np.random.default_rng(0))
for path in sys.argv[1:]:
    load_predictor(path, space).predict(genes)
print("torch" in sys.modules)
"""
    command = [sys.executable, "-c", code, str(tmp_path / "mlp"), str(tmp_path / "mlp_tuned")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "False"


def test_a_predictor_of_other_resolutions_is_refused(fitted, space, tmp_path):
    fitted.save(tmp_path / "p")
    others = replace(space, global_choices=(Choice("resolution", (96,)), space.global_choices[1]))
    with pytest.raises(PredictorError, match=facts(tmp_path / "p", "global_choices", [96, 160], [96])):
        load_predictor(tmp_path / "p", others)


def test_a_predictor_of_another_number_of_classes_is_refused(make_world, tmp_path):
    space = get_space("ofa_mcunet", resolutions=(96,))
    world = make_world(space, 100)
    make_predictor("contributions", space).fit(world.genes, world.measured, seed=0).save(tmp_path / "p")
    with pytest.raises(PredictorError, match=facts(tmp_path / "p", "options", {"n_classes": 2}, {"n_classes": 3})):
        load_predictor(tmp_path / "p", replace(space, n_classes=3))


def test_a_folder_is_no_predictor(tmp_path):
    with pytest.raises(PredictorError, match=facts(tmp_path, "folder", "predictor")):
        load_predictor(tmp_path, get_space("ofa_mcunet"))
