"""Solutions, their orders, and how the scheduler goes through them. Nothing is trained here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from harness.techniques.autotrainer.patch import patch_of
from harness.techniques.autotrainer.rules import AS_DESCRIBED, AS_RUN, MODES, Rules, rules_of
from harness.techniques.autotrainer.scheduler import (
    ScheduledTraining,
    Status,
    ToolVerdict,
    schedule,
)
from harness.techniques.autotrainer.solutions import SOLUTIONS, Situation, solutions_for
from harness.testing import fake_seen as seen
from harness.training.history import History, Seen, Training
from harness.training.symptoms import Symptom
from harness.vocabulary import HarnessError

TRAINING = Training(
    loss="mean_squared_error", optimiser="sgd", learning_rate=0.01, batch_size=32, epochs=12
)
FAULTY = {
    "loss": "mean_squared_error",
    "optimiser": "sgd",
    "learning_rate": 0.01,
    "batch_size": 32,
    "epochs": 12,
    "activation_1": "relu",
    "activation_2": "softmax",
    "kernel_initialiser_1": "glorot_uniform",
    "kernel_initialiser_2": "glorot_uniform",
    "bias_initialiser_1": "zeros",
    "bias_initialiser_2": "zeros",
    "dropout_1": 0.25,
}


def run(
    answer: Callable[[ScheduledTraining], Seen | None],
    rules: Rules = AS_RUN,
    training: Training = TRAINING,
) -> tuple[list[ScheduledTraining], ToolVerdict]:
    jobs: list[ScheduledTraining] = []
    asking = schedule(training, rules, np.random.default_rng(0), count(), FAULTY)
    job = next(asking)
    while True:
        jobs.append(job)
        try:
            job = asking.send(answer(job))
        except StopIteration as stop:
            return jobs, stop.value


def names(jobs: list[ScheduledTraining]) -> list[str]:
    return [job.solution for job in jobs[1:]]


@pytest.mark.parametrize(
    ("symptom", "attempts", "order"),
    [
        (Symptom.VANISHING, 3, "selu relu bn"),
        (Symptom.EXPLODING, 6, "selu relu gradient gradient tanh bn"),
        (Symptom.DYING, 8, "selu bn initial initial initial leaky leaky leaky"),
        (
            Symptom.OSCILLATING,
            12,  # at batch size 32 the solution 'batch' is given up at its first repetition
            "adam lr lr lr ReduceLR momentum momentum momentum GN initial initial initial",
        ),
        (
            Symptom.SLOW,
            9,
            "optimizer optimizer optimizer lr lr lr initial initial initial",
        ),
    ],
)
def test_a_list_that_does_not_help_is_gone_through(
    symptom: Symptom, attempts: int, order: str
) -> None:
    jobs, verdict = run(lambda job: seen(symptom))
    assert names(jobs) == order.split()
    assert len(jobs) - 1 == attempts
    assert verdict.status is Status.UNSOLVED
    assert verdict.tackled == (symptom,)


def test_oscillation_takes_sixteen_attempts_at_another_batch_size_and_eleven_with_adam() -> None:
    other = replace(TRAINING, batch_size=1)
    assert len(run(lambda job: seen(Symptom.OSCILLATING), training=other)[0]) - 1 == 16
    adam = replace(TRAINING, optimiser="adam", learning_rate=0.1)
    assert len(run(lambda job: seen(Symptom.OSCILLATING), training=adam)[0]) - 1 == 11


def test_repetitions_that_change_nothing_end_the_solution_as_run_only() -> None:
    jobs, _ = run(lambda job: seen(Symptom.OSCILLATING), AS_DESCRIBED)
    assert names(jobs).count("batch") == 3  # 64, 128, 256
    assert names(jobs).count("lr") == 2  # 0.01 is the present one
    rates = [j.history.links[-1].training.learning_rate for j in jobs if j.solution == "lr"]
    assert rates == [0.001, 0.0001]


def test_the_first_training_without_symptom_ends_the_run() -> None:
    jobs, verdict = run(lambda job: seen(None if job.solution == "relu" else Symptom.VANISHING))
    assert names(jobs) == ["selu", "relu"]
    assert (verdict.status, verdict.answer) == (Status.SOLVED, jobs[-1])


def test_no_symptom_and_a_program_that_fails() -> None:
    jobs, verdict = run(lambda job: seen(None))
    assert (len(jobs), verdict.status) == (1, Status.NO_SYMPTOM)
    assert run(lambda job: None)[1].status is Status.FAILED


def test_each_attempt_starts_from_the_trained_program() -> None:
    jobs, _ = run(lambda job: seen(Symptom.VANISHING))
    for job in jobs[1:]:
        begin, attempt = job.history.links
        assert begin == replace(jobs[0].history.links[0], epochs=4)
        assert attempt.epochs == 0
    assert [j.history.links[-1].number for j in jobs] == [0, 1, 2, 3]
    assert {j.history.thresholds for j in jobs[1:]} == {AS_RUN.retraining}
    assert jobs[0].history.thresholds == AS_RUN.detection


def test_another_symptom_starts_the_next_list_from_the_best_of_those_trainings() -> None:
    def answer(job: ScheduledTraining) -> Seen:
        if job.level == 1:
            return seen(None if job.solution == "optimizer" else Symptom.SLOW)
        if job.solution in ("relu", "bn"):
            return seen(Symptom.SLOW, 0.7 if job.solution == "relu" else 0.6)
        return seen(Symptom.VANISHING)

    jobs, verdict = run(answer)
    assert names(jobs) == ["selu", "relu", "bn", "optimizer"]  # the list goes on after 'relu'
    assert verdict.status is Status.SOLVED
    assert verdict.tackled == (Symptom.VANISHING, Symptom.SLOW)
    last = jobs[-1].history.links
    assert len(last) == 3
    assert last[1].edits[0]["to"] == "relu"  # edits add up from one symptom to the next
    assert last[1].epochs == 4


def test_a_symptom_that_comes_back_is_a_potential_solution_only() -> None:
    def answer(job: ScheduledTraining) -> Seen:
        return seen(Symptom.SLOW if job.symptom is Symptom.VANISHING else Symptom.VANISHING)

    _, verdict = run(answer)
    assert verdict.status is Status.POTENTIAL
    assert verdict.tackled == (Symptom.VANISHING, Symptom.SLOW)
    assert verdict.answer.level == 1


def test_without_a_way_on_the_answer_is_that_of_the_level_before() -> None:
    def answer(job: ScheduledTraining) -> Seen:
        return seen(Symptom.VANISHING if job.symptom is None else Symptom.SLOW)

    jobs, verdict = run(answer)
    assert verdict.status is Status.UNSOLVED
    assert verdict.answer == jobs[1]  # the first of equals


def test_an_attempt_that_cannot_be_trained_is_passed_over() -> None:
    jobs, verdict = run(lambda job: seen(Symptom.VANISHING) if job.symptom is None else None)
    assert len(jobs) == 4
    assert (verdict.status, verdict.answer) == (Status.UNSOLVED, jobs[0])


def case(rules: Rules = AS_RUN, **training: object) -> Situation:
    how = replace(TRAINING, **training)  # type: ignore[arg-type]
    return Situation(how, ("dense", "dense"), Symptom.SLOW, rules)


@pytest.mark.parametrize(
    ("name", "given", "present"),
    [
        ("gradient", {"options": {"clipnorm": 1.0}}, True),
        ("gradient", {"options": {"momentum": 0.5}}, False),
        ("adam", {"optimiser": "adam"}, True),
        ("adam", {}, False),
        ("batch", {"batch_size": 32}, True),
        ("batch", {"batch_size": 16}, False),
    ],
)
def test_what_is_there_already_is_not_tried(
    name: str, given: dict[str, object], present: bool
) -> None:
    change = SOLUTIONS[name].apply(case(**given), 0, np.random.default_rng(0))
    assert (change is None) is present


def test_noise_is_not_added_twice() -> None:
    noisy = replace(case(), kinds=("other", "noise", "dense"))
    assert SOLUTIONS["GN"].apply(noisy, 0, np.random.default_rng(0)) is None


def test_drawn_values_lie_in_their_ranges() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        clip = SOLUTIONS["gradient"].apply(case(), 0, rng)
        momentum = SOLUTIONS["momentum"].apply(case(), 0, rng)
        other = SOLUTIONS["optimizer"].apply(case(), 0, rng)
        assert clip and momentum and other
        assert 9 <= clip.training.options["clipvalue"] <= 10
        assert 0.01 <= momentum.training.options["momentum"] <= 0.9
        assert other.training.optimiser != "sgd"


def test_filters_keep_at_least_one_solution() -> None:
    def kept(**changes: object) -> list[str]:
        return [s.name for s in solutions_for(Symptom.EXPLODING, rules_of("as_run", **changes))]

    assert kept() == ["selu", "relu", "gradient", "tanh", "bn"]
    assert kept(grades=0) == ["gradient"]
    assert kept(save_memory=True) == ["selu", "relu", "gradient", "tanh"]
    assert kept(strategy="structure") == ["gradient", "relu", "selu", "tanh", "bn"]
    vanishing = solutions_for(Symptom.VANISHING, rules_of("as_run", grades=0))
    assert [s.name for s in vanishing] == ["selu"]


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
    import json

    history = history_of(Symptom.DYING, "leaky")
    assert History.parse(json.loads(json.dumps(history.plain()))) == history
    shown = seen(Symptom.SLOW)
    assert Seen.parse(json.loads(json.dumps(shown.plain()))) == shown
