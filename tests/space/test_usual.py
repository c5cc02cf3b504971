"""Suspicion and shares of the values of one program."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from asking import FAULTY

from harness.space import usual as space_usual
from harness.space.derivation import VARIANTS, Space, derive
from harness.space.domains import Choice, Real
from harness.space.operators import Context, operator_of
from harness.space.practice import HIDDEN, OWN, RARE
from harness.space.usual import Usual
from harness.subjects.fault import Fault
from harness.subjects.registry import Registry
from harness.vocabulary import Configuration


def usual(configuration: Configuration = FAULTY, variant: str = "corrected") -> Usual:
    return Usual(derive(configuration, Context("binary", {}), variant), "binary", configuration)


def of_fault(fault: Fault, variant: str) -> Usual:
    context = fault.subject.context
    return Usual(derive(fault.faulty, context, variant), context.labels, fault.faulty, 500.0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_shares_of_every_hyperparameter_of_every_fault_sum_to_one(
    registry: Registry, variant: str
) -> None:
    for fault in registry.values():
        found = of_fault(fault, variant)
        for name, domain in found.space.domains.items():
            shares = found.shares(name, fault.faulty)
            assert sum(shares.values()) == pytest.approx(1), (fault.id, name)
            assert min(shares.values()) > 0
            assert all(value in domain for value in shares), (fault.id, name)
            assert 0.1 <= found.suspicion(name, fault.faulty) <= 30


def test_a_hidden_activation_by_hand() -> None:
    """Its domain has the eleven activations and the faulty ``none``."""
    configuration = {**FAULTY, "activation_2": "sigmoid"}
    found = usual(configuration)
    assert found.output() == "activation_2"
    shares = found.shares("activation_1", configuration)
    total = sum(HIDDEN.values()) + 5 * RARE  # softmax, softsign, hard_sigmoid, exponential, none
    assert shares["relu"] == pytest.approx(0.72 / total)
    assert shares["none"] == pytest.approx(RARE / total)
    relu = {**configuration, "activation_1": "tanh"}
    assert found.suspicion("activation_1", relu) == pytest.approx(total / 0.07 / 12)
    assert found.suspicion("activation_1", configuration) == pytest.approx(total / RARE / 12)


def test_a_loss_of_the_subject_is_meant_to_be_used() -> None:
    space = derive(FAULTY, Context("binary", {"loss": ("own",)}))
    raw = {"binary_crossentropy": 0.9, "mean_squared_error": 0.04, "hinge": 0.02, "own": OWN}
    total = sum(raw.values()) + 5 * RARE
    shares = Usual(space, "binary", FAULTY).shares("loss", FAULTY)
    assert {name: shares[name] for name in raw} == pytest.approx(
        {name: share / total for name, share in raw.items()}
    )


def test_suspicion_is_capped() -> None:
    found = usual()
    assert found.suspicion("batch_size", {**FAULTY, "batch_size": 10**6}) == 30
    assert found.suspicion("loss", {**FAULTY, "loss": "binary_crossentropy"}) < 1


@pytest.fixture
def without_practice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of the operators as they would be if nothing were known of their values."""

    def bare(name: str) -> object:
        row = operator_of(name)
        return row and replace(row, practice=None)

    monkeypatch.setattr(space_usual, "operator_of", bare)


@pytest.mark.usefixtures("without_practice")
@pytest.mark.parametrize("variant", VARIANTS)
def test_without_practice_all_values_are_equally_usual(variant: str) -> None:
    found = usual(variant=variant)
    for name, domain in found.space.domains.items():
        shares = found.shares(name, FAULTY)
        assert list(shares.values()) == pytest.approx([1 / len(shares)] * len(shares))
        if isinstance(domain, Choice):
            assert set(shares) == set(domain.values)
        assert found.suspicion(name, FAULTY) == pytest.approx(1)


@pytest.mark.usefixtures("without_practice")
def test_without_practice_a_number_is_halved_and_doubled_within_its_domain() -> None:
    space = Space("corrected", {"learning_rate": Real(0.2, 10.0)}, {})
    shares = Usual(space, "binary", FAULTY).shares("learning_rate", {"learning_rate": 0.5})
    assert shares == pytest.approx({0.2: 1 / 4, 0.25: 1 / 4, 1.0: 1 / 4, 2.0: 1 / 4})


def test_reach_is_rate_times_steps_where_steps_are_bounded() -> None:
    found = replace(usual(), steps=40.0)
    adam = {**FAULTY, "optimiser": "adam", "learning_rate": 0.5}
    assert found.reach(adam) == 20.0
    assert found.reach({**adam, "epochs": 10}) == 40.0
    assert found.reach(FAULTY) == math.inf
    assert found.rate(FAULTY) == 0.01
    assert found.output() == "activation_1"


class TestTheUsualProgram:
    def test_by_hand(self) -> None:
        """One unit more of each would be as usual: what is usual already stays."""
        found = replace(usual(), steps=5000.0).usual_program()
        assert found == {
            **FAULTY,
            "loss": "binary_crossentropy",
            "batch_size": 64,  # of 16, 32, 64, 128, 256 and the present 10
            "epochs": 20,  # four times 5; more are as usual, not more so
            "activation_1": "sigmoid",  # the output
            "optimiser": "adam",
            "learning_rate": 1e-3,  # adam's, not sgd's
        }

    def test_few_steps_need_a_higher_rate(self) -> None:
        """40 steps at batch size 10 and 5 epochs are 25 at 64 and 20."""
        found = replace(usual(), steps=40.0).usual_program()
        assert found["learning_rate"] == 0.02

    def test_many_epochs_are_usual(self) -> None:
        assert usual({**FAULTY, "epochs": 90}).usual_program()["epochs"] == 90

    @pytest.mark.parametrize("variant", VARIANTS)
    def test_of_every_fault_it_lies_in_the_space_and_no_other_value_is_more_usual(
        self, registry: Registry, variant: str
    ) -> None:
        for fault in registry.values():
            found = of_fault(fault, variant)
            program = found.usual_program()
            assert program in found.space, fault.id
            for name in found.space.domains:
                own = {**program, name: fault.faulty[name]}
                assert found.most_usual(name, own) == program[name], (fault.id, name)
                if isinstance(found.space.domains[name], Choice):
                    shares = found.shares(name, own)
                    assert shares[program[name]] == max(shares.values())

    @pytest.mark.usefixtures("without_practice")
    def test_where_nothing_is_known_nothing_changes(self) -> None:
        assert usual().usual_program() == FAULTY
