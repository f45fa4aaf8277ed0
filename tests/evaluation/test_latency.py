from contextlib import nullcontext

import numpy as np
import pytest
from messages import facts

from nascore.errors import DataError
from nascore.evaluation import latency
from nascore.evaluation.latency import measure_layers, measure_networks, network_units, sample_networks
from nascore.evaluation.latency_backends import get_backend
from nascore.evaluation.latency_timing import Timing
from nascore.latency_files import LayerLatencies, NetworkLatencies
from nascore.layer_signature import LayerSignature, layers_of
from nascore.spaces import get_space

BINAS = get_space("binas", resolutions=(32,))
LAYERS = layers_of(BINAS)
QUICK = Timing(4, 4)


class Made:
    """A backend on which a network takes a millisecond per layer with weights, and that counts what it prepares."""

    name, hardware, runtime_version, threads = "made", "Some CPU", "1.0", 1

    def __init__(self, fail_after=10**9):
        self.prepared, self.fail_after = [], fail_after

    def running(self):
        return nullcontext()

    def prepare(self, units, batch):
        if len(self.prepared) == self.fail_after:
            raise KeyboardInterrupt
        if units:
            self.prepared.append(units)
        ms = 0.25 + sum(len(unit.convs) + len(unit.squeeze_excite) for unit in units)
        return lambda: float(ms)


def measure(path, backend, layers=LAYERS, **changes):
    return measure_layers(path, layers, backend, **{"device": "board", "timing": QUICK, **changes})


@pytest.mark.slow
def test_every_layer_is_measured_as_deployed(tmp_path):
    backend = Made()
    table = measure(tmp_path / "t.parquet", backend)
    assert table.signatures == LAYERS
    assert {LayerSignature.of(units[0]) for units in backend.prepared} == set(LAYERS)
    assert table.rows["call_ms"].eq(0.25).all()
    gated = [signature.se > 0 for signature in table.signatures]
    assert table.rows["median_ms"][gated].eq(0.25 + 5).all()
    assert LayerLatencies.read(tmp_path / "t.parquet").rows.to_dict() == table.rows.to_dict()


@pytest.mark.slow
def test_goes_on_where_it_was_interrupted(tmp_path, monkeypatch):
    monkeypatch.setattr(latency, "LAYERS_AT_A_TIME", 50)
    with pytest.raises(KeyboardInterrupt):
        measure(tmp_path / "t.parquet", Made(fail_after=70))
    assert len(LayerLatencies.read(tmp_path / "t.parquet").rows) == 50
    backend = Made()
    assert measure(tmp_path / "t.parquet", backend).signatures == LAYERS
    assert len(backend.prepared) == len(LAYERS) - 50


@pytest.mark.slow
def test_a_larger_space_adds_what_is_missing(tmp_path):
    measure(tmp_path / "t.parquet", Made(), LAYERS[:100])
    backend = Made()
    assert len(measure(tmp_path / "t.parquet", backend).rows) == len(LAYERS)
    assert sorted(LayerSignature.of(units[0]) for units in backend.prepared) == LAYERS[100:]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"runtime_version": "1.1"}, {}, ("runtime", "'1.0'", "'1.1'")),
        ({"threads": 2}, {}, ("threads", 1, 2)),
        ({"hardware": "Other CPU"}, {}, ("hardware", "'Some CPU'", "'Other CPU'")),
        ({}, {"batch": 4}, ("batch", 1, 4)),
        ({}, {"device": "phone"}, ("device", "'board'", "'phone'")),
    ],
)
def test_an_entry_of_another_setting_is_never_reused(tmp_path, change, options, message):
    measure(tmp_path / "t.parquet", Made(), LAYERS[:3])
    other = Made()
    for name, value in change.items():
        setattr(other, name, value)
    with pytest.raises(DataError, match=facts("t.parquet", *message)):
        measure(tmp_path / "t.parquet", other, **options)
    assert other.prepared == []


@pytest.mark.slow
def test_networks_are_measured_whole_and_once(tmp_path, monkeypatch, rng):
    monkeypatch.setattr(latency, "NETWORKS_AT_A_TIME", 4)
    genes = np.unique(BINAS.sample(10, rng), axis=0)
    path, options = tmp_path / "n.parquet", {"device": "board", "timing": QUICK}
    with pytest.raises(KeyboardInterrupt):
        measure_networks(path, BINAS, genes, Made(fail_after=6), **options)
    backend = Made()
    table = measure_networks(path, BINAS, np.concatenate([genes, genes]), backend, **options)
    assert len(backend.prepared) == 6
    assert sorted(BINAS.arch_id(table.genes)) == sorted(BINAS.arch_id(genes))
    for row, median in zip(table.genes, table.median_ms, strict=True):
        layers = [conv for unit in network_units(BINAS, row) for conv in (*unit.convs, *unit.squeeze_excite)]
        assert median == 0.25 + len(layers)
    assert (NetworkLatencies.read(path, BINAS).median_ms == table.median_ms).all()


@pytest.mark.slow
def test_a_real_measurement(tmp_path):
    table = measure(tmp_path / "t.parquet", get_backend("pytorch"), LAYERS[:5])
    assert table.setting.backend == "pytorch"
    assert (table.rows["median_ms"] > 0).all()


def test_sampled_networks_differ_and_depend_on_the_seed_alone():
    genes = sample_networks(BINAS, 30, seed=0)
    assert len(np.unique(genes, axis=0)) == len(genes) == 30
    assert (sample_networks(BINAS, 30, seed=0) == genes).all()
    assert (sample_networks(BINAS, 30, seed=1) != genes).any()
