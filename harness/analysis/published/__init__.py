"""The published ICST 2023 study (Kim et al.), from its raw trials to its claims."""

from harness.analysis.published.facts import Facts
from harness.analysis.published.study import Published, load

__all__ = ["Facts", "Published", "load"]
