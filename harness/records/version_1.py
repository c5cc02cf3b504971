"""Files of results version 1, read into the records of today."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from harness.records.baseline import BaselineRecord
from harness.records.cell import Cell
from harness.records.files import is_there, read_bounded
from harness.records.observation import Observation
from harness.records.run_record import RunRecord
from harness.records.schema import decode_json, from_json, storable, to_json

BEFORE = 1
"""The version that is read here."""

LARGEST_V1 = 1 << 28
"""Bytes of the largest log that is read here."""

_UNKNOWN_ENVIRONMENT: Mapping[str, Any] = {
    "harness": "",
    "results_version": BEFORE,
    "python": "",
    "packages": {},
    "host": "",
    "machine": "",
    "commit": "",
    "dirty": False,
}
_RUN_DEFAULTS: Mapping[str, Any] = {
    "choice": None,
    "health": {},
    "spent": 0.0,
    "continued_after": 0,
    "device": "",
    "started": "",
    "ended": "",
}
"""Fields that early runs of version 1 lack."""


class Refused(Exception):
    """Why one file or run of version 1 cannot be carried over."""


def run_record_v1(old: Mapping[str, Any], cell: Cell) -> RunRecord:
    """The record of a run.

    Args:
        old: ``run.json`` of version 1.
        cell: The run's cell of today.

    Raises:
        Misfit: If a field is missing or damaged.
    """
    content = {**_RUN_DEFAULTS, **old, "cell": storable(cell)}
    content.setdefault("run_seed", cell.run_seed)
    if "budget_seconds" in content:
        content.setdefault("allowed", content["budget_seconds"])
        del content["budget_seconds"]
    content["counts"] = dict(content["counts"])
    content["fault"] = {"title": "", **old["fault"]}
    content["seconds"] = {"building": 0.0, "opening": 0.0, **old["seconds"]}
    content["environment"] = {**_UNKNOWN_ENVIRONMENT, **old.get("environment", {})}
    return from_json(RunRecord, content)


def baseline_v1(path: Path) -> BaselineRecord:
    """A baseline; its ``content`` is that of version 1.

    Raises:
        Refused: If the file is damaged.
        Misfit: If a field is missing or damaged.
    """
    defaults = {"content": "", "work": 0.0, "started": ""}
    old = {**defaults, "environment": _UNKNOWN_ENVIRONMENT, **json_v1(path)}
    old["environment"] = {**_UNKNOWN_ENVIRONMENT, **old["environment"]}
    return from_json(BaselineRecord, old)


def log_lines_v1(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a log of version 1, its outcomes in today's form.

    A torn last line is left out.
    """
    if not is_there(path):
        raise Refused(f"{path.name} is missing")
    try:
        content = read_bounded(path, LARGEST_V1)
    except (OSError, ValueError) as error:
        raise Refused(f"{path.name} cannot be read: {error}") from None
    lines = content[: content.rfind(b"\n") + 1].splitlines()
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            entry = decode_json(line)
        except ValueError as error:
            raise Refused(f"{path.name}:{number} is damaged: {error}") from None
        if not isinstance(entry, dict):
            raise Refused(f"{path.name}:{number} is damaged: it is no mapping")
        found.append(_outcomes(entry))
    if not found:
        raise Refused(f"{path.name} holds no whole line")
    return found


def json_v1(path: Path) -> dict[str, Any]:
    """A JSON file of version 1, without its version."""
    try:
        content = decode_json(read_bounded(path))
    except (OSError, ValueError) as error:
        raise Refused(f"{path.name} cannot be read: {error}") from None
    if not isinstance(content, dict) or content.pop("version", None) != BEFORE:
        raise Refused(f"{path.name} is not of version {BEFORE}")
    return typing.cast(dict[str, Any], _outcomes(content))


def _outcomes(content: Any) -> Any:
    """JSON values of version 1 in which every outcome, at any depth, has today's form."""
    if isinstance(content, list):
        return [_outcomes(value) for value in content]
    if not isinstance(content, dict):
        return content
    found = {name: _outcomes(value) for name, value in content.items()}
    if found.get("seen") is not None and "status" in found:
        found["seen"] = _seen(found["seen"])
    return found


def _seen(seen: Mapping[str, Any]) -> Mapping[str, Any]:
    """The field ``seen`` of an outcome: version 1 kept one part, flat."""
    return cast(Mapping[str, Any], to_json(Observation.from_v1(seen)))
