# SPDX-License-Identifier: Apache-2.0
"""Tells what is due: message by message, each noted before it is sent and again when it has arrived.

Who dies in between leaves a message that is sent again under the same id, by which receivers know it. What doesn't
arrive is tried again, later and later, and in the end given up.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog

from registry.alerts.channels import ChannelKind
from registry.alerts.message import Item, Message, Outgoing
from registry.alerts.telling import ask_for_delivery
from registry.errors import ConfigurationError, TechnicalError
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import alerts, problems
from registry.storage.queries.alerts import ChannelRow

Sender = Callable[[Outgoing], None]
"""Sends a message. Raises TechnicalError or ConfigurationError where it doesn't arrive."""
Senders = Mapping[ChannelKind, Sender]
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 1_440))
"""How long a message waits after each try that failed; after the last one it is given up."""
_TOGETHER = 200
_PAUSE = timedelta(minutes=1)

log = structlog.get_logger(__name__)


def deliver(database: Database, actor: Actor, senders: Senders, names: Mapping[int, str]) -> dict[str, int]:
    """Send every message that is due; how many arrived and failed. `names` are those of the domains, by their ids."""
    counts = {"arrived": 0, "failed": 0}
    with database.read() as connection:
        channels = [channel for channel in alerts.channels(connection) if channel.enabled]
    for channel in channels:
        while (message := _next_message(database, actor, channel, names)) is not None:
            failure = sent(senders, message)
            _note(database, actor, message, failure)
            counts["failed" if failure else "arrived"] += 1
            if failure:
                break  # others to the same place would fail as well, and are tried with the next job
    _ask_again(database, actor)
    return counts


@retried
def _next_message(database: Database, actor: Actor, channel: ChannelRow, names: Mapping[int, str]) -> Message | None:
    """Take what is due for a channel, with what was tried together before; None where nothing is."""
    with database.write(actor) as work:
        rows = alerts.due(work, channel.id, _TOGETHER)
        if not rows:
            return None
        message = rows[0].message
        if message is None:
            message = str(uuid.uuid4())
            alerts.put_into_message(work, [row.id for row in rows if row.message is None], message)
        rows = alerts.of_message(work, message)
        attempts = rows[0].attempts
        alerts.note_try(work, message, work.now + WAITS[attempts] if attempts < len(WAITS) else None)
        known = problems.by_ids(work.connection, {row.problem_id for row in rows})
        items = [_item(row.what, known[row.problem_id], names) for row in rows]
        return Message(message, channel, items, work.now)


def _item(what: str, row: problems.ProblemRow, names: Mapping[int, str]) -> Item:
    return Item(what, row, None if row.domain_id is None else names.get(row.domain_id))


def sent(senders: Senders, message: Outgoing) -> str:
    """Send a message the way its channel wants; why it didn't arrive, empty where it did."""
    try:
        sender = senders.get(ChannelKind(message.channel.kind))
        if sender is None:
            raise ConfigurationError("mails need REGISTRY_SMTP_HOST and REGISTRY_ALERT_SENDER")
        sender(message)
    except (TechnicalError, ConfigurationError) as error:
        log.warning("alert_not_delivered", channel=message.channel.name, reason=str(error))
        return str(error)
    return ""


@retried
def _note(database: Database, actor: Actor, message: Message, failure: str) -> None:
    with database.write(actor) as work:
        if failure:
            alerts.note_failure(work, message.id, failure)
        else:
            alerts.note_told(work, message.id)


@retried
def _ask_again(database: Database, actor: Actor) -> None:
    with database.write(actor) as work:
        ask_for_delivery(work, work.now + _PAUSE)
