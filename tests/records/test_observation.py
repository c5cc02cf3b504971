"""Observations: one writer, one reader, and those of the version before."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from harness.records.observation import Blame, Check, Look, Observation, Symptom, Watched
from harness.records.outcome import Outcome, parse_outcome
from harness.techniques.fakes import fake_seen as seen
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


def through_json(content: Any) -> Any:
    return json.loads(json.dumps(content))


@pytest.mark.parametrize(
    "observation", [BOTH, Observation(watched=seen(None)), Observation(look=LOOK)]
)
def test_an_observation_survives_its_json(observation: Observation) -> None:
    assert Observation.parse(through_json(observation.plain())) == observation
    outcome = Outcome(status=TrialStatus.CUT, seconds=1.0, seen=observation)
    assert parse_outcome(through_json(asdict(outcome))) == outcome
    assert (outcome.watched, outcome.look) == (observation.watched, observation.look)


def test_an_outcome_without_observation() -> None:
    outcome = Outcome(status=TrialStatus.CUT, seconds=1.0)
    assert (outcome.seen, outcome.watched, outcome.look) == (None, None, None)
    assert parse_outcome(through_json(asdict(outcome))) == outcome


def test_there_is_no_empty_observation() -> None:
    assert Observation.of(None, None) is None
    assert Observation.of(WATCHED, LOOK) == BOTH
    with pytest.raises(ValueError, match="needs a watched training, a look, or both"):
        Observation()


def test_version_1_kept_one_part() -> None:
    watched, look = (through_json(asdict(part)) for part in (WATCHED, LOOK))
    assert Observation.from_v1(watched) == Observation(watched=WATCHED)
    assert Observation.from_v1(look) == Observation(look=LOOK)


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("watched", {"symptom": "tired"}, "tired"),
        ("watched", {"more": 1}, r"Watched has unknown fields \['more'\]"),
        ("watched", {"checks": [{}]}, "Check lacks the fields"),
        ("watched", {"epochs": "some"}, "some"),
        ("look", {"blames": ["loss"]}, "Blame is a mapping. Received: 'loss'"),
        ("look", {"words": ""}, r"Look has unknown fields \['words'\]"),
    ],
)
def test_what_does_not_fit_is_named(part: str, change: dict[str, Any], message: str) -> None:
    content = through_json(BOTH.plain())
    content[part] |= change
    with pytest.raises(ValueError, match=message):
        Observation.parse(content)
    with pytest.raises(ValueError, match="lacks the fields"):
        Observation.parse({part: content[part]})
