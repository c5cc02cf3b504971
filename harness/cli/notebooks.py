"""The command that executes the notebooks on what is stored of a study."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.arguments import add_study_options, spec_of
from harness.cli.parsers import Command, add_option
from harness.vocabulary import HarnessError


def _declare(parser: argparse.ArgumentParser) -> None:
    add_study_options(parser)
    add_option(
        parser, "--notebooks", type=Path, metavar="FOLDER",
        meaning="Notebooks to execute.", unit="folder", shown="notebooks of the checkout",
    )  # fmt: skip


def _run(arguments: argparse.Namespace) -> int:
    from harness.data.shipped import PACKAGE
    from harness.views.executed import execute

    spec = spec_of(arguments)
    paths = sorted((arguments.notebooks or PACKAGE.parent / "notebooks").glob("*.ipynb"))
    if not paths:
        raise HarnessError(
            "there are no notebooks to execute: they are part of a checkout, not of the package. "
            "Name their folder: --notebooks FOLDER"
        )
    folder = spec.results / "notebooks" / spec.label
    for path in paths:
        execute(path, folder / path.name, _settings(arguments, spec.results))
        print(f"executed: {folder / path.name}")
    return 0


def _settings(arguments: argparse.Namespace, results: Path) -> list[str]:
    """The study as the variable ``STUDY`` has it: ``key=value``, one each."""
    from harness.study.settings import BY_KEY, GROUPS

    options = {
        name: value
        for name, value in vars(arguments).items()
        if (name in BY_KEY or name in GROUPS) and value is not None
    }
    lines = [*arguments.overrides, *(f"{name}={_text(v)}" for name, v in options.items())]
    whole = [f"plan.{n}_for=null" for n in ("fraction", "seeds") if f"plan.{n}" in options]
    return [*lines, *whole, f"results={results}"]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


NOTEBOOK_COMMANDS = (
    Command(
        "notebooks", "study", "Execute the notebooks on what is stored of a study.",
        _run, _declare,
    ),
)  # fmt: skip
