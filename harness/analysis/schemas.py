"""The schemas of the analysis' tables: column, type, unit, meaning."""

from __future__ import annotations

from dataclasses import dataclass

from harness.records.tables import Table, table


@dataclass(frozen=True, slots=True)
class OpenTable(Table):
    """A table that columns of other modules may join."""

    def add(self, line: str) -> None:
        """Append the column ``name | type | unit | meaning``; the same column again changes nothing.

        Raises:
            ValueError: If the table has another column of that name, or the line is no column.
        """
        if line.count("|") != 3:
            raise ValueError(
                f"a column of table {self.name} is 'name | type | unit | meaning'. Received: {line}"
            )
        (column,) = table(self.name, line).columns
        if column.type not in ("str", "int", "float", "bool"):
            raise ValueError(
                f"a column is of type str, int, float or bool. Received: {column.type} in {line}"
            )
        if column in self.columns:
            return
        if column.name in self.names:
            raise ValueError(f"table {self.name} has another column {column.name}")
        object.__setattr__(self, "columns", (*self.columns, column))


SETTING = ["budget", "clock", "protocol", "space"]
"""The columns in which the cells of one table, and of one family of tests, agree."""

_SCORES = table(
    "scores",
    """
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
        std                 | float | metric  | standard deviation of what mean is the mean of (ddof as in the protocol)
        std_of              | str   |         | what that deviates: single trainings, means of re-trainings, or both
        std_single          | float | metric  | the same if each run counts with its winner's one training
        std_confirmed       | float | metric  | the same if each run counts with the mean of its winner's re-trainings; missing if a winner has none
        faulty_mean         | float | metric  | mean over the trainings of the faulty program, holdout
        fix_mean            | float | metric  | mean over the trainings of the fixed program, holdout
        training_time       | float | s       | T: one training of the faulty program, measured (median) or by the reference clock
        exposed             | bool  |         | the baseline tells the faulty program from the fixed one
        p_wilcoxon          | float |         | two-sided Wilcoxon signed-rank, faulty against patched, paired by position
        p_mannwhitney       | float |         | two-sided Mann-Whitney U, faulty against patched
        p_exact             | bool  |         | both p-values are exact, given the ties, and no normal approximation
        p_holm              | float |         | p_mannwhitney after Holm over the family of tests: all cells of one budget, as the plan declares them
        tests               | int   | tests   | size of that family; those that could not be made count, if a plan declares it
        significant         | bool  |         | significantly better than the faulty program, as the protocol says
        a12                 | float | [0, 1]  | Vargha-Delaney: chance that a patched value is better than a faulty one
        repaired            | bool  |         | significant and a12 >= 0.71 (as in the protocol)
        ir                  | float |         | improvement rate; missing where the baseline does not expose the fault
        ir_low              | float |         | lower end of its 95 % bootstrap interval
        ir_high             | float |         | upper end
        patches             | int   | runs    | runs that end with a patch
        no_patch            | int   | runs    | runs that return none and count as the faulty program, as the protocol says
        complexity_mean     | float | share   | hyperparameters that the winner changed, mean over patches and no_patch, which change none
        minimised_complexity | float | share  | the same of the runs whose patches were minimised, after it
        n_minimised         | int   | runs    | runs whose patches were minimised
        minimised_trainings | float | trainings | mean over the runs with a patch to take edits back from
        fix_complexity      | float | share   | complexity of the true fix
        aj_as_defined_mean  | float | share   | operators of the fix that the patch has too, mean over patches and no_patch, which has none
        aj_as_published_mean | float | share  | the same with the patch taken against the fix, as the study's scripts do; mean over patches
        no_better           | int   | runs    | runs whose winner does not beat the faulty program on the search part
        unjudged            | int   | runs    | runs without any judged trial
        n_confirmed         | int   | runs    | runs whose winner was trained again with fresh seeds
        confirmed_mean      | float | metric  | mean over these of the mean holdout metric of the re-trainings
        trials_mean         | float | trials  | configurations tried per run
        training_seconds    | float | s       | mean per run: inside training and its evaluation
        search_seconds      | float | s       | mean per run: deciding what to try
        other_seconds       | float | s       | mean per run: building, compiling, starting, recording
        status              | str   |         | ok, no_better, not_exposed, timed_out, not_applicable, no_symptom
    """,
)
SCORES = OpenTable(_SCORES.name, _SCORES.columns)
"""One row per cell: one technique on one fault in one setting."""

SUMMARY = table(
    "summary",
    """
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
        std_of              | str   |         | what that deviates: single trainings, means of re-trainings, or both
        std_single_mean     | float | metric  | the same if each run counts with its winner's one training
        std_confirmed_mean  | float | metric  | the same if each run counts with the mean of its winner's re-trainings
        complexity_median   | float | share   | median over the faults of the patches' complexity
        minimised_median    | float | share   | the same of the runs whose patches were minimised, after it
        n_minimised         | int   | runs    | runs whose patches were minimised
        aj_mean             | float | share   | mean over the faults of the protocol's asymmetric Jaccard
        trials_per_run      | float | trials  | configurations tried per run, mean
        training_seconds    | float | s       | over all runs: inside training and its evaluation
        search_seconds      | float | s       | over all runs: deciding what to try
        other_seconds       | float | s       | over all runs: everything else
    """,
)

ANYTIME = table(
    "anytime",
    """
        fault               | str   |         | id of the fault
        technique           | str   |         | name of the technique
        budget              | float | x T     | the part of the budget that is spent
        n                   | int   | runs    | runs of the technique
        judged              | int   | runs    | of these, with a judged trial by then
        median              | float | metric  | median over the runs of the best so far, holdout; missing while half have none
        low                 | float | metric  | lower end of its 95 % bootstrap interval over the runs
        high                | float | metric  | upper end
        ir_median           | float |         | the median as an improvement rate; missing where the fault has none
    """,
)

PROGRESS = table(
    "progress",
    """
        technique           | str   |         | name of the technique
        budget              | float | x T     | the part of the budget that is spent
        faults              | int   |         | faults with an improvement rate and runs of all techniques
        ir                  | float |         | median over the faults of the median rate of their runs
        ir_low              | float |         | lower end of its 95 % bootstrap interval over subjects, faults, runs
        ir_high             | float |         | upper end
    """,
)

AREAS = table(
    "areas",
    """
        fault               | str   |         | id of the fault
        technique           | str   |         | name of the technique
        budget              | float | x T     | up to which the area is taken
        n                   | int   | runs    | runs of the technique
        area                | float | [0, 1]  | mean over runs and budgets of the share of the gap closed so far
        area_low            | float | [0, 1]  | lower end of its 95 % bootstrap interval over the runs
        area_high           | float | [0, 1]  | upper end
    """,
)

TARGETS = table(
    "targets",
    """
        fault               | str   |         | id of the fault
        technique           | str   |         | name of the technique
        target              | float |         | improvement rate to reach
        n                   | int   | runs    | runs of the technique
        reached             | int   | runs    | runs whose best so far reaches it
        running_time        | float | x T     | expected budget until it is reached once, with restarts; infinite if it never is
    """,
)

RANKS = table(
    "ranks",
    """
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
    """,
)

PAIRS = table(
    "pairs",
    """
        first               | str   |         | name of a technique
        second              | str   |         | name of another
        faults              | int   |         | faults with runs of both
        probability         | float | [0, 1]  | that a run of the first beats one of the second, mean A12 over the faults
        low                 | float | [0, 1]  | lower end of its 95 % bootstrap interval over subjects, faults, runs
        high                | float | [0, 1]  | upper end
        wins                | int   | faults  | where the first is significantly better, as in table duels
        losses              | int   | faults  | where the second is
        p_wilcoxon          | float |         | two-sided signed-rank over the faults of the mean improvement rates
        p_holm              | float |         | the same after Holm over the pairs of techniques, as the plan declares them
        tests               | int   | tests   | size of that family
    """,
)

RATE_PROFILES = table(
    "profiles",
    """
        technique           | str   |         | name of the technique
        rate                | float |         | improvement rate to reach
        faults              | int   |         | faults with an improvement rate and runs of all techniques; they weigh the same
        share               | float | share   | runs with at least that rate
        low                 | float | share   | lower end of its 95 % bootstrap interval over subjects, faults, runs
        high                | float | share   | upper end
    """,
)

DUELS = table(
    "duels",
    """
        fault               | str   |         | id of the fault
        first               | str   |         | name of a technique
        second              | str   |         | name of another
        metric              | str   |         | what the means measure
        n_first             | int   | runs    | runs of the first
        n_second            | int   | runs    | runs of the second
        mean_first          | float | metric  | mean over the runs of the first, holdout
        mean_second         | float | metric  | mean over the runs of the second, holdout
        a12                 | float | [0, 1]  | Vargha-Delaney: chance that a run of the first is better than one of the second
        p_mannwhitney       | float |         | two-sided Mann-Whitney U, first against second
        p_exact             | bool  |         | that p-value is exact, given the ties, and no normal approximation
        p_holm              | float |         | the same after Holm over all pairs of techniques on all faults, as the plan declares them
        tests               | int   | tests   | size of that family
        better              | str   |         | the technique that is significantly better; missing if neither is
    """,
)

AUDIT = table(
    "audit",
    """
        test                | str   |         | what is compared by which test
        planted             | float | share   | runs of one side that were given a trial better than all; 0 is the A/A audit
        comparisons         | int   |         | pairs of groups of runs
        rejected            | int   |         | of these, significant; with something planted, in its favour
        rate                | float | share   | rejected among the comparisons
        low                 | float | share   | lower end of its 95 % Clopper-Pearson interval
        high                | float | share   | upper end
        nominal             | float | share   | level of the test
    """,
)

MULTIVERSE = table(
    "multiverse",
    """
        claim               | str   |         | a statement about the techniques
        choice              | str   |         | field of the protocol; missing for all universes together
        option              | str   |         | its value in these universes
        universes           | int   |         | combinations of the choices in which the claim can be decided
        holds               | int   |         | of these, where it is true
    """,
)

QUALIFICATION = table(
    "qualification",
    """
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
    """,
)
