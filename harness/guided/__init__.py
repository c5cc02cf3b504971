"""Guided repair: what evidence says about a fault, the edits worth trying, and what can be undone.

``harness.techniques.guided`` puts the parts together.
"""
