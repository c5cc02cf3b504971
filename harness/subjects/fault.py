"""A fault: a subject with some values set wrong, read from one short YAML file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.space.operators import Operator, operator_of, operators_of
from harness.subjects.subject import Subject
from harness.subjects.values import is_plain, problem_with, unlike
from harness.subjects.yaml_files import YamlFile, read_yaml_file
from harness.vocabulary import Configuration, Value, changed, unknown

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

    @property
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
            value that no training can use or that is the subject's own (then nothing would be
            wrong).
    """
    file = read_yaml_file(path)
    raw = file.content
    if not isinstance(raw, dict):
        raise file.fail(f"a fault file is a mapping; found {type(raw).__name__}")
    if odd := sorted(set(raw) - _KEYS):
        raise file.fail(str(unknown("key", odd[0], sorted(_KEYS))), odd[0])
    for key in _NEEDED:
        if key not in raw:
            raise file.fail(f"the key '{key}' is missing; found {', '.join(raw) or 'none'}")
    identity, name = _identity(file), _text(file, "subject")
    if name not in subjects:
        raise file.fail(str(unknown("subject", name, subjects)), "subject")
    origin = _mapping(file, "origin", "{post: Stack Overflow 31880720}")
    for key, value in origin.items():
        if type(value) not in (str, bool, int, float) or value != value:
            raise file.fail(f"'{key}' is a text or a number. Received: {value!r}", "origin", key)
    return Fault(
        id=identity,
        subject=subjects[name],
        title=_text(file, "title"),
        values=_faulty_values(file, subjects[name]),
        origin=origin,
        source=_text(file, "source"),
        kind="mutant" if "operator" in origin else "real",
        path=path,
        deprecated=_text(file, "deprecated") if "deprecated" in raw else "",
        description=_text(file, "description") if "description" in raw else "",
        other_fixes=_texts(file, "other_fixes"),
        deviations=_texts(file, "deviations"),
        published=_published(file),
    )


def _identity(file: YamlFile) -> str:
    """The id: it names folders, on any system, and words of a command."""
    identity = _text(file, "id")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}", identity):
        raise file.fail(
            f"the id {identity[:80]!r} has other characters than letters, digits, - and _, or more "
            "than 60",
            "id",
        )
    if identity != file.path.stem:
        raise file.fail(f"id '{identity}' does not match the file's name '{file.path.stem}'", "id")
    return identity


def _faulty_values(file: YamlFile, subject: Subject) -> dict[str, Value]:
    values = _mapping(
        file, "faulty", "{learning_rate: 10.0}", "names at least one value that is wrong"
    )
    found: dict[str, Value] = {}
    for name, value in values.items():
        if name not in subject.fixed:
            what = unknown(f"hyperparameter of {subject.name}", name, subject.fixed)
            raise file.fail(str(what), "faulty", name)
        own = subject.fixed[name]
        if problem := unlike(name, value, own) or problem_with(name, value, subject):
            raise file.fail(problem, "faulty", name)
        if value == own:
            raise file.fail(
                f"contradiction: '{name}: {value}' is the subject's own value, so it is not faulty",
                "faulty",
                name,
            )
        found[name] = float(value) if type(own) is float else value
    return found


def _published(file: YamlFile) -> dict[str, float]:
    if "published" not in file.content:
        return {}
    published = _mapping(file, "published", "{faulty: 0.52}")
    for name, value in published.items():
        if name not in PUBLISHED:
            raise file.fail(str(unknown("published figure", name, PUBLISHED)), "published", name)
        if not is_plain(value) or isinstance(value, bool | str):
            raise file.fail(f"'{name}' is a number. Received: {value!r}", "published", name)
    return published


def _mapping(file: YamlFile, key: str, example: str, what: str = "") -> dict[str, Any]:
    """A mapping with at least one entry."""
    value = file.content[key]
    if not isinstance(value, dict) or not value:
        raise file.fail(f"'{key}' {what or 'is a mapping'}, such as {example}", key)
    return value


def _text(file: YamlFile, key: str) -> str:
    """A text on one line."""
    return _one_line(file, key, file.content[key])


def _texts(file: YamlFile, key: str) -> tuple[str, ...]:
    """A text or a list of texts, each on one line; none if the key is missing."""
    value = file.content.get(key, [])
    items = value if isinstance(value, list) else [value]
    return tuple(_one_line(file, key, item) for item in items)


def _one_line(file: YamlFile, key: str, value: Any) -> str:
    if not isinstance(value, str):
        shown = "nothing" if value is None else f"{type(value).__name__} {str(value)[:60]}"
        raise file.fail(f"'{key}' is a text. Received: {shown}; a text may stand in quotes", key)
    text = " ".join(value.split())
    if not text or not text.isprintable():
        raise file.fail(f"'{key}' is a text that can be read. Received: {value[:60]!r}", key)
    return text
