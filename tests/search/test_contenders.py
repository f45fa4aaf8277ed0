import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import facts

from nascore.accuracy_dataset.sampling import sample_architectures
from nascore.architectures import read_architectures, write_architectures
from nascore.efficiency import METRICS, cost
from nascore.errors import DataError
from nascore.results.costs import within
from nascore.results.validation import CONTENDERS
from nascore.search.contenders import contenders
from nascore.search.options import ExactOptions
from nascore.search.run import run_search
from nascore.search.targets import parse_target


@pytest.fixture(scope="module")
def searched(space, predictor):
    """Return a function that searches a target and returns it with the result as read from its file."""

    def of(spec, part=space):
        target = parse_target("t", spec, space)
        result = run_search(part, target, predictor, ExactOptions(), searcher="exact", top_k=6)
        return target, result

    return of


def roles(columns):
    return columns["role"].value_counts().to_dict()


@pytest.fixture(scope="module")
def small(space):
    """Return a part of the space with 351 architectures."""
    kept = {f"stage{i}.block{j}.{gene}": [3] for i in (3, 4, 5) for j in range(4) for gene in ("kernel", "expand")}
    kept |= {f"stage6.block0.{gene}": [3] for gene in ("kernel", "expand")}
    kept |= {f"stage{i}.block{j}.kernel": [3] for i, n in ((1, 3), (2, 4)) for j in range(n)}
    kept |= {f"stage{i}.depth": [2] for i in (2, 3, 4, 5)}
    return space.restrict({"resolution": [96], "width": [0], **kept})


@pytest.fixture(scope="module")
def small_costs(small):
    return cost(small, sample_architectures(small, small.size(), 0, "uniform"))


@pytest.fixture(scope="module")
def half(small_costs):
    """Return a limit that half of the small part keeps."""
    return {"macs_m": small_costs["macs"].median() / 1e6}


@pytest.mark.slow
def test_roles_ranks_and_predictions(space, predictor, searched):
    target, result = searched({"macs_m": 30})
    genes, columns = contenders(space, target, predictor, result, top_k=4, seed=0)
    assert roles(columns) == {"found": 4, "random": 4, "smallest": 1, "largest": 1}
    assert CONTENDERS.checked(columns, "contenders.parquet").equals(columns)
    with pytest.raises(DataError, match=facts("contenders.parquet", "'macs'", "not a finite number", "row 2")):
        CONTENDERS.checked(columns.assign(macs=columns["macs"].where(columns.index != 2)), "contenders.parquet")
    assert columns["rank"].tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 0]
    assert space.arch_id(genes)[:4] == [subnet.arch_id for subnet in result.subnets[:4]]
    assert columns["predicted_accuracy"].tolist() == predictor.predict(genes).tolist()
    assert (columns["lower"] < columns["predicted_accuracy"]).all()
    assert columns[list(METRICS)].equals(cost(space, genes))
    assert within(columns, target.constraints).all()
    smallest, largest = columns.iloc[-2]["macs"], columns.iloc[-1]["macs"]
    assert columns["macs"].between(smallest, largest).all()


def test_the_seed_and_the_target_decide_the_random_ones(small, half, predictor, searched):
    target, result = searched(half, small)
    draw = {seed: contenders(small, target, predictor, result, top_k=4, seed=seed)[0] for seed in (0, 1)}
    again = contenders(small, target, predictor, result, top_k=4, seed=0)[0]
    assert (again == draw[0]).all()
    assert (draw[0] != draw[1]).any(axis=1).tolist() == [False] * 4 + [True] * 4 + [False] * 2


def test_they_survive_their_file(tmp_path, small, half, predictor, searched):
    space = small.unrestricted()
    for spec in (half, {"peak_memory_kb": 64}):
        target, result = searched(spec, small)
        genes, columns = contenders(small, target, predictor, result, top_k=2, seed=0)
        write_architectures(tmp_path / "contenders.parquet", space, genes, columns)
        frame, read = read_architectures(tmp_path / "contenders.parquet", space)
        assert (read == genes).all()
        pd.testing.assert_frame_equal(frame[list(columns)], columns)


@pytest.mark.slow
@settings(max_examples=25)
@given(share=st.floats(0, 1), peak=st.sampled_from([None, 72, 90, 200]))
def test_smallest_and_largest_are_those_of_all_architectures(small, small_costs, predictor, searched, share, peak):
    macs = np.sort(small_costs["macs"])
    limit = int(macs[int(share * (len(macs) - 1))])
    target, result = searched({"macs_m": limit / 1e6} | ({"peak_memory_kb": peak} if peak else {}), small)
    _, columns = contenders(small, target, predictor, result, top_k=3, seed=0)
    fitting = small_costs["macs"][within(small_costs, target.constraints)]
    extremes = columns[columns["role"].isin(["smallest", "largest"])]["macs"].tolist()
    assert extremes == ([fitting.min(), fitting.max()] if len(fitting) else [])
    assert len(columns) > 0 or not len(fitting)


def test_a_target_that_one_subnet_satisfies(small, small_costs, predictor, searched):
    target, result = searched({"macs_m": small_costs["macs"].min() / 1e6}, small)
    genes, columns = contenders(small, target, predictor, result, top_k=5, seed=0)
    assert roles(columns) == {"found": 1, "random": 1, "smallest": 1, "largest": 1}
    assert len(np.unique(genes, axis=0)) == 1


def test_an_infeasible_target_has_no_contenders(space, predictor, searched):
    target, result = searched({"peak_memory_kb": 64})
    genes, columns = contenders(space, target, predictor, result, top_k=5, seed=0)
    assert genes.shape == (0, space.n_genes) and columns.empty
    assert [*columns] == ["role", "rank", "predicted_accuracy", "lower", "upper", *METRICS]


def test_where_drawing_is_hopeless_there_are_fewer_random_ones(space, predictor, searched):
    target, result = searched({"macs_m": 7.237104})
    _, columns = contenders(space, target, predictor, result, top_k=5, seed=0, max_draws=20_000)
    assert roles(columns) == {"found": 1, "smallest": 1, "largest": 1}


def test_a_search_that_found_nothing_leaves_smallest_and_largest(small, half, predictor, searched):
    target, result = searched(half, small)
    _, columns = contenders(small, target, predictor, result.model_copy(update={"subnets": []}), top_k=5, seed=0)
    assert roles(columns) == {"smallest": 1, "largest": 1}


def test_results_of_something_else_are_refused(space, predictor, searched):
    target, result = searched({"macs_m": 30})
    for change, message in (
        ({"target": "other"}, ("'other'", "'t'", "'linear_per_global'")),
        ({"predictor": "mlp"}, ("'t'", "'mlp'", "'linear_per_global'")),
        ({"subnets": [result.subnets[0].model_copy(update={"arch": {}})]}, ("'t'", "row 0", "'wid'")),
        ({"subnets": searched({"macs_m": 60})[1].subnets}, ("'t'", "subnet 0")),
    ):
        with pytest.raises(DataError, match=facts(*message)):
            contenders(space, target, predictor, result.model_copy(update=change), top_k=3, seed=0)
