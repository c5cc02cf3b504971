"""Findings of a campaign as tables: all mutants for programs, two summaries for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from harness.analysis.criterion import Fate, KillVerdict
from harness.analysis.layout import NONE
from harness.mutation.harvest import MUTANTS, Harvest, JudgedMutant
from harness.mutation.mutation_operators import mutation_operator
from harness.vocabulary import Metric


@dataclass(frozen=True, slots=True)
class Summary:
    """A table for people: the terminal and Markdown show the same fields."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        rule = ["---"] * len(self.headers)
        lines = [self.headers, rule, *self.rows]
        return "\n".join([f"**{self.title}**", "", *(f"| {' | '.join(line)} |" for line in lines)])


def mutants(harvest: Harvest) -> pd.DataFrame:
    """Every mutant, a frame of the table ``MUTANTS``."""
    rows = []
    for acronym, tested in harvest.tested.items():
        qualified = harvest.qualified.get(acronym)
        for each in tested:
            became = qualified is not None and qualified.mutant == each.mutant
            measured = {
                name: getattr(each.verdict, name, None)
                for name in ("n", "unscored", "mean_original", "mean_mutant", "p", "d")
            }
            rows.append(
                {
                    "subject": harvest.campaign.subject,
                    "operator": acronym,
                    "layer": each.mutant.layer,
                    "value": str(each.mutant.value),
                    "changes": json.dumps(dict(each.mutant.changes)),
                    "fate": each.fate.value,
                    "fault": qualified.fault.id if became and qualified else None,
                    "message": each.message or None,
                    **measured,
                }
            )
    return MUTANTS.frame(rows)


def by_operator(harvest: Harvest) -> Summary:
    """Operators x mutants x killed x fault; those that do not apply, with the reason."""
    rows = []
    for acronym in harvest.campaign.operators:
        row = mutation_operator(acronym)
        head = [acronym, row.name.replace("_", " ")]
        if acronym in harvest.absent:
            rows.append([*head, *[NONE] * 5, f"not applicable: {harvest.absent[acronym]}"])
            continue
        tested, qualified = harvest.tested[acronym], harvest.qualified.get(acronym)
        fates = [each.fate for each in tested]
        rows.append(
            [
                *head,
                str(len(tested)),
                str(fates.count(Fate.INVALID)),
                str(fates.count(Fate.SURVIVED)),
                str(sum(f.killed for f in fates)),
                str(fates.count(Fate.KEPT)),
                qualified.fault.id if qualified else _none(row.search, tested),
            ]
        )
    headers = ("", "operator", "mutants", "invalid", "survived", "killed", "in the filter", "fault")
    return Summary(f"Mutants of {harvest.campaign.subject} by operator", headers, rows)


def _none(search: str, tested: Sequence[JudgedMutant]) -> str:
    """Why an operator that applies ended without a fault."""
    fates = {each.fate for each in tested}
    if Fate.KEPT in fates:
        return "none qualified"
    if fates & {Fate.TOO_WEAK, Fate.TOO_STRONG}:
        return "none in the filter"
    return "none killed"


def by_fault(harvest: Harvest) -> Summary:
    """The faults, each with what the search and the qualification measured."""
    metric = harvest.campaign.program.measure
    rows = []
    for acronym, each in harvest.qualified.items():
        fault = each.fault
        rows.append(
            [
                fault.id,
                acronym,
                fault.title,
                str(each.first.n),
                *_figures(each.first, metric),
                *_figures(each.again, metric),
                ", ".join(o.name for o in fault.operators)
                if fault.repairable
                else "not repairable",
            ]
        )
    figures = ("original", "mutant", "p", "d")
    headers = ("fault", "operator", "what is wrong", "n", *figures)
    again = tuple(f"{name}, again" for name in figures)
    title = f"Faults made of them: mean {metric.name} in the search and again, with fresh seeds"
    return Summary(title, (*headers, *again, "repair operator"), rows)


def _figures(verdict: KillVerdict, metric: Metric) -> list[str]:
    digits = metric.digits + 1
    return [
        f"{verdict.mean_original:.{digits}f}",
        f"{verdict.mean_mutant:.{digits}f}",
        _p(verdict.p),
        f"{verdict.d:.1f}",
    ]


def _p(p: float) -> str:
    return "< 1e-15" if p < 1e-15 else f"{p:.2g}"


def notes(harvest: Harvest) -> str:
    """Explanation of the figures in the summaries."""
    campaign = harvest.campaign
    return (
        f"n = {campaign.n} trainings of each program; seed {campaign.seed}, data {campaign.data}, "
        f"fraction {campaign.fraction:g}. Killed: p < 0.05 (Gaussian linear model) and Cohen's "
        "d >= 0.5 towards the worse. In the filter: accuracy 15 % to 90 % below the original's, "
        "or an error of 1.5 to 5 times the original's."
    )
