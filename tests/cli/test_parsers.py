"""Options are explained, and what is wrong is raised instead of printed."""

from __future__ import annotations

import argparse

import pytest

from harness.cli.parsers import Command, add_option
from harness.vocabulary import HarnessError


def declare(parser: argparse.ArgumentParser) -> None:
    add_option(parser, "rest", nargs="*", meaning="Words.", unit="any", shown="none")
    add_option(parser, "--share", meaning="Part of 100 %.", unit="per cent", shown="50 %", type=int)


COMMAND = Command("try", "group", "Tries.", lambda arguments: 0, declare, "Exit code 0.")


def test_help_has_meaning_unit_and_default() -> None:
    text = COMMAND.parser().format_help()
    assert "Part of 100 %. (per cent; default: 50 %)" in " ".join(text.split())
    assert "Tries." in text and "Exit code 0." in text


def test_options_stand_anywhere() -> None:
    found = COMMAND.parse(["a", "--share", "3", "b=c d"])
    assert (found.rest, found.share) == (["a", "b=c d"], 3)


@pytest.mark.parametrize("arguments", [["--share"], ["--share", "x"], ["--shares", "3"]])
def test_what_is_wrong_is_raised(arguments: list[str]) -> None:
    with pytest.raises(HarnessError, match=r"`dnn-repair try --help` lists the options"):
        COMMAND.parse(arguments)
