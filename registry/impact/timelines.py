# SPDX-License-Identifier: Apache-2.0
"""What a configuration says of one certificate at each time of a window: decided at the instants that matter alone.

A timeline goes from `since` to `until`, both included, and consists of spans, each as long as the answer and its
decisive reason stay the same. It can be continued where the window moves on, and serves every shorter window.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from registry.storage.types import from_microseconds, to_json, to_microseconds
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.decisions.model import ENGINE_VERSION, Case, Check, Decision, Outcome
from trust_lists.evaluation.trust_configuration.model import Context, Role


@dataclass(frozen=True, slots=True)
class Question:
    """All that is asked about a certificate but for the time."""

    role: Role
    sha256: str
    """Of the certificate."""
    context: Mapping[Context, str] = field(default_factory=dict)
    asserted: bool = False
    """Whether signed SMP metadata names the certificate for an endpoint."""

    @property
    def digest(self) -> str:
        """Equal where an engine of this version has to give the same answers; 64 hexadecimal digits."""
        context = {name.value: value for name, value in self.context.items()}
        asked = [ENGINE_VERSION, self.role.value, self.sha256, context, self.asserted]
        return hashlib.sha256(to_json(asked).encode()).hexdigest()

    def case(self, certificate: ListedCertificate, at: datetime) -> Case:
        """The question at a time; `certificate` is the one with the digest."""
        asserted = frozenset({self.sha256}) if self.asserted else None
        return Case(self.role, certificate, at, context=self.context, asserted=asserted)


@dataclass(frozen=True, slots=True)
class Reason:
    """The check that decided, in words that stay while it does; `id` is "" where the certificate is accepted."""

    id: str = ""
    clause: str = ""
    message: str = ""
    source: str = ""

    @classmethod
    def of(cls, check: Check | None) -> Self:
        """The decisive check of a decision."""
        return cls() if check is None else cls(check.id, check.clause, check.message, check.source)

    def to_json(self) -> dict[str, str]:
        """In values that `json.dumps` takes."""
        return {"id": self.id, "clause": self.clause, "message": self.message, "source": self.source}


ACCEPTED = Reason()


@dataclass(frozen=True, slots=True)
class Span:
    """An answer from an instant on, up to the next span."""

    since: datetime
    outcome: Outcome
    reason: Reason

    def same(self, other: "Span") -> bool:
        """Whether it says the same, in whatever words: those may name the time asked about."""
        return (self.outcome, self.reason.id, self.reason.clause, self.reason.source) == (
            other.outcome,
            other.reason.id,
            other.reason.clause,
            other.reason.source,
        )


@dataclass(frozen=True, slots=True)
class Timeline:
    """The answers from `since` to `until` (aware, both included), in order; the first span begins by `since`."""

    since: datetime
    until: datetime
    spans: tuple[Span, ...]

    def at(self, time: datetime) -> Span:
        """The answer at a time of the window."""
        return self.spans[max(bisect_right(self.spans, time, key=lambda span: span.since) - 1, 0)]

    def covers(self, since: datetime, until: datetime) -> bool:
        """Whether it has an answer at each time of another window."""
        return self.since <= since and until <= self.until

    def spans_json(self) -> list[list[Any]]:
        """The spans for storing: what `of_json` takes."""
        return [
            [to_microseconds(each.since), each.outcome.value, *each.reason.to_json().values()] for each in self.spans
        ]

    @classmethod
    def of_json(cls, since: datetime, until: datetime, spans: Iterable[list[Any]]) -> Self:
        """From what was stored."""
        return cls(
            since,
            until,
            tuple(
                Span(from_microseconds(at), Outcome(outcome), Reason(*reason) if reason[0] else ACCEPTED)
                for at, outcome, *reason in spans
            ),
        )


def span_of(decision: Decision) -> Span:
    """The answer of a decision, from its time on."""
    return Span(decision.at, decision.outcome, Reason.of(decision.decisive))


def decided_at(
    decide: Callable[[datetime], Decision],
    instants: Iterable[datetime],
    until: datetime,
    before: Timeline | None = None,
) -> Timeline:
    """The timeline up to `until` by decisions at `instants`, sorted, that continues another one where one is given.

    Without `before` the first of the instants is where it begins.
    """
    spans = list(before.spans) if before else []
    for at in instants:
        span = span_of(decide(at))
        if not spans or not span.same(spans[-1]):
            spans.append(span)
    return replace(before, until=until, spans=tuple(spans)) if before else Timeline(spans[0].since, until, tuple(spans))
