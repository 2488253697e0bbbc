# SPDX-License-Identifier: Apache-2.0
"""What is kept of documents is small, and never older than the database; whatever could make it so empties it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.storage.document_cache import _OVERHEAD, NO_CACHE, CacheLimits, DocumentCache
from registry.storage.unit_of_work import Topic

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


class Switch:
    on = True

    def __call__(self) -> bool:
        return self.on


def cache(entries: int = 3, size: int = 1_000_000, connected: Switch | None = None) -> DocumentCache[str, str]:
    return DocumentCache(CacheLimits(entries, size), connected or Switch())


def put(kept: DocumentCache[str, str], key: str, size: int = 1, until: datetime | None = None) -> None:
    kept.put(key, key.upper(), size, kept.generation, until)


def test_what_is_put_is_found() -> None:
    kept = cache()
    put(kept, "a")
    assert kept.find("a", NOW) == "A"
    assert kept.find("b", NOW) is None


def test_the_least_recently_asked_for_goes_first() -> None:
    kept = cache(entries=2)
    put(kept, "a")
    put(kept, "b")
    kept.find("a", NOW)
    put(kept, "c")
    assert [kept.find(key, NOW) for key in "abc"] == ["A", None, "C"]


def test_bytes_are_bounded_and_what_is_too_big_is_left_out() -> None:
    kept = cache(entries=100, size=3 * (_OVERHEAD + 10))
    for key in "abcd":
        put(kept, key, 10)
    assert [kept.find(key, NOW) for key in "abcd"] == [None, "B", "C", "D"]
    put(kept, "whale", 10_000)
    assert len(kept) == 3
    put(kept, "b", _OVERHEAD + 20)  # now as big as two
    assert [kept.find(key, NOW) for key in "bcd"] == ["B", None, "D"]


@pytest.mark.parametrize(
    ("topic", "gone"), [(topic, topic in {Topic.DOCUMENTS, Topic.DOMAINS}) for topic in Topic], ids=str
)
def test_a_change_of_documents_or_domains_empties_it(topic: Topic, gone: bool) -> None:
    kept = cache()
    put(kept, "a")
    kept.changed(frozenset({topic}))
    assert (kept.find("a", NOW) is None) == gone


def test_a_read_that_began_before_a_change_is_not_kept() -> None:
    kept = cache()
    generation = kept.generation
    kept.changed(frozenset({Topic.DOCUMENTS}))
    kept.put("a", "stale", 1, generation, None)
    assert kept.find("a", NOW) is None


def test_nothing_is_found_or_kept_while_changes_are_not_told() -> None:
    told = Switch()
    kept = cache(connected=told)
    put(kept, "a")
    told.on = False
    assert kept.find("a", NOW) is None
    assert kept.generation is None
    put(kept, "b")
    told.on = True
    assert kept.find("b", NOW) is None


def test_nothing_outlives_the_instant_at_which_it_changes_by_itself() -> None:
    kept = cache()
    put(kept, "a", until=LATER)
    put(kept, "b")
    assert kept.find("a", LATER - timedelta(microseconds=1)) == "A"
    assert kept.find("a", LATER) is None
    assert kept.find("b", LATER) == "B"


def test_without_limits_nothing_is_kept() -> None:
    kept: DocumentCache[str, str] = DocumentCache(NO_CACHE, Switch())
    put(kept, "a")
    assert len(kept) == 0


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 300)), max_size=40), st.integers(1, 5))
def test_bounds_hold_whatever_is_put(puts: list[tuple[str, int]], entries: int) -> None:
    limit = 3 * _OVERHEAD
    kept = cache(entries, limit)
    for key, size in puts:
        put(kept, key, size)
        held = sum(entry.size for entry in kept._entries.values())
        assert held == kept._size <= limit
        assert len(kept) <= entries
