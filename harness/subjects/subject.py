"""A DNN program under repair, and the arrays that it trains on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.space.operators import Context
from harness.subjects.arrays import Data
from harness.subjects.checked_data import BadData, check_data
from harness.subjects.foreign import in_words, line_in
from harness.subjects.meaning import meaning_of
from harness.vocabulary import METRICS, Configuration, HarnessError, Metric

FRAMEWORKS = ("keras", "pytorch")
KERAS_BACKENDS = ("tensorflow", "jax", "torch")


@dataclass(frozen=True, slots=True)
class _OnCopy:
    """A subject's own ``build``. Each call gets a configuration that it may change."""

    build: Callable[[Configuration], Any]

    def __call__(self, configuration: Configuration) -> Any:
        own = copy(configuration) if isinstance(configuration, dict) else dict(configuration)
        return self.build(own)


@dataclass(frozen=True)
class Subject:
    """A DNN program under repair, in its fixed form: a function of a flat configuration.

    A module in ``subjects/`` defines one as ``SUBJECT``. Frameworks are imported inside ``build``,
    so that listing the faults stays instant. No caller's configuration reaches the subject's code:
    ``build`` is handed a copy, and the mappings of a subject cannot be changed.
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
    activations: Sequence[str] = ()
    """Names of activations that ``build`` knows besides those of its framework."""
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

    def __post_init__(self) -> None:
        if callable(self.build) and not isinstance(self.build, _OnCopy):
            object.__setattr__(self, "build", _OnCopy(self.build))
        for name in ("fixed", "losses", "initialisers"):
            if isinstance(value := getattr(self, name), Mapping):
                object.__setattr__(self, name, MappingProxyType(dict(value)))

    @property
    def measure(self) -> Metric:
        return METRICS[self.metric]

    @cached_property
    def content(self) -> str:
        """Hash of what the program means (``meaning``): part of every run's identity.

        Raises:
            HarnessError: If the source of the program, or of a module that it uses, is not Python.
        """
        try:
            return meaning_of(self.path, self.variable)
        except (OSError, SyntaxError, ValueError, RecursionError) as error:
            where = getattr(error, "filename", None) or self.path
            raise HarnessError(
                f"{where}:{getattr(error, 'lineno', None) or 1}: the source of subject "
                f"'{self.name}' cannot be read: {in_words(error)}"
            ) from None

    def data(self, seed: int, variant: str, fraction: float, configuration: Configuration) -> Data:
        """What the program of ``configuration`` trains on and is judged by.

        Raises:
            BadData: If ``load`` fails, or returns arrays that cannot be used.
            HarnessError: If the data set is not here.
        """
        settings = {name: configuration[name] for name in self.data_settings}
        try:
            found = self.load(seed, variant, fraction, **settings)
        except HarnessError:
            raise
        except (Exception, SystemExit) as error:
            raise BadData(
                f"{self.path}:{line_in(self.path, error)}: the data of subject '{self.name}' "
                f"cannot be loaded: {in_words(error)}"
            ) from error
        own = {name: self.fixed.get(name) for name in settings}
        check_data(found, self.name, self.labels, semantics=self.semantics, altered=settings != own)
        return found

    @property
    def context(self) -> Context:
        own = {
            "loss": tuple(self.losses),
            "initialiser": tuple(self.initialisers),
            "activation": tuple(self.activations),
        }
        extra = {name: values for name, values in own.items() if values or name != "activation"}
        return Context(self.labels, extra, self.epochs_floor)
