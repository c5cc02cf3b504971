"""The faults: subjects (one Python module each) and faults (one short YAML file each).

Faults come from ``faults/`` of this project and from every folder named in ``FAULTS_PATH``
(separated like ``PATH``), which have the same layout: ``subjects/*.py`` and YAML files anywhere
beside them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from harness.data import DATA_SETS
from harness.operators import LOSSES_FOR, Context, Operator, operator_of
from harness.tables import changed
from harness.vocabulary import METRICS, Configuration, HarnessError, Metric, Value, unknown

FAULTS = Path(__file__).resolve().parents[1] / "faults"
ORIGINS = ("real", "mutant")
FRAMEWORKS = ("keras", "pytorch")


@dataclass(frozen=True, slots=True)
class Data:
    """The arrays of one subject. The first axis is the sample, x may be a tuple of inputs."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_search: np.ndarray
    """Guides a technique."""
    y_search: np.ndarray
    x_holdout: np.ndarray
    """Judges; no technique sees it."""
    y_holdout: np.ndarray

    @staticmethod
    def shuffled(
        x: np.ndarray, y: np.ndarray, seed: int, fraction: float, *, train: int, search: int
    ) -> Data:
        """Samples in an order drawn from ``seed``; those after training and search are holdout.

        Args:
            fraction: Share of the ``train`` samples to use; the other parts do not depend on it.
        """
        order = np.random.default_rng(seed).permutation(len(y))
        x, y = x[order], y[order]
        used, cut = round(train * fraction), train + search
        return Data(x[:used], y[:used], x[train:cut], y[train:cut], x[cut:], y[cut:])


@dataclass(frozen=True)
class Subject:
    """A DNN program under repair, in its fixed form: a function of a flat configuration.

    A module in ``subjects/`` defines one as ``SUBJECT``. Frameworks are imported inside ``build``,
    so that listing the faults stays instant.
    """

    title: str
    metric: str
    """A key of ``harness.vocabulary.METRICS``."""
    labels: str
    """How the labels are written: ``one_hot``, ``binary`` (n, 1), ``classes`` (n,), ``real``."""
    fixed: Configuration
    """Every hyperparameter and setting of the program, with the value that learns well."""
    load: Callable[..., Data]
    """(data seed, data variant, fraction of the training data) -> Data; and, by keyword, the
    settings named in ``data_settings``."""
    build: Callable[[Configuration], Any]
    """Configuration -> an uncompiled Keras model or ``torch.nn`` module, freshly initialised."""
    variants: Sequence[str] = ("default",)
    """Data variants that ``load`` knows."""
    losses: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """The subject's own loss functions, by name."""
    initialisers: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    """The subject's own initialisers: name -> maker of a Keras initialiser."""
    data_set: str = ""
    """The files that ``load`` reads, a key of ``harness.data.DATA_SETS``; '' if it reads none."""
    data_settings: Sequence[str] = ()
    """Settings of the configuration that the program's data code obeys."""
    fresh_data: bool = False
    """Whether the program draws its data anew at every start, as well as its weights."""
    semantics: Sequence[str] = ()
    """What the framework is taken to mean where versions or frameworks differ."""
    framework: str = "keras"
    """``pytorch`` if the subject is a native PyTorch program, see ``harness.pytorch``."""
    backend: str = "tensorflow"
    """Keras backend on which the subject trains fastest; ``BACKEND=...`` overrides it."""
    epochs_floor: int = 1
    """Used by the space ``icst23`` only, see ``harness.operators.Context``."""
    name: str = ""
    """Set by the registry: the module's name."""
    path: Path = Path()

    @property
    def measure(self) -> Metric:
        return METRICS[self.metric]

    @cached_property
    def content(self) -> str:
        """Hash of the module, and of which program of it: part of every run's identity."""
        other = "" if self.name == self.path.stem else self.name
        return hashlib.sha256(self.path.read_bytes() + other.encode()).hexdigest()

    def data(self, seed: int, variant: str, fraction: float, configuration: Configuration) -> Data:
        """What the program of ``configuration`` trains on and is judged by."""
        settings = {name: configuration[name] for name in self.data_settings}
        return self.load(seed, variant, fraction, **settings)

    @property
    def context(self) -> Context:
        extra = {"loss": tuple(self.losses), "initialiser": tuple(self.initialisers)}
        return Context(self.labels, extra, self.epochs_floor)


@dataclass(frozen=True)
class Fault:
    """A subject with some values set wrong. The ground truth is derived, never stored."""

    id: str
    subject: Subject
    title: str
    values: Configuration
    """The values that differ from the subject's."""
    origin: Mapping[str, Value]
    source: str
    kind: str
    """``real`` or ``mutant``."""
    path: Path
    deprecated: str = ""
    description: str = ""
    """What the post asked, or what the mutation changed, and why it harms."""
    other_fixes: Sequence[str] = ()
    """Repairs other than the developers' that are known to work."""
    deviations: Sequence[str] = ()
    """Where this program differs from the published one."""
    published: Mapping[str, float] = field(default_factory=dict)
    """Figures of the study: see ``PUBLISHED``."""

    @cached_property
    def faulty(self) -> dict[str, Value]:
        return {**self.subject.fixed, **self.values}

    @property
    def fixed(self) -> dict[str, Value]:
        return dict(self.subject.fixed)

    @property
    def ground_truth(self) -> dict[str, tuple[Value, Value]]:
        """The developers' patch: hyperparameter or setting -> (faulty, fixed)."""
        return changed(self.faulty, self.fixed)

    @property
    def operators(self) -> list[Operator]:
        """The repair operators of the ground truth; empty if no operator reaches the fault."""
        rows = [operator_of(name) for name in self.ground_truth]
        return list(dict.fromkeys(row for row in rows if row is not None))

    @property
    def hyperparameters(self) -> list[str]:
        return [name for name in self.faulty if operator_of(name) is not None]

    @property
    def repairable(self) -> bool:
        """Whether operators reach every value of the ground truth."""
        return all(operator_of(name) is not None for name in self.ground_truth)

    @property
    def data_seed(self) -> int:
        """One per fault: all trainings of a fault see the same data."""
        return int.from_bytes(hashlib.sha256(self.id.encode()).digest()[:4])

    @cached_property
    def content(self) -> str:
        """Hash of what the fault is: its subject's module and its faulty values."""
        values = repr(sorted(self.values.items()))
        return hashlib.sha256(f"{self.subject.content}{values}".encode()).hexdigest()


class Registry(Mapping[str, Fault]):
    """The faults by id, in natural order (D2 before D10)."""

    def __init__(self, subjects: Mapping[str, Subject], faults: Sequence[Fault]) -> None:
        self.subjects = subjects
        self._faults = {f.id: f for f in sorted(faults, key=lambda f: _natural(f.id))}

    def __getitem__(self, key: str) -> Fault:
        if key not in self._faults:
            raise unknown("fault", key, self._faults, " (`make faults` lists them)")
        return self._faults[key]

    def __iter__(self) -> Any:
        return iter(self._faults)

    def __len__(self) -> int:
        return len(self._faults)

    def subject(self, name: str) -> Subject:
        if name not in self.subjects:
            raise unknown("subject", name, self.subjects)
        return self.subjects[name]


def folders() -> list[Path]:
    """Where faults are looked for: this project's folder, then those of ``FAULTS_PATH``."""
    more = [Path(p) for p in os.environ.get("FAULTS_PATH", "").split(os.pathsep) if p]
    for folder in more:
        if not folder.is_dir():
            raise HarnessError(
                f"FAULTS_PATH names {folder}, which is no folder. It would hold YAML files, and "
                "subjects/*.py for subjects of your own"
            )
    return [FAULTS, *(folder.resolve() for folder in more)]


def load_registry(paths: Sequence[Path] | None = None) -> Registry:
    """Read all subjects and faults.

    Args:
        paths: Folders to read; by default those of :func:`folders`.

    Raises:
        HarnessError: If a file is malformed or contradicts itself; names file and line.
    """
    return _load(tuple(folders() if paths is None else paths))


@lru_cache(maxsize=8)
def _load(paths: tuple[Path, ...]) -> Registry:
    subjects: dict[str, Subject] = {}
    for folder in paths:
        for path in sorted((folder / "subjects").glob("*.py")):
            if path.stem.startswith("_"):
                continue
            for subject in load_subjects(path):
                if subject.name in subjects:
                    raise HarnessError(
                        f"{path}: subject '{subject.name}' exists already in "
                        f"{subjects[subject.name].path}"
                    )
                subjects[subject.name] = subject
    faults: dict[str, Fault] = {}
    for folder in paths:
        for path in sorted(folder.rglob("*.yaml")):
            fault = load_fault(path, subjects)
            if fault.id in faults:
                raise HarnessError(f"{path}: fault '{fault.id}' exists in {faults[fault.id].path}")
            faults[fault.id] = fault
    return Registry(subjects, list(faults.values()))


def load_subjects(path: Path) -> list[Subject]:
    """Import the module at ``path`` and check what it defines.

    Returns:
        ``SUBJECT``, named after the module, and ``PACKAGE`` if the module has it: the program as
        the study's package runs it where that is another one, named ``<module>_package``.
    """
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    name = f"harness_subject_{path.stem}_{digest}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        line = getattr(error, "lineno", None) or _line_in(path, error)
        raise HarnessError(f"{path}:{line}: the subject cannot be imported: {error!r}") from error
    subject = getattr(module, "SUBJECT", None)
    if not isinstance(subject, Subject):
        raise HarnessError(
            f"{path}: a subject module defines SUBJECT = Subject(...); found {subject!r}"
        )
    found = {path.stem: subject}
    if isinstance(package := getattr(module, "PACKAGE", None), Subject):
        found[f"{path.stem}_package"] = package
    for key, each in found.items():
        _check_subject(each, path)
        object.__setattr__(each, "name", key)
        object.__setattr__(each, "path", path)
    return list(found.values())


def _check_subject(subject: Subject, path: Path) -> None:
    if subject.metric not in METRICS:
        raise HarnessError(f"{path}: {unknown('metric', subject.metric, METRICS)}")
    if subject.framework not in FRAMEWORKS:
        raise HarnessError(f"{path}: {unknown('framework', subject.framework, FRAMEWORKS)}")
    if subject.labels not in LOSSES_FOR:
        raise HarnessError(f"{path}: {unknown('encoding of labels', subject.labels, LOSSES_FOR)}")
    needed = ("loss", "optimiser", "learning_rate", "batch_size", "epochs")
    lacking = [n for n in (*needed, *subject.data_settings) if n not in subject.fixed]
    if lacking:
        raise HarnessError(f"{path}: the subject's configuration lacks {', '.join(lacking)}")
    if subject.data_set and subject.data_set not in DATA_SETS:
        raise HarnessError(f"{path}: {unknown('data set', subject.data_set, DATA_SETS)}")


_NEEDED = ("id", "subject", "title", "faulty", "origin", "source")
_KEYS = {*_NEEDED, "deprecated", "description", "other_fixes", "deviations", "published"}
PUBLISHED = {
    "faulty": "mean of the faulty program as printed (Table III)",
    "fixed": "mean of the fixed program as printed (Table III)",
    "again": "mean of the faulty program re-evaluated: first trial of the study's 90 runs",
    "again_sd": "standard deviation of these trials",
    "hyperparameters": "number of hyperparameters as printed (Table II) or stored in the results",
    "training_time": "seconds that the study's budgets took for one training of the faulty program",
}
"""Figures that a fault file may carry over from the study, under ``published``."""


def load_fault(path: Path, subjects: Mapping[str, Subject]) -> Fault:
    """Read one YAML file.

    Raises:
        HarnessError: If it is malformed, names an unknown subject or hyperparameter, or states a
            value that is the subject's own (then nothing would be wrong).
    """
    try:
        text = path.read_text(encoding="utf-8")
        raw = yaml.safe_load(text)
        lines = _lines(text)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or error
        raise HarnessError(f"{where}: not readable as YAML: {problem}") from None

    def fail(message: str, *at: str) -> HarnessError:
        line = next((lines[".".join(at[:n])] for n in (2, 1) if ".".join(at[:n]) in lines), 1)
        return HarnessError(f"{path}:{line}: {message}")

    if not isinstance(raw, dict):
        raise fail(f"a fault file is a mapping; found {type(raw).__name__}")
    if odd := sorted(set(map(str, raw)) - _KEYS):
        raise fail(str(unknown("key", odd[0], sorted(_KEYS))), odd[0])
    for key in _NEEDED:
        if key not in raw:
            raise fail(f"the key '{key}' is missing; found {', '.join(raw) or 'none'}")
    identity = str(raw["id"])
    if identity != path.stem:
        raise fail(f"id '{identity}' does not match the file's name '{path.stem}'", "id")
    if raw["subject"] not in subjects:
        raise fail(str(unknown("subject", raw["subject"], subjects)), "subject")
    subject = subjects[raw["subject"]]
    values, origin = raw["faulty"], raw["origin"]
    if not isinstance(values, dict) or not values:
        raise fail("'faulty' names at least one value that is wrong", "faulty")
    for name, value in values.items():
        if name not in subject.fixed:
            what = unknown(f"hyperparameter of {subject.name}", name, subject.fixed)
            raise fail(str(what), "faulty", str(name))
        own = subject.fixed[name]
        if type(value) is not type(own) and not (type(own) is float and type(value) is int):
            raise fail(
                f"'{name}' is {value!r} ({type(value).__name__}); the subject's own value is "
                f"{own!r} ({type(own).__name__})",
                "faulty",
                str(name),
            )
        if value == own:
            raise fail(
                f"contradiction: '{name}: {value}' is the subject's own value, so it is not faulty",
                "faulty",
                str(name),
            )
    if not isinstance(origin, dict) or not origin:
        raise fail("'origin' is a mapping, such as {post: Stack Overflow 31880720}", "origin")
    published = raw.get("published", {})
    if not isinstance(published, dict):
        raise fail("'published' is a mapping, such as {faulty: 0.52}", "published")
    for name, value in published.items():
        if name not in PUBLISHED:
            raise fail(str(unknown("published figure", name, PUBLISHED)), "published", str(name))
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise fail(f"'{name}' is a number. Received: {value!r}", "published", str(name))
    values = {n: float(v) if type(subject.fixed[n]) is float else v for n, v in values.items()}
    return Fault(
        id=identity,
        subject=subject,
        title=str(raw["title"]),
        values=values,
        origin=origin,
        source=str(raw["source"]),
        kind="mutant" if "operator" in origin else "real",
        path=path,
        deprecated=str(raw.get("deprecated", "")),
        description=" ".join(str(raw.get("description", "")).split()),
        other_fixes=_texts(raw.get("other_fixes", [])),
        deviations=_texts(raw.get("deviations", [])),
        published=published,
    )


def _texts(value: Any) -> tuple[str, ...]:
    """A text or a list of texts, each on one line."""
    items = value if isinstance(value, list) else [value]
    return tuple(" ".join(str(item).split()) for item in items)


def _lines(text: str) -> dict[str, int]:
    """Line (from 1) of every key of the first two levels, as ``key`` and ``key.key``."""
    found: dict[str, int] = {}
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            found[str(key.value)] = key.start_mark.line + 1
            if isinstance(value, yaml.MappingNode):
                for inner, _ in value.value:
                    found[f"{key.value}.{inner.value}"] = inner.start_mark.line + 1
    return found


def _line_in(path: Path, error: BaseException) -> int:
    """The line of ``path`` in which ``error`` was raised, or 1."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _natural(identity: str) -> tuple[str, int, str]:
    head = identity.rstrip("0123456789")
    return head, int(identity[len(head) :] or 0), identity
