"""The settings of guided repair: each part can be switched off, for the ablation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class GuidedSettings:
    """What counts as evidence, how programs are tried, and what is kept of a patch."""

    localise: bool = True
    """Whether Theia's findings on the faulty program count."""
    watch: bool = True
    """Whether the symptoms of the faulty program's training count."""
    taxonomy: bool = True
    """Whether the prior over repair operators counts."""
    values: bool = True
    """Whether unusual values are suspicious."""
    near: bool = True
    """Whether the search stays near the best program so far; else it draws from the whole space."""
    probe: float = 0.25
    """Share of a training after which a program may be dropped, in (0, 1]; 1 trains all to their
    end."""
    width: int = 2
    """Programs that are probed before the best of them is trained to its end."""
    striking: float = 0.5
    """Share of the error of a whole training that a probe must take away to end the probing."""
    least_gain: float = 0.1
    """Share of the error that a step must take away to be kept."""
    confirmations: int = 1
    """Further trainings of the best program, with seeds of their own."""
    minimise: bool = True
    """Whether edits that are not needed are taken back."""
    tolerance: float = 0.1
    """Share by which the error may grow when an edit is taken back."""
    jitter: float = 0.3
    """Scale of the noise on the logarithm of a step's weight."""
