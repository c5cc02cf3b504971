"""The five training symptoms of AutoTrainer, recognised from the figures of a training.

Nothing here trains. Input: series of loss and accuracy, figures of the gradients, whether the
weights are finite. Output: a symptom, or none.
Source: Zhang, Zhai, Ma, Shen, AutoTrainer, ICSE 2021, section III and Table I, with the conditions
of the authors' code of September 2020 where paper and code differ: it made the published figures
(docs/autotrainer.md lists the differences).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise

import numpy as np

from harness.records.observation import Symptom
from harness.vocabulary import HarnessError


@dataclass(frozen=True, slots=True, kw_only=True)
class SymptomThresholds:
    """Bounds beyond which a training has a symptom. Greek letters: the paper's Table I."""

    interval: int = 3
    """q: gradients and weights are checked in every q-th epoch, from the first on."""
    vanish_ratio: float = 1e-3
    """beta 1: vanishing, if the first kernel's gradient norm over the last kernel's is below."""
    vanish_norm: float = 1e-4
    """beta 2: and if the first kernel's gradient norm is below."""
    explode_ratio: float = 70.0
    """beta 3: exploding, if the first kernel's gradient norm over the last kernel's is above."""
    zero_share: float = 0.7
    """gamma: dying, from this share of gradient entries that are exactly zero."""
    accuracy_floor: float = 0.6
    """Theta: accuracy is low if the best so far is below, in training or validation. 0.6 in the
    authors' scripts, 0.7 as default of their library."""
    least_gain: float = 0.01
    """delta: slow, if no epoch gained more accuracy than this, in training and validation."""
    swing: float = 0.03
    """zeta: a local maximum of the accuracy this much above the minimum beside it is a swing."""
    swing_share: float = 0.2
    """eta: oscillating, from this many swings per epoch."""
    warm_up: float = 0.3
    """Share of the configured epochs before accuracies are judged (code only)."""
    loss_limit: float = 1e5
    """A validation loss from here on counts as not finite (code only)."""
    detections: int = 1
    """Checks at which a gradient symptom must have shown (the launcher's value)."""
    gains_needed: int = 1
    """Epoch-to-epoch gains that 'slow' needs. 0 lets the first epoch alone count as slow, as the
    authors' code does: with three epochs or fewer every program is then ill."""
    check_last: bool = True
    """Whether the last epoch is checked even if it is no q-th one; the authors' code does not."""

    def __post_init__(self) -> None:
        for name in ("interval", "detections"):
            if getattr(self, name) < 1:
                raise HarnessError(f"{name} must be 1 or more. Received: {getattr(self, name)}")
        for entry in fields(self):
            value = getattr(self, entry.name)
            if value < 0 or not math.isfinite(value):
                raise HarnessError(f"{entry.name} must be 0 or more. Received: {value}")

    def checks(self, epoch: int, epochs: int) -> bool:
        """Whether the epoch with index ``epoch`` (from 0) of ``epochs`` ends with a check."""
        return epoch % self.interval == 0 or (self.check_last and epoch == epochs - 1)


@dataclass(frozen=True, slots=True)
class Gradients:
    """Figures of the gradients of one mini-batch."""

    first: float
    """Euclidean norm of the first kernel's gradient; a kernel has two or more axes."""
    last: float
    """Euclidean norm of the last kernel's gradient."""
    zero_share: float
    """Share of the entries of all gradients that are exactly zero, in [0, 1]."""
    finite: bool

    @staticmethod
    def of(arrays: Sequence[np.ndarray]) -> Gradients:
        """Figures of the gradients of all trainable weights in the order of the layers.

        Args:
            arrays: One a weight, kernels and biases; embeddings left out.
        """
        kernels = [a for a in arrays if a.ndim >= 2] or list(arrays)
        entries = sum(a.size for a in arrays)
        zeros = sum(a.size - int(np.count_nonzero(a)) for a in arrays)
        return Gradients(
            first=float(np.linalg.norm(kernels[0].astype(np.float64))) if kernels else 0.0,
            last=float(np.linalg.norm(kernels[-1].astype(np.float64))) if kernels else 0.0,
            zero_share=zeros / entries if entries else 0.0,
            finite=all(bool(np.isfinite(a).all()) for a in arrays),
        )

    @property
    def ratio(self) -> float:
        """First over last norm; NaN for 0/0, infinite for x/0."""
        if self.last == 0:
            return math.nan if self.first == 0 else math.inf
        return self.first / self.last


@dataclass(slots=True)
class Series:
    """One value an epoch."""

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    """Share of training samples classified correctly while the epoch went on, in [0, 1]."""
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)


def vanishing(gradients: Gradients, thresholds: SymptomThresholds) -> bool:
    """Whether the first kernel's gradient is tiny, also against the last kernel's."""
    small = gradients.first < thresholds.vanish_norm
    return small and gradients.ratio < thresholds.vanish_ratio


def exploding(gradients: Gradients, thresholds: SymptomThresholds) -> bool:
    """Whether the first kernel's gradient is huge against the last kernel's."""
    return gradients.ratio > thresholds.explode_ratio


def dying(gradients: Gradients, thresholds: SymptomThresholds) -> bool:
    """Whether most gradient entries are exactly zero."""
    return gradients.zero_share >= thresholds.zero_share


def loss_is_lost(series: Series, thresholds: SymptomThresholds) -> bool:
    """Whether a loss was not finite, or the latest validation loss is beyond the limit."""
    values = [*series.loss, *series.val_loss]
    latest = series.val_loss[-1] if series.val_loss else 0.0
    return not all(map(math.isfinite, values)) or latest >= thresholds.loss_limit


def low_accuracy(series: Series, thresholds: SymptomThresholds) -> bool:
    """Whether training or validation accuracy never reached the floor."""
    best = min(max(series.val_accuracy), max(series.accuracy))
    return best < thresholds.accuracy_floor


def slow(series: Series, thresholds: SymptomThresholds) -> bool:
    """Whether no epoch gained ``least_gain``, in training and in validation alike."""
    if len(series.accuracy) - 1 < thresholds.gains_needed:
        return False
    return all(
        greatest_gain(values) < thresholds.least_gain
        for values in (series.accuracy, series.val_accuracy)
    )


def greatest_gain(values: Sequence[float]) -> float:
    """The largest step up from one value to the next; 0 if there is none.

    >>> greatest_gain([0.5, 0.25, 0.5, 0.625])
    0.25
    """
    return max([0.0, *(b - a for a, b in pairwise(values))])


def oscillating(series: Series, thresholds: SymptomThresholds) -> bool:
    """Whether the training accuracy has at least ``swing_share`` swings per epoch."""
    found = swings(series.accuracy, thresholds.swing)
    return found >= thresholds.swing_share * len(series.accuracy)


def swings(values: Sequence[float], least: float) -> int:
    """How many local maxima lie ``least`` or more above the minimum of the same number.

    End points are neither; points of a plateau are both. The i-th maximum is compared with the
    i-th minimum, in order of time.

    >>> swings([0.5, 0.75, 0.5, 0.75, 0.5], least=0.25)
    1
    """
    inner = list(zip(values, values[1:], values[2:], strict=False))
    maxima = [b for a, b, c in inner if b >= a and b >= c]
    minima = [b for a, b, c in inner if b <= a and b <= c]
    return sum(high - low >= least for high, low in zip(maxima, minima, strict=False))


class Recogniser:
    """Recognises the symptoms of one training. A condition that held once counts until its end."""

    def __init__(self, thresholds: SymptomThresholds, epochs: int) -> None:
        """``epochs``: as configured, however many the training will get."""
        self._thresholds, self._epochs = thresholds, epochs
        self._shown = dict.fromkeys((dying, exploding, vanishing), 0)
        self._lost = self._low = self._slow = self._oscillating = False

    def check(self, series: Series, gradients: Gradients, weights_finite: bool) -> Symptom | None:
        """The symptom of highest priority after another check, if there is any.

        A gradient symptom needs low accuracy or slow convergence beside it, unless something is
        not finite. Low accuracy alone is no symptom; oscillation is one only where accuracy is
        neither low nor slow.
        """
        self._observe(series, gradients, weights_finite)
        found: set[Symptom] = set()
        if self._lost:
            found.add(Symptom.EXPLODING)
        needed = self._thresholds.detections
        if self._low or self._slow:
            if self._shown[dying] >= needed:
                found.add(Symptom.DYING)
            elif self._shown[exploding] >= needed:
                found.add(Symptom.EXPLODING)
            elif self._shown[vanishing] >= needed:
                found.add(Symptom.VANISHING)
            elif self._slow:
                found.add(Symptom.SLOW)
        elif self._oscillating:
            found.add(Symptom.OSCILLATING)
        return next((symptom for symptom in Symptom if symptom in found), None)

    def _observe(self, series: Series, gradients: Gradients, weights_finite: bool) -> None:
        limits = self._thresholds
        lost = loss_is_lost(series, limits)
        self._lost |= lost or not gradients.finite or not weights_finite
        if gradients.finite:
            for detector in self._shown:
                self._shown[detector] += detector(gradients, limits)
        if not lost and len(series.accuracy) >= limits.warm_up * self._epochs:
            self._low |= low_accuracy(series, limits)
            self._slow |= slow(series, limits)
            self._oscillating |= oscillating(series, limits)
