"""The base of every predictor's options, which a configuration is checked against."""

from pydantic import ConfigDict

from nascore.strict import Strict


class PredictorOptions(Strict):
    """The options of a predictor, numbers that are written as such; this class itself has none."""

    model_config = ConfigDict(strict=True)
