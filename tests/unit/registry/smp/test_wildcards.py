# SPDX-License-Identifier: Apache-2.0
"""Answers for the participants of a wildcard: kept within bounds, made at a bounded rate."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import TechnicalError
from registry.smp.wildcards import WildcardAnswers
from registry.storage.queries.documents import SignedDocument


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def document(size: int) -> SignedDocument:
    return SignedDocument(b"x" * size, '"e"', 0)


def test_an_answer_is_kept_for_the_next_who_asks() -> None:
    answers = WildcardAnswers(Seconds())
    made = answers.make("key", lambda: document(5))
    assert answers.find("key") is made
    assert answers.find("other") is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 60)), max_size=60))
def test_what_is_kept_never_exceeds_its_bound(made: list[tuple[int, int]]) -> None:
    answers = WildcardAnswers(Seconds(), max_bytes=100, rate=1000)
    for key, size in made:
        answers.make(key, lambda size=size: document(size))  # type: ignore[misc]
        assert sum(len(kept.body) for key in range(10) if (kept := answers.find(key))) <= 100


def test_the_answer_that_was_not_asked_for_the_longest_goes_first() -> None:
    answers = WildcardAnswers(Seconds(), max_bytes=10)
    for key in "ab":
        answers.make(key, lambda: document(5))
    answers.find("a")
    answers.make("c", lambda: document(5))
    assert [answers.find(key) is not None for key in "abc"] == [True, False, True]


def test_more_answers_than_the_rate_are_refused_until_time_has_passed() -> None:
    clock = Seconds()
    answers = WildcardAnswers(clock, rate=10)
    for number in range(20):
        answers.make(number, lambda: document(1))
    with pytest.raises(TechnicalError):
        answers.make(20, lambda: document(1))
    assert answers.find(19) is not None, "what is kept is still answered"
    clock.now = 0.5
    for number in range(5):
        answers.make(number, lambda: document(1))
    with pytest.raises(TechnicalError):
        answers.make(5, lambda: document(1))


def test_several_threads_share_bound_and_rate() -> None:
    answers = WildcardAnswers(Seconds(), max_bytes=50, rate=50)
    refused = []

    def work(start: int) -> None:
        for number in range(50):
            try:
                answers.make((start, number), lambda: document(3))
            except TechnicalError:
                refused.append(number)

    threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 100
    assert sum(len(k.body) for s in range(4) for n in range(50) if (k := answers.find((s, n)))) <= 50
