"""`contributions`: what each choice adds to the mean accuracy, as averages to read (Nayman et al., 2021).

    accuracy = A0 + sum over stages of b[depth] + sum over blocks that run of q[block, op]

With `E` the mean over random subnets, `A0 = E[acc]`, `b = E[acc | depth] - A0`, for the first block of a stage
`q = E[acc | op] - A0`, and for a later block, of subnets in which it is the last one of its stage,
`q = E[acc | op, depth] - E[acc | depth]`. It holds up to second order in the effects, where choices are independent.

The published code subtracts A0 in the last line instead, so that what depth is worth counts once in `b` and again in
`q`, for every block that runs; the option `published_code: 1` does the same.

Only means enter, so any rows of random subnets do, and so do the answers on single images that each went through a
random subnet of their own. The result is additive: what a depth adds counts for the block that the depth adds.
"""

from typing import Annotated, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from nascore.predictors.linear import AdditivePredictor
from nascore.predictors.options import PredictorOptions
from nascore.results.contributions import CONDITION, NOTHING, Agreement, Quality
from nascore.spaces.block_table import BlockTable, BlockTableLookup
from nascore.spaces.staged import Genes, StagedSpace

Array = NDArray[np.float64]


class ContributionsOptions(PredictorOptions):
    """Options of `contributions`."""

    published_code: Annotated[int, Field(ge=0, le=1)] = Field(
        0, description="1: depth counts again in every later block, as in the published code."
    )


class Contributions(AdditivePredictor):
    """Contributions of depths and operations; see the module's first paragraph."""

    name: ClassVar[str] = "contributions"
    options_class: ClassVar[type[PredictorOptions]] = ContributionsOptions
    options: ContributionsOptions

    def _fit(self, genes: Genes, accuracy: Array, seed: int) -> dict[str, Any]:
        combinations = self.space.global_index(genes)
        fixed = np.full(len(self.space.global_values), accuracy.mean())
        for g in np.unique(combinations):
            fixed[g] = accuracy[combinations == g].mean()
        means = conditional_means(self.space, genes, accuracy - fixed[combinations])
        blocks = contribution_blocks(self.space, means, published_code=bool(self.options.published_code))
        self._take(BlockTable(fixed + _shallowest(self.space, means), blocks))
        return {"n_choices_without_rows": int((means["n"] == 0).sum())}


def conditions(space: StagedSpace) -> pd.DataFrame:
    """Return what a mean is needed of, one row each.

    Returns
    -------
    pandas.DataFrame
        Integer columns `stage`, `block`, `depth`, `op`, `NOTHING` where the mean is not conditional on one: each depth
        of each stage; each operation of the first block of each stage; each operation of every later block at the
        smallest depth that runs it. For BINAS 15 + 60 + 180.
    """
    rows = [(s, NOTHING, depth, NOTHING) for s, stage in enumerate(space.stages) for depth in stage.depths]
    for block in range(space.n_blocks):
        s, place = int(space.stage_of_block[block]), int(space.place_in_stage[block])
        depth = NOTHING if place == 0 else min(d for d in space.stages[s].depths if d > place)
        rows += [(s, block, depth, op) for op in range(space.n_ops)]
    return pd.DataFrame(rows, columns=list(CONDITION))


def conditional_means(space: StagedSpace, genes: Genes, effect: Array) -> pd.DataFrame:
    """Return the mean of each of `conditions` over measured rows.

    Parameters
    ----------
    genes, effect
        `(n, n_genes)` architectures, and the `(n,)` differences of their accuracies from the mean of all.

    Returns
    -------
    pandas.DataFrame
        `conditions` with `mean` and `n`, the number of rows; 0 where there is none.
    """
    depths, ops, runs = space.depths(genes), space.op_index(genes), space.executed(genes)
    means = conditions(space)
    found = []
    for stage, block, depth, op in means.to_numpy().tolist():
        inside = np.ones(len(genes), dtype=bool) if depth == NOTHING else depths[:, stage] == depth
        if block != NOTHING:
            inside &= runs[:, block] & (ops[:, block] == op)
        n = int(inside.sum())
        found.append((float(effect[inside].mean()) if n else 0.0, n))
    return means.assign(mean=[mean for mean, _ in found], n=[n for _, n in found])


def contribution_blocks(space: StagedSpace, means: pd.DataFrame, *, published_code: bool = False) -> Array:
    """Return what each operation of each block contributes, as a `(n_global_combinations, n_blocks, n_ops)` array.

    Parameters
    ----------
    means
        What `conditional_means` returns, from rows or from images.
    published_code
        Whether depth is counted again in every later block, as the published code does.
    """
    blocks = np.zeros((space.n_blocks, space.n_ops))
    of_depth = _of_depth(space, means)
    table = contribution_table(space, means, published_code=published_code)
    of_ops = table[table["block"] != NOTHING]
    blocks[of_ops["block"], of_ops["op"]] = of_ops["contribution"]
    for s, stage in enumerate(space.stages):
        first = int(np.flatnonzero(space.stage_of_block == s)[0])
        for before, depth in zip(stage.depths, stage.depths[1:], strict=False):
            blocks[first + depth - 1] += of_depth[s][depth] - of_depth[s][before]
    return np.broadcast_to(blocks, (len(space.global_values), *blocks.shape)).copy()


def contribution_table(space: StagedSpace, means: pd.DataFrame, *, published_code: bool = False) -> pd.DataFrame:
    """Return `means` with `contribution`: of a depth its mean, of an operation what it adds beside its depth.

    Parameters
    ----------
    means, published_code
        As for `contribution_blocks`.
    """
    of_depth = _of_depth(space, means)
    columns = [means[name].tolist() for name in ("stage", "block", "depth", "mean", "n")]
    found = []
    for stage, block, depth, mean, n in zip(*columns, strict=True):
        relative = 0.0 if NOTHING in (block, depth) or published_code else of_depth[stage][depth]
        # An operation that no row has is worth as much as the mean.
        found.append(mean - relative if n else 0.0)
    return means.assign(contribution=found)


def judge_contributions(space: StagedSpace, means: pd.DataFrame, genes: Genes, accuracy: Array) -> Quality:
    """Compare what contributions add up to with accuracies that were measured subnet by subnet.

    Parameters
    ----------
    means
        What was measured on images, in the form of `conditional_means`.
    genes, accuracy
        `(n, n_genes)` measured architectures and their `(n,)` accuracies.

    Returns
    -------
    Quality
        Of each form of the estimator.
    """
    # Imported here, because planning a workflow imports this module and fits nothing.
    from nascore.predictors.evaluate import kendall_tau, spearman

    forms = {}
    nothing = np.zeros(len(space.global_values))
    for form in ("paper", "published_code"):
        blocks = contribution_blocks(space, means, published_code=form == "published_code")
        added = BlockTableLookup(space, [BlockTable(nothing, blocks)])(genes)[0]
        forms[form] = Agreement(kendall_tau=kendall_tau(accuracy, added), spearman=spearman(accuracy, added))
    return Quality(n_rows=len(genes), paper=forms["paper"], published_code=forms["published_code"])


def _shallowest(space: StagedSpace, means: pd.DataFrame) -> float:
    """Return what all stages at their smallest depth contribute together."""
    of_depth = _of_depth(space, means)
    return sum(of_depth[s][stage.depths[0]] for s, stage in enumerate(space.stages))


def _of_depth(space: StagedSpace, means: pd.DataFrame) -> list[dict[int, float]]:
    """Return, per stage, what each depth contributes."""
    rows = means[means["block"] == NOTHING]
    by_stage = [rows[rows["stage"] == stage] for stage in range(len(space.stages))]
    return [dict(zip(part["depth"].tolist(), part["mean"].tolist(), strict=True)) for part in by_stage]
