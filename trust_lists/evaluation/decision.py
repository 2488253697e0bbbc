# SPDX-License-Identifier: Apache-2.0
"""The result of a trust decision, with the steps that led to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """ACCEPT is the only yes. INDETERMINATE: it could not be told, so it is no yes either."""

    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    INDETERMINATE = "INDETERMINATE"


class StepOutcome(StrEnum):
    """What came of one step."""

    PASSED = "passed"
    FAILED = "failed"
    UNREADABLE = "unreadable"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at: a stable `id`, what came of it, and the details in words."""

    id: str
    outcome: StepOutcome
    detail: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether `fingerprint` (of a certificate with that `subject`) is accepted in `role` at the time `at`.

    `enforced` is False where the network only warns: the outcome stands, and the caller may go on.
    """

    outcome: Outcome
    role: str
    subject: str
    fingerprint: str
    at: datetime
    steps: tuple[Step, ...]
    warnings: tuple[str, ...] = ()
    enforced: bool = True

    @property
    def accepted(self) -> bool:
        """Whether the answer is yes."""
        return self.outcome is Outcome.ACCEPT

    @property
    def reason(self) -> str:
        """Why the answer is not yes, in words; empty if it is."""
        wrong = (StepOutcome.FAILED, StepOutcome.UNREADABLE)
        return "; ".join(step.detail for step in self.steps if step.outcome in wrong)

    def to_json(self) -> Mapping[str, object]:
        """The decision in values that `json.dumps` takes; `at` in ISO 8601."""
        return {
            "outcome": self.outcome.value,
            "enforced": self.enforced,
            "role": self.role,
            "subject": self.subject,
            "fingerprint": self.fingerprint,
            "at": self.at.isoformat(),
            "steps": [{"id": step.id, "outcome": step.outcome.value, "detail": step.detail} for step in self.steps],
            "warnings": list(self.warnings),
        }
