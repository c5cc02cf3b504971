"""An error of foreign code names the foreign line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.techniques.blame import described_at


def test_an_error_is_told_with_the_line_of_the_techniques_own_code() -> None:
    try:
        int("x")
    except ValueError as error:
        told = described_at(error)
    assert "ValueError: invalid literal" in told
    assert "test_blame.py:" in told
    assert told.endswith('int("x"))')


def test_an_error_raised_within_a_library_names_the_line_that_called_it(tmp_path: Path) -> None:
    file = tmp_path / "theirs.py"
    file.write_text("import json\n\ndef go():\n    return json.loads('{')\n")
    names: dict[str, object] = {}
    exec(compile(file.read_text(), str(file), "exec"), names)
    with pytest.raises(ValueError, match="Expecting") as caught:
        names["go"]()  # type: ignore[operator]
    assert f"({file}:4: return json.loads('{{'))" in described_at(caught.value)


def test_a_long_message_of_many_lines_becomes_one_short_line() -> None:
    told = described_at(ValueError("a\n" * 9000))
    assert "\n" not in told
    assert len(told) < 600
