"""Arguments and findings of a campaign: plain data, readable without Ray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.analysis.criterion import Fate, KillVerdict
from harness.mutation.mutation_operators import Mutant, mutation_operator
from harness.records.files import digest
from harness.records.tables import table
from harness.study.plan import trained_on
from harness.subjects.fault import Fault
from harness.subjects.registry import folders, load_registry
from harness.subjects.subject import Subject
from harness.training.device import BACKENDS
from harness.vocabulary import HarnessError, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Which mutants are made, and of what."""

    subject: str
    operators: Sequence[str]
    """Acronyms."""
    n: int = 20
    """Trainings of the original, and of each mutant; DeepCrime's number."""
    seed: int = 1
    """Decides the seeds of the trainings, and which mutants are drawn."""
    data: str = "default"
    fraction: float = 1.0
    backend: str = ""
    """Keras backend; '' leaves it to the subject. Native PyTorch programs ignore it."""
    folders: tuple[Path, ...] = field(default_factory=lambda: tuple(folders()))

    def __post_init__(self) -> None:
        variants = self.program.variants
        for acronym in self.operators:
            mutation_operator(acronym)
        if self.data not in variants:
            raise unknown(f"data variant of {self.subject}", self.data, variants)
        if self.n < 2:
            raise HarnessError(f"n must be 2 or more, to tell a spread. Received: {self.n}")
        if not 0 < self.fraction <= 1:
            raise HarnessError(f"fraction must be in (0, 1]. Received: {self.fraction}")
        if self.backend and self.backend not in BACKENDS:
            raise unknown("Keras backend", self.backend, BACKENDS)

    @property
    def program(self) -> Subject:
        return load_registry(self.folders).subject(self.subject)

    @property
    def trained_on(self) -> str:
        return trained_on(self.program, self.backend)

    @property
    def data_seed(self) -> int:
        """All mutants of a subject see the same data; a fault that one becomes has its own."""
        return int(digest([self.subject])[:8], 16)


@dataclass(frozen=True, slots=True)
class JudgedMutant:
    """A mutant and what became of it."""

    mutant: Mutant
    fate: Fate
    verdict: KillVerdict | None
    """None if the mutant cannot be trained."""
    message: str = ""
    """Why it cannot be trained."""


@dataclass(frozen=True, slots=True)
class Qualified:
    """The fault that an operator ends with."""

    fault: Fault
    mutant: Mutant
    first: KillVerdict
    """In the search."""
    again: KillVerdict
    """With fresh seeds, on the fault's own data."""
    drawn: int
    """Mutants of the operator that were drawn until one qualified."""


@dataclass(frozen=True, slots=True)
class Harvest:
    """All that a campaign found out."""

    campaign: Campaign
    absent: Mapping[str, str]
    """Acronym -> why the operator does not apply."""
    tested: Mapping[str, Sequence[JudgedMutant]]
    """Acronym -> its mutants; those of a range in the order of their values."""
    qualified: Mapping[str, Qualified]
    """Acronym -> its fault, if it has one."""
    failed: Sequence[str]
    """What could not be finished, and why."""


MUTANTS = table(
    "mutants",
    """
        subject             | str   |         | name of the subject
        operator            | str   |         | acronym of the mutation operator
        layer               | int   |         | number in the name of the setting, if it works layer by layer
        value               | str   |         | what the operator set
        changes             | str   |         | all values that differ from the subject's, as JSON
        fate                | str   |         | invalid, survived, too_weak, too_strong, kept
        n                   | int   |         | trainings of the mutant, and of the original
        unscored            | int   |         | trainings of the mutant without a finite score
        mean_original       | float | metric  | mean holdout metric of the original
        mean_mutant         | float | metric  | mean holdout metric of the mutant
        p                   | float |         | of the slope in the Gaussian linear model score ~ is_mutant
        d                   | float |         | Cohen's d, positive where the mutant is worse
        fault               | str   |         | id of the fault that the mutant became
        message             | str   |         | why the mutant cannot be trained
    """,
)
