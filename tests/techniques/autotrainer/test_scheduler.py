"""How the scheduler goes through the solutions. Nothing is trained here."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scheduling import TRAINING, run

from harness.records.observation import Symptom, Watched
from harness.techniques.autotrainer.rules import AS_DESCRIBED, AS_RUN
from harness.techniques.autotrainer.scheduler import (
    ScheduledTraining,
    Status,
)
from harness.testing import fake_seen as seen


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
    def answer(job: ScheduledTraining) -> Watched:
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
    def answer(job: ScheduledTraining) -> Watched:
        return seen(Symptom.SLOW if job.symptom is Symptom.VANISHING else Symptom.VANISHING)

    _, verdict = run(answer)
    assert verdict.status is Status.POTENTIAL
    assert verdict.tackled == (Symptom.VANISHING, Symptom.SLOW)
    assert verdict.answer.level == 1


def test_without_a_way_on_the_answer_is_that_of_the_level_before() -> None:
    def answer(job: ScheduledTraining) -> Watched:
        return seen(Symptom.VANISHING if job.symptom is None else Symptom.SLOW)

    jobs, verdict = run(answer)
    assert verdict.status is Status.UNSOLVED
    assert verdict.answer == jobs[1]  # the first of equals


def test_an_attempt_that_cannot_be_trained_is_passed_over() -> None:
    jobs, verdict = run(lambda job: seen(Symptom.VANISHING) if job.symptom is None else None)
    assert len(jobs) == 4
    assert (verdict.status, verdict.answer) == (Status.UNSOLVED, jobs[0])
