"""What `benchmarks/scale.py` measured, as tables in the documentation, and what is computed from it.

A shard of `k` subnets takes `overhead + k * seconds_of_a_subnet`, and shards do not wait for each other; so `n` of
them, each on a core of its own, take as long as the largest. That is all of the extrapolation.
"""

import math
import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUBNETS, IMAGES = 50_000, 4_000
"""What is extrapolated to."""
SHARDS = (1, 2, 10, 100, 1_000, 10_000)


@dataclass(frozen=True)
class Shards:
    """A call of Snakemake that measured subnets in so many jobs side by side; seconds, the work that of the longest."""

    jobs: int
    subnets: int
    images: int
    call_s: float
    work_s: float
    subnet_s: float

    @property
    def overhead_s(self) -> float:
        """Everything but measuring: planning, starting, loading, noticing the end."""
        return self.call_s - self.work_s

    def per_hour(self) -> float:
        """Return measured subnets per hour."""
        return self.subnets / self.call_s * 3600


@dataclass(frozen=True)
class SubnetCost:
    """Seconds of one thread for a subnet of a resolution: before the first image, and of each image."""

    resolution: int
    start_s: float
    image_s: float

    def seconds(self, images: int) -> float:
        """Return the seconds for so many images."""
        return self.start_s + images * self.image_s


@dataclass(frozen=True)
class Scale:
    """All that was measured; `slurm` is None without a Slurm, `planning` in processor seconds, `stores` in bytes."""

    local: list[Shards]
    slurm: Shards | None
    subnet_costs: list[SubnetCost]
    planning: dict[int, float]
    searchers: int
    stores: dict[tuple[int, ...], dict[int, int]]

    @property
    def subnet_s(self) -> float:
        """Seconds of a subnet at the extrapolated number of images, the mean over resolutions."""
        return sum(cost.seconds(IMAGES) for cost in self.subnet_costs) / len(self.subnet_costs)

    @property
    def overhead_s(self) -> float:
        """Overhead of a job: that of Slurm where it was measured."""
        return (self.slurm or self.local[-1]).overhead_s

    def hours(self, shards: int, subnets: int, subnet_s: float) -> float:
        """Return the hours that so many subnets take in so many jobs, each on a core of its own."""
        return (self.overhead_s + math.ceil(subnets / shards) * subnet_s) / 3600


def write_pages(scale: Scale) -> None:
    """Write what stands between the marks."""
    blocks = {
        ROOT / "docs" / "scale.md": {
            "machine": machine(),
            "sampling": sampling_table(scale),
            "planning": planning_table(scale),
            "store": store_table(scale),
        },
        ROOT / "docs" / "cluster.md": {"cost": cost_table(scale)},
    }
    for page, texts in blocks.items():
        content = page.read_text(encoding="utf-8")
        for name, text in texts.items():
            content = replaced(content, name, text)
        page.write_text(content, encoding="utf-8")


def replaced(content: str, name: str, text: str) -> str:
    """Return a page with another text between the marks of a name."""
    begin, end = f"<!-- measured: {name} -->", "<!-- end -->"
    pattern = re.compile(f"({re.escape(begin)}\n).*?({re.escape(end)})", re.DOTALL)
    found, count = pattern.subn(lambda marks: f"{marks[1]}{text}\n{marks[2]}", content)
    if count != 1:
        raise SystemExit(f"error: expected one block `{begin}` … `{end}`, found {count}")
    return found


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table, all columns but the first to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> str:
    """Say what was measured on."""
    return f"Measured on {os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}."


def sampling_table(scale: Scale) -> str:
    """Return what jobs took."""
    runs = [(f"local, {run.jobs} at a time", run) for run in scale.local]
    runs += [("Slurm on loopback, 2 at a time", scale.slurm)] if scale.slurm else []
    rows = [
        [
            name,
            f"{run.subnets}",
            f"{run.call_s:.1f} s",
            f"{run.work_s:.1f} s",
            f"{run.overhead_s:.1f} s",
            f"{run.per_hour():,.0f}",
        ]
        for name, run in runs
    ]
    return table(["jobs", "subnets", "whole call", "measuring, one job", "overhead", "subnets per hour"], rows)


def cost_table(scale: Scale) -> str:
    """Return the cost of a subnet, measured, and of all, computed."""
    rows = [
        [
            f"{cost.resolution} px",
            f"{cost.start_s:.2f} s",
            f"{cost.image_s * 1000:.2f} ms",
            f"{cost.seconds(IMAGES):.1f} s",
            f"{SUBNETS * cost.seconds(IMAGES) / 3600:,.0f}",
        ]
        for cost in scale.subnet_costs
    ]
    rows.append(
        ["all, equally often", "", "", f"{scale.subnet_s:.1f} s", f"**{SUBNETS * scale.subnet_s / 3600:,.0f}**"]
    )
    resolutions = table(
        [
            "resolution",
            "extract, calibrate (measured)",
            "per image (measured)",
            f"subnet, {IMAGES:,} images",
            f"core-hours, {SUBNETS:,} subnets",
        ],
        rows,
    )
    shards = [
        [
            f"{n:,}",
            f"{math.ceil(SUBNETS / n):,}",
            duration(scale.hours(n, SUBNETS, scale.subnet_s)),
            f"{n * scale.overhead_s / 3600:,.1f}",
        ]
        for n in SHARDS
    ]
    return f"{resolutions}\n\n" + table(
        ["jobs, all at once", "subnets each", "until the last one ends", "core-hours of overhead, at most"], shards
    )


def duration(hours: float) -> str:
    """Return a time in the unit that suits it."""
    if hours >= 48:
        return f"{hours / 24:.1f} days"
    return f"{hours:.1f} h" if hours >= 2 else f"{hours * 60:.1f} min"


def planning_table(scale: Scale) -> str:
    """Return seconds by targets."""
    rows = [[f"{n:,}", f"{n * scale.searchers:,}", f"{seconds:.1f} s"] for n, seconds in scale.planning.items()]
    return table(["targets", "searches", "`snakemake -n`, processor time"], rows)


def store_table(scale: Scale) -> str:
    """Return bytes by images."""
    rows = []
    for sizes, stores in scale.stores.items():
        most = max(stores)
        each = (stores[most] - stores[min(stores)]) / (most - min(stores))
        measured = ", ".join(f"{n:,}: {size / 1e6:.1f}" for n, size in stores.items())
        pixels = 3 * sum(size**2 for size in sizes)
        rows.append(
            ["/".join(map(str, sizes)), measured, f"{each:,.0f}", f"{pixels:,}", f"{each * 100_000 / 1e9:.1f} GB"]
        )
    return table(
        [
            "resolutions, px",
            "images: MB, measured",
            "bytes per image",
            "of which pixels",
            "100,000 images, extrapolated",
        ],
        rows,
    )
