"""`nascore search`, `nascore predict`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nascore.cli import arguments
from nascore.cli.arguments import Architectures, AsJson, Classes, CoverageFile, PredictorFile, Resolutions, SpaceName
from nascore.cli.output import ARCH_HEADER, arch_cells, cost_cells, cost_header, example, print_json, table
from nascore.errors import ConfigError, TargetError, unknown_name

if TYPE_CHECKING:
    from nascore.results.costs import Constraint
    from nascore.results.search import Certificate, SearchResult, Smallest
    from nascore.search.options import EvolutionOptions, ExactOptions, RandomOptions
    from nascore.spaces import StagedSpace

PREDICTOR = "results/lab3_tables/predictors/linear_per_global/predictor.safetensors"


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command(
        epilog=example(
            "nascore search --predictor predictor.safetensors --coverage coverage.parquet \\",
            "    --limit thop_macs_m=50 --limit peak_memory_kb=256",
            f"nascore search --predictor {PREDICTOR} \\",
            "    --device stm32f746 --fix resolution=96",
        ),
        short_help="Find the best subnets within limits.",
    )(search)
    app.command(
        epilog=example("nascore predict --predictor predictor.safetensors result.json --level 0.9"),
        short_help="Predict accuracies, with intervals.",
    )(predict)


def search(
    predictor: PredictorFile,
    limit: Annotated[
        list[str],
        typer.Option(
            "--limit",
            metavar="NAME=VALUE",
            help="Upper bound, any number of them: macs_m, thop_macs_m, peak_memory_kb, flash_kb, params_m, "
            "latency_ms.",
        ),
    ] = [],  # noqa: B006 - typer copies it
    device: Annotated[
        str | None,
        typer.Option("--device", metavar="NAME", help="Limit memory to a microcontroller's; see `nascore devices`."),
    ] = None,
    latency_table: Annotated[
        list[Path],
        typer.Option(
            "--latency-table", metavar="FILE", help="Latency table of a device (.parquet), any number of them."
        ),
    ] = [],  # noqa: B006 - typer copies it
    latency_on: Annotated[
        str | None,
        typer.Option("--latency-on", metavar="NAME", help="Device that latency_ms limits, if there are several."),
    ] = None,
    fix: Annotated[
        list[str],
        typer.Option("--fix", metavar="NAME=VALUE", help="Keep a global choice to one value: resolution, width."),
    ] = [],  # noqa: B006 - typer copies it
    algorithm: Annotated[
        str, typer.Option("--algorithm", metavar="NAME", help="exact, random or evolution.")
    ] = "exact",
    top_k: Annotated[int, typer.Option("--top-k", min=1, max=1000, help="Subnets to return.")] = 10,
    coverage: CoverageFile = None,
    uncovered_choices: Annotated[
        bool,
        typer.Option("--uncovered-choices", help="Search choices of which the accuracy dataset has no row as well."),
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Root of the random streams.")] = 0,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Name of the target, also of its random stream.")
    ] = "target",
    space: SpaceName = None,
    resolutions: Resolutions = None,
    classes: Classes = 2,
    output: Annotated[Path | None, typer.Option("--output", help="Write result.json here, too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find the best subnets within limits, or prove that there is none.

    The exact search proves that no subnet of the searched space has a higher predicted accuracy. That nothing satisfies
    the limits is a result, too, with exit code 0.
    """
    if uncovered_choices and coverage:
        raise ConfigError("--coverage and --uncovered-choices exclude each other")
    options = _searcher(algorithm)
    named = {"device": device, "latency_on": latency_on}
    spec = {**_limits(limit), **{key: value for key, value in named.items() if value is not None}}

    from nascore.efficiency.latency_table import latencies_by_device
    from nascore.search.run import run_search
    from nascore.search.targets import parse_target

    fitted, whole = arguments.load(predictor, space, resolutions, classes)
    fixed = _fixed(fix, whole)
    searched = whole if uncovered_choices else _covered(whole, predictor, coverage)
    latencies = latencies_by_device(latency_table, searched)
    target = parse_target(name, {**spec, **fixed}, whole, measured_devices=list(latencies))
    _refuse_uncovered(searched, fixed)
    result = run_search(
        searched, target, fitted, options, searcher=algorithm, top_k=top_k, seed=seed, latencies=latencies
    )
    if output:
        result.write(output)
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        _print_result(result)


def _searcher(algorithm: str) -> "RandomOptions | EvolutionOptions | ExactOptions":
    """Return a searcher's options by the name of its algorithm."""
    from nascore.search.options import EvolutionOptions, ExactOptions, RandomOptions

    searchers = {"exact": ExactOptions, "random": RandomOptions, "evolution": EvolutionOptions}
    if algorithm not in searchers:
        raise ConfigError(unknown_name("algorithm", algorithm, searchers))
    options: RandomOptions | EvolutionOptions | ExactOptions = searchers[algorithm]()
    return options


def _limits(given: list[str]) -> dict[str, Any]:
    """Return the upper bounds by name."""
    from nascore.latency_schema import LATENCY
    from nascore.search.targets import UNITS

    found, valid = arguments.pairs("--limit", given), [*UNITS, LATENCY]
    for limit in found:
        if limit not in valid:
            raise TargetError(unknown_name("limit", limit, valid))
    return {limit: arguments.number(value) for limit, value in found.items()}


def _fixed(given: list[str], space: "StagedSpace") -> dict[str, Any]:
    """Return the fixed global choices by name."""
    choices = [choice.name for choice in space.global_choices]
    found = arguments.pairs("--fix", given)
    for choice in found:
        if choice not in choices:
            raise TargetError(unknown_name("global choice", choice, choices))
    return {choice: int(value) if value.isascii() and value.isdigit() else value for choice, value in found.items()}


def _covered(space: "StagedSpace", predictor: Path, coverage: Path | None) -> "StagedSpace":
    """Return the part of a space that may be searched."""
    path = coverage or arguments.coverage_beside(predictor)
    if not coverage and not path.is_file():
        raise ConfigError(
            "which choices have the predictor's training rows covered? Give --coverage FILE to keep the search to them "
            f"(it is not at {path}, where the workflow writes it), or --uncovered-choices to search every choice, "
            "where predictions may be guesses"
        )
    return arguments.covered(space, path)


def _refuse_uncovered(space: "StagedSpace", fixed: dict[str, Any]) -> None:
    """Refuse a fixed choice that the searched space leaves out."""
    for choice in space.global_choices:
        allowed = space.allowed_values(choice)
        if fixed.get(choice.name, allowed[0]) not in allowed:
            raise TargetError(
                f"--fix {choice.name}={fixed[choice.name]}: the accuracy dataset covers {choice.name} "
                f"{', '.join(map(str, allowed))} only. Give --uncovered-choices to search there anyway"
            )


def _print_result(result: "SearchResult") -> None:
    """Print a search result for people."""
    typer.echo(f"{result.status}: {result.message.removeprefix(result.status + ': ')}")
    kept = [f"{gene} {' '.join(map(str, values))}" for gene, values in result.space.kept_to.items()]
    searched = f"{result.space.n_architectures:,} architectures"
    typer.echo(f"searched     {', kept to '.join([searched, ', '.join(kept)] if kept else [searched])}")
    if result.certificate:
        _print_certificate(result.certificate)
    elif result.evaluations:
        typer.echo(f"evaluations  {result.evaluations:,}")
    if result.infeasibility:
        limits = {constraint.name: constraint for constraint in result.constraints}
        rows = [_smallest_cells(s, limits[s.constraint]) for s in result.infeasibility.smallest]
        typer.echo("\n" + table(["limit", "allowed", "smallest", "architecture"], rows))
    if result.subnets:
        space = result.space.whole()
        latencies = [metric for metric in result.subnets[0].costs if "@" in metric]
        header = ["", *ARCH_HEADER, "predicted (%)", *cost_header(latencies)]
        rows = [
            [
                str(rank),
                *arch_cells(space, subnet.arch_id, subnet.arch),
                f"{100 * subnet.predicted_accuracy:.3f}",
                *cost_cells(subnet.costs, latencies),
            ]
            for rank, subnet in enumerate(result.subnets, start=1)
        ]
        typer.echo("\n" + table(header, rows))


def _print_certificate(certificate: "Certificate") -> None:
    """Print the figures of a proof."""
    typer.echo(
        f"certificate  objective {certificate.objective:.10f}, bound {certificate.best_bound:.10f}, "
        f"gap {certificate.gap:.3g}; the whole list is {'' if certificate.top_k_proven else 'not '}proven"
    )
    typer.echo(
        f"proof        {certificate.closed_by_bound} of {certificate.global_combinations} combinations of global "
        f"choices closed by bounds, {certificate.paths_enumerated:,} architectures enumerated in the others"
    )
    typer.echo(f"binding      {', '.join(certificate.binding) or 'no limit'}")


def _smallest_cells(smallest: "Smallest", constraint: "Constraint") -> list[str]:
    """Return a limit and the least of what it bounds, in the unit of the limit."""
    least = smallest.smallest * constraint.limit / constraint.limit_in_metric
    return [smallest.constraint, f"{constraint.limit:.6g}", f"{least:.6g}", smallest.arch_id]


def predict(
    archs: Architectures,
    predictor: PredictorFile,
    level: Annotated[float, typer.Option("--level", help="Coverage of the prediction interval.")] = 0.9,
    coverage: CoverageFile = None,
    space: SpaceName = None,
    resolutions: Resolutions = None,
    classes: Classes = 2,
    as_json: AsJson = False,
) -> None:
    """Predict the accuracy of architectures, with an interval.

    Where the coverage is known, architectures outside it are marked: nothing was measured there, so their intervals
    promise nothing.
    """
    fitted, whole = arguments.load(predictor, space, resolutions, classes)
    genes = whole.canonical(arguments.read_architectures(archs, whole))
    lower, upper = fitted.interval(genes, level)
    path = coverage or arguments.coverage_beside(predictor)
    known = coverage is not None or path.is_file()
    inside = arguments.covered(whole, path).allows(genes).tolist() if known else [None] * len(genes)
    columns = {
        "arch_id": whole.arch_id(genes),
        "arch": whole.to_dicts(genes),
        "predicted_accuracy": fitted.predict(genes).tolist(),
        "lower": lower.tolist(),
        "upper": upper.tolist(),
        "covered": inside,
    }
    entries = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if as_json:
        print_json(entries)
        return
    shown = {True: "yes", False: "no", None: "unknown"}
    cells = [
        [
            *arch_cells(whole, entry["arch_id"], entry["arch"]),
            f"{100 * entry['predicted_accuracy']:.3f}",
            f"{100 * entry['lower']:.2f} to {100 * entry['upper']:.2f}",
            shown[entry["covered"]],
        ]
        for entry in entries
    ]
    typer.echo(table([*ARCH_HEADER, "accuracy (%)", f"{100 * level:g}% interval", "covered"], cells))
