"""Random search: where it starts, and that it draws from the whole space."""

from __future__ import annotations

from asking import FAULTY, completed, drive, failed, task

from harness.records.clocks import TrainingClock
from harness.space.domains import Choice
from harness.techniques.random import Random, RandomIcst23, RandomUsual
from harness.techniques.usual import usual_start


def test_the_start_is_drawn_or_the_faulty_configuration() -> None:
    for technique, faulty in ((Random(), 0), (Random(from_faulty=True), 1), (RandomIcst23(), 1)):
        optimiser = technique.optimiser(task(), TrainingClock(9.0), 1)
        first, *others = drive(optimiser, 5)
        assert (dict(first.configuration) == FAULTY) == bool(faulty)
        assert all(dict(p.configuration) != FAULTY for p in others)
        health = optimiser.health()
        assert (health["faulty_proposals"], health["random_proposals"]) == (faulty, 5 - faulty)


def test_nothing_is_learned() -> None:
    good, bad = (
        drive(Random().optimiser(task(), TrainingClock(9.0), 1), 20, outcome)
        for outcome in (lambda proposal: completed(1.0), lambda proposal: failed())
    )
    assert [p.configuration for p in good] == [p.configuration for p in bad]


def test_every_value_of_every_choice_is_drawn() -> None:
    proposals = drive(Random().optimiser(task(), TrainingClock(9.0), 1), 300)
    for name, domain in task().space.domains.items():
        if isinstance(domain, Choice):
            assert {p.configuration[name] for p in proposals} == set(domain.values)


def test_the_usual_program_comes_before_the_draws() -> None:
    optimiser = RandomUsual().optimiser(task(), TrainingClock(9.0), 1)
    first, *others = drive(optimiser, 5)
    assert first.configuration == usual_start(task()) != FAULTY
    assert first.note == {"source": "usual"}
    plain = drive(Random().optimiser(task(), TrainingClock(9.0), 1), 4)
    assert [p.configuration for p in others] == [p.configuration for p in plain]
