"""Fetches the files of a data set, on request only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from harness.data.sets import DATA_SETS, Download
from harness.vocabulary import HarnessError, unknown

BLOCK = 1 << 18
TIMEOUT = 60.0
"""Seconds without a byte after which a server counts as gone."""

DownloadProgress = Callable[[int, int], None]
"""(bytes that are here, bytes in all), called after each block."""


def downloadable() -> list[str]:
    """The data sets that can be downloaded."""
    return [name for name, data_set in DATA_SETS.items() if data_set.downloads]


def downloads(names: list[str]) -> list[Download]:
    """The files of the named data sets; of all that can be downloaded if none is named.

    Raises:
        HarnessError: If a name is unknown or has nothing to download; says how to get it then.
    """
    for name in names:
        if name not in DATA_SETS:
            raise unknown("data set", name, DATA_SETS)
        if not DATA_SETS[name].downloads:
            raise HarnessError(f"{name} cannot be downloaded. {DATA_SETS[name].advice}")
    return [file for name in names or downloadable() for file in DATA_SETS[name].downloads]


def fetch(
    download: Download, folder: Path, progress: DownloadProgress = lambda here, total: None
) -> bool:
    """Bring one file into ``folder``, unless it is there.

    A download that breaks off leaves a ``.part`` file, from which the next one goes on. The file
    gets its name only once its checksum is right.

    Returns:
        Whether anything was downloaded.

    Raises:
        HarnessError: If the server cannot be reached or sends something else.
    """
    path = folder / download.file
    if path.exists():
        return False
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _receive(download, part, progress)
    except (OSError, HTTPException) as error:
        here = part.stat().st_size if part.exists() else 0
        raise HarnessError(
            f"{download.url} could not be downloaded: {error}. {here} of {download.bytes} bytes "
            f"are kept in {part}; repeat the command to go on"
        ) from None
    found = _sha256(part)
    if found != download.sha256:
        part.unlink()
        raise HarnessError(
            f"{download.url} sent a file with the checksum {found}; {download.sha256} (sha256) is "
            "the published one. It was deleted; repeat the command, or put the file into "
            f"{folder} yourself"
        )
    part.replace(path)
    return True


def _receive(download: Download, part: Path, progress: DownloadProgress) -> None:
    """Append to ``part`` what it lacks; all of it, if the server does not send parts."""
    here = part.stat().st_size if part.exists() else 0
    if here == download.bytes:
        return
    request = Request(download.url, headers={"Range": f"bytes={here}-"} if here else {})
    try:
        answer = urlopen(request, timeout=TIMEOUT)
    except HTTPError as error:
        if error.code == 416:  # the part is longer than the file, so it is of another one
            part.unlink()
        raise
    with answer, open(part, "ab" if answer.status == 206 else "wb") as file:
        progress(file.tell(), download.bytes)
        while block := answer.read(BLOCK):
            file.write(block)
            progress(file.tell(), download.bytes)
        if file.tell() < download.bytes:
            raise HTTPException(f"the connection ended after {file.tell()} bytes")


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
