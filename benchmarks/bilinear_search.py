"""Searches under a bilinear predictor on the whole BINAS space: exact, Frank-Wolfe, evolution, and SCIP as a check.

    python benchmarks/bilinear_search.py [--instances 100] [--scip 20]

Each instance has a random bilinear accuracy, products across stages included, and one limit on MACs that between 5 and
95 % of random subnets satisfy. `--scip N` solves the first N with SCIP too, as the integer quadratic program over
one-hot operations and depths, and exits with 1 unless the optima are equal; it takes about half a minute each.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from nascore.efficiency import cost, cost_tables
from nascore.search.bcfw import bcfw_search
from nascore.search.candidates import Candidates
from nascore.search.evolution import evolution_search
from nascore.search.options import BcfwOptions, EvolutionSettings
from nascore.search.problem import Problem
from nascore.search.targets import parse_target
from nascore.search.unfold import exact_search_given_depths
from nascore.seeds import generator
from nascore.spaces import get_space
from nascore.spaces.bilinear import BilinearForm
from nascore.spaces.block_table import BlockTableLookup
from nascore.spaces.unfolded import Unfolded

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from scip_model import scip_optimum

SPACE = get_space("binas")
UNFOLDED = Unfolded(SPACE)
TABLES = cost_tables(SPACE)
BLOCKS = (1, SPACE.n_blocks, SPACE.n_ops)
EFFECTS = ((0.005, (1, 15)), (0.005, BLOCKS), (0.001, (*BLOCKS, 15)))
"""Standard deviation and shape of the effects of depths, of operations, and of their products."""


def instance(number: int) -> tuple[Problem, BilinearForm]:
    """Return a random problem and accuracy; effects are of the size of measured ones, in shares."""
    rng = generator(number, "bilinear instance")
    blocks = (1, SPACE.n_blocks, SPACE.n_ops)
    form = BilinearForm(
        np.array([0.7]),
        rng.normal(0, 0.005, (1, 15)),
        rng.normal(0, 0.005, blocks),
        rng.normal(0, 0.001, (*blocks, 15)),
    )
    macs = cost(SPACE, SPACE.sample(2000, rng))["macs"]
    limit = float(np.quantile(macs, rng.uniform(0.05, 0.95))) / 1e6
    return Problem.of(SPACE, parse_target("limit", {"macs_m": limit}, SPACE), TABLES), form


def main() -> None:
    """Solve all instances in every way and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instances", type=int, default=100)
    parser.add_argument("--scip", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    exact, seconds = [], []
    others = {
        "bcfw": lambda c, f, rng: bcfw_search(c, f, rng, BcfwOptions()),
        "bcfw, constant steps": lambda c, f, rng: bcfw_search(c, f, rng, BcfwOptions(step="constant")),
        "evolution": lambda c, f, rng: evolution_search(
            c, rng, SPACE.sample(0, rng), **EvolutionSettings(population=100, generations=500).model_dump()
        ),
    }
    few = {"bcfw, constant steps": 10, "evolution": 10}
    gaps = {name: [] for name in others}
    times = {name: [] for name in others}
    over = 0
    for number in range(arguments.instances):
        problem, form = instance(number)
        start = time.perf_counter()
        table = form.table(UNFOLDED)
        found = exact_search_given_depths(problem, table)
        seconds.append(time.perf_counter() - start)
        assert found.proven
        exact.append(found.values[0])
        lookup = BlockTableLookup(UNFOLDED.space, [table])
        for name, search in others.items():
            if number >= few.get(name, arguments.instances):
                continue
            candidates = Candidates(problem, lambda genes, lookup=lookup: lookup(UNFOLDED.unfold(genes))[0])
            start = time.perf_counter()
            search(candidates, form, generator(number, name))
            times[name].append(time.perf_counter() - start)
            best = candidates.best(1)
            over += int((~candidates.within(best)).sum())
            gaps[name].append(1 - candidates.predict(best)[0] / found.values[0])
    print(f"exact: {np.median(seconds):.2f} s median, {np.max(seconds):.2f} s at most, all {len(exact)} proven")
    for name, gap in gaps.items():
        print(
            f"{name}: {np.median(times[name]):.2f} s median, {np.max(times[name]):.2f} s at most; within 0.5 % of the "
            f"optimum on {np.mean(np.array(gap) <= 0.005):.0%} of {len(gap)}, largest gap {np.max(gap):.2%}"
        )
    print(f"limits broken: {over}")
    if arguments.scip:
        differing = [n for n in range(arguments.scip) if abs(scip_optimum(*instance(n)) - exact[n]) > 1e-6]
        print(f"equal to SCIP's optimum: {arguments.scip - len(differing)} of {arguments.scip}")
        sys.exit(bool(differing))


if __name__ == "__main__":
    main()
