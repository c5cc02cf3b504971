"""How the searchers of the study behaved, read off their trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.analysis.published.archive import Published
from harness.analysis.published.facts import TECHNIQUES
from harness.analysis.published.trials import HYPERPARAMETERS
from harness.vocabulary import METRICS

LATE = 30
"""Trials from this number on count as late."""
CATEGORICAL = ("loss", "batch_size", "optimizer", "act", "ki", "bi")
"""How the names begin of the hyperparameters that are drawn from one list for all faults."""
DRAWN_PER_PROCESS = "epochs"
"""Its list of values differs between processes, so that it tells no configurations apart."""

RUN_COLUMNS = ["fault", "technique", "budget", "repeat"]
FINISHED = ("ok", "nan_metric")

BIAS_VALUES = "orthogonal initialiser on a bias"
LOSS_VALUES = "loss that does not fit the labels"
BOTH = "both of these"
OTHER = "neither"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Shares are of trials after the first, which is the same in all runs."""

    fixed_list: dict[str, int | None]
    """By fault: number of the first trial in which two runs of HEBO differ; None if none does."""
    from_fixed_list: dict[int, float]
    """By budget: share of HEBO's trials before that number."""
    agreement: dict[str, float]
    """By technique: mean share of the categorical values that a late trial has in common with the
    best trial before it. What chance gives is Random's."""
    repeated: dict[str, float]
    """By fault: share of Random's trials whose configuration another run of the cell tries too."""
    crashed: float
    """Share of all started trials that crashed; those cut off at the end of a run do not count."""
    causes: dict[str, float]
    """Share of the crashes by cause."""


def behaviour(study: Published) -> Behaviour:
    """The search behaviour behind the published trials."""
    trials = study.trials
    codes = {
        name: pd.factorize(trials[name], use_na_sentinel=True)[0]
        for name in HYPERPARAMETERS
        if trials[name].notna().any()
    }
    same = _fingerprints([code for name, code in codes.items() if name != DRAWN_PER_PROCESS])
    later = trials[trials["trial"] > 0].assign(same=same[trials["trial"] > 0])
    fixed, share = _fixed_list(later[later["technique"] == "hebo"])
    crashed, causes = _crashes(trials)
    return Behaviour(
        fixed_list=fixed,
        from_fixed_list=share,
        agreement=_agreement(study, codes),
        repeated=_repeated(later[later["technique"] == "random"]),
        crashed=crashed,
        causes=causes,
    )


def _fingerprints(codes: Sequence[NDArray[np.intp]]) -> NDArray[np.uint64]:
    """One number per trial, equal for equal configurations."""
    weights = np.random.default_rng(0).integers(1, 2**63, len(codes), dtype=np.uint64) | 1
    total = np.zeros(len(codes[0]), dtype=np.uint64)
    for code, weight in zip(codes, weights, strict=True):
        total += (code + 2).astype(np.uint64) * weight
    return total


def _fixed_list(trials: pd.DataFrame) -> tuple[dict[str, int | None], dict[int, float]]:
    """Where the runs of a fault part, and the share of trials before, by budget."""
    variants = trials.groupby(["fault", "trial"])["same"].nunique()
    parted = variants[variants > 1].reset_index().groupby("fault")["trial"].min()
    ends = trials["fault"].map(parted).fillna(np.inf)
    before = (trials["trial"] < ends).groupby(trials["budget"]).mean()
    first = parted.to_dict()
    return (
        {name: int(first[name]) if name in first else None for name in trials["fault"].unique()},
        {int(budget): float(share) for budget, share in before.items()},  # type: ignore[call-overload]
    )


def _agreement(study: Published, codes: dict[str, NDArray[np.intp]]) -> dict[str, float]:
    trials = study.trials
    run = trials.groupby(RUN_COLUMNS, sort=False).ngroup()
    lower = trials["fault"].map(
        {
            name: -1.0 if METRICS[f.metric].higher_is_better else 1.0
            for name, f in study.facts.items()
        }
    )
    loss = (trials["search_metric"] * lower).where(trials["trial"] > 0)
    best_before = loss.groupby(run).cummin().groupby(run).ffill().groupby(run).shift()
    improves = loss.notna() & ~(loss >= best_before)
    row = pd.Series(np.where(improves, np.arange(len(trials)), np.nan))
    holder = row.groupby(run).ffill().groupby(run).shift()
    late = np.flatnonzero((trials["trial"] >= LATE) & holder.notna())
    best = holder.to_numpy()[late].astype(int)
    names = [name for name in codes if name.startswith(CATEGORICAL)]
    values = np.stack([codes[name] for name in names], axis=1)
    has = values[late] >= 0
    shares = ((values[late] == values[best]) & has).sum(axis=1) / has.sum(axis=1)
    techniques = trials["technique"].to_numpy()[late]
    return {t: float(shares[techniques == t].mean()) for t in TECHNIQUES if t in techniques}


def _repeated(trials: pd.DataFrame) -> dict[str, float]:
    runs = trials.groupby(["fault", "budget", "same"])["repeat"].transform("nunique")
    shares = (runs > 1).groupby(trials["fault"]).mean()
    return {str(fault): float(share) for fault, share in shares.items() if share > 0}


def _crashes(trials: pd.DataFrame) -> tuple[float, dict[str, float]]:
    """A loss does not fit the labels of a fault if no training with it ever finished."""
    crashed = trials["status"] == "crashed"
    biases = [name for name in HYPERPARAMETERS if name.startswith("bi")]
    bias = (trials[biases] == "orthogonal").any(axis=1)
    tried = trials[~bias & (trials["status"] != "cut_or_crashed")]
    finished = (
        tried["status"].isin(FINISHED).groupby([tried["fault"], tried["loss"]], observed=True)
    )
    never = finished.any()
    pairs = pd.MultiIndex.from_frame(trials[["fault", "loss"]])
    loss = pd.Series(pairs.isin(never.index[~never]), index=trials.index)
    masks: dict[str, pd.Series[bool]] = {
        BIAS_VALUES: bias & ~loss,
        LOSS_VALUES: loss & ~bias,
        BOTH: bias & loss,
        OTHER: ~bias & ~loss,
    }
    number = max(1, int(crashed.sum()))
    return float(crashed.mean()), {
        cause: float((crashed & mask).sum()) / number for cause, mask in masks.items()
    }
