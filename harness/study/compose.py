"""The settings of a study as nested mappings: files of ``configs`` and what is changed in them."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.shipped import shipped
from harness.study.settings import BY_KEY, GROUPS, parsed, parsed_scalar, setting_of
from harness.subjects.yaml_files import read_yaml_file
from harness.vocabulary import HarnessError, unknown

PLAN_DEFAULTS: Mapping[str, Any] = {"repetitions": 10, "data": "default", "fraction": 1.0}
"""What a plan's file may leave out."""

KEY_OF_SHORT = {row.short: row.key for row in BY_KEY.values() if row.key != "plan.name"}
"""Keyword argument or option -> key of the setting."""


class Composed(NamedTuple):
    """The settings of a study before they are checked."""

    settings: dict[str, Any]
    plan: Mapping[str, Any]
    """The plan as its file has it, before anything was changed."""


def options(group: str) -> list[str]:
    """Names of the files of a group: plans, techniques or protocols."""
    return sorted(path.stem for path in (shipped("configs") / group).glob("*.yaml"))


def read_yaml(path: Path) -> dict[str, Any]:
    """A configuration file.

    Raises:
        HarnessError: If it cannot be read or holds no mapping; names the line.
    """
    content = read_yaml_file(path).content
    if not isinstance(content, dict):
        raise HarnessError(f"{path} holds no settings: it has lines like 'faults: [D1, D7]'")
    return content


def read_plan(where: str) -> dict[str, Any]:
    """The plan of a name in ``configs/plan``, or of a YAML file anywhere.

    Raises:
        HarnessError: If there is no such plan, or its file has an unknown key or lacks one.
    """
    is_file = where.endswith((".yaml", ".yml")) or os.sep in where
    if not is_file and where not in options("plan"):
        raise unknown("plan", where, options("plan"), ", or a file: plan=path/to/plan.yaml")
    path = Path(where).expanduser() if is_file else shipped("configs") / "plan" / f"{where}.yaml"
    content = {"name": path.stem, **PLAN_DEFAULTS, **read_yaml(path)}
    for key in content:
        if f"plan.{key}" not in BY_KEY:
            raise HarnessError(f"{path}: {unknown('setting of a plan', key, _of_plan())}")
    for key in ("faults", "techniques"):
        if key not in content:
            raise HarnessError(f"{path}: the plan lacks its {key}, such as '{key}: [...]'")
    return content


def _of_plan() -> list[str]:
    return [key.removeprefix("plan.") for key in BY_KEY if key.startswith("plan.")]


def compose_settings(
    overrides: Iterable[str] = (), changes: Mapping[str, Any] | None = None
) -> Composed:
    """The settings of ``configs/repair.yaml`` with some of them changed.

    Args:
        overrides: ``key=value``, split at the first ``=``; the key may start with ``+`` or ``++``.
        changes: Key, or its short name -> value. They come after the overrides.

    Raises:
        HarnessError: If a key or the name of a file is unknown, with suggestions.
    """
    content = read_yaml(shipped("configs") / "repair.yaml")
    groups: dict[str, Any] = {}
    for entry in content.pop("defaults"):
        if isinstance(entry, dict):
            groups.update({k: v for k, v in entry.items() if k in GROUPS})
    content.pop("hydra", None)
    changed: dict[str, Any] = {}
    for key, value in [*map(_split, overrides), *(changes or {}).items()]:
        (groups if key in GROUPS else changed)[KEY_OF_SHORT.get(key, key)] = value
    plan = read_plan(str(groups["plan"]))
    settings = {
        **content,
        "plan": copy.deepcopy(plan),
        "technique": groups["technique"],
        "protocol": _protocol(groups["protocol"]),
    }
    for key, value in changed.items():
        _put(settings, key, value)
    return Composed(settings, plan)


def _split(override: str) -> tuple[str, Any]:
    """Key and value of one ``key=value``."""
    key, equals, text = override.partition("=")
    key = key.strip()
    key = key[2:] if key.startswith("++") else key.removeprefix("+")
    if not equals or not key:
        raise HarnessError(
            f"'{override}' is no setting. A setting is given as key=value, such as budget=10"
        )
    if key in GROUPS:
        return key, None if text == "null" else text
    if key.startswith("protocol."):
        return key, parsed_scalar(text)
    return key, parsed(setting_of(key), text)


def _protocol(chosen: Any) -> Any:
    """The content of a protocol's file; a mapping or a protocol stays as it is."""
    if not isinstance(chosen, str):
        return chosen
    if chosen not in options("protocol"):
        raise unknown("protocol", chosen, options("protocol"))
    return read_yaml(shipped("configs") / "protocol" / f"{chosen}.yaml")


def _put(settings: dict[str, Any], key: str, value: Any) -> None:
    if key.startswith("protocol."):
        settings["protocol"] = {**settings["protocol"], key.removeprefix("protocol."): value}
        return
    setting_of(key)
    place = settings["plan"] if key.startswith("plan.") else settings
    place[key.removeprefix("plan.")] = value
