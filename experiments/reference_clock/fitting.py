"""The constants of the reference machine that fit measured trainings, and how well they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.optimize import least_squares, nnls
from scipy.stats import spearmanr

from experiments.reference_clock.measuring import Row
from harness.training.reference import Constants, first_calls, price_by

FOLDS = 5


def fitted_constants(some: Sequence[Row]) -> tuple[dict[str, Constants], pd.DataFrame]:
    """The constants of each framework, and how well such constants foretell other trainings."""
    found, tables = dict[str, Constants](), list[pd.DataFrame]()
    for name in dict.fromkeys(row.framework for row in some):
        own = [row for row in some if row.framework == name]
        found[name] = fit(own)
        tables.append(quality(own))
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
    """Three digits; what no sum of it can be noticed in is 0."""
    return 0.0 if value < 1e-15 else float(f"{value:.3g}")


def computed(row: Row, constants: Constants) -> tuple[float, float]:
    """Seconds of a training's steps and of its evaluation by the constants."""
    one = price_by(constants, row.anatomy, row.samples, row.batch_size)
    judged = row.evaluate_seconds > 0  # a training that diverged is not judged
    return one.training(row.steps), one.evaluation(row.judged_samples) if judged else 0.0


def quality(some: Sequence[Row]) -> pd.DataFrame:
    """How well trainings are foretold by constants that were not fitted to them.

    Each fifth of the trainings is foretold from the other four; "left out": each subject from all
    the others.
    """
    by_fold = _foretold(some, [number % FOLDS for number in range(len(some))])
    by_fault = _foretold(some, [row.fault for row in some])
    true = np.array([_measured(row) for row in some])
    lines = []
    for fault in dict.fromkeys(row.fault for row in some):
        own = np.array([row.fault == fault for row in some])
        ratio, alone = by_fold[own] / true[own], by_fault[own] / true[own]
        lines.append(
            {
                "fault": fault,
                "trainings": int(own.sum()),
                "seconds": round(float(np.median(true[own])), 3),
                "rank correlation": round(float(spearmanr(by_fold[own], true[own]).statistic), 3),
                "within 1.3": _share(ratio, 1.3),
                "median ratio": round(float(np.median(ratio)), 2),
                "within 1.3, left out": _share(alone, 1.3),
                "within 2, left out": _share(alone, 2.0),
            }
        )
    return pd.DataFrame(lines)


def _foretold(some: Sequence[Row], groups: Sequence[object]) -> np.ndarray:
    """Seconds of each training by constants that were fitted to all other groups."""
    found = np.zeros(len(some))
    for group in dict.fromkeys(groups):
        constants = fit([row for row, own in zip(some, groups, strict=True) if own != group])
        for number, (row, own) in enumerate(zip(some, groups, strict=True)):
            if own == group:
                found[number] = sum(computed(row, constants))
    return found


def _measured(row: Row) -> float:
    return row.seconds + row.evaluate_seconds


def _share(ratio: np.ndarray, factor: float) -> float:
    """Share of ratios within a factor."""
    return round(float(np.mean(np.abs(np.log(ratio)) <= np.log(factor))), 2)


def summary(table: pd.DataFrame) -> str:
    rank, within = table["rank correlation"], table["within 1.3"]
    return (
        f"{int((rank >= 0.97).sum())} of {len(table)} subjects have a rank correlation of at "
        f"least 0.97 (lowest {rank.min():g}); over all trainings {within.mean():.0%} of ratios "
        "are within a factor of 1.3."
    )
