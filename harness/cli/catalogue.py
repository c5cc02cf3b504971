"""Commands about what is registered: faults and their data sets."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.parsers import Command, add_option
from harness.vocabulary import HarnessError, unknown

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from harness.subjects.registry import Registry

ACTIONS = ("list", "show")


def _declare_faults(parser: argparse.ArgumentParser) -> None:
    add_option(
        parser, "action", nargs="?", default="list", metavar="ACTION",
        meaning="Prints the table of all faults, or all that is known of one.",
        unit="list or show", shown="list",
    )  # fmt: skip
    add_option(
        parser, "id", nargs="?", default="", metavar="ID",
        meaning="Fault to show.", unit="id such as C1", shown="none",
    )  # fmt: skip
    add_option(
        parser, "--results", type=Path, default=Path("results"), metavar="FOLDER",
        meaning="Results folder whose measured baselines are shown.",
        unit="folder", shown="results",
    )  # fmt: skip


def _faults(arguments: argparse.Namespace) -> int:
    from harness.analysis.qualification import read_qualification
    from harness.subjects.registry import load_registry
    from harness.training.reference import reference_times

    if arguments.action not in ACTIONS:
        raise unknown("action of faults", arguments.action, ACTIONS)
    registry = load_registry()
    if arguments.action == "show":
        from harness.views.cards import card

        if not arguments.id:
            raise HarnessError(
                f"which fault? dnn-repair faults show C1. Registered: {', '.join(registry)}"
            )
        table, fault = read_qualification(arguments.results), registry[arguments.id]
        print(card(fault, table, reference_times().get(fault.id)))
        return 0
    if arguments.id:
        raise HarnessError(
            f"`faults list` takes no fault. Received: '{arguments.id}'. "
            f"Did you mean: dnn-repair faults show {arguments.id}"
        )
    from harness.views.terminal import console

    screen = console(width=190)
    screen.print(fault_list(registry, read_qualification(arguments.results), reference_times()))
    screen.print(
        f"{len(registry)} faults of {len(registry.subjects)} subjects; dnn-repair faults show C1"
    )
    return 0


def fault_list(registry: Registry, table: pd.DataFrame, times: Mapping[str, float]) -> Table:
    """The faults with ground truth, operators, status and what was measured of them.

    Args:
        table: A frame of the table ``QUALIFICATION``.
        times: Fault -> T on all data, seconds of the reference machine.
    """
    from rich import box
    from rich.table import Table

    from harness.analysis.protocols import CORRECTED
    from harness.analysis.qualification import best_row, exposure_verdict
    from harness.views.benchmark import status
    from harness.views.cards import mean_and_spread, two_digits

    screen = Table(box=box.SIMPLE_HEAD, show_lines=True)
    screen.add_column("id", no_wrap=True)
    screen.add_column("subject", no_wrap=True)
    screen.add_column("what is wrong", min_width=24)
    screen.add_column("ground truth", no_wrap=True)
    screen.add_column("operators", no_wrap=True)
    screen.add_column("hyper-\nparam.", justify="right", no_wrap=True)
    screen.add_column("T (s, ref-\nerence)", justify="right", no_wrap=True)
    screen.add_column("status", min_width=12)
    screen.add_column("measured: faulty,\nfixed, exposed?", no_wrap=True)
    for fault in registry.values():
        measured = best_row(fault, table)
        shown = "not measured"
        if measured is not None:
            spreads = (mean_and_spread(measured, which) for which in ("faulty", "fixed"))
            shown = "\n".join([*spreads, exposure_verdict(measured, CORRECTED)])
        screen.add_row(
            fault.id,
            fault.subject.name,
            fault.title,
            "\n".join(f"{n}: {a} -> {b}" for n, (a, b) in fault.ground_truth.items()),
            "\n".join(operator.name for operator in fault.operators),
            str(len(fault.hyperparameters)),
            two_digits(times[fault.id]) if fault.id in times else "",
            status(fault),
            shown,
        )
    return screen


def _declare_data(parser: argparse.ArgumentParser) -> None:
    add_option(
        parser, "names", nargs="*", metavar="NAME",
        meaning="Data sets to download.", unit="names: mnist,reuters",
        shown="all that can be downloaded",
    )  # fmt: skip


def _data(arguments: argparse.Namespace) -> int:
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TransferSpeedColumn

    from harness.data import data_folder
    from harness.data.download import downloads, fetch
    from harness.views.terminal import console

    screen, folder = console(), data_folder()
    names = [name.strip() for part in arguments.names for name in part.split(",")]
    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn())
    for download in downloads([name for name in names if name]):
        with Progress(*columns, console=screen, transient=True) as bar:
            task = bar.add_task(download.file, total=download.bytes)

            def show(here: int, total: int, bar: Progress = bar, task: TaskID = task) -> None:
                bar.update(task, completed=here, total=total)

            new = fetch(download, folder, show)
        screen.print(f"{'downloaded' if new else 'is there'}: {folder / download.file}")
    return 0


CATALOGUE_COMMANDS = (
    Command(
        "faults", "faults",
        "List the registered faults, or show all that is known of one.",
        _faults, _declare_faults, "dnn-repair faults\ndnn-repair faults show C1",
    ),
    Command(
        "data", "faults",
        "Download the data sets that some faults need; nothing else downloads anything.",
        _data, _declare_data,
    ),
)  # fmt: skip
