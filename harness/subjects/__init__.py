"""DNN programs under repair.

``Data`` and ``Subject`` are imported from here by every module of a subject; this never moves.
"""

from harness.subjects.arrays import Data
from harness.subjects.subject import Subject

__all__ = ["Data", "Subject"]
