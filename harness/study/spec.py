"""Everything that a study command is given, checked once: plan, protocol, folder, processes."""

from __future__ import annotations

import stat
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.analysis import protocols
from harness.analysis.protocols import Protocol
from harness.data.shipped import shipped
from harness.records.clocks import check_budget
from harness.records.files import digest
from harness.records.schema import LARGEST
from harness.records.store import Store
from harness.study.compose import PLAN_DEFAULTS, compose_settings, options, read_plan, read_yaml
from harness.study.plan import Plan, import_technique, make_technique, technique_name
from harness.study.settings import BY_KEY, GROUPS
from harness.study.values import (
    chunk_of,
    flag,
    mapping_by_fault,
    name_list,
    number,
    text,
    whole_number,
)
from harness.subjects.registry import load_registry
from harness.techniques.contract import Technique
from harness.vocabulary import DEFAULT_CLOCK, DEFAULT_SPACE, HarnessError, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySpec:
    """A study command's arguments."""

    plan: Plan
    results: Path
    """Results folder, absolute."""
    protocol: Protocol = protocols.CORRECTED
    label: str = ""
    """Folder of the study's tables below ``tables`` of the results folder."""
    confirmations: int = 3
    """Re-trainings of each run's winner."""
    workers: int | None = None
    """Runs side by side; None: one for each core of this machine or cluster."""
    threads: int = 1
    """Of each training worker."""
    per_gpu: int = 0
    """Runs side by side on each GPU; 0: GPUs are not shared out."""
    mlflow: bool = True
    """Whether the runs are mirrored into MLflow afterwards."""

    @property
    def store(self) -> Store:
        return Store(self.results)

    @staticmethod
    def compose(
        overrides: Iterable[str] = (), changes: Mapping[str, Any] | None = None
    ) -> StudySpec:
        """From the files of ``configs`` and what is changed in them.

        Args:
            overrides: ``key=value`` as on the command line.
            changes: Key, or its short name -> value, such as ``{"faults": ["D1"]}``. A share or a
                number of trainings that is given here holds for all faults.

        Raises:
            HarnessError: If a key or a value is not possible; one message.
        """
        changes = dict(changes or {})
        for name in ("fraction", "seeds"):
            if not {name, f"plan.{name}"}.isdisjoint(changes):
                changes.setdefault(f"plan.{name}_for", None)
        if isinstance(planned := changes.get("plan"), Plan):
            return _of_plan(planned, changes)
        composed = compose_settings(overrides, changes)
        return StudySpec.of(composed.settings, composed.plan)

    @staticmethod
    def of(settings: Mapping[str, Any], written: Mapping[str, Any] | None = None) -> StudySpec:
        """From plain nested mappings, as a configuration has them.

        Args:
            settings: ``plan`` (a mapping), ``technique``, ``protocol`` and the other settings.
            written: The plan as its file has it. By default the one of its name in ``configs``.

        Raises:
            HarnessError: If a key is unknown or a value is not possible; one message.
        """
        planned = settings.get("plan")
        if not isinstance(planned, Mapping):
            raise HarnessError(f"plan must be a mapping. Received: {planned!r}")
        _check_keys(settings, planned)
        plan = _plan(settings, planned)
        if written is None:
            written = _shipped_plan(plan.name)
        plan = replace(plan, family=_family(plan, settings, planned, written))
        return StudySpec(plan=plan, label=_label(plan, written, planned), **_rest(settings))


def _of_plan(plan: Plan, changes: Mapping[str, Any]) -> StudySpec:
    """A plan made in Python, with settings that are no part of a plan."""
    own = {key: value for key, value in changes.items() if key != "plan"}
    for key in own:
        if key not in _OUTSIDE_PLANS:
            raise HarnessError(
                f"{key} belongs to the plan, which is given as an object: change it there, with "
                f"dataclasses.replace(plan, {key}=...)"
            )
    usual = compose_settings((), {k: v for k, v in own.items() if k != "protocol"}).settings
    chosen = {"protocol": own["protocol"]} if "protocol" in own else {}
    written = _shipped_plan(plan.name)
    return StudySpec(plan=plan, label=_label(plan, written, written), **_rest({**usual, **chosen}))


def _shipped_plan(name: str) -> Mapping[str, Any]:
    """The plan of ``configs`` with this name, or nothing."""
    return read_plan(name) if name in options("plan") else {}


_OUTSIDE_PLANS = (
    "results",
    "protocol",
    "confirmations",
    "workers",
    "threads",
    "per_gpu",
    "mlflow",
)
"""Settings that may stand beside a plan made in Python."""


def _check_keys(settings: Mapping[str, Any], planned: Mapping[str, Any]) -> None:
    known = [key for key in BY_KEY if not key.startswith("plan.")]
    for key in settings:
        if key not in (*known, *GROUPS):
            raise unknown("setting", key, [*GROUPS, *known])
    inside = [key.removeprefix("plan.") for key in BY_KEY if key.startswith("plan.")]
    for key in planned:
        if key not in inside:
            raise unknown("setting of a plan", key, inside)
    for key in ("name", "faults", "techniques"):
        if planned.get(key) is None:
            raise HarnessError(f"the plan lacks its {key}")


def _plan(settings: Mapping[str, Any], planned: Mapping[str, Any]) -> Plan:
    registry = load_registry()
    planned = {**PLAN_DEFAULTS, **{k: v for k, v in planned.items() if v is not None}}
    chosen = settings.get("technique")
    optional: dict[str, Any] = {}
    if "seeds" in planned:
        optional["seeds"] = whole_number("seeds", planned["seeds"])
    if "stand_ins" in planned:
        optional["stand_ins"] = name_list("stand_ins", planned["stand_ins"])
    for key, check in (("fraction_for", number), ("seeds_for", whole_number)):
        if key in planned:
            optional[key] = {
                registry[str(fault)].id: check(f"{key}.{fault}", value)
                for fault, value in mapping_by_fault(key, planned[key]).items()
            }
    return Plan(
        name=str(planned["name"]),
        faults=[registry[name].id for name in name_list("faults", planned["faults"])],
        techniques=make_techniques(
            name_list("techniques", planned["techniques"]) if chosen is None else [chosen]
        ),
        repetitions=whole_number("repetitions", planned["repetitions"]),
        budget=check_budget(settings.get("budget", 20)),
        clock=text("clock", settings.get("clock", DEFAULT_CLOCK)),
        space=text("space", settings.get("space", DEFAULT_SPACE)),
        data=text("data", planned["data"]),
        fraction=number("fraction", planned["fraction"]),
        backend=text("backend", settings.get("backend") or ""),
        seed=whole_number("seed", settings.get("seed", 1), least=0, most=LARGEST),
        independent=flag("independent", settings.get("independent", False)),
        chunk=chunk_of(settings.get("chunk")),
        **optional,
    )


def _family(
    plan: Plan, settings: Mapping[str, Any], planned: Mapping[str, Any], written: Mapping[str, Any]
) -> Plan | None:
    """The plan that declares the family of tests; None if that is ``plan`` as it is.

    Faults and techniques that are left out or added on the command line change no family.
    """
    if (named := planned.get("family")) is not None:
        declared = read_plan(text("plan.family", named))
    else:
        cells = {key: written[key] for key in ("faults", "techniques") if key in written}
        declared = {**planned, **cells}
    found = _plan({**settings, "technique": None, "chunk": None}, declared)
    same = {*found.faults} == {*plan.faults} and {*found.techniques} == {*plan.techniques}
    return None if same else found


def _rest(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a StudySpec that no plan has, checked."""
    workers = settings.get("workers")
    return {
        "results": results_folder(settings.get("results", "results")),
        "protocol": make_protocol(settings.get("protocol", "corrected")),
        "confirmations": whole_number("confirmations", settings.get("confirmations", 3), least=0),
        "workers": None if workers is None else whole_number("workers", workers),
        "threads": whole_number("threads", settings.get("threads", 1)),
        "per_gpu": whole_number("per_gpu", settings.get("per_gpu", 0), least=0),
        "mlflow": flag("mlflow", settings.get("mlflow", True)),
    }


def results_folder(where: Any) -> Path:
    """The absolute path of a results folder; a leading ``~/`` is the home folder.

    Raises:
        HarnessError: If the path is empty or no text.
    """
    if not isinstance(where, str | Path) or not str(where).strip() or "\0" in str(where):
        raise HarnessError(f"results must name a folder. Received: {where!r}")
    path = Path(where)
    try:
        found = (path.expanduser() if path.parts[:1] == ("~",) else path).resolve()
        mode = found.stat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFDIR
    except (OSError, RuntimeError) as error:  # a link loop, a name too long, no home folder
        raise HarnessError(f"results must name a folder. Received: '{where}' ({error})") from None
    if not stat.S_ISDIR(mode):
        raise HarnessError(f"results must name a folder. Received: '{where}', which is none")
    if found == Path(found.anchor):
        raise HarnessError(f"results must name a folder other than {found}. Try results=results")
    return found


def make_techniques(names: Iterable[Any]) -> dict[str, Technique]:
    """Techniques by name.

    Args:
        names: A file of ``configs/technique``, ``module:Class`` for one of your own, or the content
            of such a file (``name``, ``_target_`` and the fields that differ from their defaults).

    Raises:
        HarnessError: If there is no such technique, or it cannot be made.
    """
    made: dict[str, Technique] = {}
    for name in names:
        if isinstance(name, Mapping):
            registered, technique = str(name["name"]), _from_file(name)
        elif ":" in name:
            technique = import_technique(name)
            registered = technique_name(technique)
        elif name in options("technique"):
            content = read_yaml(shipped("configs") / "technique" / f"{name}.yaml")
            registered, technique = name, _from_file({"name": name, **content})
        else:
            raise unknown(
                "technique", name, options("technique"), ", or module:Class for one of your own"
            )
        if made.setdefault(registered, technique) != technique:
            raise HarnessError(
                f"two techniques of the plan are called '{registered}'. A technique of your own "
                "says how it is called by name: ClassVar[str]"
            )
    return made


def _from_file(content: Mapping[str, Any]) -> Technique:
    """The instance that a technique's file describes."""
    name, target = content["name"], str(content.get("_target_", ""))
    module, _, attribute = target.rpartition(".")
    own = {key: value for key, value in content.items() if key not in ("name", "_target_")}
    return make_technique(f"technique '{name}' of {target}", module, attribute, own)


def make_protocol(chosen: Any) -> Protocol:
    """A protocol by its name, or by a mapping of its name and the choices that are changed.

    Raises:
        HarnessError: If there is no such protocol or choice, or a value is not possible.
    """
    if isinstance(chosen, Protocol):
        return chosen
    if isinstance(chosen, str):
        return protocols.protocol(chosen)
    if not isinstance(chosen, Mapping) or not isinstance(chosen.get("name"), str):
        raise HarnessError(f"protocol must have a name. Received: {chosen!r}")
    hints = typing.get_type_hints(Protocol)
    changes = {
        key: _choice(key, hints[key], value) if key in hints else value
        for key, value in chosen.items()
        if key != "name"
    }
    return protocols.protocol(chosen["name"], **changes)


def _choice(name: str, hint: Any, value: Any) -> Any:
    """``value`` as the type ``hint`` of a protocol's field wants it."""
    allowed = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    for kind in allowed:
        if typing.get_origin(kind) is typing.Literal:
            if value in typing.get_args(kind):
                return value
        elif typing.get_origin(kind) is tuple:
            if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
                return tuple(value)
        elif kind is float:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return float(value)
        elif kind is type(None) if value is None else type(value) is kind:
            return value
    forms = " or ".join(map(_shown, allowed))
    raise HarnessError(f"protocol.{name} must be {forms}. Received: {value!r}")


def _shown(kind: Any) -> str:
    if typing.get_origin(kind) is typing.Literal:
        return " or ".join(map(str, typing.get_args(kind)))
    if typing.get_origin(kind) is tuple:
        return "a list of names"
    named = {bool: "true or false", int: "a whole number", float: "a number", type(None): "null"}
    return named.get(kind, str(kind))


def _label(plan: Plan, written: Mapping[str, Any], planned: Mapping[str, Any]) -> str:
    """A folder's name for the tables of a plan: its values, and a hash if it was narrowed."""
    whole = {"stand_ins": [], "fraction_for": {}, **PLAN_DEFAULTS, **written}
    if written.get("techniques"):  # as they are registered, not as they are written
        whole["techniques"] = list(make_techniques(name_list("techniques", written["techniques"])))
    values = {
        "faults": list(plan.faults),
        "techniques": list(plan.techniques),
        "repetitions": plan.repetitions,
        "data": plan.data,
        "fraction": plan.fraction,
        "stand_ins": list(plan.stand_ins),
        "fraction_for": dict(plan.fraction_for),
    }
    rest: dict[str, Any] = {"clock": plan.clock, "space": plan.space, "backend": plan.backend}
    rest["independent"] = plan.independent
    if (family := planned.get("family")) != written.get("family"):
        rest["family"] = family
    usual = {"clock": DEFAULT_CLOCK, "space": DEFAULT_SPACE, "backend": "", "independent": False}
    same = all(whole.get(k) == v for k, v in values.items()) and rest == usual
    suffix = "" if same else f"-{digest({**values, **rest})[:6]}"
    return f"{plan.name}-b{float(plan.budget):g}-s{plan.seed}{suffix}"


def with_budget(spec: StudySpec, budget: float) -> StudySpec:
    """The same study with another budget."""
    return replace(spec, plan=replace(spec.plan, budget=budget))
