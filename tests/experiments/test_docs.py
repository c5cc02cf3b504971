"""The tables about our own runs are those that the recorded runs give."""

from __future__ import annotations

from experiments import docs


def test_the_readme_s_table_is_that_of_the_recorded_runs() -> None:
    readme = (docs.ROOT / "README.md").read_text(encoding="utf-8")
    assert f"<!-- table -->\n{docs.main_table()}\n<!-- end of table -->" in readme
