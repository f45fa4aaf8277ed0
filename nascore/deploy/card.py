"""The card of a bundle: what the model is, what it costs, how good it is, what it comes from, and its limits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from nascore.deploy.export import OPSET
from nascore.results.bundle import Bundle
from nascore.results.drawing import stand_alone, subnet_svg
from nascore.results.labels import metric_of, percent
from nascore.results.outcome import Outcome
from nascore.supernet import Subnet
from nascore.supernet.inputs import CENTRED

DRAWING = "architecture.svg"


def picture(subnet: Subnet) -> str:
    """Return the architecture as the text of an SVG file."""
    return stand_alone(subnet_svg(subnet.space, subnet.genes))


def model_card(
    checks: Bundle,
    *,
    manifest: Mapping[str, Any] | None = None,
    outcome: Outcome | None = None,
    mean: float = CENTRED,
    std: float = CENTRED,
) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    checks
        What checks found; a card of a bundle without a model needs nothing else.
    manifest
        The image store's.
    outcome
        What the target came to, for its limits, and for why this subnet is its winner.
    mean, std
        How pixels are normalised; see `nascore.supernet.inputs.normalise`.
    """
    # Escaped, because what shows Markdown also shows the HTML in it, and classes are named by folders.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    limits = {limit.metric: limit.limit_in_metric for limit in outcome.search.constraints} if outcome else {}
    template = environment.get_template("model_card.md.j2")
    about = {"drawing": DRAWING, "metric_of": metric_of, "opset": OPSET, "mean": mean, "std": std}
    return template.render(checks=checks, manifest=manifest, limits=limits, outcome=outcome, **about) + "\n"
