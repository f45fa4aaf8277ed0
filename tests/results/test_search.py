import pytest
from messages import facts
from pydantic import ValidationError
from result_examples import bound, nothing_found, search_result

from nascore.errors import DataError
from nascore.results.search import SearchResult, pareto_schema
from nascore.spaces import get_space


@pytest.fixture
def found():
    """A result with a subnet that is one of its space."""
    space = get_space("ofa_mcunet", resolutions=(32, 40))
    genes, result = space.smallest()[None], search_result()
    about = {"arch_id": space.arch_id(genes)[0], "arch": space.to_dicts(genes)[0]}
    return result.model_copy(update={"subnets": [result.subnets[0].model_copy(update=about)]})


def test_what_is_written_is_read(found, tmp_path):
    for result in (found, nothing_found(), nothing_found("not_found")):
        result.write(tmp_path / "result.json")
        assert SearchResult.read(tmp_path / "result.json") == result


@pytest.mark.parametrize(
    ("changes", "missing"),
    [({"subnets": []}, "subnets"), ({"certificate": None}, "certificate"), ({"status": "infeasible"}, "infeasibility")],
)
def test_a_claim_needs_its_evidence(changes, missing):
    with pytest.raises(ValidationError, match=facts(missing)):
        search_result(**changes)


def test_what_only_the_space_can_tell(found, tmp_path):
    subnet = found.subnets[0]
    for changes, message in (
        ({"subnets": [subnet.model_copy(update={"arch": subnet.arch | {"image_size": 48}})]}, ("image_size", "48")),
        ({"constraints": [bound("mac", 1)]}, ("'mac'", "'macs'")),
        ({"constraints": [bound("latency_ms@board", 1)]}, (subnet.arch_id, "'latency_ms@board'")),
    ):
        wrong = found.model_copy(update=changes)
        with pytest.raises(DataError, match=facts(*message)):
            wrong.write(tmp_path / "result.json")


def test_the_whole_space_has_its_options():
    result = search_result()
    space = result.space.model_copy(update={"n_classes": 3, "kept_to": {"width": [0]}}).whole()
    assert (space.n_classes, space.allowed) == (3, ())
    other = result.space.model_copy(update={"name": "binas", "channels": "large"})
    assert other.whole().options() == {"n_classes": 2, "channels": "large"}


def test_limits_and_costs_of_a_target():
    result = search_result(constraints=[bound("macs", 2000), bound("latency_ms@board", 5)])
    assert result.within_limits({"macs": 2000, "latency_ms@board": 5.0})
    assert not result.within_limits({"macs": 2001, "latency_ms@board": 5.0})
    assert result.shown_costs[-1] == "latency_ms@board" and len(result.shown_costs) == 6


def test_a_front_has_the_unit_of_its_cost():
    assert pareto_schema("flash_bytes").columns["flash_bytes"].unit == "bytes"
