"""A DNN program under repair, and the arrays that it trains on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.space.operators import Context
from harness.subjects.arrays import Data
from harness.subjects.meaning import meaning_of
from harness.vocabulary import METRICS, Configuration, Metric

FRAMEWORKS = ("keras", "pytorch")


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
    """``pytorch`` if the subject is a native PyTorch program, see ``harness.subjects.pytorch``."""
    backend: str = "tensorflow"
    """Keras backend on which the subject trains fastest; ``BACKEND=...`` overrides it."""
    epochs_floor: int = 1
    """Used by the space ``icst23`` only, see ``harness.space.operators.Context``."""
    name: str = ""
    """Set by the registry: the module's name."""
    variable: str = "SUBJECT"
    """Set by the registry: the module's variable that holds it."""
    path: Path = Path()

    @property
    def measure(self) -> Metric:
        return METRICS[self.metric]

    @cached_property
    def content(self) -> str:
        """Hash of what the program means (``meaning``): part of every run's identity."""
        return meaning_of(self.path, self.variable)

    def data(self, seed: int, variant: str, fraction: float, configuration: Configuration) -> Data:
        """What the program of ``configuration`` trains on and is judged by."""
        settings = {name: configuration[name] for name in self.data_settings}
        return self.load(seed, variant, fraction, **settings)

    @property
    def context(self) -> Context:
        extra = {"loss": tuple(self.losses), "initialiser": tuple(self.initialisers)}
        return Context(self.labels, extra, self.epochs_floor)
