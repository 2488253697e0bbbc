# SPDX-License-Identifier: Apache-2.0
"""What a campaign is: a target, a deadline, when those who are late are reminded, and by whom that is heard.

Who is a member, and whether it is done, is never set: it is worked out from what the domain holds.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from registry.errors import NotFoundError, Reason, ValidationError
from registry.storage.queries.campaigns import CampaignRow

INVALID: Final = "CAMPAIGN"
DAYS: Final = (60, 30, 14, 7, 1)
"""How many days before the deadline somebody is reminded, unless it is said."""
MAX_STEPS: Final = 20
MAX_DAYS: Final = 3_650
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class CampaignKind(StrEnum):
    """What migrates."""

    PKI = "pki"
    """Certificates, to a trust model that is to be."""
    ZONE = "zone"
    """The DNS zone, to another name."""
    DOCUMENT_TYPE = "document-type"
    """Participants, to another document type or process."""


class CampaignState(StrEnum):
    """What becomes of it."""

    OPEN = "open"
    CLOSED = "closed"
    """Nothing is counted any more, and nobody reminded."""


class MemberKind(StrEnum):
    """Who has to move; the first four are the kinds of `registry.impact.holdings`."""

    ACCESS_POINT = "access-point"
    PUBLISHER = "publisher"
    SIGNER = "signing-key"
    REDIRECT = "redirect"
    NAME_SERVER = "name-server"
    OWNER_GROUP = "owner-group"
    NO_GROUP = "no-group"
    """The participants that no owner group has, together."""


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """A campaign to be made; `starts_at` None: now. `channel` names an alert channel."""

    name: str
    kind: CampaignKind
    target: Mapping[str, Any]
    deadline: datetime
    starts_at: datetime | None = None
    days: Sequence[int] = DAYS
    owners: bool = True
    channel: str | None = None
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who has to move, as counted now: how many participants are behind it, and how many of them are late.

    A late one says by `reason` (check, clause, message) why.
    """

    kind: MemberKind
    key: str
    name: str
    address: str
    participants: int
    late: int
    done: bool
    reason: Mapping[str, str] | None = None

    @property
    def id(self) -> tuple[str, str]:
        """Unique in its campaign."""
        return self.kind.value, self.key


@dataclass(frozen=True, slots=True)
class Census:
    """Everybody who has to move, and how many different participants are behind them, in all and done."""

    members: Sequence[Member]
    participants: int
    participants_done: int


def check(new: NewCampaign, now: datetime) -> None:
    """Raises ValidationError with everything that is wrong with a campaign, but for its target."""
    found = [message for wrong, message in _wrong(new, now) if wrong]
    if found:
        raise ValidationError(Reason(INVALID, message) for message in found)


def _wrong(new: NewCampaign, now: datetime) -> Iterable[tuple[bool, str]]:
    yield not _NAME.fullmatch(new.name), "a name has lower-case letters, digits and hyphens, 63 at most"
    yield new.deadline <= (new.starts_at or now), "the deadline lies behind the begin"
    yield new.deadline > now + timedelta(days=MAX_DAYS), f"the deadline is at most {MAX_DAYS} days ahead"
    yield len(new.days) > MAX_STEPS, f"somebody is reminded at most {MAX_STEPS} times"
    days = [each for each in new.days if not 0 <= each <= MAX_DAYS]
    yield bool(days), f"somebody is reminded 0 to {MAX_DAYS} days before the deadline, not {days[:3]}"
    yield len(set(new.days)) < len(new.days), "a number of days is there twice"


def step_due(row: CampaignRow, now: datetime) -> int | None:
    """At how many days before the deadline those who are late are to be reminded now; None: not yet, or never.

    It is the last of these moments that has passed: what was missed isn't made up for.
    """
    if now < row.starts_at:
        return None
    passed = [days for days in row.days if now >= row.deadline - timedelta(days=days)]
    return min(passed, default=None)


def step_asked(row: CampaignRow, now: datetime) -> int | None:
    """The same for who reminds by hand: before the first of these moments it is that one."""
    due = step_due(row, now)
    return max(row.days, default=None) if due is None else due


def next_step(row: CampaignRow, now: datetime) -> datetime | None:
    """When somebody is reminded next, by the schedule; None: no more."""
    coming = (row.deadline - timedelta(days=days) for days in row.days)
    return min((at for at in coming if at > now), default=None)


def required(row: CampaignRow | None) -> CampaignRow:
    """A campaign that was looked for. Raises NotFoundError."""
    if row is None:
        raise NotFoundError("there is no such campaign in this domain")
    return row
