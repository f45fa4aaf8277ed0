import numpy as np
import pytest
from bilinear_examples import random_form, values_of
from hypothesis import given, settings
from hypothesis import strategies as st
from search_examples import PLAIN, every_architecture, look_up, problem_of, random_table
from space_examples import BINAS_LIKE, SMALL

from nascore.efficiency import cost_tables
from nascore.predictors import make_predictor
from nascore.search.bcfw import _exact_step, bcfw_search, walk
from nascore.search.candidates import Candidates
from nascore.search.options import BcfwOptions
from nascore.search.probabilities import Point, Relaxation
from nascore.search.problem import Problem
from nascore.search.rounding import FRACTIONAL, rounded
from nascore.search.targets import parse_target
from nascore.search.unfold import exact_search_given_depths
from nascore.spaces import get_space
from nascore.spaces.block_table import BlockTableLookup
from nascore.spaces.unfolded import Unfolded

SPACES = [SMALL, PLAIN]


def limited(space, seed, quantile):
    """Return a random form, and a problem with one limit that a share of all architectures satisfies."""
    rng = np.random.default_rng(seed)
    form, cost = random_form(space, rng), random_table(space, rng)
    costs = look_up(space, cost, every_architecture(space))
    return form, problem_of(space, [(cost, float(np.quantile(costs, quantile)))])


def predicting(space, form):
    unfolded = Unfolded(space)
    lookup = BlockTableLookup(unfolded.space, [form.table(unfolded)])
    return lambda genes: lookup(unfolded.unfold(genes))[0]


def corner(space, row):
    """Return the probabilities that are an architecture, with operation 0 in the blocks that do not run."""
    depths = space.depths(row)[0]
    beta = np.concatenate([depths[s] == np.array(stage.depths) for s, stage in enumerate(space.stages)])
    return Point(np.eye(space.n_ops)[space.op_index(row)[0]], beta.astype(float))


@settings(max_examples=20)
@given(st.sampled_from(SPACES), st.integers(0, 10**6))
def test_the_value_of_a_corner_is_that_of_its_architecture(space, seed):
    rng = np.random.default_rng(seed)
    form, row = random_form(space, rng), space.sample(1, rng)
    relaxation = Relaxation(problem_of(space, []), form, int(space.global_index(row)[0]))
    assert relaxation.value(corner(space, row)) == pytest.approx(values_of(space, form, row)[0])


def test_the_gradient_of_the_depths_is_that_of_the_value():
    rng = np.random.default_rng(0)
    relaxation = Relaxation(problem_of(SMALL, []), random_form(SMALL, rng), 0)
    point = Point(rng.dirichlet(np.ones(3), SMALL.n_blocks), np.array([0.3, 0.7, 0.2, 0.5, 0.3]))
    gradient, step = relaxation.beta_gradient(point), 1e-6
    for place in range(5):
        moved = point.beta + step * np.eye(5)[place]
        slope = (relaxation.value(Point(point.alpha, moved)) - relaxation.value(point)) / step
        assert slope == pytest.approx(gradient[place], abs=1e-4)


@pytest.mark.slow
@settings(max_examples=25)
@given(st.sampled_from(SPACES), st.integers(0, 10**6), st.floats(0.1, 0.9), st.sampled_from(["exact", "constant"]))
def test_limits_hold_and_little_is_lost(space, seed, quantile, step):
    form, problem = limited(space, seed, quantile)
    candidates = Candidates(problem, predicting(space, form))
    bcfw_search(candidates, form, np.random.default_rng(0), BcfwOptions(step=step, iterations=20))
    genes = every_architecture(space)
    values = values_of(space, form, genes)[candidates.within(genes)]
    if candidates.evaluations:
        best = candidates.best(3)
        assert candidates.within(best).all()
        assert values_of(space, form, best)[0] >= values.min()


def test_one_block_and_one_stage_at_most_are_fractional_under_one_limit():
    """The guarantee of the publication, on the whole BINAS structure."""
    rng = np.random.default_rng(0)
    space = BINAS_LIKE
    for _ in range(10):
        form, cost = random_form(space, rng), random_table(space, rng, low=1)
        limit = float(np.quantile(look_up(space, cost, space.sample(200, rng)), rng.uniform(0.1, 0.9)))
        relaxation = Relaxation(problem_of(space, [(cost, limit)]), form, 0)
        start = corner(space, space.sample(1, rng)).beta
        end = walk(relaxation, start, rng, BcfwOptions())
        if end is None:
            continue
        fractional = [((row > FRACTIONAL) & (row < 1 - FRACTIONAL)).sum() for row in end.alpha]
        assert sum(count > 0 for count in fractional) <= 1 and max(fractional) <= 2
        betas = (end.beta[where] for where in relaxation.depth_slices)
        stages = [((beta > FRACTIONAL) & (beta < 1 - FRACTIONAL)).sum() for beta in betas]
        assert sum(count > 0 for count in stages) <= 1


def test_the_binas_space_is_solved_nearly_exactly():
    space = get_space("binas")
    rng = np.random.default_rng(1)
    form = random_form(space, rng)
    form = type(form)(form.fixed * 0 + 0.7, form.depths * 0.005, form.blocks * 0.005, form.products * 0.001)
    problem = Problem.of(space, parse_target("t", {"macs_m": 250}, space), cost_tables(space))
    candidates = Candidates(problem, predicting(space, form))
    bcfw_search(candidates, form, rng, BcfwOptions())
    optimum = exact_search_given_depths(problem, form.table(Unfolded(space))).values[0]
    assert 0.995 * optimum <= candidates.predict(candidates.best(1))[0] <= optimum + 1e-12


def test_rounding_keeps_only_what_fits():
    form, problem = limited(PLAIN, 0, 0.3)
    candidates, relaxation = Candidates(problem, predicting(PLAIN, form)), Relaxation(problem, form, 0)
    everywhere = Point(np.full((PLAIN.n_blocks, 3), 1 / 3), np.full(5, 0.4))
    genes = rounded(candidates, relaxation, everywhere)
    assert len(genes) and candidates.within(genes).all()
    nowhere = problem_of(PLAIN, [(random_table(PLAIN, np.random.default_rng(0), low=1), 0.1)])
    assert len(rounded(Candidates(nowhere, predicting(PLAIN, form)), Relaxation(nowhere, form, 0), everywhere)) == 0


def test_restrictions_hold():
    space = PLAIN.restrict({"late.depth": [1, 3], "late.block0.kernel": [5], "resolution": [64]})
    form = random_form(PLAIN, np.random.default_rng(0))
    candidates = Candidates(problem_of(space, []), predicting(space, form))
    bcfw_search(candidates, form, np.random.default_rng(0), BcfwOptions())
    best = candidates.best(1)
    assert space.allows(best).all()
    assert values_of(PLAIN, form, best)[0] == pytest.approx(values_of(PLAIN, form, every_architecture(space)).max())


def test_an_additive_predictor_has_a_bilinear_form_and_a_quadratic_one_has_none(space, measured, predictor):
    genes, _ = measured
    assert values_of(space, predictor.bilinear_form(), genes[:20]) == pytest.approx(predictor.predict(genes[:20]))
    few = every_architecture(SMALL)[:20]
    assert make_predictor("quadratic", SMALL).fit(few, np.linspace(0.5, 0.9, 20), seed=0).bilinear_form() is None


@settings(max_examples=20)
@given(st.sampled_from(SPACES), st.integers(0, 10**6))
def test_an_exact_step_is_the_best_of_its_line(space, seed):
    rng = np.random.default_rng(seed)
    form, problem = limited(space, seed, 0.7)
    relaxation = Relaxation(problem, form, 0)
    beta = np.concatenate([rng.dirichlet(np.ones(len(stage.depths))) for stage in space.stages])
    point = Point(rng.dirichlet(np.ones(space.n_ops), space.n_blocks), beta)
    vertex = relaxation.beta_vertex(relaxation.beta_gradient(point), point.alpha)
    reached = relaxation.value(_exact_step(relaxation, point))
    ends = np.linspace(0, 1, 21) if vertex is not None else np.zeros(1)
    line = [point.beta + t * ((point.beta if vertex is None else vertex) - point.beta) for t in ends]
    best = max(relaxation.value(Point(point.alpha, beta)) for beta in line)
    assert reached >= best - 1e-9 * max(1, abs(best))


def test_the_first_operations_are_those_of_every_block_where_the_limits_allow():
    relaxation = Relaxation(problem_of(SMALL, []), random_form(SMALL, np.random.default_rng(0)), 0)
    beta = np.concatenate([np.eye(len(stage.depths))[0] for stage in SMALL.stages])
    np.testing.assert_array_equal(relaxation.first_alpha(beta).argmax(axis=1), np.zeros(SMALL.n_blocks))
    form, problem = limited(SMALL, 0, 0.0)
    assert problem.room[0, 0] < 0 and Relaxation(problem, form, 0).first_alpha(beta) is None
