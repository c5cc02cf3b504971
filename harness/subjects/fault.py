"""A fault: a subject with some values set wrong, read from one short YAML file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from harness.space.operators import Operator, operator_of, operators_of
from harness.subjects.subject import Subject
from harness.vocabulary import Configuration, HarnessError, Value, changed, unknown

ORIGINS = ("real", "mutant")


@dataclass(frozen=True)
class Fault:
    """A subject with some values set wrong. The ground truth is derived, never stored."""

    id: str
    subject: Subject
    title: str
    values: Configuration
    """The values that differ from the subject's."""
    origin: Mapping[str, Value]
    source: str
    kind: str
    """``real`` or ``mutant``."""
    path: Path
    deprecated: str = ""
    description: str = ""
    """What the post asked, or what the mutation changed, and why it harms."""
    other_fixes: Sequence[str] = ()
    """Repairs other than the developers' that are known to work."""
    deviations: Sequence[str] = ()
    """Where this program differs from the published one."""
    published: Mapping[str, float] = field(default_factory=dict)
    """Figures of the study: see ``PUBLISHED``."""

    @cached_property
    def faulty(self) -> dict[str, Value]:
        return {**self.subject.fixed, **self.values}

    @property
    def fixed(self) -> dict[str, Value]:
        return dict(self.subject.fixed)

    @property
    def ground_truth(self) -> dict[str, tuple[Value, Value]]:
        """The developers' patch: hyperparameter or setting -> (faulty, fixed)."""
        return changed(self.faulty, self.fixed)

    @property
    def operators(self) -> list[Operator]:
        """The repair operators of the ground truth; empty if no operator reaches the fault."""
        return operators_of(self.ground_truth)

    @property
    def hyperparameters(self) -> list[str]:
        return [name for name in self.faulty if operator_of(name) is not None]

    @property
    def repairable(self) -> bool:
        """Whether operators reach every value of the ground truth."""
        return all(operator_of(name) is not None for name in self.ground_truth)

    @property
    def data_seed(self) -> int:
        """One per fault: all trainings of a fault see the same data."""
        return int.from_bytes(hashlib.sha256(self.id.encode()).digest()[:4])

    @cached_property
    def content(self) -> str:
        """Hash of what the fault is: its subject's meaning and its faulty values."""
        values = json.dumps(dict(self.values), sort_keys=True)
        return hashlib.sha256(f"{self.subject.content}{values}".encode()).hexdigest()


_NEEDED = ("id", "subject", "title", "faulty", "origin", "source")
_KEYS = {*_NEEDED, "deprecated", "description", "other_fixes", "deviations", "published"}
PUBLISHED = {
    "faulty": "mean of the faulty program as printed (Table III)",
    "fixed": "mean of the fixed program as printed (Table III)",
    "again": "mean of the faulty program re-evaluated: first trial of the study's 90 runs",
    "again_sd": "standard deviation of these trials",
    "hyperparameters": "number of hyperparameters as printed (Table II) or stored in the results",
    "training_time": "seconds that the study's budgets took for one training of the faulty program",
}
"""Figures that a fault file may carry over from the study, under ``published``."""


def load_fault(path: Path, subjects: Mapping[str, Subject]) -> Fault:
    """Read one YAML file.

    Raises:
        HarnessError: If it is malformed, names an unknown subject or hyperparameter, or states a
            value that is the subject's own (then nothing would be wrong).
    """
    try:
        text = path.read_text(encoding="utf-8")
        raw = yaml.safe_load(text)
        lines = _lines(text)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or error
        raise HarnessError(f"{where}: not readable as YAML: {problem}") from None

    def fail(message: str, *at: str) -> HarnessError:
        line = next((lines[".".join(at[:n])] for n in (2, 1) if ".".join(at[:n]) in lines), 1)
        return HarnessError(f"{path}:{line}: {message}")

    if not isinstance(raw, dict):
        raise fail(f"a fault file is a mapping; found {type(raw).__name__}")
    if odd := sorted(set(map(str, raw)) - _KEYS):
        raise fail(str(unknown("key", odd[0], sorted(_KEYS))), odd[0])
    for key in _NEEDED:
        if key not in raw:
            raise fail(f"the key '{key}' is missing; found {', '.join(raw) or 'none'}")
    identity = str(raw["id"])
    if identity != path.stem:
        raise fail(f"id '{identity}' does not match the file's name '{path.stem}'", "id")
    if raw["subject"] not in subjects:
        raise fail(str(unknown("subject", raw["subject"], subjects)), "subject")
    subject = subjects[raw["subject"]]
    values, origin = raw["faulty"], raw["origin"]
    if not isinstance(values, dict) or not values:
        raise fail("'faulty' names at least one value that is wrong", "faulty")
    for name, value in values.items():
        if name not in subject.fixed:
            what = unknown(f"hyperparameter of {subject.name}", name, subject.fixed)
            raise fail(str(what), "faulty", str(name))
        own = subject.fixed[name]
        if type(value) is not type(own) and not (type(own) is float and type(value) is int):
            raise fail(
                f"'{name}' is {value!r} ({type(value).__name__}); the subject's own value is "
                f"{own!r} ({type(own).__name__})",
                "faulty",
                str(name),
            )
        if value == own:
            raise fail(
                f"contradiction: '{name}: {value}' is the subject's own value, so it is not faulty",
                "faulty",
                str(name),
            )
    if not isinstance(origin, dict) or not origin:
        raise fail("'origin' is a mapping, such as {post: Stack Overflow 31880720}", "origin")
    published = raw.get("published", {})
    if not isinstance(published, dict):
        raise fail("'published' is a mapping, such as {faulty: 0.52}", "published")
    for name, value in published.items():
        if name not in PUBLISHED:
            raise fail(str(unknown("published figure", name, PUBLISHED)), "published", str(name))
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise fail(f"'{name}' is a number. Received: {value!r}", "published", str(name))
    values = {n: float(v) if type(subject.fixed[n]) is float else v for n, v in values.items()}
    return Fault(
        id=identity,
        subject=subject,
        title=str(raw["title"]),
        values=values,
        origin=origin,
        source=str(raw["source"]),
        kind="mutant" if "operator" in origin else "real",
        path=path,
        deprecated=str(raw.get("deprecated", "")),
        description=" ".join(str(raw.get("description", "")).split()),
        other_fixes=_texts(raw.get("other_fixes", [])),
        deviations=_texts(raw.get("deviations", [])),
        published=published,
    )


def _texts(value: Any) -> tuple[str, ...]:
    """A text or a list of texts, each on one line."""
    items = value if isinstance(value, list) else [value]
    return tuple(" ".join(str(item).split()) for item in items)


def _lines(text: str) -> dict[str, int]:
    """Line (from 1) of every key of the first two levels, as ``key`` and ``key.key``."""
    found: dict[str, int] = {}
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            found[str(key.value)] = key.start_mark.line + 1
            if isinstance(value, yaml.MappingNode):
                for inner, _ in value.value:
                    found[f"{key.value}.{inner.value}"] = inner.start_mark.line + 1
    return found
