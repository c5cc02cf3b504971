"""Observations: one writer, one reader, and those of the version before."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields, replace
from typing import Any

import pytest

from harness.records.observation import Blame, Check, Look, Observation, Symptom, Watched
from harness.records.outcome import Outcome, parse_outcome
from harness.records.schema import Misfit, from_json, to_json
from harness.techniques.fakes import fake_seen
from harness.vocabulary import TrialStatus

CHECK = Check(epoch=0, first_norm=None, last_norm=2.0, zero_share=0.25, finite=False)
WATCHED = Watched(
    symptom=Symptom.SLOW,
    epochs=1,
    accuracy=(0.5,),
    val_accuracy=(0.25,),
    val_loss=(None,),
    checks=(CHECK,),
    check_seconds=0.5,
    layers=("dense",),
)
LOOK = Look(
    blames=(Blame("loss", "bug", "LLM", "mse, expected cce", "categorical_crossentropy"),),
    samples=200,
    judged=50,
    seconds=0.1,
    build_seconds=0.2,
)
BOTH = Observation(watched=WATCHED, look=LOOK)


def through_json(record: Any) -> Any:
    """What a reader finds where this record was written."""
    return json.loads(json.dumps(to_json(record)))


@pytest.mark.parametrize(
    "observation", [BOTH, Observation(watched=fake_seen(None)), Observation(look=LOOK)]
)
def test_an_observation_survives_its_json(observation: Observation) -> None:
    content = through_json(observation)
    assert list(content) == ["watched", "look"]
    assert from_json(Observation, content) == observation
    outcome = Outcome(status=TrialStatus.CUT, seconds=1.0, seen=observation)
    assert parse_outcome(through_json(outcome)) == outcome
    assert (outcome.watched, outcome.look) == (observation.watched, observation.look)


def test_an_outcome_without_observation() -> None:
    outcome = Outcome(status=TrialStatus.CUT, seconds=1.0)
    assert (outcome.seen, outcome.watched, outcome.look) == (None, None, None)
    assert parse_outcome(through_json(outcome)) == outcome


def test_there_is_no_empty_observation() -> None:
    assert Observation.of(None, None) is None
    assert Observation.of(WATCHED, LOOK) == BOTH
    with pytest.raises(ValueError, match="needs a watched training, a look, or both"):
        Observation()
    with pytest.raises(Misfit, match="needs a watched training, a look, or both"):
        from_json(Observation, {"watched": None, "look": None})


def test_version_1_kept_one_part() -> None:
    assert Observation.from_v1(through_json(WATCHED)) == Observation(watched=WATCHED)
    assert Observation.from_v1(through_json(LOOK)) == Observation(look=LOOK)
    with pytest.raises(Misfit, match="lacks the field 'symptom'"):
        Observation.from_v1({})


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("watched", {"symptom": "tired"}, "watched.symptom is 'tired', not one of exploding_"),
        ("watched", {"more": 1}, "watched holds the unknown field 'more'"),
        ("watched", {"checks": [{}]}, "watched.checks.0 lacks the field 'epoch'"),
        ("watched", {"epochs": "some"}, "watched.epochs is 'some', not a whole number"),
        ("watched", {"val_loss": [float("inf")]}, "watched.val_loss.0 is inf, not a finite"),
        ("look", {"blames": ["loss"]}, "look.blames.0 is 'loss', not a mapping"),
        ("look", {"words": ""}, "look holds the unknown field 'words'"),
    ],
)
def test_what_does_not_fit_is_named(part: str, change: dict[str, Any], message: str) -> None:
    content = through_json(BOTH)
    content[part] |= change
    with pytest.raises(Misfit, match=f"^{re.escape(message)}"):
        from_json(Observation, content)


@pytest.mark.parametrize("part", [WATCHED, LOOK, CHECK])
def test_each_field_of_a_part_is_needed(part: Watched | Look | Check) -> None:
    content = through_json(part)
    for f in fields(part):
        left = {name: value for name, value in content.items() if name != f.name}
        if f.default is MISSING:
            with pytest.raises(Misfit, match=f"^lacks the field '{f.name}'$"):
                from_json(type(part), left)
        else:
            assert from_json(type(part), left) == part


def test_what_cannot_be_stored_is_not_written() -> None:
    with pytest.raises(Misfit, match="^watched.check_seconds is nan, not a finite number"):
        to_json(Observation(watched=replace(WATCHED, check_seconds=float("nan"))))
