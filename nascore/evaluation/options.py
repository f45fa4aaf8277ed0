"""How subnets are measured; no torch, so that a configuration is checked without it."""

from typing import Annotated

from pydantic import Field

from nascore.strict import Strict


class EvaluationOptions(Strict):
    """How a subnet is measured."""

    calibration_images: Annotated[int, Field(ge=1)] = Field(
        256,
        description="Images of `calibration` that a subnet's batch normalisation is calibrated on, at its own "
        "resolution; fewer where the split has fewer. 256 take the largest subnet 1.3 GB of memory at 160 px.",
    )
    batch_size: Annotated[int, Field(ge=1)] = Field(
        32, description="Images at a time; changes time and memory, not what is measured."
    )
