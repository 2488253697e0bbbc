# SPDX-License-Identifier: Apache-2.0
"""The cache is bounded in number and bytes, and forgets what is over."""

from hypothesis import given
from hypothesis import strategies as st

from registry.resolver.answers import Answer
from registry.resolver.cache import AnswerCache, Entry


def entry(size: int = 10, fresh: float = 10.0, good: float = 20.0) -> Entry:
    return Entry(Answer("found", 200, b"x" * size, b"", "etag"), 0.0, fresh, good)


def test_an_entry_is_fresh_then_good_in_need_then_gone() -> None:
    cache = AnswerCache(10, 100_000)
    kept = entry()
    cache.put("a", kept)
    assert cache.fresh("a", 9.9) is kept
    assert cache.fresh("a", 10.0) is None
    assert cache.in_need("a", 19.9) is kept
    assert cache.in_need("a", 20.0) is None
    assert len(cache) == cache.bytes == 0


def test_the_least_used_goes_first() -> None:
    cache = AnswerCache(2, 100_000)
    cache.put("a", entry())
    cache.put("b", entry())
    cache.fresh("a", 0.0)
    cache.put("c", entry())
    assert [key for key in "abc" if cache.fresh(key, 0.0)] == ["a", "c"]


def test_an_entry_that_is_too_large_by_itself_is_not_kept_and_replaces_the_old_one() -> None:
    cache = AnswerCache(10, 5_000)
    cache.put("a", entry())
    cache.put("a", entry(size=6_000))
    assert cache.in_need("a", 0.0) is None
    assert cache.bytes == 0


operations = st.lists(
    st.tuples(st.sampled_from(["put", "drop", "in_need"]), st.integers(0, 8), st.integers(0, 4_000)), max_size=60
)


@given(operations)
def test_the_bounds_hold_whatever_is_put(steps: list[tuple[str, int, int]]) -> None:
    cache = AnswerCache(5, 12_000)
    for operation, key, size in steps:
        match operation:
            case "put":
                cache.put(key, entry(size))
            case "drop":
                cache.drop(key)
            case _:
                cache.in_need(key, float(size))
        assert len(cache) <= 5
        assert cache.bytes <= 12_000
    cache.clear()
    assert (len(cache), cache.bytes) == (0, 0)


@given(operations)
def test_the_bytes_are_those_of_what_is_kept(steps: list[tuple[str, int, int]]) -> None:
    cache = AnswerCache(5, 12_000)
    for _, key, size in steps:
        cache.put(key, entry(size))
    kept = [cache.in_need(key, 0.0) for key in range(9)]
    assert cache.bytes == sum(len(one.answer.body) + 1000 for one in kept if one is not None)
