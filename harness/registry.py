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
    load: Callable[[int, str, float], Data]
    """(data seed, data variant, fraction of the training data) -> Data."""
    build: Callable[[Configuration], Any]
    """Configuration -> an uncompiled Keras model or ``torch.nn`` module, freshly initialised."""
    variants: Sequence[str] = ("default",)
    """Data variants that ``load`` knows."""
    losses: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """The subject's own loss functions, by name."""
    initialisers: Mapping[str, Callable[[int], Any]] = field(default_factory=dict)
    """The subject's own initialisers: name -> (seed -> Keras initialiser)."""
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
        """Hash of the module: part of every run's identity."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

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
            if path.stem in subjects:
                raise HarnessError(
                    f"{path}: subject '{path.stem}' exists already in {subjects[path.stem].path}"
                )
            subjects[path.stem] = load_subject(path)
    faults: dict[str, Fault] = {}
    for folder in paths:
        for path in sorted(folder.rglob("*.yaml")):
            fault = load_fault(path, subjects)
            if fault.id in faults:
                raise HarnessError(f"{path}: fault '{fault.id}' exists in {faults[fault.id].path}")
            faults[fault.id] = fault
    return Registry(subjects, list(faults.values()))


def load_subject(path: Path) -> Subject:
    """Import the module at ``path`` and check the subject that it defines."""
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
    if subject.metric not in METRICS:
        raise HarnessError(f"{path}: {unknown('metric', subject.metric, METRICS)}")
    if subject.framework not in FRAMEWORKS:
        raise HarnessError(f"{path}: {unknown('framework', subject.framework, FRAMEWORKS)}")
    if subject.labels not in LOSSES_FOR:
        raise HarnessError(f"{path}: {unknown('encoding of labels', subject.labels, LOSSES_FOR)}")
    needed = ("loss", "optimiser", "learning_rate", "batch_size", "epochs")
    lacking = [n for n in needed if n not in subject.fixed]
    if lacking:
        raise HarnessError(f"{path}: the subject's configuration lacks {', '.join(lacking)}")
    object.__setattr__(subject, "name", path.stem)
    object.__setattr__(subject, "path", path)
    return subject


_KEYS = {"id", "subject", "title", "faulty", "origin", "source", "deprecated"}


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
    for key in ("id", "subject", "title", "faulty", "origin", "source"):
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
    )


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
