"""The constants of the reference machine that fit measured trainings, and how well they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.optimize import least_squares, nnls
from scipy.stats import spearmanr

from experiments.reference_clock.measuring import FITTED, TESTED, Row
from harness.training.reference import Constants, first_calls, price_by


def fitted_constants(some: Sequence[Row]) -> tuple[dict[str, Constants], pd.DataFrame]:
    """The constants of each framework, and how well they foretell what they were not fitted to."""
    found, tables = dict[str, Constants](), list[pd.DataFrame]()
    for name in dict.fromkeys(row.framework for row in some):
        own = [row for row in some if row.framework == name]
        known = [row for row in own if row.set == FITTED]
        found[name] = fit(known)
        tables.append(quality(own, found[name], _left_out(known)))
    return found, pd.concat(tables)


def fit(some: Sequence[Row]) -> Constants:
    """The constants that fit measured trainings of one framework best, in ratios."""
    training = [_prefixed(row) for row in some]
    judging = [
        {"judging": 2.0, **{n: a * row.judged_samples for n, a in row.anatomy.per_sample().items()}}
        for row in some
        if row.evaluate_seconds
    ]
    trained = _least_ratios(training, [row.seconds for row in some])
    judged = _least_ratios(judging, [t for row in some if (t := row.evaluate_seconds)])
    return Constants(
        step={n[5:]: c for n, c in trained.items() if n.startswith("step ")},
        sample={n[7:]: c for n, c in trained.items() if n.startswith("sample ")},
        epoch=trained["epoch"],
        start=trained["start"],
        call=trained["call"],
        judging=2 * judged.pop("judging"),
        judged=judged,
    )


def _prefixed(row: Row) -> dict[str, float]:
    return {
        **{f"step {n}": a * row.steps for n, a in row.anatomy.per_step().items()},
        **{f"sample {n}": a * row.seen for n, a in row.anatomy.per_sample().items()},
        "epoch": row.steps / row.per_epoch,
        "start": 1.0,
        "call": first_calls(row.per_epoch),
    }


def _least_ratios(
    amounts: Sequence[Mapping[str, float]], seconds: Sequence[float]
) -> dict[str, float]:
    """Constants >= 0 for which the sums are as close to ``seconds`` as ratios can be."""
    names = sorted({name for row in amounts for name in row})
    a = np.array([[row.get(name, 0.0) for name in names] for row in amounts])
    b = np.array(seconds)
    scale = np.maximum(a.max(axis=0), 1e-300)
    relative = a / scale / b[:, None]
    start, _ = nnls(relative, np.ones(len(b)))
    floor = 1e-3 * b.min()
    found = least_squares(
        lambda c: np.log(np.maximum(relative @ c, 1e-9)),
        np.maximum(start, floor),
        bounds=(0.0, np.inf),
        loss="soft_l1",
        f_scale=0.2,
        x_scale=np.maximum(start, floor),
    )
    return {n: _short(c / s) for n, c, s in zip(names, found.x, scale, strict=True)}


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def computed(row: Row, constants: Constants) -> tuple[float, float]:
    """Seconds of a training's steps and of its evaluation by the constants."""
    one = price_by(constants, row.anatomy, row.samples, row.batch_size)
    judged = row.evaluate_seconds > 0  # a training that diverged is not judged
    return one.training(row.steps), one.evaluation(row.judged_samples) if judged else 0.0


def quality(
    some: Sequence[Row], constants: Constants, others: Mapping[str, Constants]
) -> pd.DataFrame:
    """How well the constants foretell each subject's trainings, evaluation included.

    Args:
        others: Fault -> constants that were fitted to all subjects but its own.
    """
    lines = []
    for fault in dict.fromkeys(row.fault for row in some):
        own = [row for row in some if row.fault == fault and row.set == TESTED]
        true = np.array([row.seconds + row.evaluate_seconds for row in own])
        rank, within, median = _agreement(own, constants, true)
        rank_out, within_out, _ = _agreement(own, others[fault], true)
        lines.append(
            {
                "fault": fault,
                "trainings": len(own),
                "seconds": round(float(np.median(true)), 3),
                "rank correlation": rank,
                "within 1.3": within,
                "median ratio": median,
                "rank, left out": rank_out,
                "within 1.3, left out": within_out,
            }
        )
    return pd.DataFrame(lines)


def _agreement(
    some: Sequence[Row], constants: Constants, true: np.ndarray
) -> tuple[float, float, float]:
    """Rank correlation, share within a factor of 1.3, and median ratio."""
    found = np.array([sum(computed(row, constants)) for row in some])
    ratio = found / true
    return (
        round(float(spearmanr(found, true).statistic), 3),
        round(float(np.mean(np.abs(np.log(ratio)) <= np.log(1.3))), 2),
        round(float(np.median(ratio)), 2),
    )


def _left_out(known: Sequence[Row]) -> dict[str, Constants]:
    faults = dict.fromkeys(row.fault for row in known)
    return {fault: fit([row for row in known if row.fault != fault]) for fault in faults}


def summary(table: pd.DataFrame) -> str:
    rank, within = table["rank correlation"], table["within 1.3"]
    return (
        f"{int((rank >= 0.97).sum())} of {len(table)} subjects have a rank correlation of at "
        f"least 0.97 (lowest {rank.min():g}); over all trainings {within.mean():.0%} of ratios "
        "are within a factor of 1.3."
    )
