"""Reports of a check, as text, JSON or SARIF 2.1.0."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from harness.theia.findings import Finding, Severity
from harness.theia.program import Program
from harness.theia.rules import RULES, page, rationale
from harness.vocabulary import VERSION as __version__

FORMATS = ("text", "json", "sarif")

_LEVELS: Mapping[Severity, str] = {Severity.BUG: "error", Severity.ADVICE: "note"}
_COLOURS: Mapping[Severity, str] = {Severity.BUG: "red", Severity.ADVICE: "yellow"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True)
class LocaliserReport:
    """The findings of one program."""

    target: str
    """The script or fault that was checked."""
    summary: str
    """The program in one line."""
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    """Notes for the reader: guesses, fallbacks, odd labels."""
    profile: str = "recommended"

    @property
    def bugs(self) -> int:
        return sum(f.severity is Severity.BUG for f in self.findings)

    @property
    def advice(self) -> int:
        return len(self.findings) - self.bugs

    @property
    def rules(self) -> list[str]:
        """Names of the rules that found something, in the order of ``RULES``."""
        found = {f.rule for f in self.findings}
        return [rule for rule in RULES if rule in found]

    def to_json(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "profile": self.profile,
            "summary": self.summary,
            "notes": list(self.notes),
            "bugs": self.bugs,
            "advice": self.advice,
            "findings": [f.to_json() for f in self.findings],
            "rationales": {rule: rationale(rule) for rule in self.rules},
        }

    @staticmethod
    def from_json(record: Mapping[str, Any]) -> LocaliserReport:
        return LocaliserReport(
            target=record["target"],
            summary=record["summary"],
            findings=tuple(Finding.from_json(f) for f in record["findings"]),
            notes=tuple(record["notes"]),
            profile=record["profile"],
        )


def localiser_report(
    target: str,
    program: Program,
    findings: list[Finding],
    *,
    profile: str = "recommended",
    guessed: bool = False,
) -> LocaliserReport:
    """The report of a program, with the notes that belong to it."""
    notes = list(program.data.remarks)
    if guessed:
        notes.insert(0, f"task {program.task} is a guess from labels, output and loss")
    if program.listing != "traced":
        notes.append(f"layers are listed in {program.listing}")
    return LocaliserReport(target, program_summary(program), tuple(findings), tuple(notes), profile)


def program_summary(program: Program) -> str:
    """The program in one line."""
    data, learner = program.data, program.learner
    samples = f"{data.samples} samples of " if data.samples is not None else ""
    parts = [
        f"{len(program.layers)} layers",
        f"{program.task} task",
        f"{samples}{data.kind.replace('_', ' ')} data",
        f"loss {learner.loss}",
    ]
    if learner.learning_rate is not None:
        parts.append(f"{learner.optimiser} at {learner.learning_rate:g}")
    if learner.batch_size is not None:
        parts.append(f"batches of {learner.batch_size}")
    return ", ".join(parts)


def show(found: LocaliserReport, console: Console, advice: bool = True) -> None:
    """Print the report for people."""
    console.print(Text(found.target, style="bold"), Text(found.summary, style="dim"))
    shown = [f for f in found.findings if advice or f.severity is Severity.BUG]
    for finding in shown:
        where = f"layer {finding.layer} ({finding.name})" if finding.layer else finding.subject
        place = f"{finding.place}: " if finding.place else ""
        line = Text(f"{place}", style="cyan")
        line.append(f"{finding.severity.value} {finding.rule}", style=_COLOURS[finding.severity])
        line.append(f" {where}: {finding.observed}; expected {finding.expected}")
        console.print(line, soft_wrap=True)
        console.print(Text(f"    {finding.suggestion}"), soft_wrap=True)
    for rule in dict.fromkeys(finding.rule for finding in shown):
        console.print(Text(f"why {rule}: {rationale(rule)}", style="dim"), soft_wrap=True)
    for note in found.notes:
        console.print(Text(f"note: {note}", style="dim"), soft_wrap=True)
    hidden = len(found.findings) - len(shown)
    rest = " (hidden; --advice shows it)" if hidden else ""
    console.print(f"{_count(found.bugs, 'bug')}, {found.advice} advice{rest}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def as_json(found: LocaliserReport) -> str:
    return json.dumps(found.to_json(), indent=2)


def as_sarif(found: LocaliserReport) -> str:
    """SARIF 2.1.0 (OASIS): what editors and code hosts show in place."""
    rules = [
        {
            "id": name,
            "shortDescription": {"text": page(name).splitlines()[0]},
            "fullDescription": {"text": page(name)},
        }
        for name in RULES
    ]
    driver = {"name": "Theia", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "results": [_result(f, found.target) for f in found.findings],
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(finding: Finding, target: str) -> dict[str, Any]:
    file, line = (finding.place.file, finding.place.line) if finding.place else (target, 1)
    physical = {"artifactLocation": {"uri": file}, "region": {"startLine": line}}
    logical = [{"name": finding.name, "kind": "member"}] if finding.name else []
    text = f"{finding.observed}; expected {finding.expected}. {finding.suggestion}"
    return {
        "ruleId": finding.rule,
        "ruleIndex": list(RULES).index(finding.rule),
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": physical, "logicalLocations": logical}],
        "partialFingerprints": {"finding/v1": "/".join(finding.identity)},
    }
