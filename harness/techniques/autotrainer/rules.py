"""Differences between AutoTrainer's paper and its published code, as named choices.

``as_described`` (default) follows the paper, without the slips of the code. ``as_run`` is the
program that Kim et al. (ICST 2023) ran: the authors' code of September 2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.training.watched.symptoms import SymptomThresholds
from harness.vocabulary import HarnessError, unknown

STRATEGIES = ("balance", "structure", "efficiency")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Recognition of symptoms, and trials of remedies."""

    mode: str
    detection: SymptomThresholds
    """Thresholds for the first training of the program."""
    retraining: SymptomThresholds
    """Thresholds for every training after a remedy. The code forgets to pass its own on."""
    redraw: bool
    """Whether a new initialiser draws new weights; the code only changes the layers' metadata."""
    separate_activations: bool
    """Whether an activation that is a layer of its own is replaced; the code leaves it."""
    before_activation: bool
    """Whether batch normalisation comes before the activation, as in the paper, or after it."""
    strip_output: bool
    """Whether the leaky activations also strip the output layer of its activation. A slip of the
    code that makes them useless; off in both modes, and here for comparison."""
    rate_falls: bool
    """Whether the falling learning rate is switched on; the code never appends its callback."""
    give_up_repeated: bool
    """Whether one repetition that would change nothing ends the whole solution."""
    rates_never_equal: bool
    """Whether a learning rate equal to the present one counts as new (the code compares 32 bits
    with 64)."""
    strategy: str = "balance"
    grades: int = 3
    """Solutions that change a program more than this grade, 0 to 3, are left out."""
    save_memory: bool = False
    """Leaves batch normalisation out."""

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise unknown("strategy", self.strategy, STRATEGIES)
        if self.grades not in range(4):
            raise HarnessError(f"grades is 0, 1, 2 or 3. Received: {self.grades}")


AS_DESCRIBED = Rules(
    mode="as_described",
    detection=SymptomThresholds(),
    retraining=SymptomThresholds(),
    redraw=True,
    separate_activations=True,
    before_activation=True,
    strip_output=False,
    rate_falls=True,
    give_up_repeated=False,
    rates_never_equal=False,
)

AS_RUN = Rules(
    mode="as_run",
    detection=SymptomThresholds(gains_needed=0, check_last=False),
    retraining=SymptomThresholds(gains_needed=0, check_last=False, accuracy_floor=0.7),
    redraw=False,
    separate_activations=False,
    before_activation=False,
    strip_output=False,
    rate_falls=False,
    give_up_repeated=True,
    rates_never_equal=True,
)

MODES: Mapping[str, Rules] = {rules.mode: rules for rules in (AS_DESCRIBED, AS_RUN)}


def rules_of(mode: str, *, thresholds: Mapping[str, float] | None = None, **changes: Any) -> Rules:
    """The rules of a mode, with some choices and thresholds changed.

    Args:
        mode: ``as_described`` or ``as_run``.
        thresholds: Fields of ``SymptomThresholds``, for detection and retrainings alike.
        changes: Fields of ``Rules``.

    Raises:
        HarnessError: If there is no such mode, choice or threshold.
    """
    if mode not in MODES:
        raise unknown("mode of AutoTrainer", mode, MODES)
    rules = MODES[mode]
    for name in thresholds or {}:
        if name not in SymptomThresholds.__dataclass_fields__:
            raise unknown("threshold", name, SymptomThresholds.__dataclass_fields__)
    for name in changes:
        if name not in Rules.__dataclass_fields__:
            raise unknown("rule", name, Rules.__dataclass_fields__)
    changed: dict[str, Any] = dict(thresholds or {})
    return replace(
        rules,
        detection=replace(rules.detection, **changed),
        retraining=replace(rules.retraining, **changed),
        **changes,
    )
