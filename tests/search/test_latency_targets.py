import re

import numpy as np
import pytest
from latency_examples import table_of
from messages import facts
from search_examples import genes_of

from nascore.efficiency.latency_table import latency_block_table
from nascore.errors import TargetError
from nascore.search.contenders import contenders
from nascore.search.options import EvolutionOptions, ExactOptions, RandomOptions
from nascore.search.run import run_search
from nascore.search.targets import parse_target
from nascore.spaces.block_table import BlockTable, BlockTableLookup


@pytest.fixture(scope="module")
def board(space):
    return latency_block_table(space, table_of(space))


@pytest.fixture
def search(space, predictor, board):
    def run(spec, options, tables=None):
        tables = tables or {"board": board}
        target = parse_target("t", spec, space, measured_devices=list(tables))
        return run_search(space, target, predictor, options, searcher="s", top_k=5, latencies=tables)

    return run


OPTIONS = [
    ExactOptions(algorithm="exact"),
    RandomOptions(algorithm="random", samples=200, max_draws=20_000),
    EvolutionOptions(algorithm="evolution", population=20, generations=3, max_draws=20_000),
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: options.algorithm)
def test_every_searcher_keeps_a_latency_limit(search, space, board, options):
    result = search({"latency_ms": 8, "latency_on": "board"}, options)
    assert len(result.subnets) == 5
    for subnet, genes in zip(result.subnets, genes_of(result), strict=True):
        g, ops, runs = (
            space.global_index(genes[None])[0],
            space.op_index(genes[None])[0],
            space.executed(genes[None])[0],
        )
        blocks = sum(board.blocks[g, b, ops[b]] for b in np.flatnonzero(runs))
        assert subnet.costs["latency_ms@board"] == pytest.approx(board.fixed[g] + blocks)
        assert subnet.costs["latency_ms@board"] <= 8
    assert result.constraints[0].metric == "latency_ms@board"


def test_the_proof_covers_latency_and_other_limits(search):
    loose = search({"macs_m": 30}, OPTIONS[0])
    least = loose.subnets[0].costs["latency_ms@board"]  # latency is told without being bounded
    tight = search({"macs_m": 30, "latency_ms": 0.95 * least}, OPTIONS[0])
    assert (loose.status, tight.status) == ("optimal", "optimal")
    assert tight.certificate.objective < loose.certificate.objective
    assert "latency_ms" in tight.certificate.binding


def test_contenders_are_within_the_limit(search, space, predictor, board):
    target = parse_target("t", {"latency_ms": 8}, space, measured_devices=["board"])
    result = search({"latency_ms": 8}, OPTIONS[0])
    genes, columns = contenders(space, target, predictor, result, top_k=3, seed=0, latencies={"board": board})
    assert set(columns["role"]) == {"found", "random", "smallest", "largest"}
    assert (BlockTableLookup(space, [board])(genes)[0] <= 8).all()


def test_a_restricted_search_needs_only_its_own_layers(space, predictor):
    narrow = space.restrict({"resolution": [96], "width": [0]})
    board = latency_block_table(narrow, table_of(narrow))
    target = parse_target("t", {"latency_ms": 6}, narrow, measured_devices=["board"])
    result = run_search(narrow, target, predictor, OPTIONS[0], searcher="s", latencies={"board": board})
    assert result.status == "optimal"
    assert all(subnet.costs["latency_ms@board"] <= 6 for subnet in result.subnets)


def test_the_device_decides(search, board):
    slow = BlockTable(10 * board.fixed, 10 * board.blocks)
    tables = {"board": board, "slow": slow}
    fast = search({"latency_ms": 40, "latency_on": "board"}, OPTIONS[0], tables)
    assert fast.status == "optimal"
    assert search({"latency_ms": 40, "latency_on": "slow"}, OPTIONS[0], tables).status == "infeasible"
    costs = fast.subnets[0].costs
    assert costs["latency_ms@slow"] == pytest.approx(10 * costs["latency_ms@board"])


def test_an_infeasible_latency_is_proven(search):
    result = search({"latency_ms": 1}, OPTIONS[0])
    least = result.infeasibility.smallest[0]
    assert result.status == "infeasible"
    assert re.match(facts("infeasible", "latency_ms", f"{least.smallest:.6g}", 1), result.message)


@pytest.mark.parametrize(("limit", "unit", "meant"), [(0.009, "seconds", 9), (9000, "microseconds", 9)])
def test_warns_of_a_limit_in_another_unit(search, space, board, limit, unit, meant):
    result = search({"latency_ms": limit}, OPTIONS[1])
    least = search({"latency_ms": 1}, OPTIONS[1]).infeasibility.smallest[0].smallest
    attainable = (f"{least:.4g}", f"{greatest(board, space):.4g}", "milliseconds")
    assert re.match(facts("Warning", "latency_ms", limit, unit, *attainable, meant), result.message)
    assert result.status == ("infeasible" if unit == "seconds" else "found")


def greatest(table, space):
    """Return the latency of the largest architecture, which is the slowest one of these tables."""
    genes = space.largest()[None]
    g, ops = space.global_index(genes)[0], space.op_index(genes)[0]
    return table.fixed[g] + sum(table.blocks[g, b, op] for b, op in enumerate(ops))


def test_no_warning_of_a_plausible_limit(search):
    assert "Warning" not in search({"latency_ms": 8}, OPTIONS[1]).message


@pytest.mark.parametrize(
    ("spec", "devices", "message"),
    [
        ({"latency_ms": 5}, [], ("latency_ms", "latency table", "docs/latency.md")),
        ({"latency_ms": 5}, ["phone", "board"], ("latency_ms", "latency_on", "phone, board")),
        ({"latency_ms": 5, "latency_on": "bord"}, ["phone", "board"], ("device", "'bord'", "'board'")),
        ({"macs_m": 5, "latency_on": "board"}, ["board"], ("latency_on", "latency_ms", "both")),
        ({"latency_ms": 0.0}, ["board"], ("latency_ms", 0, 0.0)),
        ({"latency_ms": "5 ms"}, ["board"], ("latency_ms", "'5 ms'")),
        ({"latncy_ms": 5}, ["board"], ("'latncy_ms'", "'latency_ms'")),
    ],
)
def test_says_what_is_wrong_with_a_target(space, spec, devices, message):
    with pytest.raises(TargetError, match=facts("'t'", *message)):
        parse_target("t", spec, space, measured_devices=devices)
