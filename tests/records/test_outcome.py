"""Outcomes and trials: which values go together."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import row

from harness.records.outcome import Mark, Outcome, ScoredOutcome, ShownOutcome, Trial, parse_outcome
from harness.records.schema import Misfit
from harness.vocabulary import Cause, TrialStatus

statuses = st.sampled_from([s for s in TrialStatus if s is not TrialStatus.COMPLETED])
numbers = st.floats(0, 1e6)


@given(
    st.one_of(
        st.builds(
            Outcome,
            status=statuses,
            seconds=numbers,
            cause=st.sampled_from([None, *Cause]),
            message=st.text(),
            losses=st.lists(numbers).map(tuple),
        ),
        st.builds(
            Outcome,
            status=st.just(TrialStatus.COMPLETED),
            seconds=numbers,
            search=st.floats(-1e9, 1e9),
            holdout=st.floats(-1e9, 1e9),
            fidelity=st.floats(0.01, 1),
        ),
    )
)
def test_an_outcome_comes_back_exactly(outcome: Outcome) -> None:
    assert parse_outcome(json.loads(json.dumps(asdict(outcome)))) == outcome


@pytest.mark.parametrize(
    ("status", "values", "possible"),
    [
        (TrialStatus.COMPLETED, (0.5, 0.5), True),
        (TrialStatus.COMPLETED, (None, None), False),
        (TrialStatus.COMPLETED, (0.5, None), False),
        (TrialStatus.CUT, (0.5, 0.5), True),
        (TrialStatus.CUT, (None, None), True),
        (TrialStatus.CUT, (None, 0.5), False),
        (TrialStatus.DIVERGED, (None, None), True),
        (TrialStatus.DIVERGED, (0.5, 0.5), False),
        (TrialStatus.CRASHED, (0.5, 0.5), False),
        (TrialStatus.INVALID, (0.5, 0.5), False),
    ],
)
def test_values_go_with_a_status(status: TrialStatus, values: Any, possible: bool) -> None:
    given = {"status": status, "seconds": 1.0, "search": values[0], "holdout": values[1]}
    if possible:
        assert Outcome(**given).judged is (values[0] is not None)
        return
    with pytest.raises(ValueError, match=f"Received: status={status.value}, search={values[0]}"):
        Outcome(**given)


def test_only_the_published_study_scored_diverged_trainings() -> None:
    scored = ScoredOutcome(status=TrialStatus.DIVERGED, seconds=1.0, search=0.5, holdout=0.25)
    assert scored.judged
    with pytest.raises(ValueError, match="others have none"):
        ScoredOutcome(status=TrialStatus.CRASHED, seconds=1.0, search=0.5, holdout=0.25)


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("part", ["search", "holdout"])
def test_a_score_is_finite(part: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"a judged trial has finite values.*{part}={value}"):
        replace(row(0).outcome, **{part: value})


@pytest.mark.parametrize(
    "change", [{"seconds": -1.0}, {"seconds": math.nan}, {"fidelity": 0.0}, {"fidelity": 1.1}]
)
def test_seconds_and_fidelity_are_in_range(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="seconds are >= 0 and fidelity is in"):
        replace(row(0).outcome, **change)


def test_a_stored_outcome_has_fields_that_are_known() -> None:
    stored = json.loads(json.dumps(asdict(row(0).outcome)))
    with pytest.raises(Misfit, match="colour"):
        parse_outcome({**stored, "colour": "blue"})
    del stored["status"]
    with pytest.raises(Misfit, match="status"):
        parse_outcome(stored)


def test_an_outcome_that_nobody_watched_shows_nothing() -> None:
    assert row(0).outcome.watched is row(0).outcome.look is None


@pytest.mark.parametrize("choice", [True, 1.0, "1"])
def test_a_choice_is_a_proposal(choice: Any) -> None:
    assert replace(row(0), note={"choice": 3}).choice == 3
    assert row(0).choice is None
    with pytest.raises(ValueError, match=f"a proposal or None. Received: {choice!r}"):
        replace(row(0), note={"choice": choice})


def test_a_history_names_the_operators_of_its_edits() -> None:
    note = {"history": {"pieces": []}, "structural": {"a": "layer", "b": "neurons"}}
    trial = replace(row(0), note=note)
    assert trial.history == {"pieces": []}
    assert trial.structural == ("layer", "neurons")
    assert row(0).history is row(0).structural is None
    for wrong in ({"history": {}}, {"history": [], "structural": {}}):
        with pytest.raises(ValueError, match="a note with a history is a mapping"):
            replace(row(0), note=wrong)


def test_a_trial_without_its_configuration_has_no_program() -> None:
    trial = row(2)
    assert trial.program == {"epochs": 5}
    assert (trial.status, trial.search, trial.holdout, trial.fidelity) == (
        TrialStatus.COMPLETED,
        0.5,
        1 / 3,
        1.0,
    )
    bare = Trial(proposal=2, configuration=None, outcome=trial.outcome)
    with pytest.raises(ValueError, match="trial 2 was recorded without its configuration"):
        _ = bare.program


def test_a_mark_has_both_values_or_none() -> None:
    assert Mark(budget=5.0, ended=True).search is None
    with pytest.raises(ValueError, match="search and holdout values or neither"):
        Mark(budget=5.0, ended=False, search=0.5)


def test_a_technique_sees_no_mark() -> None:
    marked = replace(row(0).outcome, marks=(Mark(budget=5.0, ended=True),))
    assert ShownOutcome.of(marked).marks == ()
