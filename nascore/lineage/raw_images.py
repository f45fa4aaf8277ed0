"""What tells whether a folder of the user's images has changed: their names and content, each read once."""

import hashlib
import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nascore.data.folder_layout import find_layout, is_image, visible_files
from nascore.errors import DataError
from nascore.files import file_sha256, read_json, write_json
from nascore.lineage.hashing import state_of

READERS = 2
"""Threads that hash; reading and hashing release Python's lock."""


def images_fingerprint(root: Path, cache: Path) -> str:
    """Return a SHA-256 over the names of all files in a folder of images, and the content of the images.

    An image is read only if its size, time of change or inode is not what `cache` has, so that a touched one changes
    nothing, and planning a workflow on gigabytes of images reads none of them again.

    Parameters
    ----------
    root
        The folder; see `nascore.data.folder_layout`.
    cache
        JSON file with the state and hash of each image, rewritten if any has changed. A damaged one is made anew.

    Raises
    ------
    DataError
        If the folder is not one of images, or an image cannot be read.
    """
    find_layout(root)
    files = {os.fsdecode(path.relative_to(root)): path for path in sorted(visible_files(root))}
    images = [name for name, path in files.items() if is_image(path)]
    hashes = hashes_of({name: files[name] for name in images}, cache)
    lines = (f"{json.dumps(name)} {hashes.get(name, '')}\n" for name in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def hashes_of(files: Mapping[str, Path], cache: Path) -> dict[str, str]:
    """Return the SHA-256 of files by name; one is read only if `cache` does not know it. See `images_fingerprint`.

    Raises
    ------
    DataError
        If a file is missing or cannot be read.
    """
    known = _read(cache)
    states = {name: state_of(file) for name, file in files.items()}
    new = [name for name in files if known.get(name, ("", ""))[0] != states[name]]
    with ThreadPoolExecutor(READERS) as pool:
        hashes = dict(zip(new, pool.map(lambda name: file_sha256(files[name]), new), strict=True))
    now = {name: (states[name], hashes.get(name) or known[name][1]) for name in files}
    if now != known:
        write_json(cache, {json.dumps(name): entry for name, entry in now.items()})
    return {name: sha256 for name, (_, sha256) in now.items()}


def _read(cache: Path) -> dict[str, tuple[str, str]]:
    """Return states and hashes by name; nothing where the file is missing or damaged."""
    try:
        return {json.loads(name): (str(state), str(sha256)) for name, (state, sha256) in read_json(cache).items()}
    except (DataError, AttributeError, TypeError, ValueError):
        return {}
