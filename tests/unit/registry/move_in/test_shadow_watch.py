# SPDX-License-Identifier: Apache-2.0
"""A comparison goes on until nothing has differed for as long as is wanted, and tells how it went."""

import threading
from collections.abc import Callable, Iterable
from itertools import count, islice

import pytest

from registry.move_in.shadow import watch as watch_module
from registry.move_in.shadow.model import Answer, Difference, DifferenceKind, Side
from registry.move_in.shadow.watch import BATCH, ShadowReport, Watch, difference_text, failure_text

EQUAL = Answer()
DIFFERS = Answer((Difference(DifferenceKind.URL, "process x", "a", "b"),))
SPELLED = Answer((Difference(DifferenceKind.SPELLING, "participant", "A", "a"),))
FAILED = Answer(failures=((Side.OLD, "HTTP 503"),))


class _Clock:
    """Goes on by a second with each look."""

    def __init__(self) -> None:
        self._seconds = count()
        self._lock = threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            return float(next(self._seconds))


class _Said:
    """Says what a function of question and how often it was asked says."""

    def __init__(self, answer: Callable[[str, int], Answer]) -> None:
        self.asked: list[str] = []
        self._answer = answer

    def ask(self, question: str) -> Answer:
        self.asked.append(question)
        return self._answer(question, self.asked.count(question))

    def close(self) -> None:
        """Nothing is open."""


def _watch(answer: Callable[[str, int], Answer]) -> tuple[Watch[str], _Said]:
    said = _Said(answer)
    return Watch([said], timer=_Clock()), said


def test_equal_answers_agree() -> None:
    watch, said = _watch(lambda *_: EQUAL)

    report = watch.once(iter("abc"))

    assert (report.agrees, report.asked, report.equal, report.unsettled) == (True, 3, 3, 0)
    assert said.asked == ["a", "b", "c"]


def test_nothing_asked_does_not_agree() -> None:
    watch, _ = _watch(lambda *_: EQUAL)

    assert not watch.once(iter(())).agrees


def test_what_differs_is_asked_once_more_and_told() -> None:
    watch, said = _watch(lambda question, _: DIFFERS if question == "b" else EQUAL)

    report = watch.once(iter("abc"))

    assert said.asked == ["a", "b", "c", "b"]
    assert (report.agrees, report.unsettled, dict(report.differences)) == (False, 1, {"url": 1})
    assert [each.to_json() for each in report.examples] == [
        {"question": "b", "differences": [{"kind": "url", "where": "process x", "old": "a", "ours": "b"}]}
    ]


@pytest.mark.parametrize("first", [DIFFERS, FAILED], ids=["difference", "failure"])
def test_what_has_vanished_when_it_is_asked_again_is_settled(first: Answer) -> None:
    watch, _ = _watch(lambda question, times: first if question == "b" and times == 1 else EQUAL)

    report = watch.once(iter("abc"))

    assert report.agrees
    assert report.differences.total() + report.failures.total() == 1


def test_a_failure_is_counted_by_side_and_never_as_equal() -> None:
    watch, _ = _watch(lambda *_: FAILED)

    report = watch.once(iter("a"))

    assert (report.equal, dict(report.failures), report.agrees) == (0, {"old": 2}, False)
    assert report.to_json()["examples"] == [{"question": "a", "failures": [{"side": "old", "why": "HTTP 503"}]}]


def test_what_is_harmless_is_counted_apart_and_shown() -> None:
    watch, _ = _watch(lambda *_: SPELLED)

    report = watch.once(iter("ab"))

    assert (report.agrees, report.equal, dict(report.harmless)) == (True, 0, {"spelling": 2})
    assert [each.question for each in report.harmless_examples] == ["a", "b"]


def test_questions_that_answers_lead_to_are_asked() -> None:
    watch, said = _watch(lambda question, _: Answer(follow=("a1", "a2")) if question == "a" else EQUAL)

    assert watch.once(iter("a")).asked == 3
    assert said.asked == ["a", "a1", "a2"]


def test_it_goes_on_until_all_was_settled_for_so_long() -> None:
    watch, _ = _watch(lambda question, times: DIFFERS if question == "b" and times < 3 else EQUAL)

    report = watch.until_at_zero(lambda: iter("abc"), 20)

    assert report.agrees
    assert report.at_zero is not None
    assert report.at_zero >= 20
    assert report.passes >= 1


class _Hurried(threading.Event):
    """Nobody waits."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def test_zero_begins_anew_with_each_difference() -> None:
    said = _Said(lambda question, times: DIFFERS if question == "b" and times % 5 == 0 else EQUAL)
    stop = _Hurried()
    longest: list[float] = []

    def progress(report: ShadowReport) -> None:
        longest.append(report.at_zero or 0)
        if report.asked > 300:
            stop.set()

    report = Watch([said], timer=_Clock(), stop=stop, progress=progress).until_at_zero(lambda: iter("abc"), 100)

    assert not report.complete
    assert not report.agrees
    assert max(longest) < 100


def test_it_never_ends_before_a_pass_is_behind_it() -> None:
    watch, said = _watch(lambda *_: EQUAL)
    everything = [str(number) for number in range(3 * BATCH)]

    watch.until_at_zero(lambda: iter(everything), 0)

    assert said.asked == everything


def test_stopping_tells_what_was_found_so_far_and_is_not_complete() -> None:
    stop = threading.Event()
    said = _Said(lambda *_: EQUAL)
    watch = Watch([said], stop=stop, progress=lambda _: stop.set())

    report = watch.once(str(number) for number in count())

    assert (report.asked, report.complete, report.agrees) == (BATCH, False, False)


def test_more_differences_than_can_be_kept_need_another_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "MAX_UNSETTLED", 2)
    watch, said = _watch(lambda _, times: DIFFERS if times == 1 else EQUAL)

    once = watch.once(iter("abcd"))
    assert (once.unsettled, once.overflowed, once.agrees) == (0, True, False)

    report = watch.until_at_zero(lambda: iter("abcd"), 0)
    assert report.agrees
    assert said.asked.count("d") == 2


def test_no_more_questions_than_the_rate_allows() -> None:
    waited: list[float] = []

    class _Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout or 0)
            return False

    watch = Watch([_Said(lambda *_: EQUAL)], rate=10, stop=_Stop(), timer=lambda: 100.0)

    watch.once(islice((str(number) for number in count()), 5))

    assert waited == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_several_threads_ask_each_question_once() -> None:
    everything = [str(number) for number in range(2_000)]
    comparers = [_Said(lambda *_: EQUAL) for _ in range(4)]

    report = Watch(comparers).once(iter(everything))

    assert sorted(question for each in comparers for question in each.asked) == sorted(everything)
    assert report.asked == len(everything)


def _joined(texts: Iterable[str]) -> str:
    return "\n".join(texts)


def test_differences_and_failures_are_said_in_words() -> None:
    texts = [difference_text(each) for each in DIFFERS.differences]
    texts += [failure_text(*each) for each in FAILED.failures]

    assert _joined(texts) == "url (process x): old: a; ours: b\nthe old system gave no answer: HTTP 503"
