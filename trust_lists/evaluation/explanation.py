# SPDX-License-Identifier: Apache-2.0
"""Why an answer is what it is: a tree of steps, each with its clause, what was read, and what came of it.

A procedure writes into an `Account` as it goes, and hands out an `Explanation` that no longer changes. That costs some
microseconds, so nobody has to ask for it beforehand.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Explanation:
    """One step, with the steps that it consists of."""

    clause: str
    """Where the step is demanded (`TS 119 615 4.4.4-06`); the parent's clause and a number, as a rule."""
    read: str
    """What was looked at."""
    outcome: str
    """What came of it; "" where the steps below say it."""
    steps: tuple["Explanation", ...] = ()
    decides: bool = False
    """Whether the answer hangs on this step."""

    def as_text(self) -> str:
        """The tree in lines, children indented under their parent."""
        return "\n".join((self.line, *_branches(self.steps, "")))

    @property
    def reasons(self) -> tuple["Explanation", ...]:
        """The steps in the tree that the answer hangs on, in their order, each once."""
        own = (self,) if self.decides else ()
        return tuple(dict.fromkeys((*own, *(reason for step in self.steps for reason in step.reasons))))

    def aside(self) -> "Explanation":
        """The same tree, on whose steps nothing hangs any more."""
        return replace(self, decides=False, steps=tuple(step.aside() for step in self.steps))

    def to_json(self) -> dict[str, object]:
        """The tree in values that `json.dumps` takes: `clause`, `read`, `outcome`, `decides`, `steps`."""
        return {
            "clause": self.clause,
            "read": self.read,
            "outcome": self.outcome,
            "decides": self.decides,
            "steps": [step.to_json() for step in self.steps],
        }

    @property
    def line(self) -> str:
        """The step alone, in one line."""
        told = f"{self.read}: {self.outcome}" if self.read and self.outcome else self.read or self.outcome
        return f"{self.clause}  {told}" if self.clause else told


class Account:
    """What a procedure writes down while it runs."""

    __slots__ = ("_clause", "_read", "_steps")

    def __init__(self, clause: str, read: str) -> None:
        self._clause = clause
        self._read = read
        self._steps: list[Explanation] = []

    def step(self, number: str, read: str, outcome: str, *, decides: bool = False) -> None:
        """Write down a step by its number below the clause of the account (`-06`)."""
        self._steps.append(Explanation(f"{self._clause}{number}", read, outcome, decides=decides))

    def include(self, explanation: Explanation) -> None:
        """Hang the account of another procedure below this one."""
        self._steps.append(explanation)

    def closed(self, outcome: str) -> Explanation:
        """What was written down so far, under the outcome of the whole."""
        return Explanation(self._clause, self._read, outcome, tuple(self._steps))


def _branches(steps: tuple[Explanation, ...], indent: str) -> Iterator[str]:
    for position, step in enumerate(steps, 1):
        last = position == len(steps)
        yield f"{indent}{'└─ ' if last else '├─ '}{step.line}"
        yield from _branches(step.steps, f"{indent}{'   ' if last else '│  '}")
