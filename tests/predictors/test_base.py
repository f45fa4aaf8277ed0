import json

import numpy as np
import pytest
from messages import facts
from space_examples import SMALL

from nascore.errors import PredictorError, SpaceError
from nascore.predictors import storage
from nascore.predictors.base import Predictor
from nascore.predictors.linear import LinearPerGlobal
from nascore.predictors.quadratic import Quadratic


@pytest.fixture(scope="module")
def space():
    return SMALL


@pytest.fixture(scope="module")
def world(make_world):
    return make_world(SMALL, 3000)


@pytest.fixture(scope="module")
def fitted(space, world):
    return LinearPerGlobal(space).fit(world.genes[:1000], world.measured[:1000], seed=0)


@pytest.mark.parametrize(
    ("row", "value", "message"),
    [(4, np.nan, ("row 4", "accuracy", "nan", 0, 1)), (2, 91.5, ("row 2", "accuracy", 91.5, 0, 1))],
)
def test_accuracy_outside_0_to_1_is_refused_by_row(space, world, row, value, message):
    accuracy = world.measured[:10].copy()
    accuracy[row:] = value
    with pytest.raises(PredictorError, match=facts(*message)):
        LinearPerGlobal(space).fit(world.genes[:10], accuracy, seed=0)


def test_other_wrong_rows_are_refused(space, world):
    predictor = LinearPerGlobal(space)
    with pytest.raises(PredictorError, match=facts("accuracy", "(10,)", "(9,)")):
        predictor.fit(world.genes[:10], world.measured[:9], seed=0)
    with pytest.raises(PredictorError, match=facts("rows", 2, 1)):
        predictor.fit(world.genes[:1], world.measured[:1], seed=0)
    with pytest.raises(SpaceError, match=facts("row 0", "early.depth", 3)):
        wrong = world.genes[:10].copy()
        wrong[:, 1] = 3
        predictor.fit(wrong, world.measured[:10], seed=0)


def test_an_unfitted_predictor_says_so(space, world, tmp_path):
    predictor = LinearPerGlobal(space)
    assert predictor.additive_table() is None
    with pytest.raises(PredictorError, match=facts("linear_per_global", "fitted", "loaded")):
        predictor.predict(world.genes)
    with pytest.raises(PredictorError, match=facts("linear_per_global", "fitted", "saved")):
        predictor.save(tmp_path / "p")


def test_intervals_cover_new_rows_at_their_level(fitted, world):
    fitted.calibrate(world.genes[1000:2000], world.measured[1000:2000])
    for level in (0.5, 0.8, 0.9, 0.95):
        lower, upper = fitted.interval(world.genes[2000:], level)
        measured = world.measured[2000:]
        covered = ((lower <= measured) & (measured <= upper)).mean()
        assert abs(covered - level) < 0.05


def test_intervals_stay_inside_0_and_1_and_few_rows_widen_them(space, fitted, world):
    fitted.calibrate(world.genes[:3], world.measured[:3], levels=[0.9])
    lower, upper = fitted.interval(world.genes[:5])
    assert (lower == 0).all()
    assert (upper == 1).all()


def test_interval_requests_that_cannot_be_met(space, world):
    predictor = LinearPerGlobal(space).fit(world.genes[:50], world.measured[:50], seed=0)
    with pytest.raises(PredictorError, match=facts("linear_per_global", "calibrated", "intervals")):
        predictor.interval(world.genes)
    with pytest.raises(PredictorError, match=facts("interval", 0, 1, [0.9, 95])):
        predictor.calibrate(world.genes, world.measured, levels=[0.9, 95])
    predictor.calibrate(world.genes, world.measured, levels=[0.9])
    with pytest.raises(PredictorError, match=facts("interval", 0.8, [0.9])):
        predictor.interval(world.genes, 0.8)


def test_a_new_fit_drops_the_calibration(space, world):
    predictor = LinearPerGlobal(space).fit(world.genes[:50], world.measured[:50], seed=0)
    predictor.calibrate(world.genes, world.measured).fit(world.genes[:60], world.measured[:60], seed=0)
    with pytest.raises(PredictorError, match=facts("linear_per_global", "calibrated", "intervals")):
        predictor.interval(world.genes)


def test_files_of_another_predictor_or_version_are_refused(space, fitted, tmp_path):
    path = tmp_path / "linear.safetensors"
    fitted.save(path)
    with pytest.raises(PredictorError, match=facts(path, "linear_per_global", "quadratic")):
        Quadratic.load(path, space)
    content = storage.read(path)
    # Bypass `write`, which always writes the current version.
    header = json.dumps({**content.header, "format_version": 99})
    path.write_bytes(storage.save(content.arrays, metadata={storage.HEADER_KEY: header}))
    with pytest.raises(PredictorError, match=facts(path, "version", 99, 1)):
        LinearPerGlobal.load(path, space)


def test_broken_files_are_refused(space, fitted, tmp_path):
    path = tmp_path / "p"
    with pytest.raises(PredictorError, match=facts(path, "predictor")):
        LinearPerGlobal.load(path, space)
    fitted.save(path)
    whole = path.read_bytes()
    for broken in (b"", b"not a file", whole[:100], whole[:-8]):
        path.write_bytes(broken)
        with pytest.raises(PredictorError, match=facts(path, "safetensors")):
            LinearPerGlobal.load(path, space)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"additive.fixed": None}, ("additive.fixed", "missing")),
        ({"stranger": np.zeros(1)}, ("stranger",)),
        ({"additive.fixed": np.zeros(3)}, ("additive.fixed", "float64", "(3,)", "(2,)")),
        ({"additive.fixed": np.zeros(2, int)}, ("additive.fixed", "int64")),
        ({"additive.fixed": np.full(2, np.nan)}, ("additive.fixed", "finite")),
        ({"calibration.half_widths": None}, ("calibration.half_widths", "(4, 2)")),
    ],
)
def test_files_with_other_arrays_are_refused(space, world, fitted, tmp_path, change, message):
    fitted.calibrate(world.genes, world.measured).save(tmp_path / "p")
    content = storage.read(tmp_path / "p")
    arrays = {name: array for name, array in {**content.arrays, **change}.items() if array is not None}
    storage.write(tmp_path / "p", content.header, arrays)
    with pytest.raises(PredictorError, match=facts(tmp_path / "p", *message)):
        LinearPerGlobal.load(tmp_path / "p", space)


def test_a_header_without_a_field_is_refused(space, fitted, tmp_path):
    fitted.save(tmp_path / "p")
    content = storage.read(tmp_path / "p")
    storage.write(tmp_path / "p", {**content.header, "options": 3}, content.arrays)
    with pytest.raises(PredictorError, match=facts(tmp_path / "p", "'options'", "header", "dict")):
        LinearPerGlobal.load(tmp_path / "p", space)
    storage.write(tmp_path / "p", {**content.header, "calibration": {}}, content.arrays)
    with pytest.raises(PredictorError, match=facts(tmp_path / "p", "'calibration'", "levels, n_rows")):
        LinearPerGlobal.load(tmp_path / "p", space)
    (tmp_path / "p").write_bytes(storage.save(content.arrays, metadata={storage.HEADER_KEY: "{"}))
    with pytest.raises(PredictorError, match=facts(tmp_path / "p", f"'{storage.HEADER_KEY}'", "JSON", "line 1")):
        LinearPerGlobal.load(tmp_path / "p", space)
    with pytest.raises(ValueError):
        storage.write(tmp_path / "p", {**content.header, "fit": {"mae": float("nan")}}, content.arrays)


def test_the_header_says_of_which_space_it_is(fitted, tmp_path):
    fitted.save(tmp_path / "p")
    about = storage.read(tmp_path / "p").header["space"]
    assert sorted(about) == ["block_choices", "global_choices", "name", "options", "stages"]
    assert about["name"] == fitted.space.name and all(about[key] for key in ("block_choices", "global_choices"))


class Neighbours(Predictor):
    """Keeps its data: arrays as long as what it was fitted to."""

    name = "neighbours"

    def _fit(self, genes, accuracy, seed):
        self._rows, self._accuracy = genes.astype(float), accuracy
        return {}

    def _predict(self, genes):
        distances = np.abs(genes[:, None] - self._rows).sum(2)
        return self._accuracy[distances.argmin(1)]

    def _arrays(self):
        return {"rows": self._rows, "accuracy": self._accuracy}

    def _shapes(self):
        n = self.fit_facts["n_rows"]
        return {"rows": (n, self.space.n_genes), "accuracy": (n,)}

    def _restore(self, arrays):
        self._rows, self._accuracy = arrays["rows"], arrays["accuracy"]


def test_a_predictor_whose_arrays_are_as_long_as_its_data_is_loaded_again(space, world, tmp_path):
    fitted = Neighbours(space).fit(world.genes[:50], world.measured[:50], seed=0)
    fitted.save(tmp_path / "predictor.safetensors")
    loaded = Neighbours.load(tmp_path / "predictor.safetensors", space)
    assert np.array_equal(loaded.predict(world.genes[:99]), fitted.predict(world.genes[:99]))
