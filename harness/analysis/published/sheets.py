"""The study's figures and claims as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Literal

from harness.analysis.layout import NONE, Header, Layout, fixed, headed, interval, plain_fields
from harness.analysis.protocols import Protocol
from harness.analysis.published.answers import ALL, Answer, Box
from harness.analysis.published.claims import STEPS, Judgement
from harness.analysis.published.diagnostics import Behaviour
from harness.analysis.published.facts import BUDGETS, MAIN_BUDGET, TECHNIQUES

BOX = ("n", "low", "q1", "median", "q3", "high", "outliers")
WAYS: tuple[tuple[Literal["as_published", "as_defined"], str], ...] = (
    ("as_published", "as coded"),
    ("as_defined", "as defined"),
)
"""Formulas of the asymmetric Jaccard."""


def improvement_sheet(answer: Answer) -> Layout:
    """Figure 1."""
    rows = [
        plain_fields(technique, str(budget), *_box(answer.improvement_box(technique, budget), 3))
        for technique in ALL
        for budget in BUDGETS
    ]
    return Layout(
        f"Figure 1: improvement rates over the faults, protocol {answer.protocol.name}",
        headed(["technique"], ["budget", *BOX]),
        rows,
        ["low and high: whiskers, at most 1.5 interquartile ranges from the box."],
    )


def values(answer: Answer, faults: Sequence[str]) -> Layout:
    """Figure 2, for any faults.

    Raises:
        HarnessError: If a fault has no published runs.
    """
    rows = [
        plain_fields(
            fault, technique, str(budget), *_box(answer.values(fault, technique, budget), 3)
        )
        for fault in faults
        for technique in TECHNIQUES
        for budget in BUDGETS
    ]
    clamp = "the first faulty value takes the place of what is worse"
    own = "as in the tables"
    return Layout(
        f"Figure 2: what the runs reach, protocol {answer.protocol.name}",
        headed(["fault", "technique"], ["budget", *BOX]),
        rows,
        [f"Holdout metric; {clamp if answer.protocol.figure_falls_back_to_first else own}."],
    )


def complexity_sheet(answer: Answer) -> Layout:
    """Figure 3."""
    rows = [
        plain_fields(fault, fixed(answer.fix_complexity(fault), 3), *_box(drawn, 3))
        for fault in dict.fromkeys(answer.cells["fault"])
        if (drawn := answer.complexity_box(fault))
    ]
    return Layout(
        f"Figure 3: complexity of patches, protocol {answer.protocol.name}",
        headed(["fault"], ["fix", *BOX]),
        rows,
        [
            "Patches of significant cells at budget 20, all searchers; fix: the developers' fix.",
            "AutoTrainer's patches are not recorded.",
        ],
    )


def summary_sheet(answer: Answer) -> Layout:
    """Counts, improvement rates and deviations, by technique."""
    rows = []
    for technique in ALL:
        counts = [str(answer.significant(technique, budget)) for budget in BUDGETS]
        rates = [answer.improvement_median(technique, budget) for budget in BUDGETS]
        rows.append(
            plain_fields(
                technique,
                *counts,
                str(answer.significant_in_comparable(technique)),
                *(interval(*rate, 2) for rate in rates),
                fixed(answer.mean_deviation(technique), 3),
                fixed(answer.mean_deviation(technique, significant_only=False), 3),
            )
        )
    return Layout(
        f"Techniques, protocol {answer.protocol.name}",
        headed(
            ["technique"],
            [
                *(f"sign. {budget}" for budget in BUDGETS),
                f"of {answer.cases}",
                *(f"IR {budget}" for budget in BUDGETS),
                "std",
                "std all",
            ],
        ),
        rows,
        [
            "sign.: faults that a technique improves significantly, by budget; "
            f"of {answer.cases}: the same in the cases in which AutoTrainer can be compared.",
            "IR: median improvement rate over the faults, with its 95 % bootstrap interval "
            "(subjects, then faults).",
            "std: mean standard deviation over the significant comparable cells, and over all.",
        ],
    )


def jaccards(answer: Answer) -> Layout:
    """Asymmetric Jaccard, as coded and as defined."""
    rows = []
    for kind, faults in (("real", answer.real(True)), ("artificial", answer.real(False))):
        for way, label in WAYS:
            for only in (True, False):
                share = answer.jaccard(way, faults=faults, significant_only=only)
                cells = "significant" if only else "all"
                rows.append(
                    plain_fields(
                        kind,
                        label,
                        cells,
                        str(share.n),
                        fixed(share.mean, 3),
                        fixed(share.std, 3),
                    )
                )
    return Layout(
        f"Asymmetric Jaccard of the searchers' patches, protocol {answer.protocol.name}",
        headed(["faults", "formula", "cells"], ["patches", "mean", "std"]),
        rows,
        ["as coded: the study's scripts compare the patch with the fix, not with the fault."],
    )


def judgements(found: Sequence[Judgement]) -> Layout:
    """Claim, published, corrected, verdict, why."""
    rows = [plain_fields(j.claim, j.published, j.corrected, j.verdict.value, j.why) for j in found]
    headers = [Header(n, "left") for n in ("claim", "published", "corrected", "verdict", "why")]
    return Layout("What remains of the claims", headers, rows, VERDICT_NOTES)


VERDICT_NOTES = (
    "Figures are in the order Random, HEBO, BOHB. why: the corrections, in the order in "
    "which they are made, that change the figures, each with the figures after it.",
    "stands: the claim holds and keeps nine tenths of its size; weakens: it holds with less; "
    "falls: it does not hold; not even as published: it does not follow from published figures.",
)


def corrections(path: Sequence[Answer]) -> Layout:
    """What each correction does, one after the other."""
    rows = []
    for step, answer in zip(STEPS, path, strict=True):
        cells = answer.cells
        searchers = cells[cells["technique"].isin(TECHNIQUES)]
        counts = [answer.significant(t, MAIN_BUDGET) for t in ALL]
        comparable = [answer.significant_in_comparable(t) for t in ALL]
        rates = [answer.improvement_median(t, MAIN_BUDGET).value for t in TECHNIQUES]
        rows.append(
            plain_fields(
                step.name,
                f"{int(searchers['significant'].sum())} of {len(searchers)}",
                ", ".join(map(str, counts)),
                ", ".join(map(str, comparable)),
                ", ".join(fixed(rate, 2) for rate in rates),
            )
        )
    return Layout(
        "What each correction does; those above it stay made",
        headed(
            ["correction"],
            ["significant cells", "faults at 20", "comparable cases", "median IR at 20"],
        ),
        rows,
        [f"In the order {', '.join(ALL)}; the cells and rates are those of the searchers."],
    )


def behaviours(found: Behaviour, executions: tuple[int, int]) -> Layout:
    """How the searchers searched.

    Args:
        executions: Faults on which all executions of AutoTrainer reach one value, and all faults.
    """
    same, tried = executions
    length = [n for n in found.fixed_list.values() if n is not None]
    never = [name for name, n in found.fixed_list.items() if n is None]
    rows = [
        *(
            plain_fields(f"HEBO: trials from its fixed list, budget {budget}", f"{share:.0%}")
            for budget, share in found.from_fixed_list.items()
        ),
        plain_fields(
            "HEBO: first trial in which the runs of a fault differ",
            f"{min(length)}-{max(length)}; never: {', '.join(never) or 'none'}",
        ),
        *(
            plain_fields(f"{technique}: late trials, values as in the best so far", f"{share:.1%}")
            for technique, share in found.agreement.items()
        ),
        plain_fields(
            "random: trials that another run of the cell tries too",
            ", ".join(f"{fault} {share:.0%}" for fault, share in found.repeated.items()) or NONE,
        ),
        plain_fields("trials that crash", f"{found.crashed:.0%}"),
        *(
            plain_fields(f"crashes: {cause}", f"{share:.1%}")
            for cause, share in found.causes.items()
        ),
        plain_fields(
            "AutoTrainer: faults on which all executions reach one value", f"{same} of {tried}"
        ),
    ]
    return Layout(
        "How the study's techniques searched",
        [Header("behaviour", "left"), Header("found", "left")],
        rows,
        [
            "fixed list: configurations, epochs apart, that all runs of a fault have in common.",
            "late: from trial 30; values: those of loss, batch size, optimiser, activations and "
            "initialisers.",
            "a loss that does not fit the labels: no training of the fault with it finished.",
        ],
    )


def choices(published: Protocol, corrected: Protocol) -> Layout:
    """Every field in which the two protocols differ."""
    rows = [
        plain_fields(f.name, str(before), str(after))
        for f in fields(Protocol)
        if f.name != "name"
        and (before := getattr(published, f.name)) != (after := getattr(corrected, f.name))
    ]
    headers = [Header(n, "left") for n in ("choice", published.name, corrected.name)]
    return Layout("The choices of the two analyses", headers, rows, [])


def _box(drawn: Box | None, digits: int) -> list[str]:
    if drawn is None:
        return ["0", *[NONE] * (len(BOX) - 1)]
    outliers = " ".join(fixed(value, digits) for value in drawn.outliers)
    return [str(drawn.n), *(fixed(v, digits) for v in drawn[1:6]), outliers or NONE]


def flags(answer: Answer) -> list[str]:
    """One line for each fault whose faulty list is not that of the fault."""
    return [
        f"{fault}: {why}; its runs are compared with trainings of that start."
        for fault, why in answer.flags().items()
    ]
