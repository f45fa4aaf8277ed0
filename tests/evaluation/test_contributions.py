import numpy as np
import pytest
import torch
from deterministic_weights import fill

from nascore.data.options import SyntheticOptions
from nascore.data.store_writer import write_store
from nascore.data.synthetic import Synthetic
from nascore.evaluation import contributions
from nascore.evaluation.contributions import NOTHING, PathMeasurer, PathOptions, measure_conditions
from nascore.predictors.contributions import conditions, contribution_blocks
from nascore.spaces import get_space
from nascore.supernet import build_supernet
from nascore.supernet.checkpoint import save_supernet
from nascore.supernet.inputs import normalise

SPACE = get_space("binas", resolutions=(32, 40), n_classes=2)
CPU = torch.device("cpu")
OPTIONS = PathOptions(split="search", resolution=32, passes=2, seed=5)


class Killed(BaseException):
    """Ends a measurement as no error of the project does."""


@pytest.fixture(scope="module")
def measurer(tmp_path_factory) -> PathMeasurer:
    folder = tmp_path_factory.mktemp("paths")
    source = Synthetic(SyntheticOptions(train=2, calibration=2, search=9, test=2), seed=1)
    write_store(folder / "store", source, resolutions=[32, 40])
    network = build_supernet(SPACE)
    fill(network)
    save_supernet(folder / "supernet.safetensors", network, {})
    return PathMeasurer(folder / "supernet.safetensors", SPACE, folder / "store", OPTIONS, CPU)


@pytest.mark.parametrize(
    "condition", [(NOTHING,) * 4, (1, NOTHING, 3, NOTHING), (2, 8, NOTHING, 7), (2, 10, 3, 11), (4, 19, 4, 0)]
)
def test_paths_satisfy_their_condition_and_are_free_else(measurer, rng, condition):
    stage, block, depth, op = condition
    genes = measurer.paths(condition, 600, rng)
    assert (SPACE.global_columns(genes)["resolution"] == 32).all()
    depths, ops, runs = SPACE.depths(genes), SPACE.op_index(genes), SPACE.executed(genes)
    for s in range(5):
        shares = np.bincount(depths[:, s], minlength=5)[2:] / 600
        expected = np.eye(3)[depth - 2] if s == stage and depth != NOTHING else np.full(3, 1 / 3)
        assert abs(shares - expected).max() < 0.1
    for b in np.flatnonzero(runs.any(axis=0)):
        shares = np.bincount(ops[runs[:, b], b], minlength=12) / runs[:, b].sum()
        expected = np.eye(12)[op] if b == block else np.full(12, 1 / 12)
        assert abs(shares - expected).max() < 0.09, b
    if block != NOTHING:
        assert runs[:, block].all()


@pytest.mark.slow
def test_answers_are_those_of_extracted_networks(measurer, monkeypatch):
    drawn, real = [], PathMeasurer.paths
    monkeypatch.setattr(PathMeasurer, "paths", lambda *arguments: drawn.append(real(*arguments)) or drawn[-1])
    (found,) = measurer.n_correct([(1, NOTHING, 3, NOTHING)])
    images = normalise(measurer.store.images("search", 32), CPU)
    labels, correct = measurer.store.labels("search"), 0
    assert [len(genes) for genes in drawn] == [9, 9] and (drawn[0] != drawn[1]).any()
    with torch.no_grad():
        for genes in drawn:
            for image, label, row in zip(images, labels, genes, strict=True):
                correct += int(measurer.supernet.subnet(row)(image[None]).argmax()) == label
    assert found == correct and 0 < correct < 18


@pytest.fixture(scope="module")
def few():
    return conditions(SPACE).iloc[[0, 1, 2, 15, 30]].reset_index(drop=True)


@pytest.mark.slow
def test_means_are_differences_from_the_mean_of_all(measurer, few, tmp_path):
    overall, table = measure_conditions(measurer, few, unfinished=tmp_path / "notes")
    (free,) = measurer.n_correct([(NOTHING,) * 4])
    assert overall == free / 18 and (table["n"] == 18).all()
    expected = [(measurer.n_correct([tuple(row)])[0] - free) / 18 for row in few.to_numpy().tolist()]
    assert table["mean"].tolist() == pytest.approx(expected) and any(expected)
    assert table.columns.tolist() == ["stage", "block", "depth", "op", "mean", "n"]
    table.to_parquet(tmp_path / "means.parquet")


@pytest.mark.slow
@pytest.mark.parametrize("conditions_at_a_time", [1, 2])
def test_killed_and_gone_on(measurer, few, tmp_path, monkeypatch, conditions_at_a_time):
    monkeypatch.setattr(contributions, "BATCH_SIZE", 18 * conditions_at_a_time + 1)
    real, measured = PathMeasurer.n_correct, []

    def killed(self, group):
        if len(measured) >= 2:
            raise Killed
        measured.extend(group)
        return real(self, group)

    with monkeypatch.context() as patch:
        patch.setattr(PathMeasurer, "n_correct", killed)
        with pytest.raises(Killed):
            measure_conditions(measurer, few, unfinished=tmp_path / "notes")
    again = []
    monkeypatch.setattr(PathMeasurer, "n_correct", lambda self, group: again.extend(group) or real(self, group))
    overall, table = measure_conditions(measurer, few, unfinished=tmp_path / "notes")
    assert len(measured) == 2 and len(again) == 4 and not set(again) & set(measured)
    whole, expected = measure_conditions(measurer, few, unfinished=tmp_path / "others")
    assert overall == whole and table.equals(expected)
    # Other code measures anew.
    measure_conditions(measurer, few, unfinished=tmp_path / "notes", code="other")
    assert len(again) == 4 + 6 + 6


def test_the_table_is_what_contributions_are_made_of(measurer, tmp_path, monkeypatch):
    # Answers made up: a path is right as often as its condition names its first stage deep.
    made_up = lambda self, group: [9 + (stage == 0 and depth == 4) * 3 for stage, _, depth, _ in group]  # noqa: E731
    monkeypatch.setattr(PathMeasurer, "n_correct", made_up)
    _, table = measure_conditions(measurer, conditions(SPACE), unfinished=tmp_path / "notes")
    blocks = contribution_blocks(SPACE, table)
    assert blocks.shape == (2, 20, 12)
    assert blocks[0, 3] == pytest.approx(np.full(12, 3 / 18)) and not blocks[0, 4:].any()
