import pytest
from result_examples import nothing_found

from nascore.deploy.bundle import write_empty_bundle
from nascore.deploy.latency import measure_latency
from nascore.evaluation.latency_timing import Timing
from nascore.results.outcome import Outcome

QUICK = Timing(min_repeats=4, max_repeats=8)


@pytest.mark.slow
def test_both_models_of_every_bundle_are_timed(bundle, tmp_path):
    write_empty_bundle(tmp_path, Outcome((nothing_found(target="tiny"),)))
    found = measure_latency({"tiny": tmp_path, "easy": bundle[0]}, QUICK)
    assert found[["target", "model"]].values.tolist() == [["easy", "model.onnx"], ["easy", "model_int8.onnx"]]
    assert (found["median_ms"] > 0).all() and (found["repeats"] <= 8).all()
    assert found["runtime_version"].str[0].str.isdigit().all()


def test_nothing_to_time(tmp_path):
    write_empty_bundle(tmp_path, Outcome((nothing_found(target="tiny"),)))
    found = measure_latency({"tiny": tmp_path}, QUICK)
    assert len(found) == 0 and "median_ms" in found.columns
