"""Guided repair: localise, repair near the fault, keep only what is needed."""

from harness.techniques.guided.technique import Guided

__all__ = ["Guided"]
