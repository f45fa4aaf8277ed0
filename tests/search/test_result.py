import re

import numpy as np
import pytest
from messages import facts
from result_examples import CERTIFICATE as EXAMPLE

from nascore.efficiency import METRICS, cost_tables
from nascore.results.search import SearchResult
from nascore.search.exact import TOLERANCE
from nascore.search.feasibility import Feasibility, check_feasibility
from nascore.search.problem import Problem
from nascore.search.result import Found, search_result
from nascore.search.targets import parse_target

PROOF = {"root_bound": 0.61, "global_combinations": 15, "closed_by_bound": 14, "paths_enumerated": 256}
CERTIFICATE = EXAMPLE.model_copy(
    update={**PROOF, "objective": 0.6, "best_bound": 0.6, "binding": ["macs_m"], "n_architectures": 10**20}
)


@pytest.fixture
def make(space, predictor):
    """Return a function that makes a result of one target without searching."""

    def of(spec, n=0, **changes):
        problem = Problem.of(space, parse_target("t", spec, space), cost_tables(space))
        feasibility = changes.pop("feasibility", None) or check_feasibility(problem)
        found = Found(problem.space.sample(n, np.random.default_rng(0)), **changes)
        return search_result(problem, predictor, feasibility, found, searcher="mine", algorithm="exact")

    return of


def round_trip(result, path):
    """Write a result, and return it as read."""
    result.write(path)
    read = SearchResult.read(path)
    assert read == result
    return read


class TestStatus:
    def test_optimal_needs_a_closed_gap(self, make):
        assert make({"macs_m": 900}, 2, certificate=CERTIFICATE).status == "optimal"
        open_gap = CERTIFICATE.model_copy(update={"gap": 2 * TOLERANCE})
        assert make({"macs_m": 900}, 2, certificate=open_gap).status == "found"
        assert make({"macs_m": 900}, 2).status == "found"

    def test_infeasible_needs_a_proof(self, make):
        assert make({"peak_memory_kb": 64}).status == "infeasible"
        unproven = Feasibility(np.zeros((0, 0), dtype=np.int8), False, ())
        result = make({"macs_m": 9}, feasibility=unproven)
        assert result.status == "not_found"
        assert re.match(facts("infeasibility", "proven"), result.message)

    def test_a_note_ends_the_message(self, make):
        assert make({"macs_m": 900}, 3, note="by chance").message.endswith("; by chance")
        assert make({"macs_m": 900}, note="bad luck").message == "bad luck"


class TestJson:
    def test_a_found_result(self, space, make, tmp_path):
        result = make({"device": "rp2040", "macs_m": 900, "resolution": 96}, 3, evaluations=50)
        read = round_trip(result, tmp_path / "result.json")
        assert [c.name for c in read.constraints] == ["macs_m", "peak_memory_kb", "flash_kb"]
        assert read.constraints[1].limit_in_metric == 264 * 1024
        assert (read.device.name, read.device.sram_kb, read.fixed) == ("rp2040", 264, {"resolution": 96})
        assert read.space.kept_to == {"resolution": [96]}
        assert read.space.n_architectures == space.size() // 5
        assert read.evaluations == 50
        assert space.arch_id(space.from_dicts([s.arch for s in read.subnets])) == [s.arch_id for s in read.subnets]
        assert list(read.subnets[0].costs) == list(METRICS)

    def test_a_proven_result(self, make, tmp_path):
        read = round_trip(make({"macs_m": 900}, 1, certificate=CERTIFICATE), tmp_path / "result.json")
        assert read.certificate == CERTIFICATE

    def test_an_infeasible_result(self, space, make, tmp_path):
        read = round_trip(make({"peak_memory_kb": 64, "macs_m": 7}), tmp_path / "result.json")
        assert read.infeasibility.reason in read.message
        peak, macs = read.infeasibility.smallest
        assert (peak.constraint, peak.smallest, peak.limit_in_metric) == ("peak_memory_kb", 73_728, 65_536)
        assert (macs.metric, macs.smallest) == ("macs", 7_237_104)
        assert space.arch_id(space.from_dicts([macs.arch])) == [macs.arch_id]

    def test_nothing_in_it_depends_on_the_machine_or_the_time(self, make):
        first, second = (make({"macs_m": 900}, 5).model_dump_json() for _ in range(2))
        assert first == second
