"""What the baseline of a fault says of it: does it show, and how much is lost?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from harness.analysis import statistics as stats
from harness.analysis.criterion import LARGEST_RATIO, LEAST_DROP, LEAST_RATIO, LEAST_SHARE
from harness.analysis.protocols import Protocol
from harness.analysis.reference import exposure
from harness.analysis.schemas import QUALIFICATION
from harness.records.baseline import Baseline
from harness.subjects.fault import Fault
from harness.vocabulary import METRICS

KEY = ["fault", "data", "fraction", "n"]
"""The columns that tell one qualification from another."""
QUALIFICATION_FILE = Path("tables") / "qualification.csv"
"""Where a results folder keeps the table."""


def qualify(baseline: Baseline, protocol: Protocol) -> dict[str, Any]:
    """One row of the table ``QUALIFICATION``."""
    shown = exposure(baseline, protocol)
    n = len(baseline.faulty_holdout) + baseline.faulty_unjudged
    drop = lost(baseline)
    higher = METRICS[baseline.metric].higher_is_better
    return {
        "fault": baseline.fault,
        "data": baseline.data,
        "fraction": baseline.fraction,
        "n": n,
        "device": baseline.device,
        "metric": baseline.metric,
        **_spread("faulty", baseline.faulty_holdout),
        "faulty_unjudged": baseline.faulty_unjudged,
        **_spread("fixed", baseline.fixed_holdout),
        "fixed_unjudged": baseline.fixed_unjudged,
        "p": shown.p,
        "a12": shown.a12,
        "exposed": shown.exposed,
        "least_p": stats.smallest_p_rank_sum(n, n),
        "drop": drop,
        "inside_filter": None if drop is None else inside_filter(drop, higher_is_better=higher),
        "training_time": baseline.training_time,
        "content": baseline.content[:12],
    }


def _spread(which: str, values: Any) -> dict[str, float | None]:
    return {
        f"{which}_mean": fmean(values) if values else None,
        f"{which}_sd": stdev(values) if len(values) > 1 else None,
    }


def lost(baseline: Baseline) -> float | None:
    """Share of the fixed program's accuracy that the fault costs; of an error, its multiple.

    Trainings without a value do not count. None if a program has no value at all.
    """
    if not baseline.faulty_holdout or not baseline.fixed_holdout:
        return None
    faulty, fixed = fmean(baseline.faulty_holdout), fmean(baseline.fixed_holdout)
    if METRICS[baseline.metric].higher_is_better:
        return (fixed - faulty) / fixed if fixed else None
    return faulty / fixed if fixed else None


def inside_filter(drop: float, *, higher_is_better: bool) -> bool:
    """Whether the study would keep a mutant that loses so much.

    Source: Kim et al., ICST 2023, section III-A: accuracy at least 15 % lower but not below a tenth
    of the original's, read as shares of it; an error of 1.5 to 5 times the original's.

    >>> inside_filter(0.14, higher_is_better=True)
    False
    """
    if higher_is_better:
        return LEAST_DROP <= drop <= 1 - LEAST_SHARE
    return LEAST_RATIO <= drop <= LARGEST_RATIO


def read_qualification(results: Path) -> pd.DataFrame:
    """The table of a results folder; empty if there is none."""
    path = results / QUALIFICATION_FILE
    return QUALIFICATION.read(path) if path.exists() else QUALIFICATION.frame([])


def update_qualification(results: Path, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Put rows into the table of a results folder; one with the same key is replaced.

    Returns:
        The whole table, in the order of its key.
    """
    new = QUALIFICATION.frame(rows)
    old = read_qualification(results)
    kept = old[~old[KEY].apply(tuple, axis=1).isin(new[KEY].apply(tuple, axis=1))]
    table = pd.concat([kept, new]) if len(kept) else new
    table = table.sort_values(KEY, ignore_index=True)
    QUALIFICATION.write(table, results / QUALIFICATION_FILE)
    return table


def best_row(fault: Fault, table: pd.DataFrame) -> Mapping[str, Any] | None:
    """What was measured of a fault as it is now: with most trainings, then with most data."""
    return _last(_current(fault, table), ["n", "fraction"])


def whole_row(fault: Fault, table: pd.DataFrame) -> Mapping[str, Any] | None:
    """What was measured of a fault as it is now with all of its data: with most trainings."""
    rows = _current(fault, table)
    return _last(rows[rows["fraction"] == 1], ["n"])


def _current(fault: Fault, table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["fault"] == fault.id) & (table["content"] == fault.content[:12])]


def _last(rows: pd.DataFrame, order: list[str]) -> Mapping[str, Any] | None:
    if rows.empty:
        return None
    return {str(k): v for k, v in rows.sort_values(order).iloc[-1].items()}


def exposure_verdict(row: Mapping[Any, Any], protocol: Protocol) -> str:
    """Whether a qualification exposes the fault, in a word or two.

    Too few trainings cannot: three against three give p = 0.1 at best.
    """
    if row["exposed"]:
        return "yes"
    too_few = not row["least_p"] < protocol.exposure_alpha
    return "too few" if too_few and row["a12"] >= protocol.exposure_a12 else "no"
