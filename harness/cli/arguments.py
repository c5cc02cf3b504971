"""The options of all commands about a study, and the StudySpec that they amount to."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from harness.cli.parsers import add_option
from harness.study.settings import GROUPS, SETTINGS, Setting, SettingKind, parsed

if TYPE_CHECKING:
    from harness.study.spec import StudySpec

_GROUP_OPTIONS = {
    "plan": ("NAME|FILE", "Plan: which runs there are.", "a plan of configs/plan or a YAML file",
             "laptop"),
    "technique": ("NAME", "One technique in place of the plan's.", "name or module:Class",
                  "the plan's"),
    "protocol": ("NAME", "Choices of the analysis.", "corrected or icst23", "corrected"),
}  # fmt: skip
_IN_FILES = ("plan.name",)
"""Settings without an option."""


def add_study_options(parser: argparse.ArgumentParser) -> None:
    """Every setting of a study as an option, and as ``key=value``."""
    add_option(
        parser,
        "overrides",
        nargs="*",
        metavar="KEY=VALUE",
        meaning="Settings by their keys, such as plan=smoke plan.faults=D1,D7 protocol.alpha=0.01.",
        unit="each split at its first =",
        shown="none",
    )
    for name in GROUPS:
        metavar, meaning, unit, shown = _GROUP_OPTIONS[name]
        add_option(
            parser, f"--{name}", metavar=metavar, meaning=meaning, unit=unit, shown=shown,
            default=None,
        )  # fmt: skip
    for setting in SETTINGS:
        if setting.key not in _IN_FILES:
            _add_setting(parser, setting)


def _add_setting(parser: argparse.ArgumentParser, setting: Setting) -> None:
    how: dict[str, Any] = {"dest": setting.key, "default": None}
    if setting.kind is SettingKind.FLAG:
        how["action"] = argparse.BooleanOptionalAction
    else:
        how["metavar"] = setting.short.upper()
    add_option(
        parser,
        f"--{setting.short.replace('_', '-')}",
        meaning=setting.meaning,
        unit=setting.unit,
        shown=setting.default,
        **how,
    )


def spec_of(arguments: argparse.Namespace) -> StudySpec:
    """The study that a command line names.

    Raises:
        HarnessError: If a setting is unknown or not possible.
    """
    from harness.study.spec import StudySpec

    values = vars(arguments)
    changes = {name: values[name] for name in GROUPS if values[name] is not None}
    for setting in SETTINGS:
        value = values.get(setting.key)
        if value is not None:
            changes[setting.key] = parsed(setting, value) if isinstance(value, str) else value
    return StudySpec.compose(arguments.overrides, changes)


def noted_spec(arguments: argparse.Namespace) -> StudySpec:
    """The same; says on the terminal if something foreign lies among the runs."""
    spec = spec_of(arguments)
    from harness.subjects.registry import load_registry

    if note := spec.store.foreign(spec.plan.cells(load_registry())):
        print(f"note: {note}", file=sys.stderr)
    return spec


def take_own(arguments: argparse.Namespace, *names: str) -> None:
    """Move ``name=value`` of a command's own options from the overrides to the options."""
    for override in list(arguments.overrides):
        name, equals, value = override.partition("=")
        if equals and name in names:
            setattr(arguments, name, value)
            arguments.overrides.remove(override)
