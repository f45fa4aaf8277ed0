"""The plot of `benchmarks/scale.py`: throughput of sampling, time of planning, size of the image store."""

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scale_pages import IMAGES, ROOT, SHARDS, SUBNETS, Scale

PLOT = ROOT / "docs" / "images" / "scale.svg"
BLUE, RED, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#6b7785"


def write_plot(scale: Scale) -> None:
    """Draw, the same bytes for the same numbers."""
    with matplotlib.rc_context({"svg.hashsalt": "nascore", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3}):
        draw(scale).savefig(PLOT, metadata={"Date": None})


def draw(scale: Scale) -> Figure:
    """Return the three panels."""
    figure = Figure(figsize=(10.5, 3.4), layout="constrained")
    sampling, planning, store = figure.subplots(1, 3)
    _sampling(sampling, scale)
    planning.plot(scale.planning.keys(), scale.planning.values(), "o-", color=BLUE)
    planning.set(
        title="Planning", xlabel=f"targets (× {scale.searchers} searchers)", ylabel="processor seconds", ylim=(0, None)
    )
    for colour, (sizes, stores) in zip((BLUE, RED), scale.stores.items(), strict=True):
        megabytes = [size / 1e6 for size in stores.values()]
        store.plot(
            stores.keys(), megabytes, "o-", color=colour, label=f"{min(sizes)} to {max(sizes)} px ({len(sizes)})"
        )
    store.set(title="Image store", xlabel="images", ylabel="MB", ylim=(0, None))
    store.legend(frameon=False)
    return figure


def _sampling(axes: Axes, scale: Scale) -> None:
    """Draw throughput against jobs: measured for one and two, computed for more."""
    first = scale.local[0]
    measured = f"measured, {first.subnets} × {first.images:,} images"
    axes.plot(
        [run.jobs for run in scale.local], [run.per_hour() for run in scale.local], "o", color=BLUE, label=measured
    )
    if scale.slurm:
        axes.plot([scale.slurm.jobs], [scale.slurm.per_hour()], "s", color=RED, label="measured on Slurm")
    few = [n for n in SHARDS if n < first.subnets] + [first.subnets]
    for shards, subnets, images, subnet_s, colour in (
        (few, first.subnets, first.images, first.subnet_s, BLUE),
        (SHARDS, SUBNETS, IMAGES, scale.subnet_s, GREEN),
    ):
        per_hour = [subnets / scale.hours(n, subnets, subnet_s) for n in shards]
        axes.plot(shards, per_hour, "-", color=colour, label=f"computed, {subnets:,} × {images:,} images")
    ideal = [n * 3600 / scale.subnet_s for n in SHARDS]
    axes.plot(SHARDS, ideal, ":", color=GREY, label="computed, without overhead")
    axes.set(title="Sampling", xlabel="jobs at a time", ylabel="subnets per hour", xscale="log", yscale="log")
    axes.legend(frameon=False, fontsize=7)
