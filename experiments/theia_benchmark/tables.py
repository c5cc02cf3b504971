"""The benchmark's tables: what was found, by program and by type; false alarms; what is missed.

Tables 5, 6 and 11 of the paper, and one table for each of its research questions. Counting: a bug
is found if a finding of any severity is that bug, in one of the two stored buggy versions.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from experiments.theia_benchmark.detect import BUGGY, Judged, by_row, judged
from experiments.theia_benchmark.healthy import HEALTHY, MUTATIONS, false_alarms, hits
from experiments.theia_benchmark.programs import Bug
from harness.subjects.registry import load_registry
from harness.theia.findings import Severity
from harness.theia.rules import RULES
from harness.theia.suspects import ranked
from harness.theia.thresholds import PROFILES

TYPES = (*RULES, "other")

REASONS = {
    "other": "outside of all rules",
    ("IFL", 59278771): "the developers added a layer; the rule caps the number",
    ("INN", 59278771): "the developers added units; the rule caps the number",
    ("MRD", 31627380): "both stored programs have the dropout already",
    ("LLM", 31627380): "neither stored program has this bug: one is right, one has the right loss",
    ("CNL", 34673164): "tanh on tabular data without convolutions is no fault by the rule",
}


def programs_table() -> pd.DataFrame:
    """Tables 5 and 6: bugs of each row, and how many of them each tool and profile found."""
    rows = []
    for number, j in enumerate(by_row(), 1):
        bugs = j.entry.bugs
        row: dict[str, object] = {
            "row": number,
            "post": j.entry.post,
            "bugs": len(bugs),
            "types": " ".join(b.type for b in bugs),
            "Theia (paper)": sum(b.paper == "yes" for b in bugs),
            "NeuraLint (paper)": sum(b.neuralint == "yes" for b in bugs),
        }
        row |= {f"ours: {p}": sum(j.found(b, p) for b in bugs) for p in PROFILES}
        row["fixed: bugs"], row["advice"] = _alarms(j, "recommended")
        rows.append(row)
    return _with_sum(pd.DataFrame(rows), "row")


def _alarms(j: Judged, profile: str) -> tuple[int, int]:
    found = j.findings["fixed", profile]
    bugs = sum(f.severity is Severity.BUG for f in found)
    return bugs, len(found) - bugs


def _bugs() -> Iterable[tuple[Judged, Bug]]:
    """The 75 rows of the ground truth."""
    return ((j, bug) for j in by_row() for bug in j.entry.bugs)


def types_table() -> pd.DataFrame:
    """Table 11 and research question 2: found bugs by type."""
    rows = []
    for kind in TYPES:
        of = [(j, b) for j, b in _bugs() if b.type == kind]
        if of:
            row: dict[str, object] = {"type": kind, "bugs": len(of)}
            row["Theia (paper)"] = sum(b.paper == "yes" for _, b in of)
            row["NeuraLint (paper)"] = sum(b.neuralint == "yes" for _, b in of)
            row |= {f"ours: {p}": sum(j.found(b, p) for j, b in of) for p in PROFILES}
            rows.append(row)
    return _with_sum(pd.DataFrame(rows), "type")


def _with_sum(frame: pd.DataFrame, first: str) -> pd.DataFrame:
    """The frame with a last row that adds up its numbers."""
    total = {c: frame[c].sum() if frame[c].dtype.kind in "iu" else "" for c in frame.columns}
    if "post" in total:
        total["post"] = ""
    return pd.concat([frame.astype(object), pd.DataFrame([{**total, first: "all"}])])


def effectiveness_table() -> pd.DataFrame:
    """Research question 1: found bugs, and findings on the fixed programs."""
    bugs = list(_bugs())
    distinct = [(j, b) for j in judged() for b in j.entry.bugs]
    rows: list[dict[str, object]] = []
    for name, verdict in (("Theia (paper)", "paper"), ("NeuraLint (paper)", "neuralint")):
        rows.append(
            {
                "tool": name,
                "found of 75": sum(getattr(b, verdict) == "yes" for _, b in bugs),
                "of 74 distinct": sum(getattr(b, verdict) == "yes" for _, b in distinct),
            }
        )
    for profile in PROFILES:
        alarms = [_alarms(j, profile) for j in judged()]
        rows.append(
            {
                "tool": f"ours: {profile}",
                "found of 75": sum(j.found(b, profile) for j, b in bugs),
                "of 74 distinct": sum(j.found(b, profile) for j, b in distinct),
                "as bug, not advice": sum(_as_bug(j, b, profile) for j, b in bugs),
                **{f"in {v} only": sum(j.found(b, profile, (v,)) for j, b in bugs) for v in BUGGY},
                "on 39 fixed: bugs": sum(a for a, _ in alarms),
                "advice": sum(b for _, b in alarms),
                "fixed without bugs": sum(a == 0 for a, _ in alarms),
            }
        )
    return pd.DataFrame(rows)


def _as_bug(j: Judged, bug: Bug, profile: str) -> bool:
    return any(
        bug.is_(f) and f.severity is Severity.BUG
        for v in BUGGY
        for f in j.findings.get((v, profile), ())
    )


def missed_table(profile: str = "recommended") -> pd.DataFrame:
    """Research question 3: what is missed, and why."""
    rows = [
        {
            "post": j.entry.post,
            "type": b.type,
            "fix": b.fix,
            "paper": b.paper,
            "why": REASONS.get(b.type) or REASONS.get((b.type, j.entry.post), "not explained"),
        }
        for j, b in ((j, b) for j in judged() for b in j.entry.bugs)
        if not j.found(b, profile)
    ]
    return pd.DataFrame(rows)


def alarms_table() -> pd.DataFrame:
    """Findings on the 39 fixed programs, by rule: bugs (and advice)."""
    rows = []
    for rule in RULES:
        row: dict[str, object] = {"rule": rule}
        for profile in PROFILES:
            of = [f for j in judged() for f in j.findings["fixed", profile] if f.rule == rule]
            bugs = sum(f.severity is Severity.BUG for f in of)
            row[profile] = bugs if len(of) == bugs else f"{bugs} ({len(of) - bugs})"
        rows.append(row)
    return pd.DataFrame(rows)


def healthy_table() -> pd.DataFrame:
    """False alarms, at bug level, on architectures that set no threshold."""
    by_profile = {profile: false_alarms(profile) for profile in PROFILES}
    rows = [
        {
            "architecture": name,
            "source": healthy.source,
            **{p: len(found[name]) for p, found in by_profile.items()},
            "rules (recommended)": " ".join(
                sorted({f.rule for f in by_profile[PROFILES[0]][name]})
            ),
        }
        for name, healthy in HEALTHY.items()
    ]
    return _with_sum(pd.DataFrame(rows), "architecture")


def mutants_table() -> pd.DataFrame:
    """Mutants of those architectures: in how many the mutation's rule finds something new."""
    by_profile = {profile: hits(profile) for profile in PROFILES}
    rows = [
        {
            "mutation": name,
            "rule": rule,
            "mutants": by_profile[PROFILES[0]][name][1],
            **{p: found[name][0] for p, found in by_profile.items()},
        }
        for name, (rule, _) in MUTATIONS.items()
    ]
    return _with_sum(pd.DataFrame(rows), "mutation")


def faults_table() -> pd.DataFrame:
    """Every registered fault: is what is wrong among the suspects, and at which place?"""
    rows: list[dict[str, object]] = []
    for line in ranked(load_registry().values()):
        places = zip(line.hyperparameters, line.ranks, strict=True)
        rows.append(
            {
                "fault": line.fault,
                "faulty (rank)": ", ".join(f"{name} ({rank or '-'})" for name, rank in places),
                "suspects": line.suspects,
                "bugs": line.bugs,
                "advice": line.advice,
                "found": int(any(line.ranks)),
                "first": int(1 in line.ranks),
            }
        )
    return _with_sum(pd.DataFrame(rows), "fault")
