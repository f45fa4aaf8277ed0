import numpy as np
import pytest

from nascore.training.options import TrainingOptions
from nascore.training.phases import PUBLISHED_PHASES, phases

ORDER = ["largest", "kernel", "depth_1", "depth_2", "expand_1", "expand_2", "width"]
RATE = 4e-3


def shrinking(space, epochs: int = 30):
    return phases(TrainingOptions(strategy="progressive_shrinking", epochs=epochs, learning_rate=RATE), space)


def values(space, genes, suffix: str) -> set[int]:
    """Return all values of the genes with a suffix, where blocks run."""
    columns = [place for place, name in enumerate(space.gene_names) if name.endswith(suffix)]
    runs = space.executed(genes)
    found = set()
    for place in columns:
        name = space.gene_names[place].rsplit(".", 1)[0]
        rows = runs[:, space.block_names.index(name)] if name in space.block_names else slice(None)
        found |= set(np.asarray(space.gene_choices[place].values)[genes[rows, place]].tolist())
    return found


def test_the_sandwich_is_one_phase_on_the_whole_space(small_space):
    options = TrainingOptions(epochs=5, learning_rate=RATE, random_subnets=3)
    (phase,) = phases(options, small_space)
    assert (phase.name, phase.space, phase.sandwich, phase.sort_channels) == ("sandwich", small_space, True, 0)
    assert (phase.epochs, phase.learning_rate, phase.n_random) == (5, RATE, 3)


@pytest.mark.parametrize("n_random", [0, 3])
def test_a_sandwich_has_the_largest_first_and_the_smallest_last(small_space, rng, n_random):
    (phase,) = phases(TrainingOptions(random_subnets=n_random), small_space)
    for resolution in (32, 40):
        genes = phase.subnets(rng, resolution)
        assert set(small_space.global_columns(genes)["resolution"].tolist()) == {resolution}
        assert len(genes) == n_random + 2
        sized = small_space.restrict({"resolution": [resolution]})
        assert (genes[0] == sized.largest()).all() and (genes[-1] == sized.smallest()).all()


@pytest.mark.parametrize(
    ("name", "kernels", "expands", "widths", "least_depth", "n_random", "sort_channels"),
    [
        ("largest", {7}, {6}, {2}, 2, 1, 0),
        ("kernel", {3, 5, 7}, {6}, {2}, 2, 1, 0),
        ("depth_1", {3, 5, 7}, {6}, {2}, 1, 2, 0),
        ("depth_2", {3, 5, 7}, {6}, {2}, 0, 2, 0),
        ("expand_1", {3, 5, 7}, {4, 6}, {2}, 0, 4, 1),
        ("expand_2", {3, 5, 7}, {3, 4, 6}, {2}, 0, 4, 2),
        ("width", {3, 5, 7}, {3, 4, 6}, {0, 1, 2}, 0, 4, 0),
    ],
)
def test_subnets_come_from_the_phase_alone(
    small_space, rng, name, kernels, expands, widths, least_depth, n_random, sort_channels
):
    phase = next(phase for phase in shrinking(small_space) if phase.name == name)
    assert (phase.n_random, phase.sort_channels, phase.sandwich) == (n_random, sort_channels, False)
    steps = [phase.subnets(rng, resolution) for resolution in (32, 40) for _ in range(20)]
    assert {len(step) for step in steps} == {n_random}
    genes = np.concatenate(steps)
    assert phase.space.allows(genes).all()
    assert values(small_space, genes, ".kernel") == kernels
    assert values(small_space, genes, ".expand") == expands
    assert set(small_space.global_columns(genes)["width"].tolist()) == widths
    base = np.array([stage.depths[0] for stage in small_space.stages])
    elastic = (small_space.depths(genes) - base)[:, [len(stage.depths) > 1 for stage in small_space.stages]]
    assert (elastic.min(), elastic.max()) == (least_depth, 2)
    assert set(small_space.global_columns(genes)["resolution"].tolist()) == {32, 40}


def test_the_published_order_and_what_each_phase_adds(small_space):
    planned = shrinking(small_space)
    assert [phase.name for phase in planned] == ORDER
    sizes = [phase.space.size() for phase in planned]
    assert sizes == sorted(set(sizes)) and sizes[-1] == small_space.size()
    assert sum(row[5] for row in PUBLISHED_PHASES.values()) == pytest.approx(1)


@pytest.mark.parametrize("epochs", [7, 8, 10, 30, 31, 200])
def test_epochs_add_up(small_space, epochs):
    planned = shrinking(small_space, epochs)
    assert sum(phase.epochs for phase in planned) == epochs
    for phase in planned:
        assert phase.epochs == 1 or abs(phase.epochs - PUBLISHED_PHASES[phase.name][5] * epochs) <= 1


def test_fewer_epochs_than_phases_become_one_each(small_space):
    assert [phase.epochs for phase in shrinking(small_space, 2)] == [1] * 7


def test_learning_rates_are_shares_of_the_option(small_space):
    rates = {phase.name: phase.learning_rate for phase in shrinking(small_space)}
    assert rates["largest"] == RATE and rates["depth_1"] == pytest.approx(0.03 * RATE)
