"""What the experiments share: from Hydra's configuration to plain values, and one way to fail."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from harness.analysis import protocols, published
from harness.analysis.protocols import Protocol
from harness.analysis.published.archive import published_study
from harness.analysis.runset import RunSet
from harness.mutation.harvest import Campaign
from harness.mutation.mutation_operators import MUTATION_OPERATORS
from harness.records.clocks import check_budget
from harness.records.files import digest
from harness.records.store import Store
from harness.study.plan import Plan, import_technique
from harness.study.reading import read_study
from harness.subjects.registry import Registry, load_registry
from harness.techniques.contract import Technique
from harness.vocabulary import HarnessError, unknown

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
WIDTH = 130
"""Columns of printed tables where the output is no terminal."""


def console(width: int = WIDTH) -> Console:
    """For people: as wide as the terminal; ``width`` columns where there is none."""
    return Console() if sys.stdout.isatty() else Console(width=width)


def main(run: Callable[[DictConfig], int], config: str) -> None:
    """Run an experiment under Hydra; bad input is one message and exit code 2, no traceback."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    if {"-m", "--multirun"} & set(sys.argv):  # jobs may start elsewhere, and import this module
        paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    codes: list[int] = []

    @hydra.main(version_base=None, config_path=str(CONFIGS), config_name=config)
    def job(cfg: DictConfig) -> None:
        try:
            code = run(cfg)
        except (HarnessError, HydraException, OmegaConfBaseException) as error:
            code = _fail(error)
        if code and HydraConfig.get().mode is RunMode.MULTIRUN:
            raise JobFailed(code)
        codes.append(code)

    try:
        _check(sys.argv[1:], config)
        job()
    except (HarnessError, HydraException, OmegaConfBaseException) as error:
        codes.append(_fail(error))
    except JobFailed as failed:
        codes.append(failed.code)
    except KeyboardInterrupt:
        print("stopped; repeat the command to go on from here", file=sys.stderr)
        codes.append(130)
    sys.exit(max(codes, default=0))


class JobFailed(Exception):
    """One job of several ended with an exit code; it may have run in another process."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def _fail(error: Exception) -> int:
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    return 2


def _check(arguments: Sequence[str], config: str) -> None:
    """Say what is wrong with the overrides before Hydra does, with suggestions."""
    known = [*_settings(config), *_groups()]
    for argument in arguments:
        if argument.startswith("-") or "=" not in argument:
            continue
        key, value = argument.lstrip("+~").split("=", 1)
        head = key.split(".")[0].split("@")[0]
        if head not in known and head.split("/")[0] != "hydra":
            raise unknown("setting", key, [k for k in known if k not in ("defaults", "hydra")])
        if key in _groups() and not argument.startswith("+") and value != "null":
            for name in value.split(","):
                if name not in _options(key):
                    raise unknown(key, name, _options(key))


def _settings(config: str) -> list[str]:
    """The keys of a configuration and of those that it starts from."""
    content = OmegaConf.load(CONFIGS / f"{config}.yaml")
    starts = [name for name in content.defaults if isinstance(name, str) and name != "_self_"]
    return [*content, *(key for start in starts for key in _settings(start))]


def _groups() -> list[str]:
    return sorted(p.name for p in CONFIGS.iterdir() if p.is_dir())


def _options(group: str) -> list[str]:
    return sorted(p.stem for p in (CONFIGS / group).glob("*.yaml"))


def techniques(names: Sequence[str]) -> dict[str, Technique]:
    """Techniques by name: of ``configs/technique``, or ``module:Class`` for one of your own."""
    made: dict[str, Technique] = {}
    for name in names:
        if ":" in name:
            made[name] = import_technique(name)
        elif name in _options("technique"):
            made[name] = _technique(OmegaConf.load(CONFIGS / "technique" / f"{name}.yaml"))
        else:
            raise unknown(
                "technique", name, _options("technique"), ", or module:Class for one of your own"
            )
    return made


def _technique(config: Any) -> Technique:
    config = OmegaConf.create({k: v for k, v in config.items() if k != "name"})
    technique: Technique = hydra.utils.instantiate(config)
    return technique


def plan(cfg: DictConfig) -> Plan:
    """The plan that a configuration describes; faults are checked here."""
    registry = load_registry()
    faults = [registry[str(f)].id for f in _list(cfg.plan.faults)]
    if cfg.get("technique") is not None:
        chosen = {str(cfg.technique.name): _technique(cfg.technique)}
    else:
        chosen = techniques([str(t) for t in _list(cfg.plan.techniques)])
    return Plan(
        name=str(cfg.plan.name),
        faults=faults,
        techniques=chosen,
        repetitions=whole("repetitions", cfg.plan.repetitions),
        budget=check_budget(cfg.budget),
        clock=str(cfg.clock),
        space=str(cfg.space),
        data=str(cfg.plan.data),
        fraction=_number("fraction", cfg.plan.fraction),
        backend=str(cfg.backend),
        seed=whole("seed", cfg.seed, least=0),
        independent=bool(cfg.independent),
        chunk=_chunk(cfg.chunk),
        **_baseline_settings(cfg.plan),
    )


def campaign(cfg: DictConfig) -> Campaign:
    """The campaign that a configuration describes; its subject and operators are checked here."""
    if cfg.subject is None:
        known = ", ".join(load_registry().subjects)
        raise HarnessError(f"name a subject: make mutants SUBJECT=... Registered: {known}")
    every = [row.acronym for row in MUTATION_OPERATORS]
    return Campaign(
        subject=str(cfg.subject),
        operators=every if cfg.operators is None else [str(o) for o in _list(cfg.operators)],
        n=whole("n", cfg.n),
        seed=whole("seed", cfg.seed, least=0),
        data=str(cfg.data),
        fraction=_number("fraction", cfg.fraction),
        backend=str(cfg.backend),
    )


def _baseline_settings(plan: DictConfig) -> dict[str, Any]:
    """What a plan may say of baselines and stand-ins, where it says it."""
    told: dict[str, Any] = {}
    if plan.get("seeds") is not None:
        told["seeds"] = whole("seeds", plan.seeds)
    if plan.get("stand_ins") is not None:
        told["stand_ins"] = [str(name) for name in _list(plan.stand_ins)]
    for setting, check in (("fraction_for", _number), ("seeds_for", whole)):
        if plan.get(setting) is not None:
            told[setting] = {
                load_registry()[str(fault)].id: check(f"{setting}.{fault}", value)
                for fault, value in plan[setting].items()
            }
    return told


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, ListConfig | list) else str(value).split(",")


def _chunk(value: Any) -> tuple[int, int] | None:
    """``2/8``: the second of eight."""
    if value is None:
        return None
    parts = str(value).split("/")
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        raise HarnessError(f"chunk must be like 2/8, the second of eight. Received: {value!r}")
    return int(parts[0]), int(parts[1])


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise HarnessError(f"{name} must be a number. Received: {value!r}") from None


def whole(name: str, value: Any, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise HarnessError(f"{name} must be a whole number from {least}. Received: {value!r}")
    return value


def workers(cfg: DictConfig) -> int | None:
    """Cells side by side, as asked; None: one for each core of this machine or cluster."""
    return None if cfg.workers is None else whole("workers", cfg.workers)


def store(cfg: DictConfig) -> Store:
    return Store(Path(str(cfg.results)).resolve())


@contextmanager
def opened_pool(cfg: DictConfig, study: Plan, registry: Registry) -> Iterator[Callable[[], Any]]:
    """A function that opens the pool of training workers when it is first needed."""
    from harness.engine import Pool  # imports Ray, after the input is known to be good

    opened: list[Any] = []

    def pool() -> Any:
        if not opened:
            backend = study.backend_of(registry[study.faults[0]])
            per_gpu = whole("per_gpu", cfg.per_gpu, least=0)
            opened.append(Pool(workers(cfg), backend, int(cfg.threads), per_gpu).__enter__())
        return opened[0]

    try:
        yield pool
    finally:
        for each in opened:
            each.__exit__(None, None, None)


def protocol(cfg: DictConfig) -> Protocol:
    return protocols.protocol(**cfg.protocol)


def study(*words: str) -> RunSet:
    """For notebooks: what is stored of a study.

    Args:
        words: Settings as on the command line of ``experiments/report.py``, after those of the
            variable STUDY, one a line.
    """
    told = [word for word in os.environ.get("STUDY", "").splitlines() if word]
    words = (f"results={CONFIGS.parent / 'results'}", *told, *words)
    reset_hydra()
    with hydra.initialize_config_dir(str(CONFIGS), version_base=None):
        return stored(hydra.compose("report", list(words)))


def stored(cfg: DictConfig) -> RunSet:
    """The study whose report a configuration asks for."""
    if cfg.source == "icst23":
        return published_study(published.load_published(), check_budget(cfg.budget), protocol(cfg))
    if cfg.source == "runs":
        return read_study(plan(cfg), load_registry(), store(cfg), protocol(cfg))
    raise unknown("source of runs", cfg.source, ("runs", "icst23"))


def label(cfg: DictConfig, study: Plan) -> str:
    """A folder's name for the tables of a plan: its values, and a hash if it was narrowed."""
    if study.name not in _options("plan"):
        raise unknown("plan", study.name, _options("plan"))
    whole = {
        "stand_ins": [],
        "fraction_for": {},
        **OmegaConf.load(CONFIGS / "plan" / f"{study.name}.yaml"),
    }
    told = {
        "faults": list(study.faults),
        "techniques": list(study.techniques),
        "repetitions": study.repetitions,
        "data": study.data,
        "fraction": study.fraction,
        "stand_ins": list(study.stand_ins),
        "fraction_for": dict(study.fraction_for),
    }
    rest = {
        "clock": study.clock,
        "space": study.space,
        "backend": study.backend,
        "independent": study.independent,
    }
    usual = {"clock": "training", "space": "corrected", "backend": "", "independent": False}
    same = all(whole[k] == v for k, v in told.items()) and rest == usual
    suffix = "" if same else f"-{digest({**told, **rest})[:6]}"
    return f"{study.name}-b{float(study.budget):g}-s{study.seed}{suffix}"


def reset_hydra() -> None:
    """For tests that compose more than once in a process."""
    GlobalHydra.instance().clear()
