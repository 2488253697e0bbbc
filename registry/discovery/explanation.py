# SPDX-License-Identifier: Apache-2.0
"""What a lookup did, step by step: the record that the command line, the API and the web page all print.

Steps are only ever added. A step is timed from its start to its end; a failing step is recorded as well.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from registry.errors import RegistryError


class Outcome(StrEnum):
    """How a step ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its stable name, how it ended, what was seen, and how many milliseconds it took."""

    step: str
    outcome: Outcome
    detail: str
    ms: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """All steps in their order."""

    steps: tuple[Step, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """The details of the steps that ended with a warning."""
        return tuple(step.detail for step in self.steps if step.outcome is Outcome.WARNING)

    def to_json(self) -> list[dict[str, str | float]]:
        """`[{step, outcome, detail, ms}]`, ready for `json.dumps`."""
        return [
            {"step": step.step, "outcome": step.outcome.value, "detail": step.detail, "ms": step.ms}
            for step in self.steps
        ]


def printable(text: str) -> str:
    """The text with everything that could move a cursor replaced: details quote what strangers wrote."""
    if text.isprintable():  # nearly always, and much cheaper than looking at each character
        return text
    return "".join(character if character.isprintable() else "�" for character in text)


class RunningStep:
    """A step that is under way; whoever runs it says what was seen."""

    def __init__(self) -> None:
        self.detail = ""
        self.outcome = Outcome.OK

    def warn(self, detail: str) -> None:
        """End with a warning that says `detail`; several are joined."""
        joined = f"{self.detail}; {detail}" if self.outcome is Outcome.WARNING else detail
        self.detail, self.outcome = joined, Outcome.WARNING


class ExplanationBuilder:
    """Collects steps; `timer` gives seconds."""

    def __init__(self, timer: Callable[[], float] = time.perf_counter) -> None:
        self._timer = timer
        self._steps: list[Step] = []

    @contextmanager
    def step(self, name: str) -> Iterator[RunningStep]:
        """Run one step. An error of ours that leaves the block ends it as failed and goes on its way."""
        running = RunningStep()
        start = self._timer()
        try:
            yield running
        except RegistryError as error:
            running.outcome, running.detail = Outcome.FAILED, str(error)
            raise
        except Exception:
            # A bug of ours has no text that is fit for a user's eyes.
            running.outcome, running.detail = Outcome.FAILED, "internal error"
            raise
        finally:
            elapsed = round((self._timer() - start) * 1000, 3)
            self._steps.append(Step(name, running.outcome, printable(running.detail), elapsed))

    def build(self) -> Explanation:
        """The steps so far."""
        return Explanation(tuple(self._steps))
