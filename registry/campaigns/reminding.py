# SPDX-License-Identifier: Apache-2.0
"""Reminds those who are late: a message to each recipient, once for each member and number of days.

Written to are the accounts that may edit an owner group's participants, and the technical contact of an access point
where that is a mail address; whoever has no address here is told of by the campaign's channel alone. A message is noted
before it is sent and again when it has arrived: who dies in between leaves one that is sent again under the same id.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from registry.alerts.channels import ChannelKind, is_mail_address
from registry.alerts.delivering import Senders, sent
from registry.audit.events import record
from registry.campaigns.letters import Letter
from registry.campaigns.model import CampaignState, MemberKind, next_step, required, step_asked, step_due
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import alerts, campaign_counts, campaigns
from registry.storage.queries.alerts import ChannelRow
from registry.storage.queries.campaigns import CampaignRow, MemberRow
from registry.storage.unit_of_work import Connection, UnitOfWork

GIVES_UP = 3
"""After so many messages in a row that didn't arrive, the others wait for the next time."""

Counted = Callable[[UnitOfWork, int, int], None]
"""Told, in the transaction of a message, how many have been sent, of how many."""
_Key = tuple[str, str]


def _nobody(work: UnitOfWork, done: int, total: int) -> None:
    """Nobody wants to know."""


@dataclass(slots=True)
class Recipient:
    """Who gets a message, as noted (`account:7`), as people know it, and the members that it is told of."""

    ids: Mapping[str, list[_Key]]
    """The members by the recipients that share an address."""
    name: str
    channel: ChannelRow
    message: str | None = None
    """Of one that was sent before, and nobody knows whether it has arrived."""

    @property
    def members(self) -> list[_Key]:
        """Each once."""
        return list(dict.fromkeys(key for keys in self.ids.values() for key in keys))


@dataclass(frozen=True, slots=True)
class Preview:
    """What reminding would do now. `step` is the number of days that it counts for; None: there is no schedule."""

    step: int | None
    due: bool
    """Whether the schedule says so, and not only who asks."""
    next_at: datetime | None
    late: int
    told_already: int
    """Of how many late members every recipient has been told for this step."""
    unreachable: int
    """Of how many nobody would be told: there is no address, and no channel."""
    letters: Sequence[tuple[Recipient, Letter]] = field(default_factory=tuple)


def preview(connection: Connection, row: CampaignRow, domain: str, now: datetime) -> Preview:
    """Whom reminding would tell of what now. Nothing is sent."""
    step = step_asked(row, now)
    late = {each.id: each for each in campaigns.all_members(connection, row.id, done=False)}
    if step is None:
        return Preview(None, due=False, next_at=None, late=len(late), told_already=0, unreachable=len(late))
    found = list(_recipients(connection, row, late, step, now))
    reached = {key for recipient, keys in found for key in keys}
    letters = []
    for recipient, _ in found:
        if recipient.members:
            some = sorted((late[key] for key in recipient.members), key=_most_first)
            message = recipient.message or str(uuid.uuid4())
            letters.append((recipient, Letter(message, recipient.channel, row, domain, some, now)))
    untold = {key for recipient, _ in letters for key in recipient.members}
    told = len(reached - untold)
    due = step_due(row, now) is not None
    return Preview(step, due, next_step(row, now), len(late), told, len(late.keys() - reached), letters)


def remind(
    database: Database,
    actor: Actor,
    senders: Senders,
    campaign_id: int,
    domain: str,
    counted: Counted = _nobody,
) -> dict[str, int]:
    """Send what `preview` shows; how many messages arrived and failed. A campaign that is closed is left alone."""
    with database.read() as connection:
        row = required(campaigns.by_id(connection, campaign_id))
        planned = preview(connection, row, domain, database.now())
    counts, in_a_row = {"arrived": 0, "failed": 0, "unreachable": planned.unreachable}, 0
    for number, (recipient, letter) in enumerate(planned.letters):
        if planned.step is None or not _ask(database, actor, row, planned.step, recipient, letter, number, counted):
            break
        failure = sent(senders, letter)
        _note(database, actor, row, planned.step, recipient, letter, failure)
        counts["failed" if failure else "arrived"] += 1
        in_a_row = in_a_row + 1 if failure else 0
        if in_a_row >= GIVES_UP:
            break
    return counts


@retried
def _ask(
    database: Database,
    actor: Actor,
    row: CampaignRow,
    step: int,
    recipient: Recipient,
    letter: Letter,
    number: int,
    counted: Counted,
) -> bool:
    """Note that a message is being sent; False where the campaign has been closed."""
    with database.write(actor) as work:
        if required(campaigns.by_id(work.connection, row.id, lock=True)).state != CampaignState.OPEN:
            return False
        for name, keys in recipient.ids.items():
            campaigns.ask(work, row.id, keys, step, name, letter.id)
        counted(work, number, number + 1)
        return True


@retried
def _note(
    database: Database,
    actor: Actor,
    row: CampaignRow,
    step: int,
    recipient: Recipient,
    letter: Letter,
    failure: str,
) -> None:
    with database.write(actor) as work:
        campaigns.note(work, letter.id, failure)
        # By number, and not by name or address: that may be a person's.
        after = {
            "days": step,
            "to": sorted(recipient.ids)[:10],
            "members": len(letter.members),
            "arrived": not failure,
        }
        record(work, "campaigns:reminder:send", f"campaign:{row.name}", domain_id=row.domain_id, after=after)


def _most_first(row: MemberRow) -> tuple[int, int, str, str]:
    return -row.late, -row.participants, row.kind, row.key


def _recipients(
    connection: Connection, row: CampaignRow, late: Mapping[_Key, MemberRow], step: int, now: datetime
) -> Iterator[tuple[Recipient, list[_Key]]]:
    """Each recipient with what it is still to be told, and with all members that it is, or was, told of."""
    held = {(each.recipient, each.kind, each.key): each for each in campaigns.reminders(connection, row.id, step)}
    by_target: dict[tuple[str, str], list[tuple[str, str, _Key, ChannelRow]]] = {}
    for recipient, name, key, channel in _contacts(connection, row, late, now):
        by_target.setdefault((channel.kind, channel.target.lower()), []).append((recipient, name, key, channel))
    for contacts in by_target.values():
        every = [key for _, _, key, _ in contacts]
        _, name, _, channel = contacts[0]
        again: dict[str, dict[str, list[_Key]]] = {}
        new: dict[str, list[_Key]] = {}
        for recipient, _, key, _ in contacts:
            before = held.get((recipient, *key))
            if before is None:
                new.setdefault(recipient, []).append(key)
            elif before.told_at is None:
                again.setdefault(before.message, {}).setdefault(recipient, []).append(key)
        for message, ids in again.items():
            yield Recipient(ids, name, channel, message), every
        yield Recipient(new, name, channel), every


def _contacts(
    connection: Connection, row: CampaignRow, late: Mapping[_Key, MemberRow], now: datetime
) -> Iterator[tuple[str, str, _Key, ChannelRow]]:
    """Who is told of which member: as noted, as people know it, and where that goes."""
    channel = None if row.channel is None else alerts.find_channel(connection, row.channel)
    if channel is not None and channel.enabled:
        for key in late:
            yield f"channel:{channel.name}", channel.name, key, channel
    if not row.owners:
        return
    groups = [int(key) for kind, key in late if kind == MemberKind.OWNER_GROUP]
    for group, account, name, address in campaign_counts.group_accounts(connection, groups):
        if is_mail_address(address):
            key = (MemberKind.OWNER_GROUP.value, str(group))
            yield f"account:{account}", name, key, _mailbox(f"account:{account}", address, now)
    points = [int(key) for kind, key in late if kind == MemberKind.ACCESS_POINT]
    for point, contact in campaign_counts.technical_contacts(connection, points).items():
        address = contact.strip().removeprefix("mailto:")
        if is_mail_address(address):
            key = (MemberKind.ACCESS_POINT.value, str(point))
            yield f"access-point:{point}", address, key, _mailbox(f"access-point:{point}", address, now)


def _mailbox(name: str, address: str, now: datetime) -> ChannelRow:
    """An address as a channel that nobody has made."""
    return ChannelRow(0, name, ChannelKind.MAIL.value, address, "hint", [], [], "at-once", True, None, now)  # noqa: FBT003
