"""The published figures beside those that the recorded trials give under ``icst23``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from harness.analysis.layout import MARK, NONE, Header, Layout, fixed, headed, plain_fields
from harness.analysis.published.answers import ALL, Answer
from harness.analysis.published.facts import (
    AUTOTRAINER,
    MAIN_BUDGET,
    REPETITIONS,
    read_published_json,
)
from harness.analysis.statistics import Floats
from harness.vocabulary import HarnessError

RESAMPLINGS = 100
SEED = 0
DIFFERS = "≠"


@dataclass
class Item:
    """One kind of printed figure."""

    name: str
    cells: int = 0
    agree: int = 0
    within: int = 0
    """Of those that disagree: drawn at random by the study, and within the range of the draws."""
    differ: list[str] = field(default_factory=list)

    def add(self, where: str, computed: str, printed: str, spread: Spread | None = None) -> None:
        self.cells += 1
        if computed == printed:
            self.agree += 1
            return
        inside = spread is not None and spread.holds(printed)
        self.within += inside
        seen = f" (draws reach {spread.low}-{spread.high})" if spread is not None else ""
        self.differ.append(f"{where}: {computed}, printed {printed}{seen}")


@dataclass(frozen=True, slots=True)
class Spread:
    """The range of a figure over many resamplings, as it would be printed."""

    low: str
    high: str

    @classmethod
    def of(cls, values: Floats, digits: int) -> Spread:
        return cls(f"{values.min():.{digits}f}", f"{values.max():.{digits}f}")

    def holds(self, printed: str) -> bool:
        return float(self.low) <= float(printed) <= float(self.high)


def agreement(answer: Answer) -> list[Item]:
    """Every printed figure that the trials determine, compared digit by digit.

    The text's figures are over all cells; they are left out where cells are missing.

    Args:
        answer: The study under ``icst23``.

    Raises:
        HarnessError: If the printed figures cannot be read.
    """
    path = answer.study.folder / "printed.json"
    printed = read_published_json(path)
    tool = _Resampled(answer)
    try:
        items = _table3(answer, printed["table3_budget20"], tool)
        return items + (_text(answer, printed["text"], tool) if answer.study.complete else [])
    except KeyError as error:
        raise HarnessError(f"{path} lacks the printed figure {error}") from None


def _table3(answer: Answer, printed: Mapping[str, Any], tool: _Resampled) -> list[Item]:
    means, deviations, marks = (
        Item(f"Table III, {what}, searchers") for what in ("means", "standard deviations", "marks")
    )
    tool_status, tool_values, tool_marks = (
        Item(f"Table III, {what}, AutoTrainer") for what in ("has a value", "mean and std", "marks")
    )
    for cell in _cells(answer):
        fault, technique = str(cell["fault"]), str(cell["technique"])
        entry, digits = printed[fault][technique], answer.study.facts[fault].decimals
        where = f"{fault} {technique}"
        mean, std = fixed(cell["mean"], digits), fixed(cell["std"], digits)
        printed_mean = fixed(entry["published_mean"], digits)
        printed_std = fixed(entry["published_std"], digits)
        mark = MARK if cell["significant"] else "none"
        printed_mark = MARK if entry["significant_published"] else "none"
        if technique != AUTOTRAINER:
            means.add(where, mean, printed_mean)
            deviations.add(where, std, printed_std)
            marks.add(where, mark, printed_mark)
            continue
        tool_status.add(where, str(mean != NONE), str(printed_mean != NONE))
        if NONE not in (mean, printed_mean):
            drawn = tool.values(fault)
            tool_values.add(
                f"{where} mean", mean, printed_mean, Spread.of(drawn.mean(axis=1), digits)
            )
            tool_values.add(f"{where} std", std, printed_std, Spread.of(drawn.std(axis=1), digits))
            tool_marks.add(where, mark, printed_mark)
    return [means, deviations, marks, tool_status, tool_values, tool_marks]


def _text(answer: Answer, printed: Mapping[str, Any], tool: _Resampled) -> list[Item]:
    cases = Item("comparable cases")
    cases.add("cases", str(answer.cases), str(printed["comparable_cases"]))
    marks = Item("significant comparable cases, by technique")
    for technique, entry in printed["significant_in_comparable"].items():
        marks.add(technique, str(answer.significant_in_comparable(technique)), str(entry))
    by_budget = Item("faults that Random improves, by budget")
    for budget, entry in printed["random_significant_by_budget"].items():
        by_budget.add(
            f"budget {budget}", str(answer.significant("random", int(budget))), str(entry)
        )
    rates = Item("median improvement rates, budget 20")
    for technique, entry in printed["median_IR_budget20"].items():
        median = answer.improvement_median(technique, MAIN_BUDGET).value
        rates.add(technique, fixed(median, 2), fixed(entry, 2))
    deviations = Item("mean standard deviations of significant cells")
    for technique, entry in printed["mean_sigma_of_significant"].items():
        spread = Spread.of(tool.mean_deviations(), 3) if technique == AUTOTRAINER else None
        mean = answer.mean_deviation(technique)
        deviations.add(technique, fixed(mean, 3), fixed(entry, 3), spread)
    jaccard = Item("asymmetric Jaccard of the searchers, mean and std")
    for name, real in (("AJ_hpo_real", True), ("AJ_hpo_artificial", False)):
        share = answer.jaccard("as_published", faults=answer.real(real))
        for computed, entry in zip(share[:2], printed[name], strict=True):
            jaccard.add(name, fixed(computed, 2), fixed(entry, 2))
    return [cases, marks, by_budget, rates, deviations, jaccard]


class _Resampled:
    """AutoTrainer's cells drawn again and again, as the study drew them once."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._drawn: dict[tuple[str, int], Floats] = {}

    def values(self, fault: str, budget: int = MAIN_BUDGET) -> Floats:
        """What the runs of many resamplings reach, of shape (resamplings, runs)."""
        if (fault, budget) not in self._drawn:
            self._drawn[fault, budget] = self._draw(fault, budget)
        return self._drawn[fault, budget]

    def _draw(self, fault: str, budget: int) -> Floats:
        executions = self._answer.study.executions
        rng = np.random.default_rng(SEED)
        if len(np.unique(executions.reached[fault])) == 1:
            return np.full((1, REPETITIONS), executions.reached[fault][0])
        best = [
            max(row.search or 0.0 for row in executions.draw(fault, budget, rng))
            for _ in range(RESAMPLINGS * REPETITIONS)
        ]
        return np.array(best).reshape(RESAMPLINGS, REPETITIONS)

    def mean_deviations(self) -> Floats:
        """The mean deviation of the significant cells, one value per resampling."""
        cells = self._answer.cells
        own = cells[(cells["technique"] == AUTOTRAINER) & cells["significant"]]
        decimals = self._answer.protocol.decimals or 15
        found = [
            self.values(fault, int(budget)).round(decimals).std(axis=1) * np.ones(RESAMPLINGS)
            for fault, budget in zip(own["fault"], own["budget"], strict=True)
        ]
        return np.asarray(np.mean(found, axis=0))


def _cells(answer: Answer) -> list[dict[str, Any]]:
    cells = answer.cells[answer.cells["budget"] == MAIN_BUDGET]
    return [{str(k): v for k, v in row.items()} for row in cells.to_dict("records")]


def agreement_layout(items: Sequence[Item]) -> Layout:
    """One row per kind of figure; what disagrees is listed below."""
    rows = [
        plain_fields(item.name, str(item.cells), str(item.agree), str(item.within or NONE))
        for item in items
    ]
    notes = [
        "drawn: AutoTrainer's runs are resampled from its executions with a generator whose order "
        f"was not fixed; the printed figure lies within the range of {RESAMPLINGS} resamplings.",
        "Faulty and fix columns, and AutoTrainer's complexity and asymmetric Jaccard, need lists "
        "that are not public.",
        *(line for item in items for line in item.differ),
    ]
    headers = [Header("printed figure", "left"), Header("cells"), Header("agree"), Header("drawn")]
    return Layout("Agreement with the paper", headers, rows, notes)


def side_by_side(answer: Answer) -> Layout:
    """Table III of budget 20, each cell beside the printed one where the two differ."""
    printed = read_published_json(answer.study.folder / "printed.json")["table3_budget20"]
    rows: dict[str, dict[str, str]] = {}
    for cell in _cells(answer):
        fault, technique = str(cell["fault"]), str(cell["technique"])
        entry, digits = printed[fault][technique], answer.study.facts[fault].decimals
        computed = _cell(cell["mean"], cell["std"], bool(cell["significant"]), digits)
        published = _cell(
            entry["published_mean"], entry["published_std"], entry["significant_published"], digits
        )
        same = "=" if computed == published else DIFFERS
        rows.setdefault(fault, {})[technique] = f"{computed} {same} {published}"
    return Layout(
        "Table III at budget 20: computed = printed",
        headed(["fault", *ALL], []),
        [
            plain_fields(fault, *(row.get(name, NONE) for name in ALL))
            for fault, row in rows.items()
        ],
        [f"{MARK}: significant. {DIFFERS}: the two differ. {NONE}: no value."],
    )


def _cell(mean: float | None, std: float | None, significant: bool, digits: int) -> str:
    if mean is None or pd.isna(mean):
        return NONE
    return f"{fixed(mean, digits)} ({fixed(std, digits)}){MARK if significant else ''}"
