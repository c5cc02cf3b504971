"""The twelve rules: one module each, listed here, each with a case file in the tests.

A rule is a function of the meta-model and the thresholds; it knows no framework and no program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import ModuleType

from harness.theia.findings import Finding, Severity, located
from harness.theia.program import Program
from harness.theia.rules import cnl, ibs, icl, idn, ids, ifl, inf, inn, llm, lob, mnl, mrd
from harness.theia.thresholds import Thresholds, thresholds

Rule = Callable[[Program, Thresholds], Iterator[Finding]]

MODULES: tuple[ModuleType, ...] = (cnl, inf, inn, ids, mrd, mnl, icl, ifl, idn, llm, lob, ibs)

RULES: Mapping[str, Rule] = {
    module.__name__.rpartition(".")[2].upper(): module.check for module in MODULES
}


def page(rule: str) -> str:
    """A rule's documentation: what it finds, rationale, detection, suggestion, source.

    >>> page("LOB").splitlines()[0]
    'Learning rate outside the range in which the surveyed programs train.'
    """
    return next(m.__doc__ or "" for m in MODULES if m.check is RULES[rule]).strip()


def rationale(rule: str) -> str:
    """Why what a rule finds is a problem, in one line; part of its page.

    >>> rationale("IFL").split(";")[0]
    'in a convolutional network the convolutions extract the features'
    """
    told = page(rule).partition("Rationale:")[2].partition("Detection:")[0]
    return " ".join(told.split())


def judge(program: Program, profile: str = "recommended") -> list[Finding]:
    """All findings of a profile, by layer, then rule; those without a layer come last."""
    limits = thresholds(profile, program.framework)
    fired = (located(f, program) for rule in RULES.values() for f in rule(program, limits))
    found = list({f.identity: f for f in fired}.values())  # layers that share a block find it once
    if not limits.advice:
        found = [replace(f, severity=Severity.BUG) for f in found]
    last = len(program.layers) + 1
    return sorted(found, key=lambda f: (f.layer or last, f.rule))
