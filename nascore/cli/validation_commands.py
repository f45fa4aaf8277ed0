"""`nascore validate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nascore.cli import arguments
from nascore.cli.arguments import AsJson, Resolutions, SpaceName
from nascore.cli.output import cost_cells, cost_header, example, print_json, table
from nascore.errors import ConfigError, DataError, SpaceError, unknown_name

if TYPE_CHECKING:
    from nascore.data.store import ImageStore
    from nascore.spaces import Genes, StagedSpace
    from nascore.supernet import Subnet

WEIGHTS = "results/default/validation/macs_3m/weights/winner.safetensors"
OWN = ".safetensors"
"""The suffix of files that say their architecture themselves."""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        epilog=example(
            f"nascore validate --weights {WEIGHTS} --images data/synthetic",
            "nascore validate --weights subnet.pth --images data/vww --arch subnet.json --split search",
        ),
        short_help="Test saved weights on images.",
    )(validate)


def validate(
    weights: Annotated[
        Path,
        typer.Option(
            "--weights",
            metavar="FILE",
            help="A subnet's weights: .safetensors as the workflow saves it, or a PyTorch state dict.",
        ),
    ],
    images: Annotated[Path, typer.Option("--images", metavar="FOLDER", help="Image store: data/SOURCE of a run.")],
    split: Annotated[str, typer.Option("--split", metavar="NAME", help="Split of the store.")] = "test",
    arch: Annotated[
        str | None,
        typer.Option(
            "--arch", metavar="ARCH", help="Architecture, as for `nascore cost`. A .safetensors file says it."
        ),
    ] = None,
    arch_string: Annotated[
        str | None,
        typer.Option("--arch-string", metavar="TEXT", help="The same as a published string of space binas."),
    ] = None,
    space: SpaceName = None,
    resolutions: Resolutions = None,
    device: Annotated[str, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda or cuda:N.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Test a subnet's saved weights on one split of an image store: accuracy with its 95 % interval, loss, costs.

    Nothing in a file is executed, and batch statistics are used as they were saved. An architecture that is given
    beside a .safetensors file must be the one in it; --space and --resolutions are for PyTorch files alone.
    """
    if arch and arch_string:
        raise ConfigError("--arch and --arch-string exclude each other")
    given = arch_string or arch
    own = weights.suffix == OWN
    if not own and not given:
        raise ConfigError(
            f"{weights} is not a {OWN} file, which would say its architecture; give it with --arch or --arch-string"
        )
    from dataclasses import asdict

    import torch

    from nascore.data.store import ImageStore
    from nascore.evaluation.same_images import check_images
    from nascore.evaluation.saved import measure_saved
    from nascore.supernet.checkpoint import read_subnet
    from nascore.supernet.inputs import find_device
    from nascore.supernet.published import import_subnet

    torch.set_num_threads(1)  # as in the workflow, so that the loss has the same bits
    store = ImageStore.open(images)
    if split not in store.splits:
        raise DataError(unknown_name(f"split of {images}", split, store.splits))
    if own:
        subnet = read_subnet(weights)
        check_images(weights, store)
        if given:
            option = "--arch-string" if arch_string else "--arch"
            _check_agrees(weights, subnet, option, _genes(subnet.space, arch, arch_string))
    else:
        found = _space(store, space, resolutions, arch_string)
        subnet = import_subnet(weights, found, _genes(found, arch, arch_string))
    tested = measure_saved(subnet, store, split=split, device=find_device(device))
    about = {"weights": str(weights), "arch_id": subnet.arch_id, "arch": subnet.arch, "split": split}
    if as_json:
        print_json(about | asdict(tested))
    else:
        _print(about | asdict(tested))


def _space(store: "ImageStore", name: str | None, resolutions: str | None, arch_string: str | None) -> "StagedSpace":
    """Return the space of weights that do not say it; a string is of space `binas` and says its channels."""
    from nascore.spaces import get_space
    from nascore.spaces.binas import channels_of

    found = arguments.space_of("binas" if arch_string else name, resolutions, store.n_classes)
    if not arch_string:
        return found
    sizes = found.global_choices[0].values
    if len(sizes) > 1:
        raise ConfigError(f"an --arch-string says no resolution; give one with --resolutions, not {resolutions}")
    return get_space("binas", resolutions=sizes, n_classes=store.n_classes, channels=channels_of(arch_string))


def _genes(space: Any, arch: str | None, arch_string: str | None) -> "Genes":
    """Return the one architecture that was given."""
    if arch_string is not None:
        if space.name != "binas":
            raise SpaceError(
                f"--arch-string is the form of space 'binas'; the space is {space.name!r}, which has --arch"
            )
        return space.from_string(arch_string)
    assert arch is not None
    genes = space.canonical(arguments.read_architectures([arch], space))
    if len(genes) != 1:
        raise DataError(f"--arch takes one architecture; got {len(genes)}")
    return genes[0]


def _check_agrees(weights: Path, subnet: "Subnet", option: str, given: "Genes") -> None:
    """Raise if the architecture on the command line is not that of the file; name the first gene that differs."""
    differing = (given != subnet.genes).nonzero()[0]
    if len(differing):
        gene = subnet.space.gene_choices[differing[0]]
        held, other = (gene.values[genes[differing[0]]] for genes in (subnet.genes, given))
        raise DataError(
            f"{weights} holds another architecture ({subnet.arch_id}) than {option}: {gene.name} is {held} in "
            f"the file, {other} in {option}"
        )


def _print(result: dict[str, Any]) -> None:
    """Print what was measured."""
    typer.echo(f"weights       {result['weights']}")
    typer.echo(f"architecture  {result['arch_id']}")
    typer.echo(f"images        {result['n_images']:,} of split {result['split']}")
    low, high = (100 * result[end] for end in ("lower", "upper"))
    typer.echo(f"accuracy      {100 * result['accuracy']:.2f} %, 95 % interval {low:.2f} to {high:.2f}")
    typer.echo(f"loss          {result['loss']:.4f}\n")
    typer.echo(table(cost_header(), [cost_cells(result["costs"])]))
