import re
import subprocess
import sys

import numpy as np
import pytest
from messages import facts
from search_examples import genes_of

from nascore.errors import PredictorError, TargetError
from nascore.predictors import make_predictor
from nascore.results.search import SearchResult
from nascore.search import run
from nascore.search.exact import TOLERANCE
from nascore.search.options import BcfwOptions, EvolutionOptions, EvolutionSettings, ExactOptions, RandomOptions
from nascore.search.run import run_search
from nascore.search.targets import parse_target

OPTIONS = {
    "random": RandomOptions(samples=200, max_draws=5000),
    "evolution": EvolutionOptions(population=20, generations=5, max_draws=5000),
    "bcfw": BcfwOptions(starts=2),
    "exact": ExactOptions(surrogate_rows=500, refinement=EvolutionSettings(population=20, generations=3)),
}


@pytest.fixture(scope="module")
def covered(space):
    return space.restrict({"width": [0, 1]})


@pytest.fixture(scope="module")
def search(space, covered, predictor):
    """Return a function that searches one target with one of the algorithms."""

    def of(spec, algorithm="exact", *, part=None, with_predictor=None, **settings):
        target = parse_target("t", spec, space)
        options = OPTIONS[algorithm]
        return run_search(
            part or covered, target, with_predictor or predictor, options, searcher=f"my_{algorithm}", **settings
        )

    return of


@pytest.fixture(scope="module")
def mlp(space, measured):
    """Return a small predictor that is not additive."""
    genes, accuracy = measured
    fitted = make_predictor("mlp", space, hidden=8, epochs=5, batch_size=32).fit(genes[:400], accuracy[:400], seed=0)
    return fitted.calibrate(genes[400:], accuracy[400:])


TARGET = {"thop_macs_m": 30, "peak_memory_kb": 200}


@pytest.mark.parametrize("algorithm", OPTIONS)
def test_what_every_algorithm_returns(space, covered, search, predictor, algorithm):
    result = search(TARGET, algorithm, top_k=7)
    assert result.status == ("optimal" if algorithm == "exact" else "found")
    genes = genes_of(result)
    assert len(genes) == 7 and covered.allows(genes).all()
    accuracies = [subnet.predicted_accuracy for subnet in result.subnets]
    assert accuracies == sorted(accuracies, reverse=True)
    assert accuracies == pytest.approx(predictor.predict(genes), abs=1e-12)
    for subnet in result.subnets:
        assert subnet.costs["thop_macs"] <= 30e6 and subnet.costs["peak_memory_bytes"] <= 200 * 1024
        assert subnet.lower <= subnet.predicted_accuracy <= subnet.upper
    assert re.match(facts(7, f"{accuracies[0]:.4f}"), result.message)


def test_evaluations_are_counted(search):
    assert search(TARGET, "random").evaluations == 200
    assert search(TARGET, "evolution").evaluations == 20 + 5 * 20
    assert search(TARGET, "exact").evaluations == 0


def test_no_algorithm_beats_the_proven_optimum(search):
    best = search(TARGET).certificate.objective
    for algorithm in ("random", "evolution"):
        assert search(TARGET, algorithm).subnets[0].predicted_accuracy <= best + TOLERANCE


class TestCertificate:
    def test_figures(self, covered, search):
        result = search(TARGET, top_k=3)
        proof = result.certificate
        assert proof.objective == pytest.approx(result.subnets[0].predicted_accuracy, abs=1e-12)
        assert (proof.gap, proof.best_bound, proof.top_k_proven) == (0, proof.objective, True)
        assert proof.root_bound >= proof.best_bound
        assert proof.n_architectures == covered.size()
        assert proof.global_combinations == 10 and 0 <= proof.closed_by_bound < 10
        assert proof.paths_enumerated > 0
        assert re.match(facts("proven", "optimum"), result.message)

    def test_only_searches_under_an_additive_predictor_have_one(self, search):
        assert search(TARGET, "random").certificate is None
        assert search(TARGET, "evolution").certificate is None

    def test_a_limit_that_no_subnet_reaches_does_not_bind(self, search):
        assert search({"macs_m": 20, "params_m": 100, "flash_kb": 1e6}).certificate.binding == ["macs_m"]
        assert search({"params_m": 100}).certificate.binding == []
        assert search({"resolution": 96}).certificate.binding == []

    def test_dropping_a_binding_limit_gives_a_better_subnet_and_no_other_does(self, search):
        spec = {"peak_memory_kb": 150, "macs_m": 25, "params_m": 1.2}
        proof = search(spec).certificate
        assert proof.binding
        for name in spec:
            without = search({key: limit for key, limit in spec.items() if key != name}).certificate
            assert (without.objective > proof.objective + TOLERANCE) is (name in proof.binding)


class TestNothingFound:
    @pytest.mark.parametrize("algorithm", OPTIONS)
    def test_infeasible_is_the_result_whatever_the_algorithm(self, search, algorithm):
        result = search({"peak_memory_kb": 64}, algorithm)
        assert (result.status, result.subnets, result.certificate, result.evaluations) == ("infeasible", [], None, 0)
        assert re.match(facts("infeasible", "peak_memory_kb", 72, 64), result.message)
        (smallest,) = result.infeasibility.smallest
        assert smallest.smallest == 73_728 and smallest.limit_in_metric == 65_536
        assert smallest.arch["image_size"] == 96 and smallest.arch["wid"] == 0

    def test_random_search_may_find_nothing_where_something_exists(self, search):
        result = search({"macs_m": 7.3}, "random")
        assert (result.status, result.subnets) == ("not_found", [])
        assert re.match(facts(0, 5000, "random"), result.message)
        assert result.infeasibility is None

    def test_the_others_find_it(self, search):
        assert search({"macs_m": 7.3}, "evolution").status == "found"
        assert search({"macs_m": 7.3}, "exact").status == "optimal"

    def test_few_random_subnets_are_few(self, search):
        result = search({"thop_macs_m": 15}, "random")
        assert result.status == "found" and 0 < result.evaluations < 200
        assert re.match(facts(result.evaluations, 5000, "random"), result.message)


class TestNotAdditive:
    @pytest.mark.slow
    def test_exact_says_that_it_is_not_certified(self, search, mlp):
        result = search(TARGET, "exact", with_predictor=mlp, top_k=4)
        assert (result.status, result.certificate) == ("found", None)
        assert len(result.subnets) == 4 and result.evaluations == 20 + 3 * 20
        assert re.match(facts("certified", "mlp", "additive"), result.message)
        assert "proven" not in result.message

    def test_the_others_work_as_ever(self, search, mlp):
        assert search(TARGET, "evolution", with_predictor=mlp).status == "found"
        assert search({"peak_memory_kb": 64}, "exact", with_predictor=mlp).status == "infeasible"

    @pytest.mark.slow
    def test_a_stand_in_without_an_answer_leaves_the_witness_to_start_from(self, space, search, mlp, monkeypatch):
        monkeypatch.setattr(run, "_stand_in_best", lambda *_: np.zeros((0, space.n_genes), dtype=np.int8))
        assert search({"macs_m": 7.2372}, "exact", with_predictor=mlp).status == "found"

    @pytest.mark.slow
    def test_few_subnets_within_the_limits_are_enough(self, search, mlp):
        result = search({"macs_m": 7.2372}, "exact", with_predictor=mlp)
        assert result.status == "found" and len(result.subnets) == 1


def test_fixed_choices_are_kept(search, space):
    result = search({"macs_m": 40, "resolution": 144, "width": 0})
    columns = space.global_columns(genes_of(result))
    assert set(columns["resolution"]) == {144} and set(columns["width"]) == {0}
    assert result.certificate.global_combinations == 1


def test_a_choice_without_measured_rows(search, space):
    with pytest.raises(TargetError, match=facts("'t'", "width", 2, "0, 1")):
        search({"macs_m": 40, "width": 2})
    assert search({"macs_m": 40, "width": 2}, part=space).status == "optimal"


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", OPTIONS)
def test_the_same_seed_gives_the_same_bytes(search, predictor, mlp, algorithm):
    under = predictor if algorithm == "bcfw" else mlp
    first, second = (search(TARGET, algorithm, with_predictor=under, seed=5).model_dump_json() for _ in range(2))
    assert first == second


def test_random_streams_depend_on_the_seed(search):
    first, second = (genes_of(search(TARGET, "random", seed=seed)) for seed in (0, 1))
    assert (first != second).any()


@pytest.mark.slow
def test_search_under_a_saved_predictor_loads_no_torch(tmp_path, predictor, mlp):
    """The networks' library takes seconds to load, and laptops that only search need not have it."""
    predictor.save(tmp_path / "additive")
    mlp.save(tmp_path / "mlp")
    code = """
import sys
from nascore.predictors import load_predictor
from nascore.search.options import BcfwOptions, EvolutionOptions, ExactOptions
from nascore.search.run import run_search
from nascore.search.targets import parse_target
from nascore.spaces import get_space
space = get_space("ofa_mcunet")
target = parse_target("t", {"macs_m": 30}, space)
for name, options in (("additive", ExactOptions()), ("mlp", EvolutionOptions(population=10, generations=1))):
    predictor = load_predictor(f"{sys.argv[1]}/{name}", space)
    print(run_search(space, target, predictor, options, searcher="s").status)
print(sorted({"torch", "torchvision", "snakemake", "matplotlib"} & sys.modules.keys()))
"""
    printed = subprocess.check_output([sys.executable, "-c", code, str(tmp_path)], text=True)
    assert printed.split("\n")[:3] == ["optimal", "found", "[]"]


def test_what_is_written_is_read(search, tmp_path):
    for number, (spec, algorithm) in enumerate([(TARGET, "exact"), ({"device": "stm32f746", "width": 0}, "evolution")]):
        path = tmp_path / f"{number}.json"
        result = search(spec, algorithm)
        result.write(path)
        read = SearchResult.read(path)
        assert (read.status, read.message, len(read.subnets)) == (result.status, result.message, 10)
        assert read == result and read.best == result.subnets[0]


@pytest.mark.slow
def test_a_bilinear_predictor_is_searched_exactly(search, space, measured):
    genes, accuracy = measured
    bilinear = make_predictor("bilinear", space).fit(genes[:400], accuracy[:400], seed=0)
    bilinear.calibrate(genes[400:], accuracy[400:])
    result = search(TARGET, with_predictor=bilinear, top_k=3)
    assert result.status == "optimal" and result.certificate.global_combinations > 1000
    evolved = search(TARGET, "evolution", with_predictor=bilinear)
    best = result.subnets[0].predicted_accuracy
    assert best == pytest.approx(bilinear.predict(genes_of(result)[:1])[0])
    assert best >= evolved.subnets[0].predicted_accuracy


def test_frank_wolfe_needs_a_bilinear_predictor(search, mlp):
    with pytest.raises(PredictorError, match=facts("bcfw", "additive", "bilinear", "'mlp'")):
        search(TARGET, "bcfw", with_predictor=mlp)
