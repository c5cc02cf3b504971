"""What the stages hand to each other: frozen records, and tables with one declared schema each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from harness.vocabulary import Cause, Configuration, HarnessError, TrialStatus, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one training produced. Times are seconds; metrics are in the metric's own unit."""

    status: TrialStatus
    seconds: float
    """Inside training and its evaluation, on the run's one device. Building is not in it."""
    fidelity: float = 1.0
    """Share of the configuration's training steps that the program has had, in (0, 1]."""
    steps: int = 0
    """Training steps that this training added."""
    work: float = 0.0
    """Multiply-accumulates of these steps, forward and backward (``harness.training.work``)."""
    search: float | None = None
    """Metric on the search part: what a technique may see."""
    holdout: float | None = None
    """Metric on the holdout part: what the tables report; no technique reads it."""
    cause: Cause | None = None
    message: str = ""
    losses: tuple[float, ...] = ()
    """Mean training loss of each epoch that this training added."""
    data_seconds: float = 0.0
    build_seconds: float = 0.0
    """Building and compiling; timed apart and not charged by the clock ``training``."""
    evaluate_seconds: float = 0.0
    """The part of ``seconds`` that judged the program."""
    total_seconds: float = 0.0
    """From request to answer, everything included."""
    memory: int = 0
    """Bytes that the training process held afterwards."""
    seen: Mapping[str, Any] | None = None
    """What a watched training showed, as JSON values: ``harness.training.history.Seen``."""

    def __post_init__(self) -> None:
        judged = self.search is not None and self.holdout is not None
        may = self.status in (TrialStatus.COMPLETED, TrialStatus.CUT)
        must = self.status is TrialStatus.COMPLETED
        if (
            (must and not judged)
            or (judged and not may)
            or (self.search is None) != (self.holdout is None)
        ):
            raise ValueError(
                "a completed trial has search and holdout values, a cut one may, others have none."
                f" Received: status={self.status.value}, search={self.search}, "
                f"holdout={self.holdout}"
            )
        if judged and not (math.isfinite(self.search) and math.isfinite(self.holdout)):  # type: ignore[arg-type]
            raise ValueError(
                f"a judged trial has finite values. Received: search={self.search}, "
                f"holdout={self.holdout}"
            )
        if not (self.seconds >= 0 and 0 < self.fidelity <= 1):
            raise ValueError(
                "seconds are >= 0 and fidelity is in (0, 1]. "
                f"Received: seconds={self.seconds}, fidelity={self.fidelity}"
            )

    @property
    def judged(self) -> bool:
        return self.search is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One training of one configuration, as a technique yields it."""

    proposal: int
    """Number of the configuration within the run, from 0; a configuration that is trained on
    (BOHB) keeps its number."""
    configuration: Configuration
    outcome: Outcome
    suggest_seconds: float = 0.0
    """What the technique spent to decide on this trial."""
    note: Mapping[str, Any] = field(default_factory=dict)
    """Whatever else the technique wants kept, as plain JSON values."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    """``str``, ``int``, ``float`` or ``bool``; a missing value stays missing in all of them."""
    unit: str
    meaning: str


_DTYPES: Mapping[str, Any] = {
    "str": "string",
    "int": "Int64",
    "float": "float64",
    "bool": "boolean",
}
_MISSING = {"str": pd.NA, "int": pd.NA, "float": math.nan, "bool": pd.NA}


@dataclass(frozen=True, slots=True)
class Table:
    """A schema that the writer and the reader of a table share."""

    name: str
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.columns):
            raise ValueError(f"two columns of table {self.name} share a name")

    @property
    def names(self) -> list[str]:
        return [c.name for c in self.columns]

    def frame(self, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        """The rows as a frame with exactly the declared columns, in order.

        Raises:
            ValueError: If a row lacks a column or has one more.
        """
        rows = list(rows)
        for row in rows:
            if set(row) != set(self.names):
                raise ValueError(
                    f"table {self.name}: missing {sorted(set(self.names) - set(row))}, "
                    f"unknown {sorted(set(row) - set(self.names))}"
                )
        columns = {
            c.name: pd.array(
                [_MISSING[c.type] if row[c.name] is None else row[c.name] for row in rows],
                dtype=_DTYPES[c.type],
            )
            for c in self.columns
        }
        return pd.DataFrame(columns)

    def write(self, frame: pd.DataFrame, path: Path) -> None:
        """As CSV, at full precision."""
        if list(frame.columns) != self.names:
            raise ValueError(f"table {self.name} has columns {self.names}, not {[*frame.columns]}")
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(path, index=False)

    def read(self, path: Path) -> pd.DataFrame:
        """Raises HarnessError if the file is not this table."""
        try:
            frame = pd.read_csv(path, dtype={c.name: _DTYPES[c.type] for c in self.columns})
        except (OSError, ValueError) as error:
            raise HarnessError(f"{path} cannot be read as table '{self.name}': {error}") from None
        if list(frame.columns) != self.names:
            lacking = [n for n in self.names if n not in frame.columns]
            raise HarnessError(
                f"{path} is no table '{self.name}': it lacks the columns {lacking or 'none'}; "
                f"found {list(frame.columns)}"
            )
        return frame


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as plain mappings."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _columns(text: str) -> tuple[Column, ...]:
    """Columns from lines of ``name | type | unit | meaning``."""
    rows = [[part.strip() for part in line.split("|")] for line in text.strip().splitlines()]
    return tuple(Column(*row) for row in rows)


def table(name: str, columns: str) -> Table:
    """A schema from lines of ``name | type | unit | meaning``."""
    return Table(name, _columns(columns))


SCORES = Table(
    "scores",
    _columns("""
        fault               | str   |         | id of the fault
        technique           | str   |         | name of the technique
        budget              | float | x T     | budget as a multiple of the faulty program's training time
        clock               | str   |         | what was charged
        protocol            | str   |         | the choices of this analysis
        space               | str   |         | search space
        data                | str   |         | data variant
        fraction            | float | share   | share of the training data used
        metric              | str   |         | what mean, std, faulty_mean and fix_mean measure
        n                   | int   | runs    | runs of the technique
        n_prefix            | int   | runs    | of these, the beginning of a run with a larger budget
        n_baseline          | int   | runs    | trainings of the faulty program
        mean                | float | metric  | mean over the runs of the holdout metric of each run's winner (confirmed, if the protocol says so)
        std                 | float | metric  | its standard deviation (ddof as in the protocol)
        faulty_mean         | float | metric  | mean over the trainings of the faulty program, holdout
        fix_mean            | float | metric  | mean over the trainings of the fixed program, holdout
        training_time       | float | s       | T: median training time of the faulty program
        exposed             | bool  |         | the baseline tells the faulty program from the fixed one
        p_wilcoxon          | float |         | two-sided Wilcoxon signed-rank, faulty against patched, paired by position
        p_mannwhitney       | float |         | two-sided Mann-Whitney U, faulty against patched
        p_holm              | float |         | p_mannwhitney after Holm over all cells of one budget (and one setting)
        significant         | bool  |         | significantly better than the faulty program, as the protocol says
        a12                 | float | [0, 1]  | Vargha-Delaney: chance that a patched value is better than a faulty one
        repaired            | bool  |         | significant and a12 >= 0.71 (as in the protocol)
        ir                  | float |         | improvement rate; missing where the baseline does not expose the fault
        ir_low              | float |         | lower end of its 95 % bootstrap interval
        ir_high             | float |         | upper end
        patches             | int   | runs    | runs that end with a patch: the next means are over these
        complexity_mean     | float | share   | hyperparameters that the winner changed, mean over the patches
        minimised_complexity | float | share  | the same of the runs whose patches were minimised, after it
        n_minimised         | int   | runs    | runs whose patches were minimised
        minimised_trainings | float | trainings | mean over the runs with a patch to take edits back from
        fix_complexity      | float | share   | complexity of the true fix
        aj_as_defined_mean  | float | share   | operators of the fix that the patch has too, mean over the patches
        aj_as_published_mean | float | share  | the same with the patch taken against the fix, as the study's scripts do
        no_better           | int   | runs    | runs whose winner is no better than the faulty program on the search part
        unjudged            | int   | runs    | runs without any judged trial
        n_confirmed         | int   | runs    | runs whose winner was trained again with fresh seeds
        confirmed_mean      | float | metric  | mean over these of the mean holdout metric of the re-trainings
        trials_mean         | float | trials  | configurations tried per run
        training_seconds    | float | s       | mean per run: inside training and its evaluation
        search_seconds      | float | s       | mean per run: deciding what to try
        other_seconds       | float | s       | mean per run: building, compiling, starting, recording
        status              | str   |         | ok, no_better, not_exposed, timed_out, not_applicable, no_symptom
    """),
)

SUMMARY = Table(
    "summary",
    _columns("""
        technique           | str   |         | name of the technique
        budget              | float | x T     | budget
        clock               | str   |         | what was charged
        protocol            | str   |         | the choices of this analysis
        space               | str   |         | search space
        data                | str   |         | data variants of its faults
        fraction            | str   | share   | shares of the training data used
        faults              | int   |         | faults with runs
        exposed             | int   |         | of these, exposed by the baseline
        significant         | int   |         | faults with a significant improvement
        repaired            | int   |         | of these, with a12 >= 0.71 (as in the protocol)
        ir_median           | float |         | median improvement rate over the faults that have one
        std_mean            | float | metric  | mean standard deviation over the faults judged by accuracy
        complexity_median   | float | share   | median over the faults of the patches' complexity
        minimised_median    | float | share   | the same of the runs whose patches were minimised, after it
        n_minimised         | int   | runs    | runs whose patches were minimised
        aj_mean             | float | share   | mean over the faults of the protocol's asymmetric Jaccard
        trials_per_run      | float | trials  | configurations tried per run, mean
        training_seconds    | float | s       | over all runs: inside training and its evaluation
        search_seconds      | float | s       | over all runs: deciding what to try
        other_seconds       | float | s       | over all runs: everything else
    """),
)

MUTANTS = Table(
    "mutants",
    _columns("""
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
    """),
)

ANYTIME = Table(
    "anytime",
    _columns("""
        fault               | str   |         | id of the fault
        technique           | str   |         | name of the technique
        budget              | float | x T     | the part of the budget that is spent
        n                   | int   | runs    | runs of the technique
        judged              | int   | runs    | of these, with a judged trial by then
        median              | float | metric  | median over the runs of the best so far, holdout; missing while half have none
        low                 | float | metric  | lower end of its 95 % bootstrap interval over the runs
        high                | float | metric  | upper end
        ir_median           | float |         | the median as an improvement rate; missing where the fault has none
    """),
)

PROGRESS = Table(
    "progress",
    _columns("""
        technique           | str   |         | name of the technique
        budget              | float | x T     | the part of the budget that is spent
        faults              | int   |         | faults with an improvement rate and runs of all techniques
        ir                  | float |         | median over the faults of the median rate of their runs
        ir_low              | float |         | lower end of its 95 % bootstrap interval over subjects, faults, runs
        ir_high             | float |         | upper end
    """),
)

AREAS = Table(
    "areas",
    _columns("""
        fault               | str   |         | id of the fault
        technique           | str   |         | name of the technique
        budget              | float | x T     | up to which the area is taken
        n                   | int   | runs    | runs of the technique
        area                | float | [0, 1]  | mean over runs and budgets of the share of the gap closed so far
        area_low            | float | [0, 1]  | lower end of its 95 % bootstrap interval over the runs
        area_high           | float | [0, 1]  | upper end
    """),
)

TARGETS = Table(
    "targets",
    _columns("""
        fault               | str   |         | id of the fault
        technique           | str   |         | name of the technique
        target              | float |         | improvement rate to reach
        n                   | int   | runs    | runs of the technique
        reached             | int   | runs    | runs whose best so far reaches it
        running_time        | float | x T     | expected budget until it is reached once, with restarts; infinite if it never is
    """),
)

RANKS = Table(
    "ranks",
    _columns("""
        technique           | str   |         | name of the technique
        faults              | int   |         | faults with runs of all techniques
        mean_rank           | float |         | mean over these of the rank by mean holdout metric; 1 is best, ties share
        rated               | int   |         | of these, with an improvement rate: the next figures are over them
        iqm                 | float |         | interquartile mean of the improvement rates of all runs
        iqm_low             | float |         | lower end of its 95 % bootstrap interval over subjects, faults, runs
        iqm_high            | float |         | upper end
        area                | float | [0, 1]  | mean over the faults of the area under the anytime curve
        area_low            | float | [0, 1]  | lower end of its 95 % bootstrap interval over subjects, faults, runs
        area_high           | float | [0, 1]  | upper end
    """),
)

PAIRS = Table(
    "pairs",
    _columns("""
        first               | str   |         | name of a technique
        second              | str   |         | name of another
        faults              | int   |         | faults with runs of both
        probability         | float | [0, 1]  | that a run of the first beats one of the second, mean A12 over the faults
        low                 | float | [0, 1]  | lower end of its 95 % bootstrap interval over subjects, faults, runs
        high                | float | [0, 1]  | upper end
        wins                | int   | faults  | where the first is significantly better (two-sided Mann-Whitney, Holm over all pairs and faults)
        losses              | int   | faults  | where the second is
        p_wilcoxon          | float |         | two-sided signed-rank over the faults of the mean improvement rates
        p_holm              | float |         | the same after Holm over the pairs
    """),
)

AUDIT = Table(
    "audit",
    _columns("""
        test                | str   |         | what is compared by which test
        planted             | float | share   | runs of one side that were given a trial better than all; 0 is the A/A audit
        comparisons         | int   |         | pairs of groups of runs
        rejected            | int   |         | of these, significant; with something planted, in its favour
        rate                | float | share   | rejected among the comparisons
        low                 | float | share   | lower end of its 95 % Clopper-Pearson interval
        high                | float | share   | upper end
        nominal             | float | share   | level of the test
    """),
)

MULTIVERSE = Table(
    "multiverse",
    _columns("""
        claim               | str   |         | a statement about the techniques
        choice              | str   |         | field of the protocol; missing for all universes together
        option              | str   |         | its value in these universes
        universes           | int   |         | combinations of the choices in which the claim can be decided
        holds               | int   |         | of these, where it is true
    """),
)


QUALIFICATION = Table(
    "qualification",
    _columns("""
        fault               | str   |         | id of the fault
        data                | str   |         | data variant; stand_in where synthetic arrays took the place of the data set
        fraction            | float | share   | share of the training data used
        n                   | int   |         | trainings of the faulty program, and as many of the fixed one
        device              | str   |         | what it was trained on
        metric              | str   |         | what the means measure, on the holdout part
        faulty_mean         | float | metric  | mean over the judged trainings of the faulty program
        faulty_sd           | float | metric  | its standard deviation (ddof 1)
        faulty_unjudged     | int   |         | trainings of the faulty program that diverged or crashed
        fixed_mean          | float | metric  | mean over the judged trainings of the fixed program
        fixed_sd            | float | metric  | its standard deviation (ddof 1)
        fixed_unjudged      | int   |         | trainings of the fixed program that diverged or crashed
        p                   | float |         | two-sided Mann-Whitney, faulty against fixed; unjudged trainings rank worst
        a12                 | float | [0, 1]  | chance that a fixed training is better than a faulty one
        exposed             | bool  |         | the protocol's bounds on p and a12 are met
        least_p             | float |         | the smallest p that n trainings against n can give
        drop                | float | share   | accuracy lost relative to the fixed program; error gained as a multiple of it
        inside_filter       | bool  |         | drop of 15 to 90 %, or error of 1.5 to 5 times the fixed program's, as in the study
        training_time       | float | s       | T: median training time of the faulty program
        content             | str   |         | hash of the fault and its subject as measured, 12 digits
    """),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The faulty and the fixed program, trained repeatedly."""

    fault: str
    metric: str
    faulty_holdout: Sequence[float]
    """Holdout metric of each judged training of the faulty program; as trained, not sorted."""
    fixed_holdout: Sequence[float]
    faulty_search: Sequence[float]
    fixed_search: Sequence[float]
    training_time: float
    """T, seconds: the median over the trainings of the faulty program."""
    work: float = 0.0
    """Multiply-accumulates of one of them; 0 where they were not counted."""
    faulty_mean: float | None = None
    """Mean of the faulty program where it is known better than by its list (published studies)."""
    fixed_mean: float | None = None
    """Mean of the fixed program where no list of trainings exists (published studies)."""
    faulty_unjudged: int = 0
    """Trainings of the faulty program that diverged or crashed: they rank below all others."""
    fixed_unjudged: int = 0
    data: str = "default"
    fraction: float = 1.0
    device: str = ""
    content: str = ""
    """Hash of the fault and its subject when it was measured; '' if it was not noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One trial of a stored run, as the analysis reads it."""

    proposal: int
    status: TrialStatus
    search: float | None
    holdout: float | None
    fidelity: float
    spent: float
    """Charged to the run's clock when this trial had ended, this one included; its unit."""
    configuration: Configuration | None
    """None where the record keeps the outcome only (the published runs of AutoTrainer)."""
    structural: tuple[str, ...] | None = None
    """Of a patch that is a history: the repair operator of each edit that no hyperparameter tells;
    None for an ordinary patch."""
    history: Mapping[str, Any] | None = None
    """That history as stored, see ``harness.training.history``."""
    choice: int | None = None
    """Proposal that the technique would have returned before this trial; None if it did not say."""


@dataclass(frozen=True, slots=True)
class Minimised:
    """What was left of a run's patch when edits were taken back after the run."""

    configuration: Configuration
    trainings: int
    """What that took."""
    taken_back: Sequence[str] = ()
    """The hyperparameters whose edits were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """One re-training of a trial's configuration, with a fresh seed and outside the budget."""

    proposal: int
    fidelity: float
    """That of the trial: the re-training has as many steps."""
    seed: int
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One technique on one fault under one budget, for one repetition: what the analysis reads."""

    fault: str
    technique: str
    budget: float
    """As a multiple of T."""
    clock: str
    space: str
    data: str
    fraction: float
    repetition: int
    metric: str
    faulty: Configuration
    """The faulty program's configuration, settings included."""
    fixed: Configuration
    trials: Sequence[RunRow]
    status: str
    """What the technique itself said: ``ok``, ``not_applicable``, ``no_symptom``; ``timed_out`` if
    it was not done within the budget."""
    training_seconds: float
    search_seconds: float
    total_seconds: float
    choice: int | None = None
    """Proposal that the technique returned; None leaves it to the search metric."""
    minimised: Minimised | None = None
    """None if the patch was not minimised after the run."""
    allowed: float | None = None
    """What the budget came to, in the clock's unit; None where the record does not say: budget
    times T, seconds."""
    confirmed: Sequence[Confirmation] = ()
    """Of the winners of whichever protocols and budgets were asked for; empty if there are none."""
    prefix_of: float | None = None
    """Budget of the recorded run of which this is the beginning; None for a run of its own."""

    @property
    def unit(self) -> float | None:
        """What a budget of 1 comes to, in the clock's unit; None where the record does not say."""
        return None if self.allowed is None else self.allowed / self.budget


def changed(before: Configuration, after: Configuration) -> dict[str, tuple[Value, Value]]:
    """A patch: the values that differ, each before and after; ``1`` equals ``1.0``.

    >>> changed({"epochs": 1, "loss": "hinge"}, {"epochs": 5, "loss": "hinge"})
    {'epochs': (1, 5)}
    """
    if set(before) != set(after):
        raise ValueError(f"not one program's configurations: {sorted(set(before) ^ set(after))}")
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}
