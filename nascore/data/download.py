"""Files by path or URL: downloads go on where they were cut, and are checked against a SHA-256 where it is known."""

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

import requests

from nascore.errors import DataError
from nascore.progress import progress

ATTEMPTS = 5
TIMEOUT = (10, 60)
"""Seconds to wait for a connection, and for the next byte."""

CHUNK = 1 << 16
"""Bytes that are written at a time; a cut loses fewer than that."""

BLOCK = 64 << 20
"""Bytes per line of progress."""


def local_file(where: str) -> Path | None:
    """Return the path that a path or a `file://` URL names; None of what is downloaded."""
    url = urlsplit(where)
    if url.scheme in ("http", "https"):
        return None
    return Path(unquote(url.path)) if url.scheme == "file" else Path(where)


def fetch(where: str, folder: str | Path, sha256: str | None = None, *, pause_s: float = 1.0) -> Path:
    """Return a local file: of a path or `file://` URL the file itself, of another URL a download that is kept.

    Parameters
    ----------
    where
        A path, or a URL with the scheme file, http or https.
    folder
        Where downloads are kept. A file that is there is not downloaded again.
    sha256
        The SHA-256 that the file must have, where known.
    pause_s
        Seconds before the second attempt; doubled before each one after it.

    Raises
    ------
    DataError
        If there is no such file, the server refuses or stays away, or the checksum is another one. A download with
        a wrong checksum is removed; one that was cut is kept, and the next call goes on from there.
    """
    if local := local_file(where):
        if not local.is_file():
            raise DataError(f"{where} does not exist, or is not a file or an http, https or file URL")
        _check(local, sha256, where)
        return local
    path = Path(folder) / (unquote(urlsplit(where).path).rstrip("/").rsplit("/", 1)[-1] or "download")
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f"{path.name}.part")
            _download(where, partial, pause_s)
            _check(partial, sha256, where, remove=True)
            os.replace(partial, path)
        else:
            _check(path, sha256, where, remove=True)
    except OSError as error:
        raise DataError(f"cannot keep {where} as {path}: {error.strerror or error}") from None
    return path


def _check(path: Path, sha256: str | None, where: str, *, remove: bool = False) -> None:
    """Raise if a file does not have its checksum."""
    if sha256 is None:
        return
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        if remove:
            path.unlink()
        then = "; the download was removed" if remove else ""
        raise DataError(f"{where} has SHA-256 {found}; expected {sha256}{then}")


def _download(url: str, partial: Path, pause_s: float) -> None:
    """Bring a partial download to its full size."""
    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(pause_s * 2 ** (attempt - 1))
        try:
            if _is_whole_after_one_try(url, partial):
                return
            reason = "the connection was closed early"
        except requests.RequestException as error:
            reason = _short(error)
    size = partial.stat().st_size if partial.exists() else 0
    raise DataError(
        f"cannot download {url}: {reason} ({ATTEMPTS} attempts). {size} bytes are kept; the next run goes on from "
        "there."
    )


def _is_whole_after_one_try(url: str, partial: Path) -> bool:
    """Ask for what is missing of a file and append it; say whether it is whole then."""
    have = partial.stat().st_size if partial.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            if response.headers.get("Content-Range") == f"bytes */{have}":
                return True
            partial.unlink()  # it is longer than the file: of another version
            return False
        if 400 <= response.status_code < 500:
            raise DataError(f"cannot download {url}: the server answers {response.status_code} {response.reason}")
        response.raise_for_status()
        resumed = response.status_code == requests.codes.partial_content
        have = have if resumed else 0
        length = response.headers.get("Content-Length")
        whole = have + int(length) if length else None
        size = f" ({whole / 1e6:,.1f} MB)" if whole is not None else ""
        with open(partial, "ab" if resumed else "wb") as file:
            for _ in progress(
                _blocks(response, file), f"downloading {partial.stem}{size}, blocks of {BLOCK >> 20} MiB"
            ):
                pass
    return whole is None or partial.stat().st_size == whole


def _blocks(response: requests.Response, file: IO[bytes]) -> Iterator[None]:
    """Write what arrives to a file; yield once per block."""
    for number, chunk in enumerate(response.iter_content(CHUNK)):
        file.write(chunk)
        if number % (BLOCK // CHUNK) == 0:
            yield


def _short(error: requests.RequestException) -> str:
    """Say in few words why an attempt failed."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answers {error.response.status_code} {error.response.reason}"
    kinds = {
        requests.Timeout: "no answer in time",
        requests.exceptions.ChunkedEncodingError: "the connection was closed early",
        requests.ConnectionError: "no connection",
    }
    return next((words for kind, words in kinds.items() if isinstance(error, kind)), str(error))
