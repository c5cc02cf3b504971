"""The faults: subjects (one Python module each) and faults (one short YAML file each).

Faults come from ``faults/`` of this project and from every folder named in ``FAULTS_PATH``
(separated like ``PATH``), which have the same layout: ``subjects/*.py`` and YAML files anywhere
beside them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.data import DATA_SETS
from harness.data.shipped import shipped
from harness.space.operators import LOSSES_FOR
from harness.subjects.fault import Fault, load_fault
from harness.subjects.foreign import import_foreign
from harness.subjects.subject import FRAMEWORKS, Subject
from harness.vocabulary import METRICS, HarnessError, natural_order, unknown

FAULTS = shipped("faults")
"""The faults of this project: in the wheel, or beside the package."""


class Registry(Mapping[str, Fault]):
    """The faults by id, in natural order (D2 before D10)."""

    def __init__(self, subjects: Mapping[str, Subject], faults: Sequence[Fault]) -> None:
        self.subjects = subjects
        self._faults = {f.id: f for f in sorted(faults, key=lambda f: (*natural_order(f.id), f.id))}

    def __getitem__(self, key: str) -> Fault:
        if key not in self._faults:
            raise unknown("fault", key, self._faults, " (`make faults` lists them)")
        return self._faults[key]

    def __iter__(self) -> Any:
        return iter(self._faults)

    def __len__(self) -> int:
        return len(self._faults)

    def subject(self, name: str) -> Subject:
        if name not in self.subjects:
            raise unknown("subject", name, self.subjects)
        return self.subjects[name]


def folders() -> list[Path]:
    """Where faults are looked for: this project's folder, then those of ``FAULTS_PATH``."""
    more = [Path(p) for p in os.environ.get("FAULTS_PATH", "").split(os.pathsep) if p]
    for folder in more:
        if not folder.is_dir():
            raise HarnessError(
                f"FAULTS_PATH names {folder}, which is no folder. It would hold YAML files, and "
                "subjects/*.py for subjects of your own"
            )
    return [FAULTS, *(folder.resolve() for folder in more)]


def load_registry(paths: Sequence[Path] | None = None) -> Registry:
    """Read all subjects and faults.

    Args:
        paths: Folders to read; by default those of :func:`folders`.

    Raises:
        HarnessError: If a file is malformed or contradicts itself; names file and line.
    """
    return _load(tuple(folders() if paths is None else paths))


@lru_cache(maxsize=8)
def _load(paths: tuple[Path, ...]) -> Registry:
    subjects: dict[str, Subject] = {}
    for folder in paths:
        for path in sorted((folder / "subjects").glob("*.py")):
            if path.stem.startswith("_"):
                continue
            for subject in load_subjects(path):
                if subject.name in subjects:
                    raise HarnessError(
                        f"{path}: subject '{subject.name}' exists already in "
                        f"{subjects[subject.name].path}"
                    )
                subjects[subject.name] = subject
    faults: dict[str, Fault] = {}
    for folder in paths:
        for path in sorted(folder.rglob("*.yaml")):
            fault = load_fault(path, subjects)
            if fault.id in faults:
                raise HarnessError(f"{path}: fault '{fault.id}' exists in {faults[fault.id].path}")
            faults[fault.id] = fault
    return Registry(subjects, list(faults.values()))


def load_subjects(path: Path) -> list[Subject]:
    """Import the module at ``path`` and check what it defines.

    Returns:
        ``SUBJECT``, named after the module, and ``PACKAGE`` if the module has it: the program as
        the study's package runs it where that is another one, named ``<module>_package``.
    """
    module = import_foreign(path)
    subject = getattr(module, "SUBJECT", None)
    if not isinstance(subject, Subject):
        raise HarnessError(
            f"{path}: a subject module defines SUBJECT = Subject(...); found {subject!r}"
        )
    found = {"SUBJECT": subject}
    if isinstance(package := getattr(module, "PACKAGE", None), Subject):
        found["PACKAGE"] = package
    for variable, each in found.items():
        _check_subject(each, path)
        name = path.stem if variable == "SUBJECT" else f"{path.stem}_package"
        for attribute, value in (("name", name), ("variable", variable), ("path", path)):
            object.__setattr__(each, attribute, value)
    return list(found.values())


def _check_subject(subject: Subject, path: Path) -> None:
    if subject.metric not in METRICS:
        raise HarnessError(f"{path}: {unknown('metric', subject.metric, METRICS)}")
    if subject.framework not in FRAMEWORKS:
        raise HarnessError(f"{path}: {unknown('framework', subject.framework, FRAMEWORKS)}")
    if subject.labels not in LOSSES_FOR:
        raise HarnessError(f"{path}: {unknown('encoding of labels', subject.labels, LOSSES_FOR)}")
    needed = ("loss", "optimiser", "learning_rate", "batch_size", "epochs")
    lacking = [n for n in (*needed, *subject.data_settings) if n not in subject.fixed]
    if lacking:
        raise HarnessError(f"{path}: the subject's configuration lacks {', '.join(lacking)}")
    if subject.data_set and subject.data_set not in DATA_SETS:
        raise HarnessError(f"{path}: {unknown('data set', subject.data_set, DATA_SETS)}")
