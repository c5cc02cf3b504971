"""Tables I and II of the study, made from the registered faults."""

from __future__ import annotations

import re

from harness.analysis.layout import Field, Layout, headed, plain_fields
from harness.space.derivation import derive
from harness.space.operators import OPERATORS, Operator
from harness.subjects.fault import Fault
from harness.subjects.registry import Registry
from harness.vocabulary import natural_order


def status(fault: Fault) -> str:
    """Status of a fault that needs no training: withdrawn, unreachable, outside, repairable."""
    if fault.deprecated:
        return f"withdrawn: {fault.deprecated}"
    if not fault.repairable:
        return "no operator reaches it"
    space = derive(fault.faulty, fault.subject.context)
    outside = [n for n, (_, fix) in fault.ground_truth.items() if fix not in space.domains[n]]
    return f"fix outside the space: {', '.join(outside)}" if outside else "repairable"


def operator_table(registry: Registry) -> Layout:
    """Table I: the repair operators, with what they reach among the registered faults."""
    faults = list(registry.values())
    rows = []
    for operator in OPERATORS:
        reached = sorted(
            {n for f in faults for n in f.hyperparameters if _reaches(operator, n)},
            key=natural_order,
        )
        rows.append(
            [
                *plain_fields(operator.name, operator.title, _short(reached)),
                Field(str(sum(operator in fault.operators for fault in faults))),
                Field(operator.note),
            ]
        )
    return Layout(
        "Table I: repair operators",
        [
            *headed(["operator", "what it does", "hyperparameters"], ["fixes"]),
            *headed(["note"], []),
        ],
        rows,
        [f"fixes: registered faults, of {len(faults)}, whose true fix applies the operator."],
    )


def fault_table(registry: Registry) -> Layout:
    """Table II: the registered faults and their subjects."""
    rows = [
        [
            *plain_fields(fault.id, fault.subject.name, fault.kind, fault.subject.metric),
            Field(str(len(fault.hyperparameters))),
            *plain_fields(
                "; ".join(f"{n}: {a} → {b}" for n, (a, b) in fault.ground_truth.items()),
                ", ".join(operator.name for operator in fault.operators),
                status(fault),
            ),
        ]
        for fault in registry.values()
    ]
    left = ["fault", "subject", "kind", "metric"]
    return Layout(
        "Table II: subjects and faults",
        [*headed(left, ["hyperparameters"]), *headed(["fault → fix", "operators", "status"], [])],
        rows,
        [
            f"{len(registry)} faults of {len({f.subject.name for f in registry.values()})} "
            "subjects. hyperparameters: those that repair operators reach.",
            "status: repairable if operators reach the fix and the corrected space holds it.",
        ],
    )


def _reaches(operator: Operator, hyperparameter: str) -> bool:
    return re.fullmatch(operator.hyperparameters, hyperparameter) is not None


def _short(names: list[str]) -> str:
    """Numbered names as ranges.

    >>> _short(["units_1", "units_2", "units_4", "loss"])
    'units_1–4, loss'
    """
    ends: dict[str, list[int]] = {}
    for name in names:
        head, number = natural_order(name)
        ends.setdefault(head, []).append(number)
    return ", ".join(
        f"{head}{min(n)}–{max(n)}" if max(n) > min(n) else head + (str(n[0]) if n[0] else "")
        for head, n in ends.items()
    )
