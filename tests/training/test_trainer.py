"""Trains for real, on TensorFlow in this process and on the other backends in their own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from outside import SUBJECT, write_faults

from harness.subjects.arrays import Data
from harness.subjects.checked_data import BadData
from harness.subjects.registry import FAULTS, Registry, load_registry
from harness.subjects.subject import Subject
from harness.training import Request, Trainer, configure
from harness.vocabulary import Cause, TrialStatus


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    configure("tensorflow", threads=1)
    return Trainer()


@pytest.fixture(params=["X1", "X3"], ids=["keras", "pytorch"])
def request_(request: pytest.FixtureRequest, registry: Registry, own_faults: Path) -> Request:
    """The same small program in Keras and in PyTorch."""
    fault = registry[request.param]
    where = (FAULTS, own_faults)
    return Request.of(fault, fault.fixed, seed=1, folders=where)


def with_values(request: Request, **values: Any) -> Request:
    return replace(request, configuration={**request.configuration, **values})


def told(outcome: Any) -> tuple[Any, ...]:
    """An outcome without its times."""
    return outcome.status, outcome.search, outcome.holdout, outcome.losses, outcome.steps


def test_a_good_program_learns(trainer: Trainer, request_: Request) -> None:
    outcome = trainer.train(request_)
    assert outcome.status is TrialStatus.COMPLETED
    assert outcome.search is not None
    assert outcome.search > 0.8
    assert outcome.steps == 4 * 7  # 200 samples in batches of 32, four epochs
    assert len(outcome.losses) == 4
    assert outcome.losses[-1] < outcome.losses[0]
    assert 0 < outcome.evaluate_seconds < outcome.seconds < outcome.total_seconds


def test_same_seed_same_numbers_other_seed_others(trainer: Trainer, request_: Request) -> None:
    first = trainer.train(request_)
    other = trainer.train(replace(request_, seed=2))
    assert told(trainer.train(request_)) == told(first)  # now from the compiled program kept
    assert told(Trainer().train(request_)) == told(first)  # compiled anew
    assert other.losses != first.losses


def test_a_kept_program_gives_what_a_fresh_one_gives(trainer: Trainer, request_: Request) -> None:
    """Rate, epochs and initial weights change without a new compilation."""
    trainer.train(request_)
    changed = with_values(request_, learning_rate=0.01, epochs=2, kernel_initialiser_1="he_normal")
    assert told(trainer.train(changed)) == told(Trainer().train(changed))


PECULIAR = {
    "the epochs shape the program": (
        'layers.Dropout(c["dropout_1"])',
        'layers.Dropout(0.1 * c["epochs"])',
        {"epochs": 2},
    ),
    "an initialiser shapes the program": (
        'layers.Dropout(c["dropout_1"])',
        'layers.Dense(3 if c["kernel_initialiser_1"] == "zeros" else 4)',
        {"kernel_initialiser_1": "zeros"},
    ),
    "a layer of its own counts": (
        'layers.Dropout(c["dropout_1"])',
        "Counting()",
        {"learning_rate": 0.01},
    ),
}
OWN_LAYER = """
    class Counting(layers.Layer):
        called = 0
        def call(self, x, training=None):
            self.called += 1
            return x * float(self.called)
"""


@pytest.mark.usefixtures("trainer")
@pytest.mark.parametrize("name", PECULIAR)
def test_a_kept_program_serves_only_its_like(tmp_path: Path, name: str) -> None:
    """What else it depends on than its structure makes it another program."""
    part, own, values = PECULIAR[name]
    folder = write_faults(tmp_path / "faults", "X1")
    line = "    from keras import Input, Sequential, layers\n"
    text = SUBJECT.replace(part, own).replace(line, f"{line}{OWN_LAYER}")
    (folder / "subjects" / "sum_sign.py").write_text(text)
    fault = load_registry([folder])["X1"]
    request = Request.of(fault, fault.fixed, seed=1, folders=(folder,))
    changed, kept = with_values(request, **values), Trainer()
    kept.train(request)
    assert told(kept.train(changed)) == told(Trainer().train(changed))
    assert told(kept.train(request)) == told(Trainer().train(request))


def test_stopping_and_going_on_changes_nothing(trainer: Trainer, request_: Request) -> None:
    whole = trainer.train(request_)
    part = trainer.train(replace(request_, run="r", proposal=3, fidelity=0.4))
    assert part.status is TrialStatus.COMPLETED
    assert part.steps == 11  # 40 % of 28 steps, in the middle of an epoch
    assert part.fidelity == pytest.approx(11 / 28)
    again = replace(request_, run="r", proposal=3, reached=part.fidelity)
    rest = trainer.train(again)
    assert (part.steps + rest.steps, rest.holdout) == (whole.steps, whole.holdout)
    in_a_new_process = Trainer().train(again)  # its state is gone: the first steps are repeated
    assert told(in_a_new_process) == told(rest)


def test_a_work_limit_cuts_at_a_step_on_any_machine(trainer: Trainer, request_: Request) -> None:
    per_sample = 3 * (4 * 8 + 8 * 2)
    whole = trainer.train(request_)
    assert whole.work == 4 * 200 * per_sample
    cut = trainer.train(replace(request_, work_limit=201.0 * per_sample))
    assert cut.status is TrialStatus.CUT
    assert (cut.steps, cut.work) == (8, 232 * per_sample)  # the step that reaches the limit ends


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"loss": "sparse_categorical_crossentropy"}, Cause.LABELS),
        ({"bias_initialiser_1": "orthogonal"}, Cause.INITIALISER),
        ({"units_1": -1}, Cause.SHAPE),
        ({"activation_1": "swosh"}, Cause.SHAPE),
    ],
)
def test_what_cannot_train_is_recognised_before(
    trainer: Trainer, request_: Request, values: dict[str, Any], cause: Cause
) -> None:
    outcome = trainer.train(with_values(request_, **values))
    assert (outcome.status, outcome.cause) == (TrialStatus.INVALID, cause)
    assert outcome.seconds == 0
    assert outcome.message


def test_divergence_is_no_score(trainer: Trainer, request_: Request) -> None:
    outcome = trainer.train(
        with_values(request_, learning_rate=1e38, optimiser="sgd", loss="mean_squared_error",
                    activation_2="linear", epochs=50)
    )  # fmt: skip
    assert (outcome.status, outcome.cause) == (TrialStatus.DIVERGED, Cause.NON_FINITE)
    assert outcome.search is None
    assert outcome.steps < 50 * 7  # it stopped when the loss was gone
    assert trainer.train(request_).status is TrialStatus.COMPLETED  # and left nothing behind


def test_a_trial_is_cut_and_keeps_what_it_reached(trainer: Trainer, request_: Request) -> None:
    long = with_values(request_, epochs=10_000)
    outcome = trainer.train(replace(long, limit=0.3))
    assert outcome.status is TrialStatus.CUT
    assert outcome.judged
    assert 0 < outcome.fidelity < 1
    assert 0.25 < outcome.seconds < 3
    assert trainer.train(replace(long, limit=0.0)).search is None


def test_a_program_that_crashes_is_a_row(
    trainer: Trainer, request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise MemoryError("no more")

    trainer.train(request_)
    for kept in trainer._programs.values():
        monkeypatch.setattr(kept, "run", broken)
    outcome = trainer.train(request_)
    assert (outcome.status, outcome.cause) == (TrialStatus.CRASHED, Cause.MEMORY)
    assert trainer.train(request_).status is TrialStatus.COMPLETED


def test_fraction_takes_a_share_of_the_training_data(trainer: Trainer, request_: Request) -> None:
    assert trainer.train(replace(request_, fraction=0.5)).steps == 4 * 4


@pytest.mark.usefixtures("trainer")
def test_data_are_loaded_once(request_: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    load = Subject.data

    def counted(self: Subject, *what: Any) -> Data:
        loaded.append(what)
        return load(self, *what)

    monkeypatch.setattr(Subject, "data", counted)
    fresh = Trainer()
    for seed in (1, 2, 1):
        fresh.train(replace(request_, seed=seed))
    assert len(loaded) == 1
    fresh.train(replace(request_, fraction=0.5))
    assert len(loaded) == 2


def hostile(folder: Path, framework: str, *replaced: tuple[str, str]) -> Request:
    """The small program with parts of its module replaced."""
    write_faults(folder, "X1")
    name = "sum_sign" if framework == "keras" else "sum_sign_torch"
    module = folder / "subjects" / f"{name}.py"
    text = module.read_text()
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    module.write_text(text)
    registry = load_registry([folder])
    fixed = dict(registry.subject(name).fixed)
    request = Request.of(registry["X1"], fixed, seed=1, folders=(folder,))
    return replace(request, subject=name)


both_frameworks = pytest.mark.parametrize("framework", ["keras", "pytorch"])

TRUE_BUILD = ("def build(c):\n", "def build(c):\n    c.update(epochs=1, learning_rate=1e-9)\n")


@both_frameworks
def test_a_build_that_changes_its_configuration_trains_as_asked(
    framework: str, trainer: Trainer, tmp_path: Path
) -> None:
    plain = hostile(tmp_path / "plain", framework)
    changing = hostile(tmp_path / "changing", framework, TRUE_BUILD)
    before = dict(changing.configuration)
    outcome = trainer.train(changing)
    assert outcome.steps == 4 * 7
    assert told(outcome) == told(trainer.train(plain))
    looked = [trainer.train(replace(request, look=True)) for request in (plain, changing)]
    assert told(looked[0]) == told(looked[1])
    assert changing.configuration == before


COLUMN = (
    ('metric="accuracy", labels="one_hot"', 'metric="mae", labels="real"'),
    ('np.eye(2, dtype="float32")[(x.sum(axis=1) > 0).astype(int)]', "x.sum(axis=1)"),
    ("categorical_crossentropy", "mean_squared_error"),
    ('"activation_2": "softmax"', '"activation_2": "linear"'),
)


@both_frameworks
def test_labels_without_a_column_are_judged_one_by_one(
    framework: str, trainer: Trainer, tmp_path: Path
) -> None:
    """Broadcasting compared each label with all predictions: 1.6 of labels with a mean of 1.6."""
    one = (
        ("Dense(2,", "Dense(1,")
        if framework == "keras"
        else ('c["units_1"], 2)', 'c["units_1"], 1)')
    )
    flat = trainer.train(hostile(tmp_path / "flat", framework, *COLUMN, one))
    kept = ("x.sum(axis=1)", "x.sum(axis=1, keepdims=True)")
    column = trainer.train(hostile(tmp_path / "column", framework, *COLUMN, one, kept))
    assert flat.status is TrialStatus.COMPLETED, flat.message
    assert flat.search is not None
    assert flat.search < 0.5
    assert told(flat) == told(column)


FOLDED = {
    "keras": (
        'layers.Dense(2, activation=c["activation_2"]),',
        'layers.Dense(3, activation=c["activation_2"]),',
    ),
    "pytorch": (
        'nn.Linear(c["units_1"], 2)',
        'nn.Linear(c["units_1"], 3)',
    ),
}
OWN_LOSS = (
    "load=load,",
    'losses={"own": lambda y, p: p[:, 0] ** 2}, load=load,',
)


@both_frameworks
def test_predictions_of_another_shape_are_a_crash_that_names_both(
    framework: str, trainer: Trainer, tmp_path: Path
) -> None:
    """A loss of the subject's own may take any shape."""
    request = hostile(tmp_path / "f", framework, FOLDED[framework], OWN_LOSS)
    outcome = trainer.train(with_values(request, loss="own"))
    assert (outcome.status, outcome.cause) == (TrialStatus.CRASHED, Cause.SHAPE)
    assert "(100, 3)" in outcome.message
    assert "(100, 2)" in outcome.message
    assert outcome.search is None


def test_a_program_that_changes_its_input_in_place_changes_no_data(
    trainer: Trainer, tmp_path: Path
) -> None:
    class_of_its_own = (
        "    return nn.Sequential(",
        "    class Shift(nn.Module):\n"
        "        def forward(self, x):\n"
        "            return x.IN_PLACE(1)\n"
        "    return nn.Sequential(Shift(),",
    )
    outcomes = []
    for name in ("add", "add_"):
        old, new = class_of_its_own
        request = hostile(tmp_path / name, "pytorch", (old, new.replace("IN_PLACE", name)))
        outcomes += [told(trainer.train(replace(request, look=True))) for _ in range(3)]
    assert outcomes == outcomes[:1] * 6


@both_frameworks
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("y[200:300]", "y[200:290]", r"y_search has shape \(90, 2\)"),
        (
            "[(x.sum(axis=1) > 0).astype(int)]",
            "[(x.sum(axis=1) > 0).astype(int)] * 7",
            "values 0, 7",
        ),
        ("return Data(x[:n]", "y[-1] = np.nan; return Data(x[:n]", "y_holdout .*NaN or infinite"),
        ("rng = ", "raise OSError('gone'); rng = ", "cannot be loaded: OSError: gone"),
    ],
)
def test_bad_data_are_refused(
    framework: str, old: str, new: str, message: str, trainer: Trainer, tmp_path: Path
) -> None:
    with pytest.raises(BadData, match=f"the data of subject 'sum_sign.*{message}"):
        trainer.train(hostile(tmp_path / "f", framework, (old, new)))


CODE = """
import json, sys
from pathlib import Path
from harness.subjects.registry import load_registry
from harness.training import Request, Trainer, configure, device
configure(sys.argv[1])
folders = (Path(sys.argv[2]),)
fault = load_registry(folders)["X3" if sys.argv[1] == "pytorch" else "X1"]
request = Request.of(fault, fault.fixed, seed=1, folders=folders)
first, again = (Trainer().train(request) for _ in range(2))
print(json.dumps([device(), first.status, first.search, first.holdout == again.holdout,
                  first.losses, "ray" in sys.modules, "keras" in sys.modules]))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch", "pytorch"])
def test_every_backend_trains_the_same_way(backend: str, own_faults: Path) -> None:
    """The order of the samples comes from outside, the rest differs by random numbers only."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, backend, str(own_faults)],
        capture_output=True,
        text=True,
        check=True,
    )
    device, status, search, same, losses, ray, keras = json.loads(done.stdout.splitlines()[-1])
    assert device.startswith(f"{backend} on ")
    assert status == "completed"
    assert search > 0.8
    assert same
    assert np.all(np.diff(losses) < 0)
    assert not ray
    assert keras == (backend != "pytorch")
