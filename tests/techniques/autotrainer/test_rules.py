"""The two modes of AutoTrainer, and rules that do not exist."""

from __future__ import annotations

import pytest

from harness.techniques.autotrainer.rules import MODES, rules_of
from harness.vocabulary import HarnessError


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"mode": "as_rum"}, "Did you mean as_run"),
        ({"mode": "as_run", "strategy": "fast"}, "no strategy 'fast'"),
        ({"mode": "as_run", "thresholds": {"thete": 1}}, "no threshold 'thete'"),
        ({"mode": "as_run", "grades": 7}, "grades"),
        ({"mode": "as_run", "redrew": True}, "no rule 'redrew'. Did you mean redraw"),
    ],
)
def test_bad_rules(words: dict[str, object], message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        rules_of(**words)  # type: ignore[arg-type]


def test_thresholds_can_be_changed_for_all_trainings() -> None:
    rules = rules_of("as_run", thresholds={"accuracy_floor": 0.5})
    assert rules.detection.accuracy_floor == rules.retraining.accuracy_floor == 0.5
    assert MODES["as_run"].retraining.accuracy_floor == 0.7


def test_the_modes_differ_in_the_slips_of_the_code() -> None:
    described, ran = MODES["as_described"], MODES["as_run"]
    assert (described.redraw, ran.redraw) == (True, False)
    assert (described.rate_falls, ran.rate_falls) == (True, False)
    assert described.detection == described.retraining
    assert ran.detection != ran.retraining
    assert not described.strip_output and not ran.strip_output


def test_changes_leave_the_modes_alone() -> None:
    changed = rules_of("as_described", redraw=False, grades=1)
    assert (changed.redraw, changed.grades, changed.mode) == (False, 1, "as_described")
    assert MODES["as_described"].redraw
