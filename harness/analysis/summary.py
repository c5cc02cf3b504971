"""Summary over the faults: from one row per cell to one row per technique."""

from __future__ import annotations

from typing import Any

import pandas as pd

from harness.analysis.protocols import Protocol
from harness.analysis.schemas import SETTING, SUMMARY


def summarise(frame: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """One row per technique and setting, over the faults.

    Args:
        frame: A frame of the table ``SCORES``.
        protocol: The protocol that made it.

    Returns:
        A frame of the table ``SUMMARY``. Every fault weighs the same; figures that a fault lacks
        are left out of means and medians. Seconds are totals over all runs.
    """
    groups = frame.groupby([*SETTING, "technique"], sort=True)
    return SUMMARY.frame([_summary_row(group, protocol) for _, group in groups])


def _by_accuracy(shown: pd.DataFrame, column: str) -> pd.Series[Any]:
    """A column of the faults judged by accuracy: deviations of other metrics have other units."""
    return shown.loc[shown["metric"] == "accuracy", column]


def _summary_row(group: pd.DataFrame, protocol: Protocol) -> dict[str, Any]:
    shown = group[group["significant"]] if protocol.summarise_significant_only else group
    runs = group["n"].astype(float)
    first = group.iloc[0]
    return {
        **{name: first[name] for name in [*SETTING, "technique"]},
        "data": ", ".join(sorted(set(group["data"]))),
        "fraction": ", ".join(f"{share:g}" for share in sorted(set(group["fraction"]))),
        "faults": len(group),
        "exposed": int(group["exposed"].sum()),
        "significant": int(group["significant"].sum()),
        "repaired": int(group["repaired"].sum()),
        "ir_median": group["ir"].median(),
        "std_mean": _by_accuracy(shown, "std").mean(),
        "std_of": " and ".join(sorted(set(_by_accuracy(shown, "std_of").dropna()))) or None,
        "std_single_mean": _by_accuracy(shown, "std_single").mean(),
        "std_confirmed_mean": _by_accuracy(shown, "std_confirmed").mean(),
        "complexity_median": shown["complexity_mean"].median(),
        "minimised_median": shown["minimised_complexity"].median(),
        "n_minimised": int(shown["n_minimised"].sum()),
        "aj_mean": shown[f"aj_{protocol.aj}_mean"].mean(),
        "trials_per_run": (group["trials_mean"] * runs).sum() / runs.sum(),
        **{
            name: (group[name] * runs).sum()
            for name in ("training_seconds", "search_seconds", "other_seconds")
        },
    }
