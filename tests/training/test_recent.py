"""The cache of the entries used last."""

from __future__ import annotations

from harness.training.recent import Recent


def test_the_entry_that_was_unused_longest_goes() -> None:
    cache = Recent[str, int](2)
    cache.keep("a", 1)
    cache.keep("b", 2)
    assert cache.recall("a") == 1
    cache.keep("c", 3)
    assert dict(cache) == {"a": 1, "c": 3}
    assert cache.recall("b") is None


def test_an_entry_that_is_kept_again_is_young() -> None:
    cache = Recent[str, int](2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        cache.keep(key, value)
    assert dict(cache) == {"a": 3, "c": 4}
