"""Faults made of killed mutants: which mutants are drawn, their ids and their files."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from harness.analysis.criterion import Fate, KillVerdict
from harness.mutation.harvest import Campaign, JudgedMutant, Qualified
from harness.mutation.mutation_operators import Mutant, mutation_operator
from harness.subjects.fault import Fault
from harness.subjects.registry import Registry
from harness.vocabulary import HarnessError


@dataclass(frozen=True, slots=True)
class Draw:
    """Mutants of one operator in the order in which they are tried, and the id they would get."""

    identity: str
    mutants: Sequence[JudgedMutant]


def draws(
    campaign: Campaign,
    registry: Registry,
    tested: Mapping[str, Sequence[JudgedMutant]],
    prefix: str,
) -> list[Draw]:
    """For each operator the mutants that the filter kept, in random order, under one id.

    The id is made of prefix, operator and seed. If an earlier campaign wrote that fault, it is the
    operator's only draw, so that ids stay what they are. A mutant that is another fault of the
    subject already is drawn if there is nothing else, under the id that it has.

    Raises:
        HarnessError: If an id belongs to a fault of another subject.
    """
    own = {f.id: dict(f.values) for f in registry.values() if f.subject.name == campaign.subject}
    found = []
    for acronym, mutants in tested.items():
        identity = f"{prefix}-{acronym}{campaign.seed}"
        if identity in set(registry) - set(own):
            raise HarnessError(
                f"the id {identity} belongs to {registry[identity].path}, a fault of "
                f"{registry[identity].subject.name}. Choose another prefix for faults of "
                f"{campaign.subject}: prefix=..."
            )
        kept = [judged for judged in mutants if judged.fate is Fate.KEPT]
        random.Random(f"{acronym} {campaign.seed}").shuffle(kept)
        if identity in own:
            kept = [j for j in kept if dict(j.mutant.changes) == own[identity]]
        elif new := [j for j in kept if dict(j.mutant.changes) not in own.values()]:
            kept = new
        elif kept:
            values = dict(kept[0].mutant.changes)
            identity = next(name for name, other in own.items() if other == values)
            kept = kept[:1]
        if kept:
            found.append(Draw(identity, kept))
    return found


def as_fault(campaign: Campaign, mutant: Mutant, identity: str) -> Fault:
    """The mutant as a fault that is not yet qualified; the file that it will have stands in it."""
    subject = campaign.program
    return Fault(
        id=identity,
        subject=subject,
        title=", ".join(
            f"{name.replace('_', ' ')} {subject.fixed[name]} changed to {value}"
            for name, value in mutant.changes.items()
        ),
        values=mutant.changes,
        origin={
            "tool": "DeepCrime",
            "operator": mutation_operator(mutant.operator).name,
            "acronym": mutant.operator,
            **({} if mutant.layer is None else {"layer": mutant.layer}),
            "value": mutant.value,
            "seed": campaign.seed,
            "data": campaign.data,
            "fraction": campaign.fraction,
        },
        source=(
            f"this project, make mutants SUBJECT={subject.name}; operator and criterion of "
            "DeepCrime, filter of Kim et al., ICST 2023"
        ),
        kind="mutant",
        path=subject.path.parents[1] / "mutants" / f"{identity}.yaml",
    )


def with_provenance(fault: Fault, first: KillVerdict, again: KillVerdict) -> Fault:
    """The fault with what was measured: in the search, and again with fresh seeds."""
    return replace(
        fault,
        origin={
            **fault.origin,
            "n": first.n,
            **_measured(first, ""),
            **_measured(again, "again_"),
        },
    )


def _measured(verdict: KillVerdict, prefix: str) -> dict[str, float]:
    """p and d with three significant digits, means with the digits that a fault file needs."""
    return {
        f"{prefix}mean_original": float(f"{verdict.mean_original:.4g}"),
        f"{prefix}mean_mutant": float(f"{verdict.mean_mutant:.4g}"),
        f"{prefix}p": float(f"{verdict.p:.3g}"),
        f"{prefix}d": float(f"{verdict.d:.3g}"),
    }


def write_fault(qualified: Qualified) -> bool:
    """Write the fault's file, unless there is one: a fault that is registered stays as it is.

    Returns:
        Whether the file was written.
    """
    fault = qualified.fault
    if fault.path.exists():
        return False
    content: dict[str, Any] = {
        "id": fault.id,
        "subject": fault.subject.name,
        "title": fault.title,
        "faulty": dict(fault.values),
        "origin": dict(fault.origin),
        "source": fault.source,
    }
    fault.path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(content, sort_keys=False, width=100, allow_unicode=True)
    fault.path.write_text(text, encoding="utf-8")
    return True
