# SPDX-License-Identifier: Apache-2.0
"""Puts questions to both systems until the answers have meant the same for as long as the operator wants.

What isn't settled, since the answers differ or a side has failed, is asked again until it is: only then has it
vanished. So a change at the old system shows up as a difference, and goes away with the next load.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Generic

from registry.move_in.shadow.model import Answer, Comparer, Difference, Q, Side

MAX_UNSETTLED: Final = 10_000
"""So many are kept to be asked again; where more differ, a load is due, not a list."""
EXAMPLES: Final = 100
BATCH: Final = 500
AGAIN_S: Final = 10.0
"""How long what isn't settled is left alone before it is asked again."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A question whose answers don't mean the same, or which a side has failed to answer."""

    question: str
    answer: Answer

    def to_json(self) -> dict[str, Any]:
        """For a report."""
        said: dict[str, Any] = {"question": self.question}
        if harmful := [each.to_json() for each in self.answer.differences]:
            said["differences"] = harmful
        if self.answer.failures:
            said["failures"] = [{"side": side.value, "why": why} for side, why in self.answer.failures]
        return said


@dataclass(slots=True)
class ShadowReport:
    """What a comparison has found so far; seconds everywhere."""

    asked: int = 0
    """Questions, each put to both sides."""
    equal: int = 0
    differences: Counter[str] = field(default_factory=Counter)
    """By kind, all that were ever seen, whether or not they are still there."""
    harmless: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    """By side: questions without an answer."""
    unsettled: int = 0
    """Questions that are not settled now."""
    overflowed: bool = False
    """Whether there were more than could be kept."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    at_zero: float | None = None
    """For how long everything has been settled; None where something isn't."""
    complete: bool = False
    """Whether it came to its end, and wasn't stopped before."""
    passes: int = 0
    """How often all that there is to ask was asked, since no more differed than can be kept."""
    examples: tuple[Unsettled, ...] = ()
    """The first of what isn't settled now."""
    harmless_examples: tuple[Unsettled, ...] = ()

    @property
    def per_second(self) -> float:
        """Questions a second."""
        return self.asked / self.seconds if self.seconds else 0.0

    @property
    def agrees(self) -> bool:
        """Whether it has come to its end, with something asked, and all of it settled."""
        return self.complete and self.asked > 0 and self.unsettled == 0 and not self.overflowed

    def to_json(self) -> dict[str, Any]:
        """For a file, a client, the state of the move."""
        return {
            "agrees": self.agrees,
            "complete": self.complete,
            "asked": self.asked,
            "equal": self.equal,
            "unsettled": self.unsettled,
            "overflowed": self.overflowed,
            "differences": dict(sorted(self.differences.items())),
            "harmless": dict(sorted(self.harmless.items())),
            "failures": dict(sorted(self.failures.items())),
            "seconds": round(self.seconds, 1),
            "at_zero_seconds": None if self.at_zero is None else round(self.at_zero, 1),
            "passes": self.passes,
            "per_second": round(self.per_second, 1),
            "cpu_ms_per_question": round(1000 * self.cpu_seconds / self.asked, 3) if self.asked else None,
            "examples": [each.to_json() for each in self.examples],
            "harmless_examples": [each.to_json() for each in self.harmless_examples],
        }


Progress = Callable[[ShadowReport], None]


class Watch(Generic[Q]):
    """Compares with one thread per comparer, no faster than `rate` questions a second where that isn't 0.

    `timer` gives seconds, `stop` ends it early.
    """

    def __init__(
        self,
        comparers: Sequence[Comparer[Q]],
        *,
        rate: float = 0.0,
        stop: threading.Event | None = None,
        timer: Callable[[], float] = time.monotonic,
        progress: Progress = lambda _: None,
    ) -> None:
        self._comparers = comparers
        self._rate = rate
        self._stop = stop or threading.Event()
        self._timer = timer
        self._progress = progress
        self._lock = threading.Lock()
        self._unsettled: dict[Q, Answer] = {}
        self._harmless: list[Unsettled] = []
        self._next_at = self._started = self._zero_since = timer()
        self._asked_again = self._started
        self._cpu = time.process_time()
        self.report = ShadowReport()

    def once(self, questions: Iterator[Q]) -> ShadowReport:
        """Put these questions to both, and what isn't settled then once more."""
        self._take_all(questions)
        if self._unsettled:
            self._again()
        self.report.complete = not self._stop.is_set()
        return self._told()

    def until_at_zero(self, new_pass: Callable[[], Iterator[Q]], seconds: float) -> ShadowReport:
        """Ask for all that there is, again and again, until everything has been settled for so many seconds.

        Ends only with a pass behind it.
        """
        while not self._stop.is_set():
            if self.report.overflowed and not self._unsettled:
                # What wasn't kept is only known to be settled once this pass has asked for it.
                self.report.overflowed, self.report.passes, self._zero_since = False, 0, self._timer()
            questions = new_pass()
            while batch := list(islice(questions, BATCH)):
                self._take_all(iter(batch))
                if self._unsettled and self._timer() - self._asked_again >= AGAIN_S:
                    self._again()
                if self._stop.is_set() or self._is_complete(seconds):
                    return self._told()
            self.report.passes += 1
            if self._unsettled:
                self._again()
            if self._is_complete(seconds):
                return self._told()
            self._stop.wait(min(1.0, seconds))
        return self._told()

    def _is_complete(self, seconds: float) -> bool:
        report = self._told()
        report.complete = report.passes > 0 and report.at_zero is not None and report.at_zero >= seconds
        return report.complete

    def _again(self) -> None:
        self._asked_again = self._timer()
        self._take_all(iter(list(self._unsettled)))

    def _take_all(self, questions: Iterator[Q]) -> None:
        with ThreadPoolExecutor(len(self._comparers), thread_name_prefix="shadow") as threads:
            while (batch := list(islice(questions, BATCH))) and not self._stop.is_set():
                left = deque(batch)
                for done in [threads.submit(self._work, comparer, left) for comparer in self._comparers]:
                    done.result()
                self._progress(self._told())

    def _work(self, comparer: Comparer[Q], left: deque[Q]) -> None:
        while not self._stop.is_set():
            try:
                question = left.popleft()
            except IndexError:
                return
            self._wait_for_turn()
            answer = comparer.ask(question)
            left.extend(answer.follow)
            self._take(question, answer)

    def _wait_for_turn(self) -> None:
        if not self._rate:
            return
        with self._lock:
            now = self._timer()
            at = max(self._next_at, now)
            self._next_at = at + 1 / self._rate
        if at > now:
            self._stop.wait(at - now)

    def _take(self, question: Q, answer: Answer) -> None:
        with self._lock:
            report = self.report
            report.asked += 1
            report.equal += answer.is_settled and not answer.differences
            report.failures.update(side.value for side, _ in answer.failures)
            if self._unsettled.get(question) != answer:  # seen already, where it is the same again
                for each in answer.differences:
                    (report.harmless if each.is_harmless else report.differences)[each.kind.value] += 1
            if answer.is_settled:
                if answer.differences and len(self._harmless) < EXAMPLES:
                    self._harmless.append(Unsettled(str(question), answer))
                if self._unsettled.pop(question, None) is not None and not self._unsettled:
                    self._zero_since = self._timer()
            elif question in self._unsettled or len(self._unsettled) < MAX_UNSETTLED:
                self._unsettled[question] = answer
            else:
                report.overflowed = True

    def _told(self) -> ShadowReport:
        with self._lock:
            report, now = self.report, self._timer()
            report.unsettled = len(self._unsettled)
            report.at_zero = None if self._unsettled or report.overflowed else now - self._zero_since
            report.seconds = now - self._started
            report.cpu_seconds = time.process_time() - self._cpu
            first = islice(self._unsettled.items(), EXAMPLES)
            report.examples = tuple(Unsettled(str(question), answer) for question, answer in first)
            report.harmless_examples = tuple(self._harmless)
            return report


def failure_text(side: Side, why: str) -> str:
    """A failure, for a reader."""
    return f"{'the old system' if side is Side.OLD else 'ours'} gave no answer: {why}"


def difference_text(difference: Difference) -> str:
    """A difference, for a reader."""
    where = f" ({difference.where})" if difference.where else ""
    sides = [f"{name} {text}" for name, text in (("old:", difference.old), ("ours:", difference.ours)) if text]
    return f"{difference.kind.value}{where}: {'; '.join(sides)}"
