"""How recorded runs become figures: every choice that one could argue about, by name.

``icst23`` is what Kim et al. (ICST 2023) and their scripts did; ``corrected`` is our default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from harness.analysis.statistics import Ties
from harness.vocabulary import HarnessError, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """One analysis. "The study" is Kim et al., ICST 2023, with its replication package."""

    name: str

    # Which trial is the result of a run.
    skip_first_trial: bool
    """The first trial cannot win where it is the faulty program itself, as in the study: that is no
    patch. The study's rule for picking a patch leaves it out, and so do we: it is a training of the
    faulty program, and the lists that a test compares must have none in common."""
    diverged_may_win: bool
    """A training whose predictions are NaN may win by the score that it was given, as the UnityEyes
    programs of the study do: their clip turns NaN into a near-perfect angle of 0.004475 radians.
    791 trials, 301 of them winners. Such a score says nothing; our own programs give none."""
    cut_may_win: bool
    """A training that the end of the budget cut short may win with the epochs it reached. In the
    study it leaves no value."""
    partial_may_win: bool
    """A training at a fidelity below 1 may win. The study has none."""
    histories_by_holdout: bool
    """Whether among patches that are histories the holdout metric decides, as the study took the
    best of AutoTrainer's attempts: a selection on the samples that judge."""

    # What a run counts as.
    confirmed_counts: bool
    """A run whose winner was trained again with fresh seeds counts as the mean of these trainings:
    the winner was chosen for one lucky training among many. The study trained none again."""
    no_better_is_no_patch: bool
    """A run whose winner does not beat the faulty program on the search part returns no patch,
    whichever technique made it. It counts as the faulty program: improvement rate, complexity and
    asymmetric Jaccard 0, and in the tests values spread as those of the faulty program. To beat it
    is to be better than the median of the baseline's trainings of the faulty program on that part,
    where one without a value counts as worst; the faulty configuration itself never does. Nobody
    applies a patch that looks no better than what it replaces, and a technique that trains the
    faulty program may return it anyway. The study looks at the holdout part instead, see the next
    field."""
    fall_back_to_faulty: bool
    """A run whose holdout value is worse than the faulty mean counts as that mean and has no
    patch, as in the study. It hides regressions and shrinks the spread. Means and improvement rates
    take the mean that is known best; the test that of the list that it compares with."""
    never_falls_back: tuple[str, ...]
    """Techniques that keep their values all the same: the study's scripts do not touch those of
    AutoTrainer."""
    faulty_list: Literal["reference", "first_trials"]
    """Published runs only: the faulty program's list. The study's own is not public. ``reference``
    is ten two-decimal values consistent with its printed marks, and the mean that its tables
    imply; ``first_trials`` are the trainings of the faulty program with which all runs begin."""
    unjudged: Literal["worst", "faulty_mean"]
    """What a run without any judged trial counts as: the faulty program, since it returns no patch,
    or worse than everything (the metric's worst value; without a bound, the worst value of its
    cell). A beginning of a longer run has no value for the trial that is open at its end, where a
    run of that budget would judge it: "worst" would rank it below a program that nobody touched."""
    no_symptom_ir: float | None
    """Improvement rate of a technique that saw nothing to repair: 0 in the study; otherwise
    missing, since it made no attempt."""

    # Mean, deviation and test.
    decimals: int | None
    """Decimals to which values are rounded before test and improvement rate; None keeps them. Two
    in the study, which manufactures ties, zero differences and with them significance."""
    ddof: int
    """Of the standard deviation: 0 in the study, 1 for a sample."""
    test: Literal["wilcoxon", "mannwhitney"]
    """Which p-value decides. The study pairs by position, with ``wilcoxon``, lists that are
    independent: trainings of the faulty program in the order of a folder, runs in that of a log."""
    ties: Ties
    """How the tests treat equal values: ``counted`` takes the exact distribution that these ties
    leave, ``ignored`` what SciPy did in 2020, whose approximations make short lists with many ties
    significant. See ``statistics.wilcoxon``, which drops zero differences in both, and
    ``statistics.mann_whitney``."""
    holm: bool
    """Whether the p-value that decides is adjusted over all cells of one budget."""
    alpha: float
    """A p-value below it is significant."""
    require_ir_positive: bool
    """Whether "significant" asks for a positive improvement rate (the study's scripts, not its
    text) instead of a better mean and an A12 above 0.5."""
    repaired_a12: float
    """A significant improvement of at least this A12 is a repair: 0.71 starts a large effect."""

    # When the fault counts.
    ir_needs_exposure: bool
    """Whether the improvement rate is missing where the baseline does not expose the fault: the
    gap that it divides by is then noise. The study has no such check."""
    exposure_alpha: float
    """Mann-Whitney p-value, faulty against fixed, below which a fault is exposed."""
    exposure_a12: float
    """Smallest A12 of the fixed program over the faulty one at which a fault is exposed: 0.56
    starts an effect that is not negligible."""

    # Patches.
    settings_count: bool
    """Whether complexity counts every column of a configuration, frozen dropouts included, as in
    the study (21 instead of 19 for MNIST), instead of what a repair operator reaches."""
    empty_counts: bool
    """Whether complexity counts an activation of None that a patch leaves alone, as in the study's
    scripts: they compare cells of a file, and an empty cell equals nothing, not even another empty
    one. It concerns 13 of the study's 270 cells, all of D4 and D9."""
    aj: Literal["as_defined", "as_published"]
    """Which asymmetric Jaccard the summary shows. The study's figures come from its scripts."""
    unreachable_fix_counts_one: bool
    """Whether a fix that no operator reaches has a complexity of one hyperparameter, as in the
    study, rather than none."""
    unreachable_fix_aj: float | None
    """Asymmetric Jaccard of a patch where no operator reaches the fix: 0 in the study (R1, U2);
    otherwise missing, since there is nothing to share."""
    summarise_significant_only: bool
    """Whether deviation, complexity and asymmetric Jaccard of the summary are those of the
    significant cells only, as in the study. That favours techniques that seldom succeed."""

    figure_falls_back_to_first: bool
    """Whether Figure 2 lifts runs worse than the *first* faulty value to it, as the study's
    notebook does, whatever the tables count."""
    no_symptom_comparable: bool
    """Whether a fault in which AutoTrainer saw no symptom is one of the cases in which it is
    compared (12 of the study's 52), as one that it did not repair."""

    # Intervals.
    bootstrap_resamples: int
    bootstrap_seed: int

    def __post_init__(self) -> None:
        if self.holm and self.test == "wilcoxon":
            raise ValueError(
                "Holm adjusts the Mann-Whitney test: ten pairs cannot pass a signed-rank test in a "
                f"family of more than 25. Received: protocol {self.name} with test=wilcoxon"
            )
        for field in ("alpha", "exposure_alpha", "exposure_a12", "repaired_a12"):
            if not 0 < (value := getattr(self, field)) <= 1:
                raise ValueError(f"{field} lies in (0, 1]. Received: {value}")


ICST23 = Protocol(
    name="icst23",
    skip_first_trial=True,
    diverged_may_win=True,
    cut_may_win=False,
    partial_may_win=False,
    confirmed_counts=False,
    histories_by_holdout=True,
    no_better_is_no_patch=False,
    fall_back_to_faulty=True,
    never_falls_back=("autotrainer", "autotrainer_icst23"),
    faulty_list="reference",
    unjudged="faulty_mean",
    no_symptom_ir=0.0,
    decimals=2,
    ddof=0,
    test="wilcoxon",
    ties="ignored",
    holm=False,
    alpha=0.05,
    require_ir_positive=True,
    repaired_a12=0.71,
    ir_needs_exposure=False,
    exposure_alpha=0.05,
    exposure_a12=0.56,
    settings_count=True,
    empty_counts=True,
    aj="as_published",
    unreachable_fix_counts_one=True,
    unreachable_fix_aj=0.0,
    summarise_significant_only=True,
    figure_falls_back_to_first=True,
    no_symptom_comparable=True,
    bootstrap_resamples=2000,
    bootstrap_seed=0,
)

CORRECTED = Protocol(
    name="corrected",
    skip_first_trial=True,
    diverged_may_win=False,
    cut_may_win=True,
    partial_may_win=True,
    confirmed_counts=True,
    histories_by_holdout=False,
    no_better_is_no_patch=True,
    fall_back_to_faulty=False,
    never_falls_back=(),
    faulty_list="first_trials",
    unjudged="faulty_mean",
    no_symptom_ir=None,
    decimals=None,
    ddof=1,
    test="mannwhitney",
    ties="counted",
    holm=True,
    alpha=0.05,
    require_ir_positive=False,
    repaired_a12=0.71,
    ir_needs_exposure=True,
    exposure_alpha=0.05,
    exposure_a12=0.56,
    settings_count=False,
    empty_counts=False,
    aj="as_defined",
    unreachable_fix_counts_one=False,
    unreachable_fix_aj=None,
    summarise_significant_only=False,
    figure_falls_back_to_first=False,
    no_symptom_comparable=True,
    bootstrap_resamples=2000,
    bootstrap_seed=0,
)

PROTOCOLS: Mapping[str, Protocol] = {p.name: p for p in (ICST23, CORRECTED)}


def protocol(name: str, **changes: Any) -> Protocol:
    """The protocol called ``name``, with some choices changed; its name then says which.

    Raises:
        HarnessError: If there is no such protocol, or no such choice.

    >>> protocol("corrected", alpha=0.01).name
    'corrected, alpha=0.01'
    """
    if name not in PROTOCOLS:
        raise unknown("protocol", name, PROTOCOLS)
    choices = [f.name for f in fields(Protocol) if f.name != "name"]
    for change in changes:
        if change not in choices:
            raise unknown(f"choice of protocol {name}", change, choices)
    parts = [name, *(f"{choice}={value}" for choice, value in sorted(changes.items()))]
    try:
        return replace(PROTOCOLS[name], name=", ".join(parts), **changes)
    except (TypeError, ValueError) as error:
        raise HarnessError(f"protocol {name} cannot be changed like that: {error}") from None
