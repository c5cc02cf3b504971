"""A cache of the entries used last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(OrderedDict[K, V], Generic[K, V]):
    """Keeps the ``most`` entries that were kept or recalled last; drops the others.

    >>> cache = Recent[str, int](2)
    >>> cache.keep("a", 1), cache.keep("b", 2), cache.recall("a"), cache.keep("c", 3)
    (None, None, 1, None)
    >>> list(cache)
    ['a', 'c']
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: K, value: V) -> None:
        """Add an entry; drop the oldest ones beyond the limit."""
        self[key] = value
        self.move_to_end(key)
        while len(self) > self._most:
            self.popitem(last=False)

    def recall(self, key: K) -> V | None:
        """The value of a key, which is the youngest then; None if it is not there."""
        if key not in self:
            return None
        self.move_to_end(key)
        return self[key]
