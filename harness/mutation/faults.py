"""From killed mutants to faults of the registry: which are drawn, under which id, in which file."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from harness.mutation.criterion import Fate, Verdict
from harness.mutation.operators import Mutant, mutation_operator
from harness.mutation.records import Campaign, Judged, Qualified
from harness.registry import Fault, Registry


@dataclass(frozen=True, slots=True)
class Draw:
    """Mutants of one operator in the order in which they are tried, and the id they would get."""

    identity: str
    mutants: Sequence[Judged]


def draws(
    campaign: Campaign, registry: Registry, tested: Mapping[str, Sequence[Judged]], prefix: str
) -> list[Draw]:
    """For each operator the mutants that the filter kept, in random order.

    A fault that an earlier campaign with this seed wrote is the operator's only draw, so that ids
    stay what they are. Values of other registered faults are not drawn.

    Args:
        prefix: Of new ids; they continue the registry's numbers.
    """
    registered = [f for f in registry.values() if f.subject.name == campaign.subject]
    number = max((_number(f, prefix) for f in registry), default=0)
    found = []
    for acronym, mutants in tested.items():
        kept = [t for t in mutants if t.fate is Fate.KEPT]
        written = [f for f in registered if _made_by(f, campaign, acronym)]
        if written:
            kept = [t for t in kept if dict(t.mutant.changes) == dict(written[0].values)]
            identity = written[0].id
        else:
            values = [dict(f.values) for f in registered]
            kept = [t for t in kept if dict(t.mutant.changes) not in values]
            random.Random(f"{acronym} {campaign.seed}").shuffle(kept)
            number += bool(kept)
            identity = f"{prefix}{number}"
        if kept:
            found.append(Draw(identity, kept))
    return found


def _number(identity: str, prefix: str) -> int:
    """The number in an id with this prefix, 0 for other ids."""
    digits = identity.removeprefix(prefix)
    return int(digits) if digits != identity and digits.isdecimal() else 0


def _made_by(fault: Fault, campaign: Campaign, acronym: str) -> bool:
    return (fault.origin.get("acronym"), fault.origin.get("seed")) == (acronym, campaign.seed)


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


def with_provenance(fault: Fault, first: Verdict, again: Verdict) -> Fault:
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


def _measured(verdict: Verdict, prefix: str) -> dict[str, float]:
    """p and d with three significant digits, means with the digits that a fault file needs."""
    return {
        f"{prefix}mean_original": float(f"{verdict.mean_original:.4g}"),
        f"{prefix}mean_mutant": float(f"{verdict.mean_mutant:.4g}"),
        f"{prefix}p": float(f"{verdict.p:.3g}"),
        f"{prefix}d": float(f"{verdict.d:.3g}"),
    }


def write(qualified: Qualified) -> bool:
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
