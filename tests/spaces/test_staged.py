import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import facts
from space_examples import BINAS_LIKE, SMALL, all_genes, genes_of, restrictions_of

from nascore.errors import SpaceError
from nascore.spaces import get_space, space_names

OFA = get_space("ofa_mcunet")
SPACES = st.sampled_from([SMALL, BINAS_LIKE, OFA])


class TestStructure:
    def test_genes_are_globals_then_depths_then_blocks(self):
        assert SMALL.gene_names[:5] == (
            "resolution",
            "early.depth",
            "late.depth",
            "early.block0.kernel",
            "early.block0.expand",
        )
        assert SMALL.n_genes == 1 + 2 + 5 * 2
        assert SMALL.n_ops == 3
        assert SMALL.stage_of_block.tolist() == [0, 0, 1, 1, 1]
        assert SMALL.place_in_stage.tolist() == [0, 1, 0, 1, 2]

    def test_indices_stand_for_values(self):
        genes = np.array([[1, 1, 2, 2, 0, 1, 0, 0, 0, 1, 0, 2, 0]], dtype=np.int8)
        assert SMALL.global_values[SMALL.global_index(genes)].tolist() == [[64]]
        assert SMALL.depths(genes).tolist() == [[2, 3]]
        assert SMALL.op_values[SMALL.op_index(genes)].tolist() == [[[7, 4], [5, 4], [3, 4], [5, 4], [7, 4]]]

    def test_the_first_choice_of_a_block_is_the_most_significant(self):
        genes = BINAS_LIKE.canonical(np.zeros((1, BINAS_LIKE.n_genes), dtype=int))
        BINAS_LIKE.block_genes(genes)[0, 0] = [2, 1, 0]
        assert BINAS_LIKE.op_index(genes)[0, 0] == (2 * 2 + 1) * 2
        assert BINAS_LIKE.op_values[10].tolist() == [6, 5, 0]

    def test_a_space_without_global_choices_has_one_empty_combination(self):
        assert BINAS_LIKE.global_values.shape == (1, 0)
        assert BINAS_LIKE.global_index(np.zeros((3, BINAS_LIKE.n_genes), dtype=np.int8)).tolist() == [0, 0, 0]

    def test_a_stage_executes_its_first_blocks(self):
        genes = np.array([[0, 0, 1] + [0] * 10, [0, 1, 0] + [0] * 10], dtype=np.int8)
        assert SMALL.executed(genes).astype(int).tolist() == [[1, 0, 1, 0, 0], [1, 1, 0, 0, 0]]

    def test_spaces_have_names(self):
        assert space_names() == ["ofa_mcunet", "binas"]
        with pytest.raises(SpaceError, match=facts("space", "'ofa_mcunett'", "'ofa_mcunet'")):
            get_space("ofa_mcunett")
        with pytest.raises(SpaceError, match=facts("ofa_mcunet", "'resolution'", "'resolutions'")):
            get_space("ofa_mcunet", resolution=96)


class TestCanonical:
    @given(st.data(), SPACES)
    def test_is_idempotent_and_changes_only_inert_genes(self, data, space):
        genes = data.draw(genes_of(space))
        canonical = space.canonical(genes)
        assert (space.canonical(canonical) == canonical).all()
        inert = ~space.executed(genes)
        assert (space.block_genes(canonical)[inert] == 0).all()
        assert (space.block_genes(canonical)[~inert] == space.block_genes(genes)[~inert]).all()
        assert (canonical[:, : space.depth_slice.stop] == genes[:, : space.depth_slice.stop]).all()

    def test_leaves_the_given_array_alone(self):
        genes = np.ones((1, SMALL.n_genes), dtype=np.int64)
        genes[:, SMALL.depth_slice] = 0
        genes[:, 4::2] = 0
        before = genes.copy()
        SMALL.canonical(genes)
        assert (genes == before).all()

    def test_takes_no_rows(self):
        assert SMALL.canonical(np.empty((0, SMALL.n_genes), dtype=np.int8)).shape == (0, SMALL.n_genes)

    @pytest.mark.parametrize(
        ("genes", "message"),
        [
            (np.zeros((2, 12), dtype=int), ("small", "integer", "(n, 13)", "int64", "(2, 12)")),
            (np.zeros(13, dtype=int), ("small", "integer", "(n, 13)", "int64", "(13,)")),
            (np.zeros((2, 13)), ("small", "integer", "(n, 13)", "float64", "(2, 13)")),
            (np.eye(2, 13, 2, dtype=int) * 3, ("row 0", "late.depth", 3, 0, 2, "(0, 1, 3)")),
            (np.eye(2, 13, -1, dtype=int) * -1, ("row 1", "resolution", -1, 0, 1, "(32, 64)")),
            (np.eye(1, 13, 3, dtype=int) * 256, ("row 0", "early.block0.kernel", 256, 0, 2)),
        ],
    )
    def test_refuses_what_is_no_architecture(self, genes, message):
        with pytest.raises(SpaceError, match=facts(*message)):
            SMALL.canonical(genes)


@given(st.data(), SPACES)
def test_from_ops_is_the_inverse_of_the_indices(data, space):
    genes = space.canonical(data.draw(genes_of(space)))
    ops = np.where(space.executed(genes), space.op_index(genes), -1)
    assert (space.from_ops(space.global_index(genes), ops) == genes).all()


class TestArchId:
    def test_equal_exactly_for_equal_networks(self):
        genes = all_genes(SMALL)[::7]
        canonical = SMALL.canonical(genes)
        ids = np.array(SMALL.arch_id(canonical))
        _, first, inverse = np.unique(canonical, axis=0, return_index=True, return_inverse=True)
        assert (ids == ids[first][inverse]).all()
        assert len(set(ids)) == len(first)
        assert all(len(i) == 16 and int(i, 16) >= 0 for i in ids)

    def test_does_not_depend_on_which_resolutions_are_configured(self, rng):
        few = get_space("ofa_mcunet", resolutions=(160, 112))
        genes = few.sample(50, rng)
        assert few.arch_id(genes) == OFA.arch_id(OFA.from_dicts(few.to_dicts(genes)))

    def test_does_not_depend_on_the_searched_part(self, rng):
        part = OFA.restrict({"width": [1]})
        genes = part.sample(10, rng)
        assert part.arch_id(genes) == OFA.arch_id(genes)

    def test_is_part_of_published_files_and_must_never_change(self):
        assert OFA.arch_id(OFA.canonical(np.zeros((1, OFA.n_genes), dtype=int))) == ["7cf4839d827010a3"]

    def test_differs_between_spaces_of_the_same_shape(self):
        other = type(SMALL)("other", SMALL.global_choices, SMALL.stages, SMALL.block_choices)
        genes = np.zeros((1, SMALL.n_genes), dtype=np.int8)
        assert SMALL.arch_id(genes) != other.arch_id(genes)


class TestRestrict:
    @given(st.data(), SPACES)
    def test_allows_looks_only_at_blocks_that_run(self, data, space):
        part = data.draw(restrictions_of(space))
        genes = data.draw(genes_of(space))
        values = [np.asarray(choice.values)[genes[:, i]] for i, choice in enumerate(space.gene_choices)]
        allowed = dict(part.allowed)
        executed = space.executed(genes)
        n_first, per_block = space.depth_slice.stop, len(space.block_choices)
        for row, answer in enumerate(part.allows(genes)):
            runs = [i < n_first or executed[row, (i - n_first) // per_block] for i in range(space.n_genes)]
            expected = all(
                values[i][row] in allowed[name]
                for i, name in enumerate(space.gene_names)
                if name in allowed and runs[i]
            )
            assert answer == expected

    @pytest.mark.parametrize(
        "choices",
        [
            {},
            {"resolution": [64]},
            {"early.depth": [2], "late.depth": [0, 1]},
            {"late.block2.kernel": [3], "early.block0.kernel": [5, 7], "late.block0.kernel": [7]},
        ],
    )
    def test_size_is_the_number_of_distinct_networks(self, choices):
        part = SMALL.restrict(choices)
        canonical = np.unique(SMALL.canonical(all_genes(SMALL)), axis=0)
        assert part.size() == part.allows(canonical).sum()

    def test_blocks_of_each_stage_are_counted_with_their_own_choices(self):
        one, two = (
            BINAS_LIKE.block_names[8],
            BINAS_LIKE.block_names[12],
        )  # the first blocks of the third and fourth stage
        part = BINAS_LIKE.restrict({f"{one}.kernel": [3], f"{two}.expand": [6]})
        # Both blocks always run; one halves its choices, the other has a third of them.
        assert part.size() == BINAS_LIKE.size() // 6

    def test_published_sizes(self):
        assert OFA.size() == 819 * 7371**4 * 9 * 15
        assert BINAS_LIKE.size() == 22608**5

    def test_restricting_again_keeps_what_both_allow(self):
        part = SMALL.restrict({"early.block0.kernel": [3, 5]}).restrict({"early.block0.kernel": [7, 5]})
        assert part.allowed == (("early.block0.kernel", (5,)),)
        assert part == SMALL.restrict({"early.block0.kernel": [5]})
        assert part.unrestricted() == SMALL

    def test_masks_of_the_searched_part(self):
        part = SMALL.restrict({"early.block1.kernel": [5], "resolution": [64]})
        assert part.allowed_ops.astype(int).tolist() == [[1, 1, 1], [0, 1, 0], [1, 1, 1], [1, 1, 1], [1, 1, 1]]
        assert part.allowed_globals.tolist() == [1]
        assert BINAS_LIKE.allowed_globals.tolist() == [0]

    @pytest.mark.parametrize(
        ("choices", "message"),
        [
            ({"resolutoin": [32]}, ("small", "'resolutoin'", "'resolution'")),
            ({"resolution": [32, 48]}, ("small", "resolution", 48, "(32, 64)")),
            ({"resolution": []}, ("resolution", "()", "(32, 64)")),
        ],
    )
    def test_refuses_what_the_space_does_not_have(self, choices, message):
        with pytest.raises(SpaceError, match=facts(*message)):
            SMALL.restrict(choices)

    def test_says_when_nothing_is_left(self):
        with pytest.raises(SpaceError, match=facts("resolution", "(64,)", "(32,)")):
            SMALL.restrict({"resolution": [32]}).restrict({"resolution": [64]})


class TestDictionaries:
    """A space without a published form has one of genes and values."""

    @given(genes_of(SMALL))
    def test_come_back(self, genes):
        canonical = SMALL.canonical(genes)
        assert np.array_equal(SMALL.from_dicts(SMALL.to_dicts(canonical)), canonical)

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"resolution": 48}, ("row 1", "resolution", 48, "(32, 64)")),
            ({"resolution": True}, ("row 1", "resolution", True)),
            ({"resolutoin": 32}, ("row 1", "'resolutoin'", "'resolution'")),
        ],
    )
    def test_name_what_is_wrong(self, change, named):
        good = SMALL.to_dicts(SMALL.smallest()[None])[0]
        with pytest.raises(SpaceError, match=facts(*named)):
            SMALL.from_dicts([good, good | change])
        for wrong in ({}, [1]):
            with pytest.raises(SpaceError, match=facts("row 0", "resolution")):
                SMALL.from_dicts([wrong])
