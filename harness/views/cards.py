"""The evidence card of a fault: all that is known of it, on one page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from harness.analysis import qualification
from harness.analysis.protocols import CORRECTED
from harness.data import DATA_SETS, STAND_IN
from harness.data.sets import find
from harness.space.derivation import derive
from harness.space.operators import operator_of
from harness.subjects.fault import Fault
from harness.vocabulary import METRICS, HarnessError

WIDTH, INDENT = 100, 14


def card(fault: Fault, table: pd.DataFrame, reference_time: float | None = None) -> str:
    """The card, lines of up to 100 characters.

    Args:
        table: A frame of the table ``QUALIFICATION``.
        reference_time: T on all data, seconds of the reference machine; None if not computed.
    """
    subject = fault.subject
    direction = "higher" if subject.measure.higher_is_better else "lower"
    about = f"{subject.name}: {subject.title}; {subject.metric}, {direction} is better"
    lines = [f"{fault.id}: {fault.title}", *_entry("subject", f"{about}; {fault.kind} fault")]
    if fault.deprecated:
        lines += _entry("withdrawn", fault.deprecated)
    lines += _entry("source", fault.source)
    lines += _entry("origin", ", ".join(f"{key} {value}" for key, value in fault.origin.items()))
    lines += _entry("what is wrong", fault.description or fault.title)
    for name, (faulty, fixed) in fault.ground_truth.items():
        lines += _entry("repair", f"{name}: {faulty} -> {fixed} ({_reach(fault, name)})")
    lines += _entry("published", published_figures(fault) or "nothing")
    if reference_time is not None:
        seconds = two_digits(reference_time)
        lines += _entry("T", f"{seconds} s on the reference machine, all data, computed")
    lines += [line for row in measurements(fault, table) for line in _entry("measured", row)]
    lines += _entry("data", _data(fault))
    for label, texts in (
        ("also repairs", fault.other_fixes),
        ("deviation", fault.deviations),
        ("semantics", subject.semantics),
    ):
        lines += [line for text in texts for line in _entry(label, text)]
    return "\n".join(lines)


def _entry(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        f"{label:<{INDENT}}{text}", WIDTH, subsequent_indent=" " * INDENT, break_on_hyphens=False
    )


def _reach(fault: Fault, name: str) -> str:
    operator = operator_of(name)
    if operator is None:
        return "no operator reaches it"
    domain = derive(fault.faulty, fault.subject.context).domains[name]
    where = "inside" if fault.fixed[name] in domain else "outside"
    return f"operator {operator.name}, {where} the corrected space"


def published_figures(fault: Fault) -> str:
    """The study's figures of a fault, one line of text; '' if there are none."""
    figures, digits = fault.published, fault.subject.measure.digits
    parts = []
    for name in ("faulty", "fixed"):
        if name in figures:
            parts.append(f"{name} {figures[name]:.{digits}f}")
    if "again" in figures:
        spread = f" (sd {figures['again_sd']:.3f})" if "again_sd" in figures else ""
        parts.append(f"faulty re-evaluated {figures['again']:.3f}{spread}")
    if "hyperparameters" in figures:
        parts.append(f"{figures['hyperparameters']:g} hyperparameters")
    if "training_time" in figures:
        parts.append(f"T {figures['training_time']:g} s")
    return ", ".join(parts)


def measurements(fault: Fault, table: pd.DataFrame) -> Iterator[str]:
    """What this project measured: one line of text for each setting."""
    rows = table[table["fault"] == fault.id]
    if rows.empty:
        yield f"nothing yet; dnn-repair baseline plan=icst23 plan.faults={fault.id} measures it"
    for row in rows.to_dict("records"):
        old = "" if row["content"] == fault.content[:12] else "; of an earlier version of the fault"
        yield (
            f"{mean_and_spread(row, 'faulty')} against {mean_and_spread(row, 'fixed')}; "
            f"p {two_digits(row['p'])}, A12 {two_digits(row['a12'])}, "
            f"exposed: {qualification.exposure_verdict(row, CORRECTED)}; {size_of_fault(row)}; "
            f"T {two_digits(row['training_time'])} s; n {row['n']}, data {row['data']}, fraction "
            f"{row['fraction']:g}, {row['device']}{old}"
        )


def mean_and_spread(row: Mapping[Any, Any], which: str) -> str:
    """Mean and standard deviation of one program, and how many of its trainings have no value.

    >>> row = {"metric": "mae", "n": 3, "faulty_mean": 1.0, "faulty_sd": 0.25, "faulty_unjudged": 1}
    >>> mean_and_spread(row, "faulty")
    '1.000 (0.250), 1 of 3 diverged'
    """
    digits = METRICS[row["metric"]].digits
    unjudged = int(row[f"{which}_unjudged"])
    diverged = f"{unjudged} of {row['n']} diverged" if unjudged else ""
    if unjudged == row["n"]:
        return diverged
    mean, sd = row[f"{which}_mean"], row[f"{which}_sd"]
    text = f"{mean:.{digits}f}" + ("" if pd.isna(sd) else f" ({sd:.{digits}f})")
    return f"{text}, {diverged}" if unjudged else text


def size_of_fault(row: Mapping[Any, Any]) -> str:
    """How much the fault costs, and whether the study's filter would keep it."""
    if pd.isna(row["drop"]):
        return "no drop without values"
    inside = "inside" if row["inside_filter"] else "outside"
    if METRICS[row["metric"]].higher_is_better:
        return f"drop {row['drop']:.0%}, {inside} the study's filter"
    return f"{row['drop']:.1f} times the error, {inside} the study's filter"


def two_digits(value: float) -> str:
    """Two digits.

    >>> two_digits(0.1234), two_digits(134.0), two_digits(float("nan"))
    ('0.12', '134', '-')
    """
    if pd.isna(value):
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}"


def _data(fault: Fault) -> str:
    subject = fault.subject
    if not subject.data_set:
        return f"the subject's own; variants {', '.join(subject.variants)}"
    title = DATA_SETS[subject.data_set].title
    try:
        where = f"read from {find(subject.data_set)}"
    except HarnessError:
        where = f"not here (make data, or plan.stand_ins=[{subject.data_set}])"
    stand_in = f"; stand-in: variant {STAND_IN}" if STAND_IN in subject.variants else ""
    return f"{title}: {where}{stand_in}"
