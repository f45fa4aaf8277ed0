"""Exact search against one MILP per global combination and against evolution, on the eight published targets.

    python benchmarks/search.py --tables FOLDER

`FOLDER` holds the JSON files of `[architecture, top-1 %]` pairs of MIT 6.5940 lab 3. `linear_per_global` is fitted to a
seeded 80 % of the rows; all searches keep to the choices that the rows cover and maximise its prediction. The clock of
the exact search covers feasibility, the search, its certificate and the binding limits. Exits with 1 if evolution finds
something better than a proven optimum, or the MILPs another optimum.
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

from nascore.accuracy_dataset import coverage, covered_space
from nascore.accuracy_dataset.published_tables import import_published_tables, table_files
from nascore.efficiency import cost, cost_tables
from nascore.predictors import Predictor, make_predictor
from nascore.predictors.evaluate import split_rows
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


def milp_optimum(space: OfaMcunet, target: Target, values: BlockTable) -> tuple[float, Genes]:
    """Return the best value and its `(1, n_genes)` subnet by one MILP per global combination; ``-inf`` if none."""
    found = [milp_of_combination(space, target, values, int(g)) for g in space.allowed_globals]
    return max(found, key=lambda pair: pair[0])


def milp_of_combination(space: OfaMcunet, target: Target, values: BlockTable, g: int) -> tuple[float, Genes]:
    """Solve one combination: a variable per (block, operation) and one per (stage, depth)."""
    n_ops, tables = space.n_blocks * space.n_ops, cost_tables(space)
    depths = [(s, depth) for s, stage in enumerate(space.stages) for depth in stage.depths]
    n = n_ops + len(depths)
    allowed = np.ones(n)
    allowed[:n_ops] = space.allowed_ops.ravel()
    for column, (s, depth) in enumerate(depths):
        choices = space.allowed_indices[space.depth_slice][s]
        allowed[n_ops + column] = depth in np.asarray(space.stages[s].depths)[choices]
    rows, low, high = [], [], []
    for s in range(len(space.stages)):  # one depth per stage
        rows.append(np.concatenate([np.zeros(n_ops), [stage == s for stage, _ in depths]]))
        low, high = [*low, 1], [*high, 1]
    for block in range(space.n_blocks):  # one operation for each block that the depth executes, else none
        row = np.zeros(n)
        row[block * space.n_ops : (block + 1) * space.n_ops] = 1
        stage, place = space.stage_of_block[block], space.place_in_stage[block]
        row[n_ops:] = [-float(s == stage and place < depth) for s, depth in depths]
        rows.append(row)
        low, high = [*low, 0], [*high, 0]
    for constraint in target.constraints:
        table, limit = tables[constraint.metric], constraint.limit_in_metric
        if table.reduce is np.add:
            rows.append(np.concatenate([table.blocks[g].ravel(), np.zeros(len(depths))]))
            low, high = [*low, -np.inf], [*high, limit - table.fixed[g]]
        else:
            allowed[:n_ops] *= table.blocks[g].ravel() <= limit
            allowed[:n_ops] *= table.fixed[g] <= limit
    objective = np.concatenate([-OBJECTIVE_SCALE * values.blocks[g].ravel(), np.zeros(len(depths))])
    solved = milp(
        objective,
        integrality=np.ones(n),
        bounds=Bounds(0, allowed),
        constraints=LinearConstraint(np.array(rows), low, high),
        options={"mip_rel_gap": 0.0},
    )
    if solved.status not in (0, 2):
        raise RuntimeError(f"HiGHS gave up on combination {g}: {solved.message}")
    if solved.x is None:
        return -np.inf, np.zeros((0, space.n_genes), dtype=np.int8)
    chosen = solved.x[:n_ops].reshape(space.n_blocks, space.n_ops) > 0.5
    ops = np.where(chosen.any(axis=1), chosen.argmax(axis=1), -1).astype(np.int8)
    return float(values.fixed[g] + values.blocks[g][chosen].sum()), space.from_ops(np.array([g]), ops[None])


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
        (solved, genes), milp_s = timed(lambda: milp_optimum(self.space, target, self.values))
        evolved = [timed(lambda seed=seed: self.evolution(target, seed)) for seed in range(self.seeds)]
        best = max(accuracy for accuracy, _ in evolved)
        certificate = exact.certificate
        optimum = certificate.objective if certificate else -np.inf
        if certificate is None and exact.status != "infeasible":
            self.contradictions.append(f"{name}: the exact search ends as {exact.status!r}")
        if best > optimum + TOLERANCE:
            self.contradictions.append(f"{name}: evolution finds {best:.12f}, the exact search {optimum:.12f}")
        if not target.satisfied(cost(self.space, genes)).all():
            self.contradictions.append(f"{name}: the subnet of the MILPs is not within the limits")
        if solved != optimum and not abs(solved - optimum) <= MILP_TOLERANCE:
            self.contradictions.append(f"{name}: the MILPs find {solved:.12f}, the exact search {optimum:.12f}")
        return {
            "target": name,
            "exact": shown(optimum),
            "milp": shown(solved),
            "best_evolution": shown(best),
            "exact-evolution": f"{optimum - best:.6f}" if certificate else "-",
            "gap": f"{certificate.gap:.1e}" if certificate else exact.status,
            "binding": " ".join(certificate.binding) if certificate else "-",
            "exact_s": exact_s,
            "milp_s": milp_s,
            "evolution_s": float(np.median([seconds for _, seconds in evolved])),
        }

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
    better = sum("evolution" in contradiction for contradiction in comparison.contradictions)
    print(f"\nevolution finds something better for {better} of {len(TARGETS)} targets (to reach: 0)")
    for contradiction in comparison.contradictions:
        print(f"contradiction: {contradiction}", file=sys.stderr)
    return 1 if comparison.contradictions else 0


if __name__ == "__main__":
    sys.exit(main())
