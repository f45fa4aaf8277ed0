"""Refuses to make an image store anew that other runs use: with other images in it, all their jobs would run again."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nascore.config import Config
from nascore.data.store import MANIFEST
from nascore.errors import ConfigError, DataError
from nascore.lineage.ledger import FOLDER, RESULTS, Ledger, ledger_folder
from nascore.lineage.record import Record
from nascore.rule_parameters import PARAMETERS

RULE = "prepare_images"


def refuse_shared_store(config: Config, given: Callable[[], Mapping[str, str]]) -> None:
    """Raise if a run would replace the images of another run in the current folder.

    Images that have changed where they were are made anew for all: their runs have the same source.

    Parameters
    ----------
    config
        The run's configuration.
    given
        Returns what the user's own files hold; see `nascore.lineage.given_files.given_contents`. It is called only
        if the images are at another place.

    Raises
    ------
    ConfigError
        Names the store, a run that uses it, what differs, and the key that tells the two apart.
    """
    if config.data is None:
        return
    manifest = f"data/{config.data.store}/{MANIFEST}"
    if not Path(manifest).exists():
        return
    runs = sorted(Path(RESULTS).glob("*"))
    others = [folder.name for folder in runs if folder.name != config.run and _uses(folder, manifest)]
    record = _maker(manifest) if others else None
    if record and (differences := _differences(config, record, given)):
        raise ConfigError(
            f"data/{config.data.store} holds the images of run {others[0]!r}, which were made with "
            f"{'; '.join(differences)}: set data.name to a name of its own for run {config.run!r}, or remove "
            f"data/{config.data.store} if nobody needs it any more"
        )


def _uses(results: Path, manifest: str) -> bool:
    try:
        return Ledger(results / FOLDER).pointer(manifest) is not None
    except DataError:  # damaged, which an audit says
        return False


def _maker(manifest: str) -> Record | None:
    """Return the record of the job that made a store; None where it is lost."""
    try:
        ledger = Ledger(ledger_folder(manifest))
        pointer = ledger.pointer(manifest)
        return ledger.record(pointer.record) if pointer and pointer.record else None
    except DataError:
        return None


def _differences(config: Config, record: Record, given: Callable[[], Mapping[str, str]]) -> list[str]:
    """Say in what a store that exists differs from what a run would make; keys that only one knows do not count."""
    now: dict[str, Any] = {name: value(config, None) for name, value in PARAMETERS[RULE].items()}
    then = dict(record.params)
    options = {f"data.{key}": (value, now["options"].get(key, value)) for key, value in then.pop("options", {}).items()}
    plain = {key: (value, now.get(key, value)) for key, value in then.items() if key != "given"}
    found = [f"{key} {before}, not {after}" for key, (before, after) in (options | plain).items() if before != after]
    places = [entry.path for entry in record.inputs if entry.name == "images"]
    if places and config.images and places != [config.images] and then.get("given") != dict(given()):
        found.append(f"images {places[0]}, not {config.images}")
    return found
