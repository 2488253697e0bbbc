# SPDX-License-Identifier: Apache-2.0
"""Whom a domain holds whose certificates are decided about, and how he fares over time by one configuration.

A holder shows certificates, each for a while: an access point those of its successor from some instant on, a publisher
those that it may log in with. An access point is refused where any certificate that it then shows is (so does
publishing), a publisher where it has no other to log in with.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from registry.impact.timelines import ACCEPTED, Question, Reason, Timeline
from trust_lists.evaluation.decisions.model import Outcome
from trust_lists.evaluation.trust_configuration.model import Context, Role


class Kind(StrEnum):
    """What a holder is."""

    ACCESS_POINT = "access-point"
    PUBLISHER = "publisher"
    """An SMP that is registered at this SML, by the certificates that it logs in with."""
    SIGNER = "signing-key"
    """The SMP of this instance, by the certificate that it signs with."""
    REDIRECT = "redirect"
    """An SMP that documents are redirected to, by the certificate that it has to sign with."""


ASKED: dict[Kind, tuple[Role, ...]] = {
    Kind.ACCESS_POINT: (Role.AP_ENCRYPT, Role.AP_SIGN),
    Kind.PUBLISHER: (Role.SML_CLIENT,),
    Kind.SIGNER: (Role.SMP_SIGN,),
    Kind.REDIRECT: (Role.SMP_SIGN,),
}
"""In which roles the certificates of a holder are used. Of two, a configuration has to have a rule for the first."""


class Verdict(IntEnum):
    """The worst that a configuration says of what a holder shows."""

    ACCEPTED = 0
    WARNED = 1
    """It is refused in a role only in which the domain does no more than warn."""
    REFUSED = 2


@dataclass(frozen=True, slots=True)
class Use:
    """A certificate that is shown from an instant (included) until another (not); None: without that bound."""

    sha256: str
    since: datetime | None = None
    until: datetime | None = None

    def at(self, time: datetime) -> bool:
        """Whether it is shown at a time."""
        return (self.since is None or self.since <= time) and (self.until is None or time < self.until)


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who shows certificates; `key` is unique among those of a kind."""

    kind: Kind
    key: str
    name: str
    address: str
    uses: tuple[Use, ...]
    context: Mapping[Context, str] = field(default_factory=dict, hash=False)
    """What is known where its certificates are decided about."""

    def question(self, role: Role, sha256: str) -> Question:
        """What is asked about one of its certificates."""
        return Question(role, sha256, self.context, asserted=self.kind is Kind.ACCESS_POINT)

    @property
    def id(self) -> tuple[Kind, str]:
        """Unique among all."""
        return self.kind, self.key


@dataclass(frozen=True, slots=True)
class Standing:
    """How a holder fares from an instant on, up to the next of these."""

    since: datetime
    verdict: Verdict
    reason: Reason = ACCEPTED
    role: Role | None = None
    """The role in which it is refused."""
    sha256: str = ""
    """The certificate that is refused."""


Answers = Callable[[Question], Timeline]
"""What one configuration says."""

NOTHING_SHOWN = Reason("NO_CERTIFICATE", "", "no certificate is shown at that time")


def standings(
    holder: Holder, roles: Iterable[Role], advisory: frozenset[str], answers: Answers, since: datetime, until: datetime
) -> tuple[Standing, ...]:
    """How a holder fares from `since` to `until`, in order; the first begins at `since`.

    `roles` are those in which it is asked; in `advisory` ones a no is a warning.
    """
    asked = {(role, use.sha256): answers(holder.question(role, use.sha256)) for use in holder.uses for role in roles}
    times = {since, *_between(holder, asked.values(), since, until)}
    found: list[Standing] = []
    for at in sorted(times):
        standing = _standing(holder, tuple(roles), advisory, asked, at)
        if not found or _differs(found[-1], standing):
            found.append(standing)
    return tuple(found)


def at(course: tuple[Standing, ...], time: datetime) -> Standing:
    """The standing at a time."""
    return next((each for each in reversed(course) if each.since <= time), course[0])


def _between(holder: Holder, timelines: Iterable[Timeline], since: datetime, until: datetime) -> Iterator[datetime]:
    """The instants at which something may change."""
    bounds = (bound for use in holder.uses for bound in (use.since, use.until) if bound is not None)
    spans = (span.since for each in timelines for span in each.spans)
    yield from (time for time in (*bounds, *spans) if since < time <= until)


def _standing(
    holder: Holder,
    roles: tuple[Role, ...],
    advisory: frozenset[str],
    asked: dict[tuple[Role, str], Timeline],
    at: datetime,
) -> Standing:
    shown = [use for use in holder.uses if use.at(at)]
    if not shown:
        return Standing(at, Verdict.REFUSED, NOTHING_SHOWN)
    each = [_worst(use, roles, advisory, asked, at) for use in shown]
    best_counts = holder.kind is Kind.PUBLISHER
    return (min if best_counts else max)(each, key=lambda standing: standing.verdict)


def _worst(
    use: Use,
    roles: tuple[Role, ...],
    advisory: frozenset[str],
    asked: dict[tuple[Role, str], Timeline],
    at: datetime,
) -> Standing:
    worst = Standing(at, Verdict.ACCEPTED)
    for role in roles:
        span = asked[role, use.sha256].at(at)
        if span.outcome is Outcome.ACCEPT:
            continue
        verdict = Verdict.WARNED if role.value in advisory else Verdict.REFUSED
        if verdict > worst.verdict:
            worst = Standing(at, verdict, span.reason, role, use.sha256)
    return worst


def _differs(one: Standing, other: Standing) -> bool:
    return (one.verdict, one.reason.id, one.role, one.sha256) != (
        other.verdict,
        other.reason.id,
        other.role,
        other.sha256,
    )
