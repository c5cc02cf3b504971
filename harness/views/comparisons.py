"""Techniques against each other, for people: in pairs, fault by fault, and by their profiles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from harness.analysis import ranks
from harness.analysis import statistics as stats
from harness.analysis.duels import compared, duels
from harness.analysis.layout import MARK, Field, Layout, fixed, headed, interval, plain_fields
from harness.analysis.runset import RunSet
from harness.analysis.schemas import DUELS, PAIRS, RANKS, RATE_PROFILES
from harness.records.tables import records
from harness.views.boards import OVER_ALL, two_lists
from harness.views.drawing import save
from harness.vocabulary import METRICS


def pair_board(study: RunSet) -> Layout:
    """One line per pair of techniques."""
    table = ranks.pairs(study)
    rows = [
        plain_fields(
            f"{row['first']} > {row['second']}",
            interval(row["probability"], row["low"], row["high"], 2),
            f"{row['wins']} / {row['losses']} of {row['faults']}",
            fixed(row["p_wilcoxon"], 3),
            fixed(row["p_holm"], 3),
        )
        for row in records(table)
    ]
    faults = len(study.rated)
    least = stats.smallest_p_signed_rank(faults) if faults else 1.0
    family = int(table["tests"].max()) if len(table) else 0
    possible = "can" if least * family < study.protocol.alpha else "cannot"
    return Layout(
        "Techniques in pairs",
        headed(["pair"], ["probability of improvement", "wins / losses", "p", "p (Holm)"]),
        rows,
        [
            "Probability that a run of the first is better than one of the second, mean A12 over "
            f"the faults. {OVER_ALL}",
            "wins / losses: faults on which the first is significantly better or worse "
            f"(Mann-Whitney, Holm over {_family(duels(study))}). p: signed-rank test of the mean "
            f"improvement rates over {faults} faults.",
            f"Smallest effect: with {faults} faults the signed-rank test {possible} reach "
            f"{study.protocol.alpha:g} after Holm over {family} pairs (smallest p "
            f"{least:.2g}). " + two_lists(study),
        ],
    )


def duel_board(study: RunSet) -> Layout:
    """One line per pair of techniques and fault."""
    return _duels(study, duels(study), "Techniques against each other, fault by fault")


def opponents_board(study: RunSet, first: str, second: str) -> Layout:
    """One line per fault: one technique against another."""
    return _duels(study, compared(study, first, second), f"{first} against {second}")


def _duels(study: RunSet, table: pd.DataFrame, title: str) -> Layout:
    rows = []
    for row in records(table):
        digits = METRICS[row["metric"]].digits
        better = row["better"]
        p = fixed(row["p_holm"], 4) + (MARK if better else "")
        parts = (
            row["fault"], row["first"], fixed(row["mean_first"], digits),
            row["second"], fixed(row["mean_second"], digits),
            f"{row['n_first']} / {row['n_second']}", fixed(row["a12"], 2),
            fixed(row["p_mannwhitney"], 4),
        )  # fmt: skip
        rows.append([*plain_fields(*parts), Field(p, strong=bool(better))])
    names = ["fault", "first", "mean", "second", "mean", "runs", "A12", "p", "p (Holm)"]
    headers = [
        *headed(names[:2], names[2:3]), *headed(names[3:4], names[4:]),
    ]  # fmt: skip
    deviations = study.scores["std_of"].dropna().unique()
    return Layout(
        title,
        headers,
        rows,
        [
            "A12: chance that a run of the first is better than one of the second. p: two-sided "
            f"Mann-Whitney; {_kind(table)}. {MARK} and bold: p (Holm) < {study.protocol.alpha:g}, "
            f"over {_family(table)}.",
            f"Means of holdout metrics; a run counts with {' or '.join(deviations) or 'nothing'}.",
            _smallest(table),
        ],
    )


def _family(table: pd.DataFrame) -> str:
    """Size of the family of direct comparisons, of each if there are several."""
    sizes = sorted({int(tests) for tests in table["tests"]})
    text = " or ".join(map(str, sizes)) or "0"
    beyond = " (the larger one: of techniques that the plan does not declare)" if sizes[1:] else ""
    return f"the family of {text} direct comparisons, all pairs on all faults{beyond}"


def _kind(table: pd.DataFrame) -> str:
    approximate = list(dict.fromkeys(table.loc[~table["p_exact"].astype(bool), "fault"]))
    if approximate:
        return f"a normal approximation on {', '.join(approximate)}"
    return "exact, given the ties"


def _smallest(table: pd.DataFrame) -> str:
    """The smallest p-value that so many runs can give."""
    sizes = {*zip(table["n_first"], table["n_second"], strict=True)}
    if not sizes:
        return "No fault has runs of both."
    n, m = min(sizes, key=lambda size: stats.smallest_p_rank_sum(int(size[0]), int(size[1])))
    least, family = stats.smallest_p_rank_sum(int(n), int(m)), int(table["tests"].max())
    return (
        f"Smallest p: with {n} runs against {m}, {least:.2g}; {min(1.0, family * least):.2g} after "
        f"Holm over {family} tests."
    )


def profile_board(study: RunSet) -> Layout:
    """Performance profiles: techniques by improvement rates, the share of runs that reach them."""
    table = ranks.profile_table(study)
    rows = [
        plain_fields(
            str(technique),
            *(interval(r["share"], r["low"], r["high"], 2) for r in records(of_technique)),
        )
        for technique, of_technique in table.groupby("technique", sort=False)
    ]
    return Layout(
        "Performance profiles: share of runs with at least an improvement rate",
        headed(["technique"], [f"rate >= {rate:g}" for rate in ranks.PROFILE_RATES]),
        rows,
        [f"Over {len(study.rated)} faults, which weigh the same. {OVER_ALL}"],
    )


def write_comparison(study: RunSet, layouts: Sequence[Layout], folder: Path) -> Path:
    """The tables of a comparison as CSV and Markdown, its figures as PDF and PNG.

    Returns:
        The folder.
    """
    from harness.views.figures import profiles, superiorities

    tables = (
        (DUELS, duels(study)),
        (PAIRS, ranks.pairs(study)),
        (RANKS, ranks.ranks(study)),
        (RATE_PROFILES, ranks.profile_table(study)),
    )
    for schema, frame in tables:
        schema.write(frame, folder / f"{schema.name}.csv")
    text = "\n".join(layout.markdown() for layout in layouts)
    (folder / "compare.md").write_text(text, encoding="utf-8")
    save(profiles(study), folder / "figures", "profiles")
    save(superiorities(study), folder / "figures", "pairs")
    return folder
