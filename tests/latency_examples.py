"""Made-up latency tables: what they hold can be worked out by hand."""

import numpy as np
import pandas as pd

from nascore.latency_files import LayerLatencies, NetworkLatencies, Setting
from nascore.layer_signature import LayerSignature, layers_of
from nascore.spaces import Genes, StagedSpace

SETTING = Setting("board", "Some CPU", "onnxruntime", "1.2.3")
CALL_MS = 0.5


def times(median: float) -> dict[str, float]:
    return {"median_ms": median, "spread_ms": 0.125, "call_ms": CALL_MS, "repeats": 32}


def layer_ms(signature: LayerSignature) -> float:
    """Return a latency that differs between layers: a fixed part, and a part per output pixel and channel."""
    return 0.25 + 1e-6 * signature.height**2 * signature.c_out * signature.kernel


def table_of(space: StagedSpace, setting: Setting = SETTING) -> LayerLatencies:
    return LayerLatencies.of(setting, {s: times(CALL_MS + layer_ms(s)) for s in layers_of(space)})


def networks_of(space: StagedSpace, genes: Genes, medians: np.ndarray, setting: Setting = SETTING) -> NetworkLatencies:
    columns = {"median_ms": medians, "spread_ms": 0.125, "call_ms": CALL_MS, "repeats": 32}
    return NetworkLatencies(setting, space, genes, pd.DataFrame(columns))
