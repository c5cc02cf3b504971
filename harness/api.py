"""The Python door: make a study, read one, and look at it as frames, tables and figures.

Use it through the package: ``import harness; harness.load("results").summary``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from harness.analysis import ranks
from harness.analysis.layout import Layout
from harness.analysis.protocols import Protocol
from harness.analysis.runset import RunSet
from harness.data.shipped import PACKAGE
from harness.records.store import Store
from harness.study.driver import drive
from harness.study.plan import Plan, sources
from harness.study.reading import read_folder, read_study, stored_cells
from harness.study.spec import StudySpec, make_protocol, results_folder
from harness.study.values import name_list
from harness.subjects.registry import load_registry
from harness.views.catalogue import FAULT_TABLE, fault_frame
from harness.views.study_view import COLUMNS_TABLE, STUDY_FRAMES, Study
from harness.vocabulary import HarnessError, unknown

if TYPE_CHECKING:
    from harness.theia.report import LocaliserReport
    from harness.views.report import Provenance

PACKAGE_COMMIT = "0a9cc6c"
"""Of the replication package from which the published runs were read."""

PlanLike = str | Path | Plan | Sequence[str]
"""A plan's name, its YAML file, a plan, or ``key=value`` settings as on the command line."""


def study_spec(plan: PlanLike | StudySpec | None = None, **settings: Any) -> StudySpec:
    """A plan and the settings that are changed, checked.

    Raises:
        HarnessError: If one of them is not possible.
    """
    if isinstance(plan, StudySpec):
        if settings:
            raise HarnessError(f"a StudySpec takes no settings beside it: {', '.join(settings)}")
        return plan
    if plan is None or isinstance(plan, str | Path | Plan):
        chosen = {} if plan is None else {"plan": str(plan) if isinstance(plan, Path) else plan}
        return StudySpec.compose((), {**settings, **chosen})
    return StudySpec.compose(plan, settings)


def run(
    plan: PlanLike | StudySpec = "laptop",
    *,
    say: Callable[[str], None] = print,
    progress: Callable[[int, int], None] = lambda done, total: None,
    **settings: Any,
) -> Study:
    """Make every run of a plan that is missing in its results folder.

    Args:
        plan: A plan's name, its YAML file, a plan, or ``key=value`` settings.
        say: Prints one line.
        progress: Called with the runs that are there and those that are planned.
        settings: Any setting of a study, such as ``budget=10`` or ``faults=["D1"]``.

    Raises:
        HarnessError: If the input is not possible. A run that fails stops no other; it is named in
            ``failed`` and in ``missing``.

    Example:
        >>> study = harness.run("smoke", budget=10)  # doctest: +SKIP
        >>> study.summary  # doctest: +SKIP
    """
    spec = study_spec(plan, **settings)
    outcome = drive(spec, say, progress)
    return replace(_planned(spec), failed=outcome.failed, elsewhere=outcome.elsewhere)


def load(source: PlanLike | StudySpec | None = None, **settings: Any) -> Study:
    """Read what is stored of a study.

    Args:
        source: A results folder, for all its runs whatever their plan; or a plan as :func:`run`
            takes it. By default the study of the environment variable ``STUDY``
            (``key=value``, one a line), else the plan ``laptop``.
        settings: With a folder: ``budget``, ``clock``, ``space``, ``seed``, ``backend``,
            ``faults``, ``techniques`` select runs, ``protocol`` judges them, and ``plan`` reads the
            runs of a plan alone. With a plan: any setting of a study.

    Raises:
        HarnessError: If nothing is stored, or the runs of the folder are of several settings.

    Example:
        >>> harness.load("results", budget=20).scores  # doctest: +SKIP
    """
    if isinstance(source, str | Path) and results_folder(source).is_dir():
        if "plan" not in settings:
            study = _folder(results_folder(source), settings)
        else:
            study = _planned(study_spec(**{**settings, "results": str(source)}))
    elif source is None:
        lines = [line for line in os.environ.get("STUDY", "").splitlines() if line]
        if "results" not in settings and not any(line.startswith("results=") for line in lines):
            settings["results"] = _usual_results()
        study = _planned(StudySpec.compose(lines, settings))
    else:
        study = _planned(study_spec(source, **settings))
    study.runset  # noqa: B018  reads the runs, to fail here and not at the first look
    return study


def _usual_results() -> str:
    """``results`` here, or else in the checkout."""
    beside = PACKAGE.parent / "results"
    return str(beside) if not Path("results").is_dir() and beside.is_dir() else "results"


def _planned(spec: StudySpec) -> Study:
    return Study(
        read=lambda: read_study(spec.plan, load_registry(), spec.store, spec.protocol),
        title=f"Repair study {spec.plan.name}",
        label=spec.label,
        root=spec.results,
        origin=lambda: _origin(spec),
    )


def _origin(spec: StudySpec) -> Provenance:
    """With what the stored runs of a plan were made."""
    from harness.views.report import provenance_of

    made = sources(spec.plan, spec.plan.cells(load_registry()), spec.store)
    return provenance_of(spec.store, made.values())


_SELECTED = {"faults": "fault", "techniques": "technique"}
_SELECTABLE = ("budget", "clock", "space", "seed", "backend", *_SELECTED)


def _folder(root: Path, settings: Mapping[str, Any]) -> Study:
    """All runs of a results folder, or those that the settings select."""
    protocol = make_protocol(settings.get("protocol", "corrected"))
    chosen: dict[str, Any] = {}
    for name, value in settings.items():
        if name == "protocol":
            continue
        if name not in _SELECTABLE:
            raise unknown("way to select runs of a folder", name, (*_SELECTABLE, "plan"))
        chosen[_SELECTED.get(name, name)] = name_list(name, value) if name in _SELECTED else value
    store = Store(root)
    return Study(
        read=lambda: read_folder(store, load_registry(), protocol, **chosen),
        title=f"Runs in {root.name}",
        label=f"all-{root.name}",
        root=root,
        origin=lambda: _origin_of_folder(store),
    )


def _origin_of_folder(store: Store) -> Provenance:
    from harness.views.report import provenance_of

    return provenance_of(store, stored_cells(store))


def published(
    budget: float = 20,
    protocol: str | Protocol = "corrected",
    faults: Sequence[str] | None = None,
) -> Study:
    """The recorded runs of Kim et al. (ICST 2023).

    Args:
        budget: 10, 20 or 50, as a multiple of T.
        protocol: ``icst23`` judges as published, ``corrected`` without its defects.
        faults: Only these; by default all thirty.

    Raises:
        HarnessError: If there are no runs of that budget, or of those faults.
    """
    from harness.analysis.published import load_published
    from harness.analysis.published.archive import published_study
    from harness.records.clocks import check_budget
    from harness.views.report import Provenance

    found = published_study(load_published(), check_budget(budget), make_protocol(protocol))
    if faults is not None:
        known = {run.fault for run in found.runs}
        for fault in faults:
            if fault not in known:
                raise unknown("published fault", fault, known)
        found = replace(
            found,
            runs=[run for run in found.runs if run.fault in faults],
            context=[run for run in found.runs if run.fault not in faults],
        )
    return Study(
        read=lambda: found,
        title="Kim et al., ICST 2023, as recorded",
        label=f"icst23-b{found.budget:g}",
        origin=lambda: Provenance(
            {"replication package": Counter({PACKAGE_COMMIT: len(found.runs)})}
        ),
    )


def compare(
    study: Study | PlanLike | StudySpec | None = None,
    techniques: Sequence[str] | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """Each pair of techniques: how likely a run of the first beats one of the second.

    Args:
        study: A study, or what :func:`load` reads one from.
        techniques: Only these, two or more; by default all of the study.
        settings: Those of :func:`load`.

    Returns:
        A frame of the table ``pairs``; ``harness.columns("pairs")`` explains it.

    Raises:
        HarnessError: If a technique has no runs.
    """
    found = study if isinstance(study, Study) else load(study, **settings)
    return ranks.pairs(narrowed(found.runset, techniques))


def narrowed(runset: RunSet, techniques: Sequence[str] | None) -> RunSet:
    """The runs of some techniques, two or more; all of them for None."""
    if techniques is None:
        return runset
    for name in techniques:
        if name not in runset.techniques:
            raise unknown("technique with runs in this study", name, runset.techniques)
    if len(set(techniques)) < 2:
        raise HarnessError(f"a comparison needs two techniques. Received: {list(techniques)}")
    return replace(
        runset,
        runs=[run for run in runset.runs if run.technique in techniques],
        context=[
            *runset.context,
            *(run for run in runset.runs if run.technique not in techniques),
        ],
        missing=[cell for cell in runset.missing if cell.technique in techniques],
        techniques=[name for name in runset.techniques if name in techniques],
    )


def faults(
    *,
    subject: str | None = None,
    kind: str | None = None,
    framework: str | None = None,
    operator: str | None = None,
) -> pd.DataFrame:
    """The registered faults, one row each; ``harness.columns("faults")`` explains the frame.

    Args:
        subject: Only those of this program.
        kind: ``real`` or ``mutant``.
        framework: ``keras`` or ``pytorch``.
        operator: Only those whose fix applies this repair operator.
    """
    frame = fault_frame(load_registry())
    for column, value in (("subject", subject), ("kind", kind), ("framework", framework)):
        if value is not None:
            if value not in set(frame[column]):
                raise unknown(column, value, sorted(set(frame[column])))
            frame = frame[frame[column] == value]
    if operator is not None:
        applied = frame["operators"].str.split(", ")
        known = sorted({name for names in applied for name in names if name})
        if operator not in known:
            raise unknown("repair operator of these faults", operator, known)
        frame = frame[[operator in names for names in applied]]
    return frame.reset_index(drop=True)


def localise(
    target: str | Path,
    arguments: Sequence[str] = (),
    *,
    task: str | None = None,
    profile: str = "recommended",
    limit: float = 600,
) -> LocaliserReport:
    """Where the bug is, in a training script or in a registered fault.

    A script is EXECUTED in a process of its own, up to the start of its training.

    Args:
        target: A script (a path that exists or ends in ``.py``), else the id of a fault.
        arguments: What the script itself is given.
        task: What the script's model learns; guessed by default.
        profile: Thresholds of the rules.
        limit: Seconds until the script trains.

    Raises:
        HarnessError: If there is no such script or fault, or it cannot be checked.
    """
    if Path(target).suffix == ".py" or Path(target).exists():
        return localise_script(target, arguments, task=task, profile=profile, limit=limit)
    return localise_fault(str(target), profile)


def localise_script(
    script: str | Path,
    arguments: Sequence[str] = (),
    *,
    task: str | None = None,
    profile: str = "recommended",
    limit: float = 600,
    scratch: bool = False,
) -> LocaliserReport:
    """The report of a training script, which is EXECUTED; see :func:`localise`.

    Args:
        scratch: Runs it in a copy of its folder, which is removed afterwards. It is no sandbox.
    """
    from harness.theia.script import script_report

    return script_report(
        Path(script), list(arguments), task=task, profile=profile, limit=limit, scratch=scratch
    )


def localise_fault(identity: str, profile: str = "recommended") -> LocaliserReport:
    """The report of a fault; its last note lists the hyperparameters that it blames."""
    from harness.data import STAND_IN
    from harness.theia.report import localiser_report
    from harness.theia.suspects import locate

    fault = load_registry()[identity]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    located = locate(fault, profile)
    blamed = [
        f"{name} (try {located.edits[name]})" if name in located.edits else name
        for name in located.suspects
    ]
    found = localiser_report(
        f"{fault.id}: {fault.title}", located.program, located.findings, profile=profile
    )
    notes = list(found.notes)
    if located.variant == STAND_IN:
        notes.append("its data set is not here: synthetic data stand in for it")
    notes.append(f"suspects in order: {', '.join(blamed) or 'none'}")
    return replace(found, notes=tuple(notes))


def benchmark() -> tuple[Layout, Layout]:
    """Tables I and II of the study, of what is registered: operators; subjects and faults."""
    from harness.views import benchmark as tables

    registry = load_registry()
    return tables.operator_table(registry), tables.fault_table(registry)


def published_tables() -> dict[str, Layout]:
    """The finding about the published study: agreement, claims, and both summaries."""
    from harness.analysis.protocols import CORRECTED, ICST23
    from harness.analysis.published import load_published, sheets
    from harness.analysis.published.agreement import agreement, agreement_layout
    from harness.analysis.published.answers import Answer
    from harness.analysis.published.finding import PublishedFinding

    trials = load_published()
    first, corrected = Answer.of(trials, ICST23), Answer.of(trials, CORRECTED)
    finding = PublishedFinding(first, corrected, agreement(first))
    return {
        "agreement": agreement_layout(finding.agreement),
        "claims": sheets.judgements(finding.judgements),
        "summary as published": sheets.summary_sheet(first),
        "summary corrected": sheets.summary_sheet(corrected),
        **{layout.title: layout for layout in finding.layouts()},
    }


def columns(name: str) -> pd.DataFrame:
    """The columns of a frame, with type, unit and meaning.

    Args:
        name: ``faults``, or a frame of a study such as ``trials``, ``runs`` or ``scores``.
    """
    known = {**{key: schema for key, (schema, _) in STUDY_FRAMES.items()}, "faults": FAULT_TABLE}
    if name not in known:
        raise unknown("frame", name, known)
    return COLUMNS_TABLE.frame(
        {"column": c.name, "type": c.type, "unit": c.unit, "meaning": c.meaning}
        for c in known[name].columns
    )
