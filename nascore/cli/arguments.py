"""What several commands read from their arguments: spaces, architectures, NAME=VALUE pairs, coverage.

The functions here import what they need when they are called.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nascore.errors import ConfigError, DataError, NascoreError, PredictorError, SpaceError

if TYPE_CHECKING:
    from nascore.predictors import Predictor
    from nascore.spaces import Genes, StagedSpace

SpaceName = Annotated[
    str | None,
    typer.Option(
        "--space",
        metavar="SPACE",
        help="A published space (see `nascore spaces`; by default the first), or a YAML file with one's own.",
    ),
]
Resolutions = Annotated[
    str | None, typer.Option("--resolutions", metavar="PX,PX,...", help="Input resolutions of the space, pixels.")
]
Classes = Annotated[int, typer.Option("--classes", metavar="N", help="Outputs of the classifier.")]
Architectures = Annotated[
    list[str],
    typer.Argument(
        metavar="ARCH...",
        help="Architectures in the published form {wid, ks, e, d, image_size}: a JSON string, a JSON file of one or of "
        "a list of them, a result.json of a search, or - for JSON on standard input.",
    ),
]
PredictorFile = Annotated[Path, typer.Option("--predictor", metavar="FILE", help="Fitted predictor (.safetensors).")]
CoverageFile = Annotated[
    Path | None,
    typer.Option(
        "--coverage",
        metavar="FILE",
        help="Coverage of the accuracy dataset (.parquet); by default the one that the workflow wrote next to the "
        "predictor.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


# -- spaces --------------------------------------------------------------------------------------------


def space_of(name: str | None, resolutions: str | None, classes: int) -> "StagedSpace":
    """Return the space that the options describe."""
    from nascore.space_files import find_space

    options = {} if resolutions is None else {"resolutions": _whole_numbers(resolutions)}
    return find_space(name, n_classes=classes, **options)


def _whole_numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise SpaceError(f"resolutions are whole numbers with commas between, such as 96,160; got {text!r}") from None


def load(path: Path, name: str | None, resolutions: str | None, classes: int) -> tuple["Predictor", "StagedSpace"]:
    """Return a predictor and its space; resolutions that are not given are those that it was trained with."""
    from nascore.predictors import load_predictor
    from nascore.predictors.storage import read

    space = space_of(name, resolutions, classes)
    if resolutions is None:
        recorded = read(path).header["space"].get("global_choices")
        try:
            space = space_of(name, ",".join(map(str, dict(recorded)["resolution"])), classes)
        except (KeyError, TypeError, ValueError):
            raise PredictorError(
                f"{path} was trained on a space without resolutions; expected {space.name!r}"
            ) from None
    return load_predictor(path, space), space


# -- architectures -------------------------------------------------------------------------------------


def read_architectures(sources: Iterable[str], space: "StagedSpace") -> "Genes":
    """Return the `(n, n_genes)` architectures of all sources, in order.

    Raises
    ------
    DataError
        If a source is neither JSON nor a JSON file, or holds something else than architectures.
    SpaceError
        If an architecture is not of the space; names the source and the place.
    """
    import numpy as np

    return np.concatenate([_genes(source, space) for source in sources])


def _genes(source: str, space: "StagedSpace") -> "Genes":
    shown = "standard input" if source == "-" else source if len(source) <= 80 else source[:77] + "..."
    entries = _entries(_content(source), shown)
    try:
        return space.from_dicts([_published_form(entry) for entry in entries])
    except SpaceError as error:
        raise SpaceError(f"{shown}: {error}") from None


def _content(source: str) -> Any:
    """Return the JSON content of one ARCH argument."""
    from nascore.files import read_json

    if source != "-" and not source.lstrip().startswith(("{", "[")):
        return read_json(source)
    where = "standard input" if source == "-" else "the architecture on the command line"
    try:
        return json.loads(sys.stdin.read() if source == "-" else source)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} is not whole, valid JSON: {error}") from None


def _entries(content: Any, shown: str) -> list[Any]:
    """Return the architectures of a JSON content as a list."""
    if isinstance(content, Mapping) and "subnets" in content:
        if not content["subnets"]:
            raise DataError(f"{shown} is a search result without subnets: {content.get('message')}")
        content = content["subnets"]
    entries = content if isinstance(content, list) else [content]
    if not entries:
        raise DataError(f"{shown} holds no architecture")
    return entries


def _published_form(entry: Any) -> Any:
    """Return the architecture of an entry, which other commands print beside its costs or its accuracy."""
    return entry["arch"] if isinstance(entry, Mapping) and "arch" in entry else entry


# -- NAME=VALUE ----------------------------------------------------------------------------------------


def pairs(option: str, given: Iterable[str]) -> dict[str, str]:
    """Split NAME=VALUE arguments.

    Raises
    ------
    ConfigError
        If one has no ``=``, or a name comes twice.
    """
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise ConfigError(f"{option} takes NAME=VALUE; got {text!r}")
        if name in found:
            raise ConfigError(f"{option} {name} is given twice: {found[name]!r} and {value!r}")
        found[name] = value
    return found


def number(text: str) -> float | str:
    """Return a number, or the text itself for the library to refuse."""
    try:
        return float(text)
    except ValueError:
        return text


# -- coverage ------------------------------------------------------------------------------------------


def coverage_beside(predictor: Path) -> Path:
    """Return where the workflow writes the coverage that belongs to a predictor."""
    return predictor.resolve().parent.parent.parent / "accuracy_dataset" / "coverage.parquet"


def covered(space: "StagedSpace", path: Path) -> "StagedSpace":
    """Return `space` kept to the choices that the accuracy dataset covers.

    Raises
    ------
    DataError
        If the file is not the coverage of `space`.
    """
    from nascore.accuracy_dataset.coverage import covered_space
    from nascore.results.dataset import COVERAGE

    try:
        return covered_space(space, COVERAGE.read(path))
    except NascoreError as error:
        raise DataError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
