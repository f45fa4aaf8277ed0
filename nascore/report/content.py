"""Everything that the report shows, read from the files of a run and checked to belong together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from nascore.errors import DataError, unknown_name
from nascore.report.contributions import Contributions, read_contributions
from nascore.report.latency_records import DeviceLatency, read_latency
from nascore.report.origins import Origin, Row, read_origins
from nascore.report.reading import read_bundles, read_finetunings, read_training_curves, read_validations
from nascore.results.bundle import CHECKS, Bundle
from nascore.results.costs import COUNTED
from nascore.results.dataset import COVERAGE, SupernetReport, TablesReport, read_dataset_report
from nascore.results.finetuning import Finetuning
from nascore.results.images import ImageManifest
from nascore.results.predictors import HELDOUT, LEARNING_CURVE, PredictorMetrics
from nascore.results.search import SearchResult, pareto_schema
from nascore.results.validation import Validation
from nascore.spaces import StagedSpace

LATENCY_ROWS = ("quality", "found")
"""The files of a device that rows are read from."""


@dataclass(frozen=True)
class ReportContent:
    """What the report is made of.

    Parameters
    ----------
    searches
        One result per target and searcher, in the order in which the report shows them.
    predictors
        The metrics of each predictor.
    heldout, learning_curves
        By predictor: rows that it was not trained on, and errors by number of training rows; schemas `HELDOUT` and
        `LEARNING_CURVE` of `nascore.results.predictors`.
    pareto_fronts
        By metric: the front's subnets; `nascore.results.search.pareto_schema`.
    coverage
        Measured rows per choice of each gene; `nascore.results.dataset.COVERAGE`.
    dataset
        Facts about the measured rows.
    validations
        By target: what was measured of its subnets. Empty for a run without a supernet.
    finetunings
        By target: what fine-tuning did to its winner. Empty for a run without fine-tuning.
    training_curves
        One per phase of the supernet's training, `nascore.results.training.CURVE`; empty if it was not trained here.
    images
        The image store's manifest; None for a run without images.
    origins
        The file that each row was read from.
    latency
        What is known of each measured device; see `nascore.report.latency_records`.
    bundles
        What was made for deployment, by target; empty where nothing was.
    contributions
        What each choice adds to the accuracy; None where it was not measured.
    """

    searches: tuple[SearchResult, ...]
    predictors: tuple[PredictorMetrics, ...]
    heldout: Mapping[str, pd.DataFrame]
    learning_curves: Mapping[str, pd.DataFrame]
    pareto_fronts: Mapping[str, pd.DataFrame]
    coverage: pd.DataFrame
    dataset: TablesReport | SupernetReport
    validations: Mapping[str, Validation] = field(default_factory=dict)
    finetunings: Mapping[str, Finetuning] = field(default_factory=dict)
    training_curves: tuple[pd.DataFrame, ...] = ()
    images: ImageManifest | None = None
    origins: Mapping[Row, Origin] = field(default_factory=dict)
    latency: tuple[DeviceLatency, ...] = ()
    bundles: Mapping[str, Bundle] = field(default_factory=dict)
    contributions: Contributions | None = None

    @property
    def space(self) -> StagedSpace:
        """The whole space, with every resolution that a search knows."""
        return self.searches[0].space.whole()

    @property
    def checkpoints(self) -> list[str]:
        """The supernets whose weights were measured: one, or none in a run on published tables alone."""
        measured = [self.dataset.checkpoint_sha256] if isinstance(self.dataset, SupernetReport) else []
        winners = [v.winner.checkpoint_sha256 for v in self.validations.values() if v.winner]
        return list(dict.fromkeys([*measured, *winners]))


def read_content(
    *,
    searches: Sequence[str | Path],
    predictors: Sequence[str | Path],
    heldout: Mapping[str, str | Path],
    learning_curves: Mapping[str, str | Path],
    pareto_fronts: Mapping[str, str | Path],
    coverage: str | Path,
    dataset: str | Path,
    validations: Sequence[str | Path] = (),
    finetunings: Sequence[str | Path] = (),
    training_curves: Sequence[str | Path] = (),
    images: str | Path | None = None,
    folder: str | Path = ".",
    latency: Sequence[Mapping[str, str | Path]] = (),
    bundles: Sequence[str | Path] = (),
    contributions: Sequence[str | Path] | None = None,
) -> ReportContent:
    """Read the files of a run.

    Parameters
    ----------
    searches, predictors, dataset
        JSON files: search results, predictor metrics, the dataset report.
    heldout, learning_curves
        Parquet file of each predictor.
    pareto_fronts
        Parquet file of each metric.
    coverage
        Parquet file of measured rows per gene choice.
    validations
        JSON files, at most one per target; none for a run without a supernet.
    finetunings
        JSON files, at most one per validated target; none for a run without fine-tuning.
    training_curves
        Parquet file of each phase of the supernet's training, in the order of the phases.
    images
        The image store's manifest (JSON).
    folder
        Where the report will be: its links to the files start there.
    latency
        The files of each measured device: the arguments of `nascore.report.latency_records.read_latency`.
    bundles
        Folders of what was made for deployment, at most one per target.
    contributions
        The arguments of `nascore.report.contributions.read_contributions`.

    Raises
    ------
    DataError
        If a file is missing or is not what it should be, or if the files do not belong together.
    """
    results = tuple(map(SearchResult.read, searches))
    metrics = tuple(map(PredictorMetrics.read, predictors))
    _check_searches(results)
    validated = read_validations(validations, results)
    for kind, files in (("held-out rows", heldout), ("a learning curve", learning_curves)):
        _check_names(f"predictor of {kind}", files, [record.predictor for record in metrics])
    _check_names("metric of a Pareto front", pareto_fronts, COUNTED)
    content = ReportContent(
        searches=results,
        predictors=metrics,
        heldout={name: HELDOUT.read(path) for name, path in heldout.items()},
        learning_curves={name: LEARNING_CURVE.read(path) for name, path in learning_curves.items()},
        pareto_fronts={name: pareto_schema(name).read(path) for name, path in pareto_fronts.items()},
        coverage=COVERAGE.read(coverage),
        dataset=read_dataset_report(dataset),
        validations=validated,
        finetunings=read_finetunings(finetunings, validated),
        training_curves=read_training_curves(training_curves),
        images=None if images is None else ImageManifest.read(images),
        latency=tuple(read_latency(**files) for files in latency),
        bundles=read_bundles(bundles, [result.target for result in results]),
        contributions=None if contributions is None else read_contributions(*contributions),
    )
    of_rows: dict[str, Sequence[str | Path]] = {
        "search": searches,
        "validation": validations,
        "finetuning": finetunings,
        "predictor": predictors,
        "dataset": [dataset],
        "images": [] if images is None else [images],
        "bundle": [Path(path, CHECKS) for path in bundles],
        "contributions": contributions or (),
        "training": training_curves,
        "latency": [device[name] for device in latency for name in LATENCY_ROWS],
    }
    content = replace(content, origins=read_origins(folder, _rows(content, of_rows)))
    if len(content.checkpoints) > 1:
        raise DataError(
            "the accuracy dataset and the winners were measured with different checkpoints: "
            + ", ".join(content.checkpoints)
        )
    return content


def _rows(content: ReportContent, files: Mapping[str, Sequence[str | Path]]) -> Iterator[tuple[Row, str | Path]]:
    """Yield what each row is about with its file; `files` are by kind, in the order of the content."""
    names: dict[str, list[Row]] = {
        "search": [(r.target, r.searcher) for r in content.searches],
        "validation": [(target,) for target in content.validations],
        "finetuning": [(target,) for target in content.finetunings],
        "predictor": [(m.predictor,) for m in content.predictors],
        "dataset": [()],
        "images": [()] if content.images else [],
        "bundle": [(target,) for target in content.bundles],
        "contributions": [(str(i),) for i, _ in enumerate(files["contributions"])],
        "training": [(str(i),) for i, _ in enumerate(content.training_curves, start=1)],
        "latency": [(device.name, name) for device in content.latency for name in LATENCY_ROWS],
    }
    for kind, paths in files.items():
        yield from (((kind, *name), path) for name, path in zip(names[kind], paths, strict=True))


def _check_names(kind: str, given: Mapping[str, object], valid: Sequence[str] | Mapping[str, object]) -> None:
    """Refuse a file of something that the report does not know."""
    for name in given:
        if name not in valid:
            raise DataError(unknown_name(kind, name, valid))


def _check_searches(results: tuple[SearchResult, ...]) -> None:
    """Refuse no results, two results of one searcher for one target, and results of different spaces."""
    if not results:
        raise DataError("a report needs at least one search result; got none")
    seen = set()
    for result in results:
        if (result.target, result.searcher) in seen:
            raise DataError(f"two search results of searcher {result.searcher!r} for target {result.target!r}")
        seen.add((result.target, result.searcher))
    spaces = {(result.space.name, *result.space.resolutions) for result in results}
    if len(spaces) > 1:
        first, second = sorted(spaces)[:2]
        raise DataError(f"the search results are of different spaces: {first} and {second}")
