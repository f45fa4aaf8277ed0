"""Exact search against one MILP per global combination and against evolution, on the eight published targets.

    python benchmarks/search.py --tables FOLDER

`FOLDER` holds the JSON files of `[architecture, top-1 %]` pairs of MIT 6.5940 lab 3. `linear_per_global` is fitted to a
seeded 80 % of the rows; all searches keep to the choices that the rows cover and maximise its prediction. The clock of
the exact search covers feasibility, the search, its certificate and the binding limits. The MILPs also find the
10 best, one after the other, as a check. Exits with 1 if evolution finds something better than a proven optimum, or the
MILPs another list.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from nascore.accuracy_dataset.coverage import coverage, covered_space
from nascore.accuracy_dataset.published_tables import import_published_tables, table_files
from nascore.accuracy_dataset.split import split_rows
from nascore.efficiency import cost, cost_tables
from nascore.predictors import Predictor, make_predictor
from nascore.results.costs import within
from nascore.search.exact import TOLERANCE
from nascore.search.options import EvolutionOptions, ExactOptions
from nascore.search.run import run_search
from nascore.search.targets import Target, parse_target
from nascore.spaces import Genes, OfaMcunet, get_space
from nascore.spaces.block_table import BlockTable

TARGETS = {
    "<=50M": {"thop_macs_m": 50},
    "<=100M": {"thop_macs_m": 100},
    "<=256KB": {"peak_memory_kb": 256},
    "<=512KB": {"peak_memory_kb": 512},
    "<=60M, <=250KB": {"thop_macs_m": 60, "peak_memory_kb": 250},
    "<=30M, <=200KB": {"thop_macs_m": 30, "peak_memory_kb": 200},
    "<=15M, <=256KB": {"thop_macs_m": 15, "peak_memory_kb": 256},
    "<=64KB": {"peak_memory_kb": 64},
}
TOP_1_TO_REACH, TOP_10_TO_REACH = 0.5, 5.0
"""Seconds for all targets."""
MILP_TOLERANCE = 1e-9
OBJECTIVE_SCALE = 1e5
"""HiGHS may stop 1e-6 short of an optimum, which is 1e-11 of an accuracy then."""

Result = TypeVar("Result")


def timed(call: Callable[[], Result]) -> tuple[Result, float]:
    """Return a result and the seconds that it took."""
    start = time.perf_counter()
    return call(), time.perf_counter() - start


# -- the plain formulation -----------------------------------------------------------------------------


class Programme:
    """One global combination: a variable per (block, operation) and one per (stage, depth)."""

    def __init__(self, space: OfaMcunet, target: Target, values: BlockTable, g: int) -> None:
        self.space, self.values, self.g = space, values, g
        self.n_ops = space.n_blocks * space.n_ops
        self.depths = [(s, depth) for s, stage in enumerate(space.stages) for depth in stage.depths]
        depth_indices = space.allowed_indices[space.depth_slice]
        depth_allowed = [depth in np.asarray(space.stages[s].depths)[depth_indices[s]] for s, depth in self.depths]
        self.upper = np.concatenate([space.allowed_ops.ravel(), depth_allowed]).astype(float)
        self.rows: list[LinearConstraint] = []
        self._paths()
        self._limits(target)

    def _add(self, ops: np.ndarray, depths: np.ndarray | float, low: float, high: float) -> None:
        """Add `low <= ops . x + depths . y <= high`."""
        row = np.zeros(self.n_ops + len(self.depths))
        row[: self.n_ops], row[self.n_ops :] = ops.ravel(), depths
        self.rows.append(LinearConstraint(row, low, high))

    def _paths(self) -> None:
        """Let each stage have one depth, and each block one operation if that depth executes it, else none."""
        space = self.space
        for s in range(len(space.stages)):
            self._add(np.zeros(self.n_ops), np.array([stage == s for stage, _ in self.depths]), 1, 1)
        for block, (stage, place) in enumerate(zip(space.stage_of_block, space.place_in_stage, strict=True)):
            runs = np.array([float(s == stage and place < depth) for s, depth in self.depths])
            self._add(np.arange(space.n_blocks)[:, None].repeat(space.n_ops, axis=1) == block, -runs, 0, 0)

    def _limits(self, target: Target) -> None:
        """Bound the sums, and forbid the operations beyond a peak."""
        for constraint in target.constraints:
            table, limit = cost_tables(self.space)[constraint.metric], constraint.limit_in_metric
            if table.reduce is np.add:
                self._add(table.blocks[self.g], 0, -np.inf, limit - table.fixed[self.g])
            else:
                self.upper[: self.n_ops] *= (table.blocks[self.g] <= limit).ravel() & (table.fixed[self.g] <= limit)

    def solve(self) -> tuple[float, np.ndarray]:
        """Return the best value, ``-inf`` if there is none, and the `(n_blocks, n_ops)` mask of its operations."""
        objective = np.concatenate([-OBJECTIVE_SCALE * self.values.blocks[self.g].ravel(), np.zeros(len(self.depths))])
        found = milp(
            objective,
            integrality=np.ones(len(objective)),
            bounds=Bounds(0, self.upper),
            constraints=self.rows,
            options={"mip_rel_gap": 0.0},
        )
        if found.status not in (0, 2):
            raise RuntimeError(f"HiGHS gave up on combination {self.g}: {found.message}")
        if found.x is None:
            return -np.inf, np.zeros((self.space.n_blocks, self.space.n_ops), dtype=bool)
        chosen = found.x[: self.n_ops].reshape(self.space.n_blocks, self.space.n_ops) > 0.5
        return float(self.values.fixed[self.g] + self.values.blocks[self.g][chosen].sum()), chosen

    def exclude(self, chosen: np.ndarray) -> None:
        """Forbid one subnet."""
        self._add(np.where(chosen, 1, -1), 0, -np.inf, chosen.sum() - 1)


def milp_best(space: OfaMcunet, target: Target, values: BlockTable, k: int) -> tuple[list[float], Genes]:
    """Return the `k` best values, fewer if no more exist, and the genes of their subnets, without our own search."""
    programmes = [Programme(space, target, values, int(g)) for g in space.allowed_globals]
    waiting = [programme.solve() for programme in programmes]
    best: list[float] = []
    genes = [np.zeros((0, space.n_genes), dtype=np.int8)]
    while len(best) < k:
        i = max(range(len(waiting)), key=lambda i: waiting[i][0])
        value, chosen = waiting[i]
        if value == -np.inf:
            break
        best.append(value)
        ops = np.where(chosen.any(axis=1), chosen.argmax(axis=1), -1).astype(np.int8)
        genes.append(space.from_ops(np.array([programmes[i].g]), ops[None]))
        if len(best) < k:
            programmes[i].exclude(chosen)
            waiting[i] = programmes[i].solve()
    return best, np.concatenate(genes)


# -- the comparison ------------------------------------------------------------------------------------


def fitted(folder: Path, seed: int) -> tuple[OfaMcunet, Predictor]:
    """Return the covered part of the space, and the predictor fitted to 80 % of the rows."""
    whole = get_space("ofa_mcunet")
    tables = import_published_tables(table_files(folder), whole, n_images=4029)
    fractions = {"train": 0.8, "calibration": 0.1, "test": 0.1}
    parts = split_rows(whole.arch_id(tables.genes), seed, fractions)
    train, held_out = parts == "train", parts == "calibration"
    predictor = make_predictor("linear_per_global", whole).fit(tables.genes[train], tables.accuracy[train], seed=seed)
    predictor.calibrate(tables.genes[held_out], tables.accuracy[held_out])
    return covered_space(whole, coverage(whole, tables.genes)), predictor


class Comparison:
    """All searches under one predictor."""

    def __init__(self, space: OfaMcunet, predictor: Predictor, seeds: int) -> None:
        self.space, self.predictor, self.seeds = space, predictor, seeds
        self.targets = {name: parse_target(name, spec, space) for name, spec in TARGETS.items()}
        self.contradictions: list[str] = []

    def exact(self, target: Target, top_k: int):
        """Run the exact search."""
        options = ExactOptions()
        return run_search(self.space, target, self.predictor, options, searcher="exact", top_k=top_k)

    def total(self, top_k: int) -> float:
        """Return the seconds of the exact search on all targets."""
        return timed(lambda: [self.exact(target, top_k) for target in self.targets.values()])[1]

    def evolution(self, target: Target, seed: int) -> float:
        """Return the best accuracy that the published evolution finds; ``-inf`` if none."""
        options = EvolutionOptions(population=50, generations=20, mutation_ratio=0.3)
        found = run_search(self.space, target, self.predictor, options, searcher="evolution", top_k=1, seed=seed)
        return float(self.predictor.predict(found.genes)[0]) if len(found.genes) else -np.inf

    def row(self, name: str) -> dict[str, object]:
        """Compare the searches on one target."""
        target = self.targets[name]
        exact, exact_s = timed(lambda: self.exact(target, 1))
        (solved, _), milp_s = timed(lambda: milp_best(self.space, target, self.values, 1))
        evolved = [timed(lambda seed=seed: self.evolution(target, seed)) for seed in range(self.seeds)]
        best = max(accuracy for accuracy, _ in evolved)
        certificate = exact.certificate
        optimum = certificate.objective if certificate else -np.inf
        if certificate is None and exact.status != "infeasible":
            self.contradictions.append(f"{name}: the exact search ends as {exact.status!r}")
        if best > optimum + TOLERANCE:
            self.contradictions.append(f"{name}: evolution finds {best:.12f}, the exact search {optimum:.12f}")
        self.compare_ten_best(name)
        return {
            "target": name,
            "exact": shown(optimum),
            "milp": shown(solved[0] if solved else -np.inf),
            "best_evolution": shown(best),
            "exact-evolution": f"{optimum - best:.6f}" if certificate else "-",
            "gap": f"{certificate.gap:.1e}" if certificate else exact.status,
            "binding": " ".join(certificate.binding) if certificate else "-",
            "exact_s": exact_s,
            "milp_s": milp_s,
            "evolution_s": float(np.median([seconds for _, seconds in evolved])),
        }

    def compare_ten_best(self, name: str) -> None:
        """Check the list of the exact search, its first entry included, against MILPs that exclude what they found."""
        target = self.targets[name]
        ours = self.predictor.predict(self.exact(target, 10).genes)
        solved, genes = milp_best(self.space, target, self.values, 10)
        if not within(cost(self.space, genes), target.constraints).all():
            self.contradictions.append(f"{name}: a subnet of the MILPs is not within the limits")
        if len(ours) != len(solved) or not np.allclose(ours, solved, rtol=0, atol=MILP_TOLERANCE):
            self.contradictions.append(f"{name}: the MILPs find {solved}, the exact search {ours.tolist()}")

    @property
    def values(self) -> BlockTable:
        """The predictor as a table."""
        table = self.predictor.additive_table()
        assert table is not None
        return table


def shown(accuracy: float) -> str:
    """Write a predicted accuracy, or that there is none."""
    return f"{accuracy:.6f}" if np.isfinite(accuracy) else "none"


def main() -> int:
    """Print the tables; return 1 if results contradict each other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=Path, required=True, help="folder of the published JSON tables")
    parser.add_argument("--seed", type=int, default=0, help="root seed of the split and the fit")
    parser.add_argument("--evolution-seeds", type=int, default=5, help="evolution runs per target; the best counts")
    parser.add_argument("--repeats", type=int, default=3, help="times that the totals are measured; the best counts")
    arguments = parser.parse_args()
    comparison = Comparison(*fitted(arguments.tables, arguments.seed), arguments.evolution_seeds)

    cold = comparison.total(1)  # the first searches of the process: they also count the costs of every block
    top_1 = min(comparison.total(1) for _ in range(arguments.repeats))
    top_10 = min(comparison.total(10) for _ in range(arguments.repeats))
    table = pd.DataFrame([comparison.row(name) for name in TARGETS])
    print(table.to_string(index=False, float_format="{:.3f}".format))

    milp_s, evolution_s = table["milp_s"].sum(), table["evolution_s"].sum()
    totals = [
        ("exact, best subnet, first in the process", cold, "-"),
        ("exact, best subnet", top_1, f"<= {TOP_1_TO_REACH}"),
        ("exact, 10 best subnets", top_10, f"<= {TOP_10_TO_REACH}"),
        ("one MILP per global combination, best subnet", milp_s, "-"),
        ("evolution, one seed, best seen", evolution_s, "-"),
    ]
    summary = pd.DataFrame(totals, columns=["all eight targets", "seconds", "to reach"])
    summary["times exact"] = summary["seconds"] / top_1
    print("\n" + summary.to_string(index=False, float_format="{:.3f}".format))
    if not comparison.contradictions:
        print("\nthe 10 best of every target are those of the MILPs")
    better = sum("evolution" in contradiction for contradiction in comparison.contradictions)
    print(f"evolution finds something better for {better} of {len(TARGETS)} targets (to reach: 0)")
    for contradiction in comparison.contradictions:
        print(f"contradiction: {contradiction}", file=sys.stderr)
    return 1 if comparison.contradictions else 0


if __name__ == "__main__":
    sys.exit(main())
