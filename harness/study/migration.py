"""Results of version 1 under today's identities: what only the registry of faults knows.

Version 1 named a fault by a hash over the bytes of its subject's module and its faulty values. The
file ``subjects_v1.csv`` keeps that hash of each subject of this project, beside the hash of its
meaning: a subject whose meaning has changed since is another program, and its runs are refused.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.records.baseline import BaselineRecord
from harness.records.cell import Cell
from harness.records.files import digest
from harness.records.migrate import Migration, Translation, migrate
from harness.records.schema import from_json
from harness.records.trainings import TrainingsRecord
from harness.records.version_1 import Refused
from harness.study.kept import trainings_identity
from harness.study.plan import baseline_identity
from harness.subjects.fault import Fault
from harness.subjects.registry import Registry
from harness.subjects.subject import Subject
from harness.training.device import BACKENDS, NATIVE

SUBJECTS_BEFORE = Path(__file__).with_name("subjects_v1.csv")


def migrate_results(results: Path, registry: Registry) -> Migration:
    """Bring a results folder to version 2, see :func:`harness.records.migrate.migrate`."""
    known = _Identities(registry, _table(SUBJECTS_BEFORE))
    return migrate(results, Translation(known.cell, known.baseline, known.trainings))


def _table(path: Path) -> dict[str, tuple[str, str]]:
    """Subject -> its hash under version 1, and the hash of its meaning then."""
    with open(path, encoding="utf-8", newline="") as file:
        return {row["subject"]: (row["before"], row["after"]) for row in csv.DictReader(file)}


@dataclass(frozen=True, slots=True)
class _Identities:
    """Identities of version 1 -> those of today."""

    registry: Registry
    table: Mapping[str, tuple[str, str]]

    def cell(self, old: Mapping[str, Any]) -> tuple[Cell, str]:
        """The cell, and the metric of its fault."""
        fault = self._fault(str(old["fault"]))
        if old["fault_content"] not in self._contents(fault):
            raise Refused(
                f"fault {fault.id} is another program today: its values or those of subject "
                f"'{fault.subject.name}' have changed since the run was made"
            )
        settings = {name: value for name, value in old["settings"].items() if name != "class"}
        content = {**old, "fault_content": fault.content, "settings": settings}
        return from_json(Cell, content), fault.subject.metric

    def baseline(self, name: str, record: BaselineRecord) -> tuple[str, str]:
        """The fault's content, and the identity of the baseline."""
        fault = self._fault(record.fault)
        seeds = len(record.faulty)
        for content in self._contents(fault):
            for backend in (*BACKENDS, NATIVE):
                asked = (record.data, record.fraction, backend, seeds)
                if name.endswith(f"-{digest([content, *asked])}"):
                    return fault.content, baseline_identity(fault.content, *asked)
        raise Refused(f"fault {fault.id} is another program today, or the file was renamed")

    def trainings(self, name: str, record: TrainingsRecord) -> str:
        """The identity of a file of trainings."""
        if record.subject not in self.registry.subjects:
            raise Refused(f"there is no subject '{record.subject}' today")
        subject = self.registry.subject(record.subject)
        if not any(name == trainings_identity(c, record) for c in self._before(subject)):
            raise Refused(f"subject '{subject.name}' is another program today")
        return trainings_identity(subject.content, record)

    def _fault(self, name: str) -> Fault:
        if name not in list(self.registry):
            raise Refused(
                f"there is no fault '{name}' today. One of your own is found if FAULTS_PATH names "
                "its folder"
            )
        return self.registry[name]

    def _contents(self, fault: Fault) -> Iterator[str]:
        """Hashes that version 1 may have given to this fault."""
        values = repr(sorted(fault.values.items()))
        for content in self._before(fault.subject):
            yield hashlib.sha256(f"{content}{values}".encode()).hexdigest()

    def _before(self, subject: Subject) -> Iterator[str]:
        """Hashes that version 1 may have given to this subject.

        That of the table, if the subject still means the same, and that of the module as it is.
        """
        before, after = self.table.get(subject.name, ("", ""))
        if after == subject.content:
            yield before
        other = "" if subject.name == subject.path.stem else subject.name
        yield hashlib.sha256(subject.path.read_bytes() + other.encode()).hexdigest()
