"""Width of the console, and the bar that counts runs."""

from __future__ import annotations

from rich.console import Console

from harness.views.terminal import WIDTH, console, run_progress


def test_the_console_has_a_width_where_there_is_no_terminal() -> None:
    assert console().width == WIDTH and console(190).width == 190


def test_lines_are_printed_above_the_bar() -> None:
    screen = Console(record=True, width=100)
    with run_progress(screen) as (say, progress):
        progress(1, 3)
        say("one line")
    assert "one line" in screen.export_text()
