import json

import numpy as np
import pytest
from messages import facts

from nascore.errors import DataError
from nascore.files import write_json
from nascore.parquet_files import write_parquet
from nascore.predictors.contributions import conditions, contribution_table
from nascore.report.contributions import contribution_facts, contribution_figures, read_contributions
from nascore.spaces import get_space

SPACE = get_space("binas", resolutions=(48,), n_classes=2)
BASE = {"mean_accuracy": 0.8, "n_answers": 800, "split": "search", "passes": 2, "resolution": 48}
QUALITY = {
    "n_rows": 300,
    "paper": {"kendall_tau": 0.61, "spearman": 0.8},
    "published_code": {"kendall_tau": 0.52, "spearman": None},
}
FULL = 4
GATED = SPACE.op_values[:, 2] == 1


@pytest.fixture
def paths(tmp_path):
    """Stage 1 gains 6 points with four blocks, and every gate in stage 3 adds 4 points; nothing else matters."""
    table = conditions(SPACE)
    gated = (table["op"] >= 0) & GATED[table["op"]]
    depth = np.where((table["stage"] == 0) & (table["depth"] == FULL), 0.06, 0.0)
    table = table.assign(mean=depth + np.where((table["stage"] == 2) & gated, 0.04, 0.0), n=800)
    paths = [tmp_path / name for name in ("contributions.parquet", "base.json", "quality.json")]
    write_parquet(paths[0], contribution_table(SPACE, table))
    for path, content in zip(paths[1:], (BASE, QUALITY), strict=True):
        write_json(path, content)
    return paths


def cells(figure):
    """Return the text of a figure's cells by row and column, and whether each stands out."""
    found = {}
    for rows in figure.spec["datasets"].values():
        for cell in rows:
            column = cell.get("block") or (cell["choice"], cell["value"])
            found[cell["row"], column] = (cell["text"], cell["clear"])
    return found


def test_choices_say_which_where_and_how_deep(paths):
    overview, _ = contribution_figures(SPACE, read_contributions(*paths))
    shown = cells(overview)
    assert len(shown) == 5 * (3 + 3 + 2 + 2)
    # The standard error of a difference is 100 sqrt(2 * 0.8 * 0.2 / 800) = 2 points: six stand out, four would not.
    assert shown["stage1", ("depth", "4")] == ("+6.0", True)
    assert shown["stage1", ("depth", "2")] == ("0.0", False)
    # Beside the mean of its choice each value is half the way; over 24 cells that stands out.
    gate = "squeeze-and-excitation"
    assert shown["stage3", (gate, "on")] == ("+2.0", True) and shown["stage3", (gate, "off")] == ("−2.0", True)
    assert shown["stage1", (gate, "on")] == ("0.0", False)
    assert shown["stage3", ("expand", "6")] == ("0.0", False)


def test_operations_are_those_of_their_block(paths):
    _, operations = contribution_figures(SPACE, read_contributions(*paths))
    shown = cells(operations)
    assert len(shown) == 20 * 12
    assert shown["e6 k5 SE", "stage3.block2"] == ("+4.0", False)
    assert shown["e6 k5", "stage3.block2"] == ("0.0", False)
    assert shown["e3 k3 SE", "stage1.block3"] == ("0.0", False), "what the depth is worth is no part of an operation"


def test_facts_say_how_it_was_measured_and_how_good_it_is(paths):
    measured, judged = contribution_facts(read_contributions(*paths))
    assert "80.00\u00a0% of 800 answers" in measured and "2 passes" in measured and "2.00 points" in measured
    assert "300 subnets" in judged and "τ 0.6100" in judged and "τ is 0.5200" in judged


def test_what_is_wrong_is_named(paths):
    paths[2].write_text(json.dumps(QUALITY | {"n_rows": "many"}))
    with pytest.raises(DataError, match=facts("quality.json", "n_rows", "integer")):
        read_contributions(*paths)
    paths[0].write_bytes(b"no table")
    with pytest.raises(DataError, match=facts("contributions.parquet", "Parquet")):
        read_contributions(*paths)


def test_contributions_that_are_all_equal_are_drawn(paths):
    table = conditions(SPACE).assign(mean=0.0, n=1)
    write_parquet(paths[0], contribution_table(SPACE, table))
    for figure in contribution_figures(SPACE, read_contributions(*paths)):
        json.dumps(figure.spec, allow_nan=False)
