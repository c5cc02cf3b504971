"""The settings of a study, one row each, and how one is read from ``key=value``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.vocabulary import DEFAULT_CLOCK, DEFAULT_SPACE, HarnessError, unknown


class SettingKind(StrEnum):
    """How the text of a setting is read."""

    TEXT = "text"
    """As it stands, whatever its characters."""
    NUMBER = "number"
    FLAG = "flag"
    """``true`` or ``false``."""
    NAMES = "names"
    """``D1,D7`` or ``[D1,D7]``."""
    BY_FAULT = "by fault"
    """``{D5: 0.01, D9: 0.02}``."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a study: a row of the command line, of the configuration and of the API."""

    key: str
    """Its place in the configuration; ``plan.`` leads those that a plan's file holds."""
    kind: SettingKind
    unit: str
    """The unit of a number, or the form of a text."""
    default: str
    """As a reader needs it."""
    meaning: str
    """One sentence."""

    @property
    def short(self) -> str:
        """The name of its option and of its keyword argument."""
        return self.key.rsplit(".", 1)[-1]


_K = SettingKind
_OF_PLAN = "as the plan says"

SETTINGS: tuple[Setting, ...] = (
    Setting("plan.name", _K.TEXT, "name", _OF_PLAN, "Name of the plan in folders of tables."),
    Setting(
        "plan.faults", _K.NAMES, "ids: D1,D7", _OF_PLAN,
        "Faults to repair; one named twice counts once.",
    ),
    Setting(
        "plan.techniques", _K.NAMES, "names: hebo,module:Class", _OF_PLAN, "Techniques to compare."
    ),
    Setting(
        "plan.repetitions", _K.NUMBER, "runs", _OF_PLAN, "Runs of each technique on each fault."
    ),
    Setting("plan.data", _K.TEXT, "name", _OF_PLAN, "Data variant of all subjects."),
    Setting(
        "plan.fraction", _K.NUMBER, "share in (0, 1]", _OF_PLAN,
        "Share of the training data that is used.",
    ),
    Setting(
        "plan.fraction_for", _K.BY_FAULT, "shares: {D5: 0.01}", _OF_PLAN,
        "Shares of single faults in place of the plan's.",
    ),
    Setting(
        "plan.seeds", _K.NUMBER, "trainings", _OF_PLAN,
        "Trainings of the faulty and of the fixed program in a baseline.",
    ),
    Setting(
        "plan.seeds_for", _K.BY_FAULT, "trainings: {D5: 4}", _OF_PLAN,
        "Trainings in the baselines of single faults in place of the plan's.",
    ),
    Setting(
        "plan.stand_ins", _K.NAMES, "data sets: higgs", _OF_PLAN,
        "Data sets in whose place synthetic arrays are used.",
    ),
    Setting(
        "plan.family", _K.TEXT, "name of a plan or a YAML file", "the plan's own cells, as written",
        "Plan whose faults x techniques are the family of tests that Holm counts.",
    ),
    Setting(
        "budget", _K.NUMBER, "multiples of T", "20",
        "Budget of a run as a multiple of the faulty program's own training time T.",
    ),
    Setting("seed", _K.NUMBER, "whole number", "1", "Seed of the study."),
    Setting(
        "clock", _K.TEXT, "training, reference, wall or work", DEFAULT_CLOCK,
        "What a budget is charged for."
    ),
    Setting(
        "space", _K.TEXT, "corrected, cost_aware or icst23", DEFAULT_SPACE,
        "Search space of all techniques.",
    ),
    Setting(
        "confirmations", _K.NUMBER, "trainings", "3",
        "Re-trainings of each run's winner with fresh seeds, outside the budget.",
    ),
    Setting(
        "independent", _K.FLAG, "true or false", "false",
        "Makes runs of their own where the beginnings of longer runs would do.",
    ),
    Setting(
        "backend", _K.TEXT, "tensorflow, jax or torch", "each subject's own",
        "Keras backend of all subjects.",
    ),
    Setting(
        "chunk", _K.TEXT, "part/parts: 2/8", "all runs",
        "Only this part of the runs, without tables.",
    ),
    Setting("workers", _K.NUMBER, "runs", "one for each core", "Runs side by side."),
    Setting("threads", _K.NUMBER, "threads", "1", "Threads of each training worker."),
    Setting(
        "per_gpu", _K.NUMBER, "runs", "0: GPUs are not shared out", "Runs side by side on each GPU."
    ),
    Setting("results", _K.TEXT, "folder", "results", "Results folder."),
    Setting(
        "mlflow", _K.FLAG, "true or false", "true", "Mirrors the runs into mlflow.db afterwards."
    ),
)  # fmt: skip
"""All settings but the three that name a file: ``plan``, ``technique`` and ``protocol``."""

BY_KEY: Mapping[str, Setting] = {row.key: row for row in SETTINGS}
GROUPS = ("plan", "technique", "protocol")
"""Settings that name a file in the folder of their name in ``configs``."""


def setting_of(key: str) -> Setting:
    """The setting with this key.

    Raises:
        HarnessError: If there is none; suggests others.
    """
    if key in BY_KEY:
        return BY_KEY[key]
    inside = key.startswith("plan.")
    known = [k for k in BY_KEY if k.startswith("plan.") == inside]
    raise unknown("setting", key, known if inside else [*GROUPS, *known])


def parsed(setting: Setting, text: str) -> Any:
    """The value that ``text`` stands for; what is no such value is left for the check.

    >>> parsed(BY_KEY["plan.faults"], "[D1, 'D7']"), parsed(BY_KEY["budget"], "20")
    (['D1', 'D7'], 20)
    """
    if setting.kind is SettingKind.TEXT:
        return None if text == "null" else text
    return _READERS[setting.kind](setting.key, text)


def parsed_scalar(text: str) -> Any:
    """A number, truth value, list or text, as a protocol's choices have them.

    >>> parsed_scalar("0.01"), parsed_scalar("true"), parsed_scalar("[a,b]"), parsed_scalar("worst")
    (0.01, True, ['a', 'b'], 'worst')
    """
    if text.startswith("["):
        return _names("the value", text)
    flag = _flag("", text)
    return _number("", text) if isinstance(flag, str) else flag


def _number(_: str, text: str) -> Any:
    text = text.strip()
    if text in ("null", "None", ""):
        return None
    if re.fullmatch(r"[+-]?[0-9]{1,30}", text):
        return int(text)
    try:
        return float(text) if text.isascii() and "_" not in text else text
    except ValueError:
        return text


def _flag(_: str, text: str) -> Any:
    return {"true": True, "false": False, "null": None}.get(text.strip().lower(), text)


def _names(key: str, text: str) -> list[str] | None:
    inner = text.strip()
    if inner == "null":
        return None
    if inner.startswith("[") != inner.endswith("]"):
        raise HarnessError(f"{key} is a list like D1,D7 or [D1,D7]. Received: {text!r}")
    if inner.startswith("["):
        inner = inner[1:-1]
    return [name for part in inner.split(",") if (name := _unquoted(part.strip()))]


def _by_fault(key: str, text: str) -> dict[str, Any] | None:
    inner = text.strip()
    if inner == "null":
        return None
    pairs = [part.split(":") for part in inner.strip("{}").split(",") if part.strip()]
    if not (inner.startswith("{") and inner.endswith("}")) or any(len(p) != 2 for p in pairs):
        raise HarnessError(f"{key} is like {{D5: 0.01, D9: 0.02}}. Received: {text!r}")
    found = {_unquoted(fault.strip()): _number(key, value) for fault, value in pairs}
    if len(found) < len(pairs):
        raise HarnessError(f"{key} names a fault twice. Received: {text!r}")
    return found


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if quoted else text


_READERS = {
    SettingKind.NUMBER: _number,
    SettingKind.FLAG: _flag,
    SettingKind.NAMES: _names,
    SettingKind.BY_FAULT: _by_fault,
}
