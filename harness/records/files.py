"""JSON files that are written atomically and read back or refused with one message."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from harness.records.schema import Misfit, decode_json, from_json, storable
from harness.vocabulary import HarnessError

_T = TypeVar("_T")

RESULTS_VERSION = 2
"""Version of what is written under ``results``; raised when a reader would misread old files."""

LARGEST_FILE = 1 << 26
"""Bytes of the largest record that is read or written; the usual ones have some kilobytes."""


def digest(content: Any) -> str:
    """Twelve hexadecimal digits of the canonical JSON of ``content``."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def plain(name: str) -> str:
    """A name that can be one folder, whatever it contains."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name).lstrip(".") or "-"


def check_version(path: Path, content: Any) -> None:
    """Raises HarnessError unless this version of the results wrote ``content``."""
    found = content.get("version") if isinstance(content, dict) else None
    if type(found) is int and found == RESULTS_VERSION:
        return
    advice = "Use another results folder (RESULTS=...), or the release that wrote it"
    if type(found) is int and 0 < found < RESULTS_VERSION:
        advice = (
            "Bring the results up to date with: dnn-repair migrate RESULTS. "
            "Another results folder (RESULTS=...) works too"
        )
    raise HarnessError(
        f"{path} was written by results version {found}; this harness reads version "
        f"{RESULTS_VERSION}. {advice}"
    )


def write_json(path: Path, content: Mapping[str, Any], *, replace: bool = True) -> None:
    """Atomically: readers see the old file or the new one, never a part.

    With ``replace=False``, a file that is there stays: of several writers, the first is heard.
    """
    make_folder(path.parent)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps({"version": RESULTS_VERSION, **content}, indent=1, allow_nan=False) + "\n"
    if len(text) > LARGEST_FILE:
        raise HarnessError(f"{path} would have {len(text)} bytes, more than {LARGEST_FILE}")
    try:
        with writing(path):
            part.unlink(missing_ok=True)
            with open(part, "x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                os.replace(part, path)
            else:
                with suppress(FileExistsError):
                    os.link(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, Any]:
    """Raises HarnessError if the file is damaged or another version wrote it."""
    content = _read_mapping(path)
    check_version(path, content)
    return content


def regular_file(path: str, flags: int) -> int:
    """Opens files, but no folder, pipe or device, which might never end: an ``opener`` of ``open``.

    A file that is written is not followed through a link.

    Raises:
        OSError: If it is no regular file, or cannot be opened.
    """
    writes = flags & (os.O_WRONLY | os.O_RDWR)
    descriptor = os.open(path, flags | os.O_NONBLOCK | (os.O_NOFOLLOW if writes else 0), 0o666)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise OSError(errno.EINVAL, "Not a regular file", path)


def read_bounded(path: Path, limit: int = LARGEST_FILE) -> bytes:
    """The bytes of a file of at most ``limit`` bytes.

    Raises:
        OSError: If it is no regular file, or cannot be read.
        ValueError: If it is larger.
    """
    with open(path, "rb", opener=regular_file) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise ValueError(f"it has {size} bytes, and the largest such file has {limit}")
        return file.read(limit)


def is_there(path: Path) -> bool:
    """Whether anything has this name, be it a link that leads nowhere."""
    return os.path.lexists(path)


def _read_mapping(path: Path) -> dict[str, Any]:
    try:
        content = decode_json(read_bounded(path))
        if not isinstance(content, dict):
            raise ValueError(f"expected a mapping, found {type(content).__name__}")
    except (OSError, ValueError) as error:
        raise HarnessError(
            f"{path} cannot be read: {_reason(error)}. Nothing was changed; move it away and "
            "repeat the command to make it again"
        ) from None
    return content


def _reason(error: Exception) -> str:
    """Why a file cannot be read, without its name."""
    return str((isinstance(error, OSError) and error.strerror) or error)


def read_record(path: Path, kind: type[_T], noun: str) -> _T:
    """The record in a JSON file, checked against the type hints of its class.

    Args:
        kind: A dataclass; the version of the file is no field of it.
        noun: What the file should be, such as ``record of a run``, for the message.

    Raises:
        HarnessError: If the file is damaged, of another version, or no such record.
    """
    content = read_json(path)
    content.pop("version")
    try:
        return from_json(kind, content)
    except Misfit as misfit:
        raise HarnessError(
            f"{path} is no {noun}: {misfit}. Nothing was changed; move the file away and repeat "
            "the command to make it again"
        ) from None


def write_record(path: Path, record: Any, *, replace: bool = True) -> None:
    """Write a record as :func:`write_json` does.

    Raises:
        HarnessError: If the record does not fit its own schema, or cannot be written.
    """
    write_json(path, storable(record), replace=replace)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raises HarnessError in the place of the system's errors (no space, no permission ...)."""
    try:
        yield
    except OSError as error:
        raise HarnessError(
            f"{path} cannot be written: {error.strerror}. What was recorded before is safe; mend "
            "that and repeat the command, which goes on from there"
        ) from None


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HarnessError(
            f"the results folder {folder} cannot be written: {error}. Choose another with "
            "RESULTS=folder"
        ) from None
