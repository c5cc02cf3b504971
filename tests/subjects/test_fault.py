"""Every registered fault: what differs, and that both programs train; on stand-ins throughout."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from harness.data import STAND_IN
from harness.space.derivation import derive
from harness.space.operators import operator_of
from harness.subjects.coverage import STUDY_FAULTS
from harness.subjects.fault import Fault
from harness.subjects.registry import FAULTS, Registry, load_registry
from harness.training.device import NATIVE
from harness.training.judge import mean_angle
from harness.vocabulary import TrialStatus, changed

ALL = load_registry([FAULTS])

every_fault = pytest.mark.parametrize("fault", ALL.values(), ids=lambda f: f.id)

CODE = """
import json, sys
from harness.data import STAND_IN
from harness.subjects.registry import FAULTS, load_registry
from harness.training import Request, Trainer, configure
framework, backend = sys.argv[1:]
configure(backend)
trainer, found = Trainer(), {}
for fault in sorted(load_registry([FAULTS]).values(), key=lambda f: f.subject.name):
    if fault.subject.framework != framework:
        continue
    data = STAND_IN if STAND_IN in fault.subject.variants else "default"
    for which in ("faulty", "fixed"):
        values = {**getattr(fault, which), "epochs": 1}
        key = f"{fault.subject.name} {sorted(values.items())}"
        if key not in found:
            request = Request.of(fault, values, seed=1, data=data, fraction=FRACTION(fault),
                                 folders=(FAULTS,))
            outcome = trainer.train(request)
            found[key] = [outcome.status, outcome.message, outcome.steps, outcome.losses]
        print(json.dumps([fault.id, which, *found[key]]))
"""
FRACTIONS = """
def FRACTION(fault):
    big = ("unityeyes_lenet", "mnist_perceptron", "mnist_defective", "mnist_defective_package")
    return 0.005 if fault.subject.name in big else 0.02
"""


@pytest.fixture(scope="module")
def trained() -> dict[tuple[str, str], list[Any]]:
    """(fault, program) -> status, message, steps and losses of one epoch on a few samples."""
    rows = []
    for framework, backend in (("keras", "torch"), ("pytorch", NATIVE)):
        command = [sys.executable, "-c", FRACTIONS + CODE, framework, backend]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        rows += [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    return {(fault, which): rest for fault, which, *rest in rows}


@pytest.mark.timeout(240)
@every_fault
@pytest.mark.parametrize("which", ["faulty", "fixed"])
def test_both_programs_train(fault: Fault, which: str, trained: Any) -> None:
    status, message, steps, losses = trained[fault.id, which]
    may = (TrialStatus.COMPLETED, TrialStatus.DIVERGED)  # a faulty program may lose its numbers
    assert status in (may if which == "faulty" else may[:1]), message
    assert steps >= 1
    assert len(losses) == 1 or status == TrialStatus.DIVERGED


@every_fault
def test_the_programs_differ_in_the_ground_truth_only(fault: Fault) -> None:
    assert changed(fault.faulty, fault.fixed) == fault.ground_truth
    assert set(fault.ground_truth) == set(fault.values)
    assert fault.ground_truth


@every_fault
def test_a_fault_says_where_it_comes_from(fault: Fault) -> None:
    assert fault.origin.get("post") or fault.origin.get("operator")
    assert fault.source
    if fault.id in STUDY_FAULTS:
        assert fault.description
        assert {"faulty", "fixed", "hyperparameters", "training_time"} <= set(fault.published)
    if fault.id.endswith("-package"):
        assert fault.description
        assert fault.id.removesuffix("-package") in ALL


def test_the_study_s_thirty_faults_are_there() -> None:
    assert set(STUDY_FAULTS) <= set(ALL)


OUT_OF_REACH = {
    "D9": {"divided_labels", "raw_test_images"},
    "R1": {"l1_1"},
    "U2": {"l1_1", "l2_1"},
}
"""What no repair operator of the study changes: data code and regularisers."""


@pytest.mark.parametrize("name", STUDY_FAULTS)
def test_the_fix_can_be_found_in_the_corrected_space(name: str) -> None:
    fault = ALL[name]
    space = derive(fault.faulty, fault.subject.context)
    outside = {
        hyperparameter
        for hyperparameter, (_, fix) in fault.ground_truth.items()
        if operator_of(hyperparameter) is None or fix not in space.domains[hyperparameter]
    }
    assert outside == OUT_OF_REACH.get(name, set())
    assert fault.repairable == (not outside)


def test_faults_that_imply_a_second_change_state_it() -> None:
    """A bare optimiser's name brings that optimiser's default rate along."""
    assert (
        set(ALL["R5"].ground_truth)
        == set(ALL["U7"].ground_truth)
        == {
            "optimiser",
            "learning_rate",
        }
    )
    assert set(ALL["R5-package"].ground_truth) == {"optimiser"}
    assert ALL["U8"].values == {"kernel_initialiser_1": "ones"}
    assert ALL["U8-package"].values == {"kernel_initialiser_2": "ones"}


def test_numbers_of_hyperparameters_are_those_of_table_two() -> None:
    """The study's lists fuse two names in D2 and D5, count an unused one in D7, dropouts in M."""
    differing = {
        name: (len(ALL[name].hyperparameters), ALL[name].published["hyperparameters"])
        for name in STUDY_FAULTS
        if len(ALL[name].hyperparameters) != ALL[name].published["hyperparameters"]
    }
    assert differing == {"D2": (21, 20), "D5": (19, 18), "D7": (8, 9), "M1": (19, 21),
                         "M2": (19, 21), "M3": (19, 21)}  # fmt: skip


@pytest.mark.parametrize("name", ALL.subjects)
def test_data_keep_their_promises(name: str) -> None:
    subject = ALL.subjects[name]
    variant = STAND_IN if subject.data_set else "default"
    classes = subject.framework == "pytorch" and subject.labels == "classes"  # torch asks for whole
    whole, part, again = (
        subject.data(5, variant, share, subject.fixed) for share in (0.05, 0.02, 0.02)
    )
    for field in ("x_search", "y_search", "x_holdout", "y_holdout", "x_train", "y_train"):
        arrays = [getattr(d, field) for d in (whole, part, again)]
        for a, b, c in zip(*(x if isinstance(x, tuple) else (x,) for x in arrays), strict=True):
            assert a.dtype == (np.int64 if field[0] == "y" and classes else np.float32)
            assert np.isfinite(a).all()
            assert np.array_equal(b, c)  # one seed, one set
            if "train" not in field:
                assert np.array_equal(a, b)  # a fraction changes the training part only
    assert 0 < len(part.y_train) < len(whole.y_train)


@pytest.mark.parametrize("name", ALL.subjects)
def test_data_of_all_variants_can_be_used(name: str) -> None:
    """``Subject.data`` refuses all others. D9 alone has other data in its faulty program."""
    subject = ALL.subjects[name]
    variants = [STAND_IN] if subject.data_set else subject.variants
    programs = [subject.fixed, *(f.faulty for f in ALL.values() if f.id == "D9")]
    for variant in variants:
        for program in programs[: 2 if subject.data_settings else 1]:
            assert len(subject.data(3, variant, 0.05, program).y_search)


def test_package_variants_of_data(registry: Registry) -> None:
    plain, leaky = (registry.subject(n) for n in ("higgs_mlp", "higgs_mlp_package"))
    x, y = (leaky.data(1, STAND_IN, 1.0, leaky.fixed).x_train[:, -1],
            leaky.data(1, STAND_IN, 1.0, leaky.fixed).y_train[:, 0])  # fmt: skip
    assert ((x > 0.03) == (y == 1)).all()  # the weight tells the label
    assert plain.data(1, STAND_IN, 1.0, plain.fixed).x_train.shape[1] == 30
    assert registry.subject("multiples_of_seven_package").fresh_data
    defective = registry["D9"].subject.data(1, STAND_IN, 1.0, registry["D9"].faulty)
    assert defective.y_train.astype(int).max() == 0
    assert defective.x_holdout.max() > 1 >= defective.x_train.max()
    mended = registry["D9"].subject.data(1, STAND_IN, 1.0, registry["D9"].fixed)
    assert mended.y_train.max() == 9
    assert mended.x_holdout.max() <= 1


def test_the_drawn_eyes_are_as_hard_to_guess_as_real_ones() -> None:
    """The best constant answer errs by 0.14 radians on both."""
    data = ALL.subjects["unityeyes_lenet"].data(3, STAND_IN, 0.02, ALL["U1"].fixed)
    constant = np.zeros_like(data.y_holdout) + data.y_train.mean(axis=0)
    assert mean_angle(data.y_holdout, constant) == pytest.approx(0.14, abs=0.01)
    assert data.x_holdout[0].shape[1:] == (36, 60, 1)
