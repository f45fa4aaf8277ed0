import numpy as np
import pandas as pd
import pytest
from messages import facts
from space_examples import SMALL

from nascore.accuracy_dataset.coverage import coverage, covered_space
from nascore.errors import DataError
from nascore.results.dataset import COVERAGE


def counts_of(genes, space=SMALL):
    counts = coverage(space, space.canonical(np.array(genes)))
    return {
        gene: dict(zip(rows["value"], rows["n_rows"], strict=True)) for gene, rows in counts.groupby("gene", sort=False)
    }


def test_counts_by_hand():
    """Resolution, depths of early (1, 2) and late (0, 1, 3), then kernel and expand of five blocks."""
    counts = counts_of(
        [
            [0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            [1, 1, 1, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0],
            [1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 2, 0],
        ]
    )
    assert counts["resolution"] == {32: 1, 64: 2}
    assert counts["early.depth"] == {1: 2, 2: 1}
    assert counts["late.depth"] == {0: 1, 1: 1, 3: 1}
    assert counts["early.block0.kernel"] == {3: 1, 5: 0, 7: 2}
    assert counts["early.block1.kernel"] == {3: 0, 5: 1, 7: 0}
    assert counts["late.block0.kernel"] == {3: 1, 5: 1, 7: 0}
    assert counts["late.block2.kernel"] == {3: 0, 5: 0, 7: 1}
    assert counts["late.block0.expand"] == {4: 2}


def test_one_row_per_gene_and_value(space, rng):
    counts = coverage(space, space.sample(20, rng))
    assert list(counts) == ["gene", "value", "n_rows"]
    assert len(counts) == 5 + 3 + 5 * 3 + 1 + 20 * 6
    assert counts.loc[counts["gene"] == "width", "n_rows"].sum() == 20


class TestCoveredSpace:
    def test_only_choices_with_rows_are_left(self, space, rng):
        measured = space.restrict({"width": [0, 1], "stage2.depth": [2, 3], "stage1.block0.kernel": [5]})
        genes = measured.sample(300, rng)
        covered = covered_space(space, coverage(space, genes))
        allowed = dict(covered.allowed)
        assert allowed.pop("width") == (0, 1)
        assert allowed.pop("stage2.depth") == (2, 3)
        assert allowed.pop("stage1.block0.kernel") == (5,)
        assert not allowed
        assert covered.allows(genes).all()

    def test_blocks_that_never_run_stay_free(self, space, rng):
        """Stage 2's last block needs depth 4, which no row has: it is the depth that is not covered."""
        genes = space.restrict({"stage2.depth": [2, 3]}).sample(300, rng)
        covered = covered_space(space, coverage(space, genes))
        assert dict(covered.allowed) == {"stage2.depth": (2, 3)}

    def test_everything_measured_is_no_restriction(self, space, rng):
        assert covered_space(space, coverage(space, space.sample(500, rng))) == space

    def test_a_single_row_covers_itself(self, space, rng):
        genes = space.sample(1, rng)
        covered = covered_space(space, coverage(space, genes))
        assert covered.size() == 1 and covered.allows(genes).all()

    def test_the_dataset_is_always_inside(self, space, dataset):
        assert covered_space(space, coverage(space, dataset.genes)).allows(dataset.genes).all()

    def test_counts_of_another_space_are_refused(self, space, rng):
        counts = coverage(space, space.sample(5, rng))
        for wrong in (counts.iloc[1:], counts.assign(value=7), coverage(SMALL, SMALL.sample(5, rng))):
            with pytest.raises(DataError, match=facts("coverage", "ofa_mcunet")):
                covered_space(space, wrong)


def test_a_file_that_is_no_coverage_is_named(tmp_path):
    with pytest.raises(DataError, match=facts("none.parquet", "coverage", "accuracy dataset")):
        COVERAGE.read(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("gene,value")
    with pytest.raises(DataError, match=facts("text.parquet", "Parquet")):
        COVERAGE.read(tmp_path / "text.parquet")
    table = pd.DataFrame({"gene": ["width"], "value": [0], "n_rows": [1]})
    for missing in table:
        table.drop(columns=missing).to_parquet(tmp_path / "other.parquet")
        with pytest.raises(DataError, match=facts("other.parquet", "coverage", "accuracy dataset", missing)):
            COVERAGE.read(tmp_path / "other.parquet")
