import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.space.derivation import VARIANTS, derive
from harness.space.domains import Choice, Integer, Real
from harness.space.operators import Context, operator_of
from harness.subjects.fault import Fault
from harness.subjects.registry import FAULTS, load_registry
from harness.vocabulary import HarnessError

ALL = list(load_registry([FAULTS]).values())
faults = st.sampled_from(ALL)
variants = st.sampled_from(sorted(VARIANTS))


@given(faults, variants, st.integers(0, 2**32 - 1))
def test_samples_and_the_faulty_program_are_inside(fault: Fault, variant: str, seed: int) -> None:
    space = derive(fault.faulty, fault.subject.context, variant)
    assert space.sample(np.random.default_rng(seed)) in space
    assert fault.faulty in space


@pytest.mark.parametrize("fault", ALL, ids=lambda f: f.id)
@pytest.mark.parametrize("variant", ["cost_aware", "corrected"])
def test_the_ground_truth_lies_in_the_space(fault: Fault, variant: str) -> None:
    space = derive(fault.faulty, fault.subject.context, variant)
    assert fault.repairable == (fault.fixed in space)


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_settings_are_carried_along_and_never_searched(variant: str) -> None:
    fault = load_registry([FAULTS])["G1"]
    space = derive(fault.faulty, fault.subject.context, variant)
    settings = {n: v for n, v in fault.faulty.items() if operator_of(n) is None}
    assert {"dropout_1", "regulariser_1", "use_bias_1"} <= set(settings)
    assert space.frozen == settings
    assert all(operator_of(name) for name in space.domains)
    assert {**fault.faulty, "dropout_1": 0.5} not in space


@given(faults, st.integers(0, 2**32 - 1))
def test_what_a_draw_costs_changes_no_program_that_can_be_reached(fault: Fault, seed: int) -> None:
    spaces = [
        derive(fault.faulty, fault.subject.context, name) for name in ("cost_aware", "corrected")
    ]
    for one, other in (spaces, spaces[::-1]):
        assert one.sample(np.random.default_rng(seed)) in other


def test_the_space_does_not_depend_on_the_fix() -> None:
    """Two faulty programs that are equal have one space, whatever their subjects' fixes are."""
    faulty = dict(load_registry([FAULTS])["D7"].faulty)
    assert derive(faulty, Context("real", {})) == derive(dict(faulty), Context("real", {}))


def test_values_of_the_study() -> None:
    """Figures of the replication package, for D6: linear rate, powers of the multiplier."""
    fault = load_registry([FAULTS])["D6"]
    domains = derive(fault.faulty, fault.subject.context, "icst23").domains
    assert domains["learning_rate"] == Real(1e-6, 10.0)
    assert len(domains["loss"].values) == 13  # type: ignore[union-attr]
    assert len(domains["kernel_initialiser_1"].values) == 13  # type: ignore[union-attr]
    assert domains["units_1"] == Choice((1, 2, 4))
    assert domains["epochs"] == Choice((2, 3, 4, 5, 6, 7, 8, 10))


def test_corrected_values_suit_the_program() -> None:
    fault = load_registry([FAULTS])["D3"]
    domains = derive(fault.faulty, fault.subject.context).domains
    assert domains["learning_rate"] == Real(1e-6, 10.0, log=True)
    assert domains["epochs"] == Integer(1, 100, log=True)
    assert "sparse_categorical_crossentropy" not in domains["loss"].values  # type: ignore[union-attr]
    assert "orthogonal" not in domains["bias_initialiser_1"].values  # type: ignore[union-attr]
    assert domains["units_1"] == Choice((1, 2))


def test_an_unknown_space_is_named() -> None:
    with pytest.raises(HarnessError, match="no search space 'corect'. Did you mean corrected"):
        derive({"epochs": 5}, Context("real", {}), "corect")
