import numpy as np
import pytest
from search_examples import every_architecture
from space_examples import BINAS_LIKE, SMALL

from nascore.predictors.contributions import (
    NOTHING,
    Contributions,
    conditional_means,
    conditions,
    contribution_table,
    judge_contributions,
)
from nascore.spaces import Choice, Stage, StagedSpace

TINY = StagedSpace("tiny", (), (Stage("only", (1, 2, 3)),), (Choice("kernel", (3, 5)),))


def test_binas_needs_255_means_beside_the_base():
    needed = conditions(BINAS_LIKE)
    assert len(needed) == 15 + 60 + 180
    assert (needed["block"] == NOTHING).sum() == 15
    assert ((needed["block"] != NOTHING) & (needed["depth"] == NOTHING)).sum() == 60
    later = needed[(needed["block"] == 3)]
    assert set(later["depth"]) == {4} and set(needed[needed["block"] == 1]["depth"]) == {2}


def test_a_block_behind_a_gap_is_judged_at_the_smallest_depth_that_runs_it():
    needed = conditions(SMALL)
    assert set(needed[needed["block"] == 3]["depth"]) == {3}


def test_means_are_those_of_the_rows():
    genes = every_architecture(TINY)
    effect = np.arange(len(genes), dtype=float)
    means = conditional_means(TINY, genes, effect)
    depth, ops = TINY.depths(genes)[:, 0], TINY.op_index(genes)
    of = means.set_index(["block", "depth", "op"])["mean"]
    assert of[NOTHING, 2, NOTHING] == effect[depth == 2].mean()
    assert of[0, NOTHING, 1] == effect[ops[:, 0] == 1].mean()
    assert of[2, 3, 1] == effect[(depth == 3) & (ops[:, 2] == 1)].mean()


def test_an_accuracy_of_depth_alone_is_recovered_and_the_published_code_counts_it_twice():
    genes = every_architecture(TINY)
    worth = {1: 0.0, 2: 0.03, 3: 0.05}
    accuracy = np.array([0.7 + worth[depth] for depth in TINY.depths(genes)[:, 0]])
    paper, code = (
        Contributions(TINY, published_code=form).fit(genes, accuracy, seed=0).predict(genes) for form in (0, 1)
    )
    assert paper == pytest.approx(accuracy)
    mean = accuracy.mean()
    deep = TINY.depths(genes)[:, 0] == 3
    # b of depth 3, and q of the second and third block, each of which holds what its depth is worth.
    assert code[deep] == pytest.approx(mean + (0.75 - mean) + (0.73 - mean) + (0.75 - mean))


def test_one_operations_worth_is_found():
    rng = np.random.default_rng(0)
    genes = BINAS_LIKE.sample(20_000, rng)
    gated = BINAS_LIKE.executed(genes)[:, 3] & (BINAS_LIKE.op_index(genes)[:, 3] == 11)
    accuracy = 0.7 + 0.05 * gated + rng.normal(0, 0.001, len(genes))
    table = Contributions(BINAS_LIKE).fit(genes, accuracy, seed=0).additive_table()
    worth = table.blocks[0, 3]
    assert worth[11] - worth[:11].mean() == pytest.approx(0.05, abs=1e-3)
    others = np.delete(table.blocks[0], 3, axis=0)
    assert np.abs(others).max() < 5e-3


def test_choices_without_rows_are_worth_the_mean():
    genes = every_architecture(TINY)
    genes = genes[TINY.op_index(genes)[:, 0] == 0]
    predictor = Contributions(TINY).fit(genes, np.full(len(genes), 0.8), seed=0)
    assert predictor.fit_facts["n_choices_without_rows"] == 1
    assert predictor.predict(every_architecture(TINY)) == pytest.approx(0.8)


def test_the_table_has_operations_beside_their_depth_and_both_forms_are_judged():
    genes = every_architecture(TINY)
    depth, ops = TINY.depths(genes)[:, 0], TINY.op_index(genes)
    accuracy = 0.7 + 0.03 * (depth == 3) + 0.01 * ops[:, 0]
    means = conditional_means(TINY, genes, accuracy - accuracy.mean())
    of = contribution_table(TINY, means).set_index(["block", "depth", "op"])["contribution"]
    # Of 2 + 4 + 8 architectures 8 are deep: they are above the mean by 6/14 of 3 points.
    assert of[NOTHING, 3, NOTHING] == pytest.approx(0.03 * 6 / 14)
    assert (of[0, NOTHING, 0], of[0, NOTHING, 1]) == (pytest.approx(-0.005), pytest.approx(0.005))
    assert of[2, 3, 0] == pytest.approx(0) and of[2, 3, 1] == pytest.approx(0)
    assert judge_contributions(TINY, means, genes, accuracy).model_dump() == {
        "version": 1,
        "n_rows": 14,
        "paper": {"kendall_tau": pytest.approx(1), "spearman": pytest.approx(1)},
        "published_code": {"kendall_tau": pytest.approx(1, abs=0.2), "spearman": pytest.approx(1, abs=0.1)},
    }
    nothing = judge_contributions(TINY, means, genes, np.full(14, 0.7))
    assert nothing.paper.kendall_tau is nothing.paper.spearman is None
