"""Finds the files and folders that a configuration names and no rule makes, and says what they hold.

No rule has them as inputs: a path is not content, and they may be addresses. A script reads their paths from the
configuration, a job's parameters have hashes of what they hold, and its record names both.

Every job imports this module, and few read such files: what reads them is imported where it is needed.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nascore.data.options import FILES
from nascore.errors import DataError

PLACES: dict[str, list[tuple[str, ...]]] = {
    "prepare_images": [("images",), *(("data", file) for file in FILES)],
    "import_start": [("supernet", "start")],
    "import_supernet": [("supernet", "checkpoint")],
    "import_tables": [("tables",)],
    "fit_latency": [("latency", "devices", "{measured_device}", "table"),
                    ("latency", "devices", "{measured_device}", "networks")],
}  # fmt: skip
"""By rule: the keys of a configuration that name what it reads."""


def given_paths(rule: str, config: Mapping[str, Any], wildcards: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the paths and addresses that a job reads, by the key that names them; a folder of tables is its tables.

    Parameters
    ----------
    rule, wildcards
        The job's.
    config
        The configuration as plain data, with or without its defaults.

    Raises
    ------
    DataError
        If there are no tables in their folder.
    """
    found = {}
    for place in PLACES.get(rule, []):
        keys = [key.format(**wildcards) for key in place]
        value: Any = config
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value:
            found[".".join(keys)] = _tables(value) if keys == ["tables"] else [str(value)]
    return found


def _tables(folder: str) -> list[str]:
    """Return the tables of a folder."""
    from nascore.accuracy_dataset.published_tables import table_files

    return [str(file) for file in table_files(folder)]


def given_contents(rule: str, config: Mapping[str, Any], wildcards: Mapping[str, str], cache: Path) -> dict[str, str]:
    """Return what changes when the content of what a job reads does, by the key that names it.

    Parameters
    ----------
    rule, wildcards
        The job's.
    config
        The configuration as plain data, with its defaults.
    cache
        Folder for what is known of files that have not been written since, so that none is read twice.

    Returns
    -------
    dict
        A hash of each file and folder, and of an address the one that the configuration says it has, or the address.

    Raises
    ------
    DataError
        If something does not exist, cannot be read, or has another checksum than the configuration says.
    """
    paths = given_paths(rule, config, wildcards)
    return {key.split(".")[-1]: _content(key, found, config, cache) for key, found in paths.items()}


def _content(key: str, paths: list[str], config: Mapping[str, Any], cache: Path) -> str:
    """Return the content of the files, the folder or the address that one key names."""
    from nascore.data.download import local_file
    from nascore.lineage.raw_images import hashes_of, images_fingerprint

    if key == "images":
        if config["data"]["source"] == "image_folder":
            return images_fingerprint(Path(paths[0]), cache / "raw_images.json")
        return "downloads"  # of which each has a key of its own
    files = [local_file(path) for path in paths]
    hashes = hashes_of({str(file.resolve()): file for file in files if file}, cache / f"{key}.json")
    expected = _checksums(config).get(key)
    if not hashes:
        return expected or paths[0]
    if expected and [*hashes.values()] != [expected]:
        raise DataError(f"{paths[0]} has the SHA-256 {', '.join(hashes.values())}; {key} expects {expected}")
    return hashlib.sha256("\n".join(sorted(hashes.values())).encode()).hexdigest()


def _checksums(config: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the SHA-256 that the configuration says a download has, by the key of its address."""
    sections = {name: config.get(name) or {} for name in ("supernet", "data")}
    of_data = sections["data"].get("sha256", {})
    return {"supernet.checkpoint": sections["supernet"].get("sha256"), **{f"data.{f}": of_data.get(f) for f in FILES}}
