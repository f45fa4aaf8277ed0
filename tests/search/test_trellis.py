import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_examples import PLAIN, every_architecture
from space_examples import BINAS_LIKE, SMALL, restrictions_of

from nascore.search.trellis import NOT_EXECUTED, Trellis
from nascore.spaces import Choice, Stage, StagedSpace

TWO_BLOCKS = StagedSpace("two_blocks", (), (Stage("stage", (2,)),), (Choice("kernel", (3, 5)),))
FREE = np.zeros((0, 2, 2)), np.zeros(0)


def every_path(space: StagedSpace) -> np.ndarray:
    """Return the operations of each architecture of one global combination."""
    genes = every_architecture(space)
    genes = genes[space.global_index(genes) == space.allowed_globals[0]]
    return np.where(space.executed(genes), space.op_index(genes), NOT_EXECUTED)


def weigh(weights: np.ndarray, ops: np.ndarray) -> np.ndarray:
    return np.where(ops >= 0, weights[..., np.arange(ops.shape[1]), ops], 0).sum(axis=-1)


@st.composite
def weighted(draw):
    """Return a restricted space, weights with forbidden operations and often with ties, and up to two bounded costs."""
    space = draw(restrictions_of(draw(st.sampled_from([SMALL, PLAIN]))))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = (space.n_blocks, space.n_ops)
    weights = rng.integers(-4, 5, shape).astype(float) if draw(st.booleans()) else rng.normal(size=shape)
    weights[~space.allowed_ops | (rng.random(shape) < draw(st.sampled_from([0, 0, 0.2, 0.6])))] = -np.inf
    costs = rng.integers(0, 4, (draw(st.integers(0, 2)), *shape)).astype(float)
    room = rng.uniform(0, 10, len(costs)) + 0.5
    return space, weights, costs, room


class TestBestWeight:
    @given(weighted())
    @settings(deadline=None)
    def test_is_the_heaviest_of_all_paths(self, case):
        space, weights, _, _ = case
        heaviest = weigh(weights, every_path(space)).max()
        assert Trellis(space).best_weight(weights) == pytest.approx(heaviest, abs=1e-12)

    def test_works_on_stacks_of_weights(self, rng):
        weights = rng.normal(size=(4, 3, BINAS_LIKE.n_blocks, BINAS_LIKE.n_ops))
        trellis = Trellis(BINAS_LIKE)
        stacked = trellis.best_weight(weights)
        assert stacked.shape == (4, 3)
        assert stacked[2, 1] == trellis.best_weight(weights[2, 1])

    def test_a_stage_may_be_left_out(self):
        """SMALL's late stage has depths 0, 1 and 3; its early one has 1 and 2."""
        weights = np.full((5, 3), -1.0)
        assert Trellis(SMALL).best_weight(weights) == -1
        weights[2:] = [[-1], [-1], [5]]
        assert Trellis(SMALL).best_weight(weights) == -1 + (-1 - 1 + 5)
        assert Trellis(SMALL.restrict({"late.depth": [1]})).best_weight(weights) == -2

    def test_a_forbidden_block_ends_its_stage(self):
        weights = np.ones((5, 3))
        weights[1] = -np.inf
        assert Trellis(SMALL).best_weight(weights) == 1 + 3
        weights[0] = -np.inf
        assert Trellis(SMALL).best_weight(weights) == -np.inf


class TestBestPaths:
    @given(weighted(), st.integers(1, 40))
    @settings(deadline=None)
    def test_without_costs_they_are_the_heaviest_of_all(self, case, n):
        space, weights, _, _ = case
        found, ops, bound = Trellis(space).best_paths(weights, n, np.zeros((0, *weights.shape)), np.zeros(0))
        expected = np.sort(weigh(weights, every_path(space)))[::-1]
        expected = expected[expected > -np.inf]
        assert found == pytest.approx(expected[:n], abs=1e-12)
        assert weigh(weights, ops) == pytest.approx(found, abs=1e-12)
        assert len(np.unique(ops, axis=0)) == len(ops)
        assert bound == pytest.approx(expected[n] if n < len(expected) else -np.inf, abs=1e-12)

    @pytest.mark.slow
    @given(weighted(), st.integers(1, 40), st.sampled_from([-np.inf, -3.0, 0.0, 2.0]))
    @settings(deadline=None)
    def test_with_costs_the_others_are_bounded(self, case, n, at_least):
        space, weights, costs, room = case
        found, ops, bound = Trellis(space).best_paths(weights, n, costs, room, at_least)
        paths = every_path(space)
        weight = weigh(weights, paths)
        wanted = (weight > -np.inf) & (weight >= at_least)
        for cost, most in zip(costs, room, strict=True):
            wanted &= weigh(cost, paths) <= most
        returned = {row.tobytes() for row in ops}
        valid = {row.tobytes() for row in paths[wanted].astype(ops.dtype)}
        assert returned <= valid and len(returned) == len(ops) <= n
        assert (np.diff(found) <= 0).all()
        assert weigh(weights, ops) == pytest.approx(found, abs=1e-12)
        others = [
            w for path, w in zip(paths.astype(ops.dtype), weight, strict=True) if path.tobytes() in valid - returned
        ]
        assert max(others, default=-np.inf) <= bound + 1e-12

    @given(weighted())
    @settings(deadline=None)
    def test_enough_of_them_are_all(self, case):
        space, weights, costs, room = case
        paths = every_path(space)
        usable = weigh(weights, paths) > -np.inf
        for cost, most in zip(costs, room, strict=True):
            usable &= weigh(cost, paths) <= most
        _, ops, bound = Trellis(space).best_paths(weights, 10_000, costs, room)
        assert len(ops) == usable.sum()
        assert bound == -np.inf

    def test_a_way_on_that_fits_only_behind_a_cheap_start_does_not_hide_others(self):
        """The heaviest way on (10) costs too much behind the heavy start: 100 + 1 is best, and must be bounded."""
        weights = np.array([[0.0, 100.0], [10.0, 1.0]])
        costs, room = np.array([[[0.0, 5.0], [5.0, 0.0]]]), np.array([5.0])
        found, _, bound = Trellis(TWO_BLOCKS).best_paths(weights, 1, costs, room)
        assert (found.tolist(), bound) == ([10.0], 101.0)
        found, ops, bound = Trellis(TWO_BLOCKS).best_paths(weights, 2, costs, room)
        assert found.tolist()[0] == 101.0 and ops[0].tolist() == [1, 1]

    def test_ties_are_all_found(self):
        found, ops, bound = Trellis(TWO_BLOCKS).best_paths(np.ones((2, 2)), 3, *FREE)
        assert (found.tolist(), bound) == ([2, 2, 2], 2)
        found, ops, bound = Trellis(TWO_BLOCKS).best_paths(np.ones((2, 2)), 5, *FREE)
        assert sorted(ops.tolist()) == [[0, 0], [0, 1], [1, 0], [1, 1]]
        assert bound == -np.inf

    def test_costs_of_zero_and_a_full_limit_fit(self):
        costs = np.stack([np.zeros((2, 2)), np.array([[0.1, 0.7], [0.2, 0.9]])])
        _, ops, _ = Trellis(TWO_BLOCKS).best_paths(np.ones((2, 2)), 9, costs, np.array([0.0, 0.1 + 0.2]))
        assert ops.tolist() == [[0, 0]]

    def test_rounding_drops_no_path(self):
        """As floats, 0.6 - (0.1 + 0.2) is less than 0.3."""
        space = StagedSpace("three_blocks", (), (Stage("stage", (3,)),), (Choice("kernel", (3,)),))
        costs = np.array([[[0.1], [0.2], [0.3]]])
        assert len(Trellis(space).best_paths(np.ones((3, 1)), 1, costs, np.array([0.6]))[0]) == 1

    def test_no_path_is_an_answer(self):
        found, ops, bound = Trellis(TWO_BLOCKS).best_paths(np.full((2, 2), -np.inf), 3, *FREE)
        assert (len(found), ops.shape, bound) == (0, (0, 2), -np.inf)

    def test_depths_with_gaps_at_both_ends(self):
        space = PLAIN.restrict({"late.depth": [2], "early.depth": [1]})
        _, ops, _ = Trellis(space).best_paths(np.zeros((5, 3)), 1000, np.zeros((0, 5, 3)), np.zeros(0))
        assert len(ops) == 3 * 3 * 3
        assert (ops[:, [1, 4]] == NOT_EXECUTED).all() and (ops[:, [0, 2, 3]] >= 0).all()
        space = PLAIN.restrict({"late.depth": [1, 3]})
        _, ops, _ = Trellis(space).best_paths(np.zeros((5, 3)), 1000, np.zeros((0, 5, 3)), np.zeros(0))
        assert len(ops) == (3 + 9) * (3 + 27)
        assert set((ops[:, 2:] >= 0).sum(axis=1)) == {1, 3}
