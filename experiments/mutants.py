"""Make mutants of a subject, and faults of those that are killed and worth repairing.

make mutants SUBJECT=digits_cnn
python experiments/mutants.py subject=digits_cnn operators=[HLR,WCI]
"""

from __future__ import annotations

from common import console, main, store, workers
from omegaconf import DictConfig
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from harness.mutation.operators import MUTATION_OPERATORS
from harness.registry import load_registry
from harness.vocabulary import HarnessError


def run(cfg: DictConfig) -> int:
    """Returns the exit code: 1 if a search failed."""
    if cfg.subject is None:
        known = ", ".join(load_registry().subjects)
        raise HarnessError(f"name a subject: make mutants SUBJECT=... Registered: {known}")
    from harness.engine import Pool  # imports Ray
    from harness.mutation.campaign import Campaign, run_campaign

    campaign = Campaign(
        subject=str(cfg.subject),
        operators=tuple(cfg.operators or (row.acronym for row in MUTATION_OPERATORS)),
        n=cfg.n,
        seed=cfg.seed,
        data=str(cfg.data),
        fraction=float(cfg.fraction),
        backend=str(cfg.backend),
    )
    results, screen = store(cfg), console()
    results.check()
    opened = []

    def pool() -> Pool:
        opened.append(Pool(workers(cfg), int(cfg.threads)).__enter__())
        return opened[0]

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=screen, transient=True) as bar:
            task = bar.add_task("mutants", total=None)
            total = 0

            def progress(killed: int, survived: int, left: int) -> None:
                nonlocal total
                total = max(total, left)
                words = f"killed {killed}, survived {survived}, left {left}"
                bar.update(task, description=words, completed=total - left, total=total)

            harvest = run_campaign(
                campaign, results, pool=pool, prefix=str(cfg.prefix), progress=progress
            )
    finally:
        for each in opened:
            each.__exit__(None, None, None)
    for acronym, q in harvest.qualified.items():
        screen.print(acronym, q.fault.id, q.fault.title, q.first, q.again)
    for a, ts in harvest.tested.items():
        for t in ts:
            print(a, t.mutant.layer, t.mutant.value, t.fate.value, t.verdict and (round(t.verdict.mean_mutant, 3), t.verdict.p, round(t.verdict.d, 2)), t.message)
    print(harvest.absent, harvest.failed)
    return 0


if __name__ == "__main__":
    main(run, "mutants")
