"""Histories of trainings as patches in hyperparameters."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from scheduling import FAULTY, run

from harness.records.observation import Observation, Symptom
from harness.records.schema import from_json, to_json
from harness.techniques.autotrainer.patch import patch_of
from harness.techniques.autotrainer.rules import AS_DESCRIBED, AS_RUN
from harness.testing import fake_seen as seen
from harness.training.watched.history import History


def history_of(symptom: Symptom, solution: str) -> History:
    jobs, _ = run(lambda job: seen(symptom), AS_DESCRIBED)
    return next(j.history for j in jobs if j.solution == solution)


@pytest.mark.parametrize(
    ("symptom", "solution", "changed", "structural"),
    [
        (
            Symptom.VANISHING,
            "selu",
            {
                "activation_1": "selu",
                "kernel_initialiser_1": "lecun_uniform",
                "bias_initialiser_1": "lecun_uniform",
            },
            {},
        ),
        (Symptom.VANISHING, "bn", {}, {"batch_normalisation": "layer"}),
        (Symptom.EXPLODING, "gradient", {}, {"clipvalue": "optimiser"}),
        (Symptom.DYING, "leaky", {"activation_1": "leaky_relu"}, {}),
        (Symptom.OSCILLATING, "adam", {"optimiser": "adam", "learning_rate": 0.001}, {}),
        (Symptom.OSCILLATING, "batch", {"batch_size": 64}, {}),
        (Symptom.OSCILLATING, "ReduceLR", {}, {"reduce_rate": "learning_rate"}),
        (Symptom.OSCILLATING, "GN", {}, {"gaussian_noise": "layer"}),
        (Symptom.OSCILLATING, "momentum", {}, {"momentum": "optimiser"}),
    ],
)
def test_patches_are_told_in_hyperparameters(
    symptom: Symptom, solution: str, changed: dict[str, object], structural: dict[str, str]
) -> None:
    patch = patch_of(history_of(symptom, solution), FAULTY)
    assert {n: v for n, v in patch.configuration.items() if v != FAULTY[n]} == changed
    assert patch.structural == structural


def test_a_history_survives_its_json() -> None:
    history = history_of(Symptom.DYING, "leaky")
    assert History.parse(json.loads(json.dumps(history.plain()))) == history
    shown = Observation(watched=seen(Symptom.SLOW))
    assert from_json(Observation, json.loads(json.dumps(to_json(shown)))) == shown


def test_a_leaky_activation_that_strips_the_output_makes_it_linear() -> None:
    jobs, _ = run(lambda job: seen(Symptom.DYING), replace(AS_RUN, strip_output=True))
    leaky = next(j.history for j in jobs if j.solution == "leaky")
    found = patch_of(leaky, FAULTY).configuration
    assert (found["activation_1"], found["activation_2"]) == ("leaky_relu", "linear")


def test_the_program_itself_is_no_patch() -> None:
    jobs, _ = run(lambda job: seen(None))
    assert patch_of(jobs[0].history, FAULTY) == (FAULTY, {})
