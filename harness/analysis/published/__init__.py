"""The published ICST 2023 study (Kim et al.), from its raw trials to its claims."""

from harness.analysis.published.archive import Published, load_published
from harness.analysis.published.facts import Facts

__all__ = ["Facts", "Published", "load_published"]
