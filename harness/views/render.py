"""Scores and summary as tables for people: for the terminal (rich) and for Markdown.

Figures are rounded here and nowhere before, with the digits of their metric.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from rich.table import Table

from harness.analysis import statistics as stats
from harness.analysis.layout import MARK, NONE, Field, Header, Layout, fixed
from harness.analysis.protocols import Protocol
from harness.analysis.schemas import SETTING
from harness.records.clocks import REFERENCE
from harness.vocabulary import METRICS, CellStatus, HarnessError

SHORT_STATUS = {
    CellStatus.NOT_APPLICABLE.value: "N/A",
    CellStatus.NO_SYMPTOM.value: "none",
    CellStatus.TIMED_OUT.value: "T/O",
}
"""What a cell shows instead of figures, by status."""
SHORT_MEANING = {
    "N/A": "the technique does not apply",
    "none": "the technique saw no symptom",
    "T/O": "no trial was judged within the budget",
}
UNCONFIRMED = "°"
"""Marks a cell with winners that count by the one training for which they were chosen."""
TESTS = {"wilcoxon": "Wilcoxon signed-rank", "mannwhitney": "Mann-Whitney"}


def by_setting(scores: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The scores, one frame for each budget, clock, protocol and space."""
    for _, group in scores.groupby(SETTING, sort=True):
        yield group


def table3(
    scores: pd.DataFrame, protocol: Protocol, techniques: Sequence[str] | None = None
) -> Table:
    """Faults x techniques in the layout of the study's Table III, for the terminal.

    Args:
        scores: A frame of the table ``SCORES`` with one setting, see :func:`by_setting`.
        protocol: The protocol that made it.
        techniques: Which techniques to show, in order; by default all, as they occur.

    Raises:
        HarnessError: If the scores hold no setting, or several.
    """
    return table3_layout(scores, protocol, techniques).rich()


def table3_markdown(
    scores: pd.DataFrame, protocol: Protocol, techniques: Sequence[str] | None = None
) -> str:
    """:func:`table3` in Markdown."""
    return table3_layout(scores, protocol, techniques).markdown()


def summary_table(summary: pd.DataFrame, protocol: Protocol) -> Table:
    """One line per technique and setting, for the terminal.

    Args:
        summary: A frame of the table ``SUMMARY``.
        protocol: The protocol that made it.
    """
    return summary_layout(summary, protocol).rich()


def summary_markdown(summary: pd.DataFrame, protocol: Protocol) -> str:
    """:func:`summary_table` in Markdown."""
    return summary_layout(summary, protocol).markdown()


def table3_layout(
    scores: pd.DataFrame, protocol: Protocol, techniques: Sequence[str] | None = None
) -> Layout:
    """:func:`table3` as a layout, for every output."""
    settings = scores[SETTING].drop_duplicates()
    if len(settings) != 1:
        raise HarnessError(
            "a table of faults and techniques shows one budget, clock, protocol and space. "
            f"Found: {len(settings)} of them; `by_setting` splits them"
        )
    if scores.duplicated(["fault", "technique"]).any():
        raise HarnessError("a table of faults and techniques has one data variant of each fault")
    shown = list(dict.fromkeys(scores["technique"])) if techniques is None else list(techniques)
    setting = settings.iloc[0]
    marked = protocol.confirmed_counts and bool(scores["n_confirmed"].any())
    rows = []
    for _, of_fault in scores.groupby("fault", sort=False):
        first = of_fault.iloc[0]
        cells = {row["technique"]: row for _, row in of_fault.iterrows()}
        rows.append(
            [
                Field(first["fault"] + ("" if first["exposed"] else " †")),
                Field(_metric(first["faulty_mean"], first["metric"])),
                *(_cell(cells.get(name), marked) for name in shown),
                Field(_metric(first["fix_mean"], first["metric"])),
                Field(_seconds(first["training_time"])),
            ]
        )
    title = f"Repair at budget {setting['budget']:g}: mean (standard deviation) over the runs"
    headers = [
        Header("fault", "left"),
        Header("faulty"),
        *(Header(name, "left") for name in shown),
        Header("fix"),
        Header("T"),
    ]
    fields = {field.text for row in rows for field in row}
    return Layout(title, headers, rows, _notes3(scores, setting, protocol, fields))


def _meaning_of_t(clock: str) -> str:
    if clock == REFERENCE:
        return "one training of the faulty program on the reference machine, computed"
    return "median training time of the faulty program"


def _cell(row: pd.Series[Any] | None, marked: bool) -> Field:
    if row is None:
        return Field(NONE)
    if row["unjudged"] == row["n"]:
        # The row's status may be not_exposed, which hides why there is no value.
        return Field(SHORT_STATUS.get(row["status"], SHORT_STATUS[CellStatus.TIMED_OUT.value]))
    mean, std = _metric(row["mean"], row["metric"]), _metric(row["std"], row["metric"])
    starred = bool(row["significant"])
    open_ = f" {UNCONFIRMED}" if marked and _unconfirmed(row) else ""
    return Field(f"{mean} ({std}){MARK if starred else ''}{open_}", strong=starred)


def _unconfirmed(row: pd.Series[Any]) -> bool:
    """Whether a run of the cell has a winner that was not trained again."""
    return bool(row["n_confirmed"] < row["n"] - row["unjudged"])


def _notes3(
    scores: pd.DataFrame, setting: pd.Series[Any], protocol: Protocol, fields: set[str]
) -> list[str]:
    """Notes below the table; ``fields`` are the texts in it."""
    adjusted = f" after Holm over {_family(scores)}" if protocol.holm else ""
    direction = "a positive improvement rate" if protocol.require_ir_positive else "a better mean"
    starred = (
        f"{MARK} and bold: p < {protocol.alpha:g} in the two-sided {TESTS[protocol.test]} test of "
        f"patched against faulty{adjusted}, with {direction}."
    )
    lower = [name for name in dict.fromkeys(scores["metric"]) if not METRICS[name].higher_is_better]
    metrics = f"lower is better for {', '.join(lower)}" if lower else "higher is better"
    notes = [
        f"n = {_counts(scores['n'])} runs against {_counts(scores['n_baseline'])} trainings of the "
        f"faulty program; protocol {setting['protocol']}, clock {setting['clock']}, space "
        f"{setting['space']}, data {_of_faults(scores, 'data')}, fraction "
        f"{_of_faults(scores, 'fraction')}.",
        f"Holdout metric, {metrics}; T: {_meaning_of_t(setting['clock'])}, seconds.",
        starred,
    ]
    notes.append(f"The standard deviation is that of {_deviating(scores)}.")
    if protocol.confirmed_counts:
        times = int(scores["n_confirmed"].sum())
        notes.append(
            "A run counts as the mean of the re-trainings of its winner with fresh seeds "
            f"({times} of {int(scores['n'].sum())} runs have them)."
            if times
            else "No winner was trained again: a run counts by the one training for which its "
            "winner was chosen, which flatters it."
        )
    if any(UNCONFIRMED in field for field in fields):
        notes.append(
            f"{UNCONFIRMED} some winners were not trained again: they count by the one training "
            "for which they were chosen, which flatters them. Repeating the study's command trains "
            "them again."
        )
    if protocol.no_better_is_no_patch and (none := int(scores["no_patch"].sum())):
        notes.append(
            f"{none} of {int(scores['n'].sum())} runs return no patch and count as the faulty "
            "program: their winner does not beat it on the search part, or nothing was judged."
        )
    if hidden := list(dict.fromkeys(scores.loc[~scores["exposed"], "fault"])):
        notes.append(
            f"† not exposed, the baseline does not tell faulty from fixed: {', '.join(hidden)}."
        )
    notes += [f"{short}: {text}." for short, text in SHORT_MEANING.items() if short in fields]
    return [*notes, _power(scores, protocol)]


def _deviating(frame: pd.DataFrame) -> str:
    """What the standard deviations of a table deviate.

    The two kinds are told apart by technique or fault in the columns std_single and std_confirmed.
    """
    kinds = sorted({kind for kind in frame["std_of"].dropna() if kind})
    if kinds in (["single trainings"], ["means of re-trainings"]):
        return f"the runs' {kinds[0]}"
    if not kinds:
        return "nothing: there are no values"
    return (
        "single trainings and of means of re-trainings, which vary less: std_single and "
        "std_confirmed of scores.csv keep them apart"
    )


def _of_faults(scores: pd.DataFrame, column: str) -> str:
    """The values of a column, those after the most frequent one with the faults that have them."""
    usual, *others = scores[column].value_counts().index
    found = [_plain(usual)]
    for value in others:
        faults = dict.fromkeys(scores.loc[scores[column] == value, "fault"])
        found.append(f"{_plain(value)} ({', '.join(faults)})")
    return " or ".join(found)


def _family(scores: pd.DataFrame) -> str:
    """Size of the family of tests, of each if the table has cells of several."""
    found = sorted({int(tests) for tests in scores["tests"]})
    text = " or ".join(str(tests) for tests in found) or "0"
    beyond = " (the larger one: of cells that the plan does not declare)" if found[1:] else ""
    return f"the family of {text} cells of this budget{beyond}"


def _power(scores: pd.DataFrame, protocol: Protocol) -> str:
    """The smallest p-value and the smallest effect that as many runs could have shown."""
    tested = scores[scores[f"p_{protocol.test}"].notna()]
    if tested.empty:
        return "No cell could be tested."
    sizes = {(int(n), int(m)) for n, m in zip(tested["n"], tested["n_baseline"], strict=True)}
    n, m = min(sizes, key=lambda size: stats.smallest_p_rank_sum(*size))
    start = f"With n = {n} against {m}, the smallest p that the test can give is "
    if protocol.test == "wilcoxon":
        p = stats.smallest_p_signed_rank(n)
        return f"{start}{p:.2g}: all pairs differ one way."
    least = stats.smallest_p_rank_sum(n, m)
    family = int(tested["tests"].max()) if protocol.holm else 1
    start += f"{least:.2g}"
    if family > 1:
        start += f", {min(1.0, family * least):.2g} after Holm over {family} tests"
    approximate = list(dict.fromkeys(tested.loc[~tested["p_exact"], "fault"]))
    kind = (
        f" p-values are normal approximations on {', '.join(approximate)}."
        if approximate
        else " p-values are exact, given the ties."
    )
    alone = stats.smallest_a12(n, m, protocol.alpha)
    first = stats.smallest_a12(n, m, protocol.alpha / family)
    if alone is None:
        return f"{start}: no outcome can be significant.{kind}"
    if family == 1:
        return f"{start}; without ties, significance needs an A12 of at least {alone:.2f}.{kind}"
    strictest = f"at least {first:.2f}" if first is not None else "more than there is"
    return (
        f"{start}; without ties, significance needs an A12 of at least {alone:.2f} in a single "
        f"test and of {strictest} in the strictest of them.{kind}"
    )


def _counts(column: pd.Series[Any]) -> str:
    low, high = int(column.min()), int(column.max())
    return str(low) if low == high else f"{low}-{high}"


def summary_layout(summary: pd.DataFrame, protocol: Protocol) -> Layout:
    """:func:`summary_table` as a layout, for every output."""
    settings = [*SETTING[1:], "data", "fraction"]
    varying = [name for name in settings if summary[name].nunique() > 1]
    constant = [name for name in settings if summary[name].nunique() == 1]
    names = ["sign.", "rep.", "IR", "std", "compl.", "AJ", "trials", "train", "search", "other"]
    headers = [
        Header("technique", "left"),
        *(Header(name, "left") for name in varying),
        *(Header(name) for name in ["budget", "exposed", *names]),
    ]
    rows = [
        [
            Field(str(row["technique"])),
            *(Field(_plain(row[name])) for name in varying),
            Field(_plain(row["budget"])),
            Field(f"{row['exposed']}/{row['faults']}"),
            Field(str(row["significant"])),
            Field(str(row["repaired"])),
            Field(fixed(row["ir_median"], 2)),
            Field(fixed(row["std_mean"], 3)),
            Field(_before_after(row["complexity_median"], row["minimised_median"])),
            Field(fixed(row["aj_mean"], 2)),
            Field(fixed(row["trials_per_run"], 1)),
            *(Field(duration(row[f"{name}_seconds"])) for name in ("training", "search", "other")),
        ]
        for _, row in summary.iterrows()
    ]
    minimised = ", ".join(map(str, summary["n_minimised"]))
    cells = "significant cells" if protocol.summarise_significant_only else "faults"
    notes = [
        "; ".join(f"{name} {_plain(summary[name].iloc[0])}" for name in constant) + ".",
        "exposed: faults that the baseline exposes, of those with runs; sign.: faults with a "
        f"significant improvement; rep.: of these, with A12 ≥ {protocol.repaired_a12:g}.",
        f"IR: median improvement rate. std (accuracy only, of {_deviating(summary)}) and AJ "
        f"({protocol.aj}): means over the {cells}; compl.: median complexity of their patches"
        + (
            f" → of those minimised (runs, row by row: {minimised})."
            if any(summary["n_minimised"])
            else "."
        ),
        "trials: configurations per run; train, search, other: time over all runs, as measured.",
    ]
    return Layout("Techniques over all faults", headers, rows, notes if len(summary) else [])


def _before_after(before: float, after: float) -> str:
    """Both, if there is a value after."""
    return fixed(before, 2) + ("" if pd.isna(after) else f"→{fixed(after, 2)}")


def _metric(value: float, metric: str) -> str:
    return fixed(value, METRICS[metric].digits)


def _seconds(value: float) -> str:
    """Two significant digits or all before the point, so that short trainings can be compared.

    >>> _seconds(0.00634), _seconds(0.0757), _seconds(1.26), _seconds(253.2)
    ('0.0063', '0.076', '1.3', '253')
    """
    if pd.isna(value):
        return NONE
    return f"{value:.0f}" if value >= 10 else f"{float(f'{value:.2g}'):g}"


def duration(value: float) -> str:
    """A time in the unit that suits it.

    >>> duration(98.4), duration(1260), duration(86400)
    ('98 s', '21 min', '24.0 h')
    """
    if pd.isna(value):
        return NONE
    if value < 600:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
