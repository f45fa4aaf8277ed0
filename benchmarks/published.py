"""The eight targets of MIT 6.5940 lab 3: what published searches found beside ours, in one table.

    make published TABLES=FOLDER

runs the workflow on the published accuracy tables (`FOLDER`) and then this, which reads the run's results and replays
the published random search. `--markdown FILE` writes the same tables for docs/results.md.

Accuracies of published searches are the top-1 that two write-ups measured for the found subnet; ours are predictions of
the run's predictor. Seconds are those of the workflow's job without its imports. MACs are the published count.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import published_replay as published

from nascore.cli.output import table
from nascore.errors import NascoreError
from nascore.lineage.history import Run
from nascore.results.labels import count, percent
from nascore.results.search import SearchResult
from nascore.spaces import get_space

OURS = ("random", "evolution", "exact")
HEADER = ("target", "search", "accuracy (%)", "MACs (M)", "peak (KB)", "seconds", "what is known")
REPLAY_HEADER = ("meant", "as written", "draws", "rejected", "of 300 beyond", "published subnet", "is beyond by")
WRITE_UPS = "two write-ups"
NO_END = "does not end: its loop has no bound and no proof"


@dataclass(frozen=True)
class Published:
    """What the write-ups say about one target; accuracies in per cent, measured."""

    label: str
    evolution: str
    random: str = ""
    evolution_costs: tuple[str, str] = ("", "")


TARGETS = {
    "macs_50m": Published("≤ 50 M", "92.28 / 92.26", "93.28 / 93.28"),
    "macs_100m": Published("≤ 100 M", "92.33 / 92.93", "93.47 / 93.55"),
    "memory_256kb": Published("≤ 256 KB", "92.46 / 92.75", "92.83 / 92.78"),
    "memory_512kb": Published("≤ 512 KB", "93.05 / 93.62", "93.15 / 93.15"),
    "macs_60m_memory_250kb": Published("≤ 60 M, ≤ 250 KB", "92.61 / 92.73"),
    "macs_30m_memory_200kb": Published("≤ 30 M, ≤ 200 KB", "90.55 / 90.47"),
    "macs_15m_memory_256kb": Published("≤ 15 M, ≤ 256 KB", "86.35", evolution_costs=("14.89", "90.0")),
    "memory_64kb": Published("≤ 64 KB", ""),
}
"""By the names of config/lab3_tables.yaml."""

Row = tuple[str, ...]


def seconds_of(folder: Path) -> dict[tuple[str, str], float]:
    """Return the seconds of every search by target and searcher, from the run's lineage."""
    jobs = Run.open(str(folder)).jobs().values()
    return {(job.wildcards["target"], job.wildcards["searcher"]): job.seconds for job in jobs if job.rule == "search"}


def side_by_side(
    folder: Path, seconds: Mapping[tuple[str, str], float], pools: Mapping[str, published.Pool]
) -> Iterator[Row]:
    """Yield the rows of every target: published random search and evolution, then ours."""
    for target, known in TARGETS.items():
        if known.random:
            yield (known.label, "published random", known.random, *_replayed(pools[target]))
        said = f"measured, {WRITE_UPS}" if known.evolution else NO_END
        yield (known.label, "published evolution", known.evolution, *known.evolution_costs, "", said)
        for searcher in OURS:
            result = SearchResult.read(folder / "search" / target / searcher / "result.json")
            yield (known.label, f"our {searcher}", *_found(result), f"{seconds[target, searcher]:.2f}", _known(result))


def _replayed(pool: published.Pool) -> Row:
    """Return the cells of a published random search: costs of its first write-up's subnet, and whether it is within."""
    costs, known = pool.published, f"measured, {WRITE_UPS}"
    if beyond := beyond_by(pool):
        known += f"; limit ignored: {beyond}"
    return f"{costs['millionMACs']:.2f}", f"{costs['KBPeakMemory']:.1f}", "", known


def beyond_by(pool: published.Pool) -> str:
    """Say how far the published subnet is beyond the limit that was meant; empty if it is within."""
    return ", ".join(
        f"{pool.published[name]:.2f} of {limit} ({pool.published[name] / limit:.2f} times)"
        for name, limit in pool.search.meant.items()
        if pool.published[name] > limit
    )


def _found(result: SearchResult) -> Row:
    """Return predicted accuracy, MACs and peak memory of our optimum."""
    best = result.best
    if best is None:
        return "", "", ""
    return (
        f"{100 * best.predicted_accuracy:.2f}",
        f"{best.costs['thop_macs'] / 1e6:.2f}",
        f"{best.costs['peak_memory_bytes'] / 1024:.1f}",
    )


def _known(result: SearchResult) -> str:
    """Return the proof that comes with our result, or that there is none."""
    if result.infeasibility:
        return f"proven infeasible: {result.infeasibility.reason}"
    if result.status == "optimal" and (proof := result.certificate):
        bound, size = percent(proof.best_bound), count(proof.n_architectures)
        return f"predicted; optimum of the prediction, proven: bound {bound}, gap 0, {size} architectures"
    return f"predicted; best of {count(result.evaluations)}, no proof" if result.evaluations else "predicted; no proof"


def replay_rows(pools: Mapping[str, published.Pool]) -> Iterator[Row]:
    """Yield one row per published random search."""
    for target, pool in pools.items():
        written = ", ".join(f"{name}: {limit}" for name, limit in pool.search.constraint.items())
        costs = f"{pool.published['millionMACs']:.3f} M, {pool.published['KBPeakMemory']:.0f} KB"
        rejected, breaking = pool.draws - published.POOL, len(pool.breaking)
        beyond = beyond_by(pool) or "within"
        yield TARGETS[target].label, written, str(pool.draws), str(rejected), str(breaking), costs, beyond


def markdown(header: Row, rows: list[Row]) -> str:
    """Lay rows out as a Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, ("---",) * len(header), *rows))


def main(arguments: list[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path("results/lab3_tables"), help="results of config/lab3_tables")
    parser.add_argument("--markdown", type=Path, help="also write the tables here")
    options = parser.parse_args(arguments)
    if not (options.run / "search").is_dir():
        sys.exit(
            f"error: {options.run / 'search'} is not there: `make published TABLES=FOLDER` runs the workflow first"
        )
    pools = {pool.search.target: pool for pool in published.replay(published.stream(get_space("ofa_mcunet")))}
    try:
        rows = list(side_by_side(options.run, seconds_of(options.run), pools))
    except NascoreError as error:
        sys.exit(f"error: {error}")
    replayed = list(replay_rows(pools))
    print("\nThe eight targets of the lab: published searches (accuracy measured) and ours (predicted)\n")
    print(table(HEADER, rows))
    print("\nThe published random search, drawn again: 300 subnets for each limit\n")
    print(table(REPLAY_HEADER, replayed))
    if options.markdown:
        options.markdown.write_text(f"{markdown(HEADER, rows)}\n\n{markdown(REPLAY_HEADER, replayed)}\n", "utf-8")


if __name__ == "__main__":
    main()
