"""The tables across faults, for people: ranks, pairs, targets, audits, missing runs.

The notes of a table state the smallest effect that so many runs and faults could have shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import pandas as pd

from harness.analysis import anytime, ranks, trust
from harness.analysis import statistics as stats
from harness.analysis.layout import NONE, Header, Layout, fixed, headed, interval, plain_fields
from harness.analysis.reference import exposure
from harness.analysis.runset import RunSet
from harness.records.tables import Table, records
from harness.vocabulary import METRICS

MILESTONES = (1, 2, 5, 10, 15, 20, 30, 40, 50)
"""Budgets at which the anytime table is read, as far as a study goes."""

OVER_ALL = "Intervals: 95 % percentile bootstrap over subjects, their faults and their runs."

_WITHOUT = {
    "worst": "Missing while half of the runs have nothing judged.",
    "faulty_mean": "A run that has judged nothing yet counts as the faulty program.",
}
"""What stands for a run without a judged trial, by the protocol's choice."""


def progress_board(study: RunSet) -> Layout:
    """The anytime curve over the faults, at some budgets."""
    found = records(anytime.progress(study))
    shown = [b for b in MILESTONES if b <= study.budget]
    rows = []
    for technique in study.techniques:
        reached = {r["budget"]: r for r in found if r["technique"] == technique}
        rows.append(
            plain_fields(technique, *(cell_of(reached.get(budget), "ir") for budget in shown))
        )
    return Layout(
        "Improvement rate reached by each budget: median over the faults of the median run",
        headed(["technique"], [f"{budget} T" for budget in shown]),
        rows,
        [
            f"{len(study.rated)} faults with an improvement rate. 0 is the faulty program, 1 the "
            f"fix. {_WITHOUT[study.protocol.unjudged]} {OVER_ALL}"
        ],
    )


def area_board(study: RunSet) -> Layout:
    """Area under the anytime curve, faults by techniques."""
    found = {(r["fault"], r["technique"]): r for r in records(anytime.areas(study))}
    rows = [
        plain_fields(fault, *(cell_of(found.get((fault, t)), "area") for t in study.techniques))
        for fault in study.faults
    ]
    return Layout(
        f"Area under the anytime curve up to budget {study.budget:g}",
        headed(["fault"], study.techniques),
        rows,
        [
            "Mean share of the gap between fault and fix that is closed, over runs and budgets; "
            "rates below 0 count as 0, above 1 as 1. Intervals: 95 % bootstrap over the runs.",
            two_lists(study),
        ],
    )


def rank_board(study: RunSet) -> Layout:
    """One line per technique: mean rank, interquartile mean, area."""
    rows = [
        plain_fields(
            row["technique"],
            fixed(row["mean_rank"], 2),
            cell_of(row, "iqm"),
            cell_of(row, "area"),
        )
        for row in records(ranks.ranks(study))
    ]
    test = ranks.friedman(ranks.rank_table(study))
    faults, many = len(ranks.shared_faults(study)), len(study.techniques)
    notes = [
        f"Mean rank by mean holdout metric over {faults} faults; 1 is best. Interquartile mean of "
        f"the improvement rates of all runs, over {len(study.rated)} faults. {OVER_ALL}",
    ]
    if test is None:
        notes.append("Friedman's test needs three techniques and two faults that all of them have.")
    else:
        difference = ranks.critical_difference(faults, many, study.protocol.alpha)
        notes.append(
            f"Friedman: chi-squared {test.statistic:.2f}, p = {test.p:.3g}. Faults of one subject "
            "count as independent there, which they are not."
        )
        notes.append(
            f"Smallest effect: with {faults} faults, mean ranks must differ by "
            f"{difference:.2f} (Nemenyi, {many} techniques, {study.protocol.alpha:g})."
        )
    return Layout(
        "Techniques over all faults: ranks and aggregates",
        headed(["technique"], ["mean rank", "interquartile mean", "area"]),
        rows,
        notes,
    )


def target_board(study: RunSet) -> Layout:
    """Techniques by targets: how many runs reach them, and at which expected cost."""
    table = anytime.targets(study)
    rows = []
    for technique in study.techniques:
        of_technique = table[table["technique"] == technique]
        parts = (of_technique[of_technique["target"] == t] for t in anytime.IR_TARGETS)
        rows.append(plain_fields(technique, *map(_reached, parts)))
    return Layout(
        "Targets: runs that reach an improvement rate, and its expected running time",
        headed(["technique"], [f"rate ≥ {target:g}" for target in anytime.IR_TARGETS]),
        rows,
        [
            "Runs that reach it of all, faults on which any does of all, and the median over the "
            "faults of the expected running time with restarts; ∞ where most faults see no "
            "success. By fault in targets.csv.",
            two_lists(study),
        ],
    )


def _reached(of: pd.DataFrame) -> str:
    """One field of the targets: the rows of one technique and target."""
    if of.empty:
        return "-"
    once = int((of["reached"] > 0).sum())
    cost = fixed(median(of["running_time"]), 1)
    return f"{of['reached'].sum()}/{of['n'].sum()} on {once}/{len(of)}, {cost} T"


def audit_board(audited: pd.DataFrame) -> Layout:
    """The A/A audit and what was planted."""
    rows = [
        plain_fields(
            row["test"],
            f"{row['planted']:.0%}" if row["planted"] else "nothing",
            str(row["comparisons"]),
            interval(row["rate"], row["low"], row["high"], 3),
            _audited(row),
        )
        for row in records(audited)
    ]
    return Layout(
        "Audit: Random against Random, and differences that were planted",
        [
            *headed(["groups and test"], ["planted in", "comparisons", "rejected (95 % interval)"]),
            *headed(["verdict"], []),
        ],
        rows,
        [
            "replays: runs put together anew from the recorded trials of that technique, drawn "
            "with replacement until the budget is spent; both groups alike by construction, so "
            "each rejection is a false alarm. halves: the recorded runs split in two at random; "
            "the splits of a fault share its runs, so the interval is too narrow.",
            "planted: so many of the runs of one group were given a result better than all "
            f"others. Passed: the interval does not lie above {audited['nominal'].iloc[0]:g}; "
            f"found in at least {trust.MUST_FIND:.0%} where all runs were given it.",
        ],
    )


def _audited(row: Mapping[str, Any]) -> str:
    if row["planted"] == 0:
        return "passed" if row["low"] <= row["nominal"] else "TOO MANY"
    if row["planted"] < 1:
        return "power"
    return "found" if row["rate"] >= trust.MUST_FIND else "NOT FOUND"


def multiverse_board(table: pd.DataFrame) -> Layout:
    """Claims, in what share of the universes they hold, and which choice matters most to each."""
    rows = []
    for claim, of_claim in table.groupby("claim", sort=False):
        whole = of_claim[of_claim["choice"].isna()].iloc[0]
        if not whole["universes"]:
            rows.append(plain_fields(str(claim), "-", "-", "nothing to decide it by"))
            continue
        parts = of_claim[of_claim["choice"].notna() & (of_claim["universes"] > 0)]
        shares = (parts["holds"] / parts["universes"]).astype(float)
        spread = shares.groupby(parts["choice"]).agg(lambda s: s.max() - s.min())
        first = str(spread.idxmax())
        options = [
            f"{row['option']} {row['holds'] / row['universes']:.0%}"
            for _, row in parts[parts["choice"] == first].iterrows()
        ]
        decisive = f"{first}: {', '.join(options)}" if spread.max() > 0 else "none"
        share = whole["holds"] / whole["universes"]
        rows.append(plain_fields(str(claim), f"{share:.0%}", str(whole["universes"]), decisive))
    return Layout(
        "Multiverse: in what share of all analyses does a claim hold?",
        [
            *headed(["claim, as the study's own protocol has it"], ["holds in", "universes"]),
            *headed(["choice that matters most"], []),
        ],
        rows,
        [
            "A universe is one combination of the protocol's choices: "
            + ", ".join(dict.fromkeys(table["choice"].dropna()))
            + ". By option in multiverse.csv."
        ],
    )


def exposure_board(study: RunSet) -> Layout:
    """Faults that the baseline does not expose: their improvement rates would be noise."""
    rows = []
    for fault in study.faults:
        base = study.baseline(fault)
        found = exposure(base, study.protocol)
        if found.exposed:
            continue
        row = study.scores[study.scores["fault"] == fault].iloc[0]
        digits = METRICS[base.metric].digits
        rows.append(
            plain_fields(
                fault,
                fixed(row["faulty_mean"], digits),
                fixed(row["fix_mean"], digits),
                fixed(found.p, 3),
                fixed(found.a12, 2),
            )
        )
    n = min(len(study.baseline(f).faulty_holdout) for f in study.faults)
    m = min(len(study.baseline(f).fixed_holdout) for f in study.faults)
    least = stats.smallest_a12(n, m, study.protocol.exposure_alpha) if n and m else None
    return Layout(
        f"Faults that do not qualify: {len(rows)} of {len(study.faults)}",
        headed(["fault"], ["faulty mean", "fix mean", "p", "A12"]),
        rows,
        [
            "Not exposed: the trainings of faulty and fixed program do not differ (two-sided "
            f"Mann-Whitney p < {study.protocol.exposure_alpha:g} and A12 of at least "
            f"{study.protocol.exposure_a12:g}).",
            f"Smallest effect: with {n} against {m} trainings, an A12 of {fixed(least, 2)}.",
        ],
    )


def missing_board(study: RunSet) -> Layout:
    """Runs that are planned and not made."""
    counts = Counter((cell.technique, cell.fault) for cell in study.missing)
    rows = []
    for technique in dict.fromkeys(technique for technique, _ in counts):
        of = {fault: n for (whose, fault), n in counts.items() if whose == technique}
        faults = ", ".join(f"{fault} {n}" for fault, n in of.items())
        rows.append(plain_fields(technique, faults, str(sum(of.values()))))
    whole = len(study.missing) + len(study.runs)
    return Layout(
        f"Missing: {len(study.missing)} of {whole} runs",
        headed(["technique", "faults and runs"], ["runs missing"]),
        rows,
        [],
    )


def data_board(study: RunSet) -> Layout:
    """Faults whose data are not the subject's default: stand-ins and variants."""
    rows = [plain_fields(fault, data) for fault, data in study.data.items() if data != "default"]
    return Layout(
        f"Stand-in data and other variants: {len(rows)} of {len(study.faults)} faults",
        headed(["fault", "data"], []),
        rows,
        ["stand_in: synthetic arrays in place of a data set that was not at hand."] if rows else [],
    )


def cell_of(row: Mapping[str, Any] | None, name: str) -> str:
    """A column of a row with the ends of its interval; nothing if there is no such row."""
    return interval(row[name], row[f"{name}_low"], row[f"{name}_high"], 2) if row else NONE


def two_lists(study: RunSet) -> str:
    """The smallest A12 that a comparison of two techniques on one fault could find."""
    counts: Sequence[int] = [int(n) for n in study.scores["n"]]
    n = min(counts)
    least = stats.smallest_a12(n, n, study.protocol.alpha)
    start = f"Smallest effect on one fault, {n} runs against {n}: "
    return start + ("none can be significant." if least is None else f"an A12 of {least:.2f}.")


def schema_board(schema: Table, frame: pd.DataFrame) -> Layout:
    """Any table of a study, a row of the frame a line, with the meaning of its columns below.

    Floats have four significant digits.
    """
    return Layout(
        f"Table {schema.name}",
        [Header(c.name, "left" if c.type == "str" else "right") for c in schema.columns],
        [
            plain_fields(*(_plain_value(row[name]) for name in schema.names))
            for _, row in frame.iterrows()
        ],
        [f"{c.name}: {c.meaning}" + (f" ({c.unit})." if c.unit else ".") for c in schema.columns],
    )


def _plain_value(value: Any) -> str:
    """
    >>> _plain_value(0.123456), _plain_value(12), _plain_value(float("nan"))
    ('0.1235', '12', '-')
    """
    if pd.isna(value):
        return NONE
    return f"{value:.4g}" if isinstance(value, float) else str(value)
