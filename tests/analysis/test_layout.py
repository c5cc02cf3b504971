"""A table in its three forms."""

from __future__ import annotations

import re

from harness.analysis.layout import Field, Header, Layout, headed, plain_fields


def test_a_layout_is_escaped_in_every_form() -> None:
    table = Layout("a < b", [Header("x|y", "left")], [[Field("<b>*", strong=True)]], ["n & m"])
    assert "a &lt; b" in table.html() and "<strong>&lt;b&gt;*</strong>" in table.html()
    assert "n &amp; m" in table._repr_html_()
    assert re.search(r"\| x\\\|y \|", table.markdown())


def test_the_terminal_shows_title_rows_and_notes() -> None:
    shown = Layout("title", headed(["name"], ["n"]), [plain_fields("a", "1")], ["a note"]).rich()
    assert shown.title == "title" and "a note" in str(shown.caption)
    assert [(c.header, c.justify) for c in shown.columns] == [("name", "left"), ("n", "right")]
    assert [str(cell) for column in shown.columns for cell in column.cells] == ["a", "1"]
