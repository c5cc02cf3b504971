"""Commands about the runs of a study: make them, and look at what is stored."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.arguments import add_study_options, noted_spec, spec_of, take_own
from harness.cli.parsers import Command, add_option
from harness.vocabulary import HarnessError, unknown

GROUP = "study"
SOURCES = ("runs", "icst23")


def _run(arguments: argparse.Namespace) -> int:
    spec = noted_spec(arguments)
    from harness.study.driver import drive_on_screen
    from harness.views.terminal import console

    return drive_on_screen(spec, console())


def _tables(arguments: argparse.Namespace) -> int:
    spec = noted_spec(arguments)
    from harness.study.driver import show_tables
    from harness.views.terminal import console

    show_tables(spec, console())
    return 0


def _declare_report(parser: argparse.ArgumentParser) -> None:
    add_study_options(parser)
    add_option(
        parser,
        "--source",
        metavar="SOURCE",
        default="runs",
        meaning="Whose runs are shown: those in the results folder, or the published ones.",
        unit="runs or icst23",
        shown="runs",
    )


def _report(arguments: argparse.Namespace) -> int:
    take_own(arguments, "source")
    if arguments.source not in SOURCES:
        raise unknown("source of runs", arguments.source, SOURCES)
    spec = noted_spec(arguments)
    from harness import api

    if arguments.source == "icst23":
        study = api.published(spec.plan.budget, spec.protocol)
        page = study.report(spec.results / "reports" / study.label)
    else:
        page = api.load(spec).report()
    print(f"{page}: tables as CSV beside it, figures as PDF and PNG in {page.parent / 'figures'}")
    return 0


def _declare_missing(parser: argparse.ArgumentParser) -> None:
    add_study_options(parser)
    add_option(parser, "--check", action="store_true", meaning="Exits with 1 if a run is missing.")


def _missing(arguments: argparse.Namespace) -> int:
    from collections import Counter

    spec = noted_spec(arguments)
    from harness.study.plan import sources
    from harness.study.reading import checked_run
    from harness.subjects.registry import load_registry

    registry = load_registry()
    cells = spec.plan.cells(registry)
    found = sources(spec.plan, cells, spec.store)
    for source in dict.fromkeys(found.values()):
        checked_run(spec.store, source, registry)
    missing = [cell for cell in cells if cell not in found]
    for (fault, technique), count in Counter((c.fault, c.technique) for c in missing).items():
        print(f"{fault:8} {technique:16} {count} of {spec.plan.repetitions}")
    print(f"{len(missing)} missing")
    return 1 if missing and arguments.check else 0


def _compare(arguments: argparse.Namespace) -> int:
    named = [word for word in arguments.overrides if "=" not in word]
    if named:
        arguments.overrides = [word for word in arguments.overrides if "=" in word]
        setattr(arguments, "plan.techniques", named)
    spec = noted_spec(arguments)
    from harness.study.reading import read_study
    from harness.subjects.registry import load_registry
    from harness.views import boards, comparisons
    from harness.views.terminal import console

    found = read_study(spec.plan, load_registry(), spec.store, spec.protocol)
    lacking = [name for name in spec.plan.techniques if name not in found.techniques]
    if len(found.techniques) < 2 or (named and lacking):
        hint = f". Without any: {', '.join(lacking)}" if lacking else ""
        raise HarnessError(
            f"a comparison needs runs of two techniques. Found: {', '.join(found.techniques)}{hint}"
        )
    first, *others = found.techniques
    layouts = [
        boards.rank_board(found),
        comparisons.pair_board(found),
        *(comparisons.opponents_board(found, first, other) for other in others),
        comparisons.profile_board(found),
    ]
    screen = console()
    for layout in layouts:
        screen.print(layout.rich())
        screen.print()
    folder = comparisons.write_comparison(found, layouts, spec.results / "tables" / spec.label)
    screen.print(f"saved in {folder}", markup=False, highlight=False, soft_wrap=True)
    return 0


def _declare_explain(parser: argparse.ArgumentParser) -> None:
    add_option(
        parser,
        "run",
        metavar="RUN",
        meaning="Folder of a finished run, such as results/runs/D1/guided/b10-s1-r01-....",
    )


def _explain(arguments: argparse.Namespace) -> int:
    from harness.analysis.explain import explain

    print("\n".join(explain(Path(arguments.run))))
    return 0


def _record(arguments: argparse.Namespace) -> int:
    spec = spec_of(arguments)
    from harness.study.evidence import pack_study
    from harness.subjects.registry import load_registry

    folder = spec.results / "recorded" / spec.label
    packed = pack_study(spec.plan, load_registry(), spec.store, folder)
    print(
        f"{folder}: {packed.runs} runs, {packed.trials} trials, {packed.bytes / 2**20:.1f} MiB. "
        f"dnn-repair restore {folder} FOLDER makes a results folder of it"
    )
    return 0


def _declare_restore(parser: argparse.ArgumentParser) -> None:
    add_option(
        parser, "recorded", metavar="RECORDED",
        meaning="Folder that dnn-repair record wrote, such as results/recorded/laptop-b20-s1.",
    )  # fmt: skip
    add_option(
        parser, "results", metavar="RESULTS",
        meaning="Results folder to write the runs to; an empty or a new one.",
    )  # fmt: skip


def _restore(arguments: argparse.Namespace) -> int:
    from harness.records.store import Store
    from harness.study.evidence import unpack_study
    from harness.study.spec import results_folder

    root = Path(arguments.results)
    if root.is_dir() and any(root.iterdir()):
        raise HarnessError(
            f"{root} is not empty, and what was recorded is never overwritten. Name a new folder"
        )
    store = Store(root)
    store.check()
    files = unpack_study(results_folder(arguments.recorded), store)
    print(f"{root}: {files} files. dnn-repair tables --results {root} reads them")
    return 0


def _declare_migrate(parser: argparse.ArgumentParser) -> None:
    add_option(
        parser,
        "results",
        metavar="RESULTS",
        meaning="Results folder of the previous version; no study may be running in it.",
    )


def _migrate(arguments: argparse.Namespace) -> int:
    from harness.study.migration import migrate_results
    from harness.study.spec import results_folder
    from harness.subjects.registry import load_registry

    found = migrate_results(results_folder(arguments.results), load_registry())
    print(found)
    return 1 if found.refused else 0


STUDY_COMMANDS = (
    Command(
        "run", GROUP,
        "Make every run of a plan that is missing, then print and save its tables.",
        _run, add_study_options,
        "dnn-repair run plan=smoke budget=10\n"
        "dnn-repair run --plan laptop --budget 20 --faults D1,D3 --results folder\n\n"
        "Repeating the command goes on where it stopped. Exit code 1: a run failed.",
    ),
    Command(
        "tables", GROUP, "Rebuild the tables of a plan from its stored runs.",
        _tables, add_study_options,
        "Needs neither Ray nor a deep-learning framework.",
    ),
    Command(
        "report", GROUP,
        "Write one page about a study, with its tables as CSV and its figures as PDF and PNG.",
        _report, _declare_report,
    ),
    Command(
        "compare", GROUP,
        "Compare techniques directly: the first with each other, by fault and over all faults.",
        _compare, add_study_options,
        "dnn-repair compare guided random hebo plan=laptop budget=10\n\n"
        "Without names, the techniques of the plan. By fault: A12, exact p, and p after Holm over\n"
        "all pairs of the plan's techniques on all its faults. Over faults: ranks, probability of\n"
        "improvement, wins and losses, performance profiles. Saves all of it as CSV and Markdown,\n"
        "and the figures of pairs and profiles.",
    ),
    Command(
        "missing", GROUP,
        "Print which runs of a plan are not stored; the last line counts them.",
        _missing, _declare_missing,
        "Exit code 0 also if runs are missing; --check makes it 1.",
    ),
    Command(
        "explain", GROUP, "Print why each edit is in the patch of one run.",
        _explain, _declare_explain,
    ),
    Command(
        "record", GROUP,
        "Pack a plan's runs and baselines as evidence: compressed Parquet, small enough for git.",
        _record, add_study_options,
        "All runs of the plan must be there. Writes RESULTS/recorded/<plan>-b<budget>-s<seed>/.",
    ),
    Command(
        "restore", GROUP, "Make a results folder of recorded runs, every file as it was.",
        _restore, _declare_restore,
        "dnn-repair restore results/recorded/laptop-b20-s1 FOLDER\n"
        "dnn-repair tables plan=laptop budget=20 results=FOLDER",
    ),
    Command(
        "migrate", GROUP, "Bring a results folder of the previous version up to date.",
        _migrate, _declare_migrate,
        "All files as they were stay in a folder beside it. Exit code 1: some are only there.",
    ),
)  # fmt: skip
