"""The faults: subjects (one Python module each) and faults (one short YAML file each).

Faults come from ``faults/`` of this project and from every folder named in ``FAULTS_PATH``
(separated like ``PATH``), which have the same layout: ``subjects/*.py`` and YAML files anywhere
beside them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from harness.data.shipped import shipped
from harness.subjects.declared import check_subject
from harness.subjects.fault import Fault, load_fault
from harness.subjects.foreign import import_foreign
from harness.subjects.subject import Subject
from harness.vocabulary import HarnessError, natural_order, unknown

FAULTS = shipped("faults")
"""The faults of this project: in the wheel, or beside the package."""

_SHOWN = 5
"""Files that a message names, if more cannot be loaded."""


class Registry(Mapping[str, Fault]):
    """The faults by id, in natural order (D2 before D10)."""

    def __init__(self, subjects: Mapping[str, Subject], faults: Sequence[Fault]) -> None:
        self.subjects = subjects
        self._faults = {f.id: f for f in sorted(faults, key=lambda f: (*natural_order(f.id), f.id))}

    def __getitem__(self, key: str) -> Fault:
        if key not in self._faults:
            raise unknown("fault", key, self._faults, " (`make faults` lists them)")
        return self._faults[key]

    def __contains__(self, key: object) -> bool:
        return key in self._faults

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
        HarnessError: If a file is malformed or contradicts itself; names file and line. Faults are
            read once all subjects are in order.
    """
    return _load(tuple(folders() if paths is None else paths))


@lru_cache(maxsize=8)
def _load(paths: tuple[Path, ...]) -> Registry:
    subjects = _unique("subject", _read(paths, "subjects/[!_.]*.py", load_subjects))
    faults = _unique(
        "fault", _read(paths, "**/[!.]*.yaml", lambda path: [load_fault(path, subjects)])
    )
    return Registry(subjects, list(faults.values()))


_Entry = TypeVar("_Entry", Subject, Fault)


def _read(
    folders: Sequence[Path], pattern: str, load: Callable[[Path], list[_Entry]]
) -> list[_Entry]:
    """What the files of all folders define.

    Raises:
        HarnessError: If some cannot be loaded; names all of them.
    """
    found: list[_Entry] = []
    problems: list[str] = []
    for folder in folders:
        for path in sorted(folder.glob(pattern)):
            try:
                found += load(path)
            except HarnessError as error:
                problems.append(str(error))
    if len(problems) > 1:
        shown = "; ".join(f"({n}) {problem}" for n, problem in enumerate(problems[:_SHOWN], 1))
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise HarnessError(f"{len(problems)} files cannot be loaded: {shown}{more}")
    if problems:
        raise HarnessError(problems[0])
    return found


def _unique(kind: str, entries: Sequence[_Entry]) -> dict[str, _Entry]:
    """Entries by name. Names name folders, and some systems tell no case apart."""
    found: dict[str, _Entry] = {}
    names: dict[str, str] = {}
    for entry in entries:
        name = entry.id if isinstance(entry, Fault) else entry.name
        if other := names.get(name.casefold()):
            raise HarnessError(
                f"{entry.path}: {kind} '{other}' exists in {found[other].path} already"
                f"{'' if other == name else '; upper and lower case make no other name'}"
            )
        names[name.casefold()], found[name] = name, entry
    return found


def load_subjects(path: Path) -> list[Subject]:
    """Import the module at ``path`` and check what it defines.

    Returns:
        ``SUBJECT``, named after the module, and ``PACKAGE`` if the module has it: the program as
        the study's package runs it where that is another one, named ``<module>_package``.

    Raises:
        HarnessError: If it cannot be imported, or defines no subject or one that cannot be used;
            names file and line.
    """
    module = import_foreign(path)
    subject = getattr(module, "SUBJECT", None)
    if not isinstance(subject, Subject):
        raise HarnessError(
            f"{path}:1: a subject module defines SUBJECT = Subject(...); found "
            f"{type(subject).__name__}"
        )
    found = {"SUBJECT": subject}
    if isinstance(package := getattr(module, "PACKAGE", None), Subject):
        found["PACKAGE"] = package
    for variable, each in found.items():
        check_subject(each, path, variable)
    return [
        replace(
            each,
            name=path.stem if variable == "SUBJECT" else f"{path.stem}_package",
            variable=variable,
            path=path,
        )
        for variable, each in found.items()
    ]
