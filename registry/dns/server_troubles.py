# SPDX-License-Identifier: Apache-2.0
"""When a name server doesn't serve what it should, and the events that say so: one when that begins, one when it ends.

What was the matter at the look before is found from what that left behind, so nothing is kept for it, and any number of
processes may look.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from registry.audit.events import record
from registry.dns.followers import FollowedZone
from registry.serials import is_greater
from registry.storage.queries import name_servers, zones
from registry.storage.queries.name_servers import NameServerRow
from registry.storage.queries.zones import ZoneRow
from registry.storage.unit_of_work import Connection, UnitOfWork

PATIENCE: Final = timedelta(minutes=5)
"""How long a server may take to follow, or give no good answer, before that is an event."""


class Trouble(StrEnum):
    """What is the matter with a server."""

    AHEAD = "ahead"
    """Its serial is greater than ours (RFC 1982 §3.2), so it takes nothing from us any more."""
    SILENT = "silent"
    """It gives no good answer."""
    BEHIND = "behind"


def trouble_of(connection: Connection, zone: ZoneRow, row: NameServerRow, moment: datetime) -> Trouble | None:
    """What was the matter with a server at a moment, where `row` is what was known of it then; None: nothing was."""
    if row.serial is not None and is_greater(row.serial, zone.serial):
        return Trouble.AHEAD
    if row.failure is not None and (row.succeeded_at is None or moment - row.succeeded_at > PATIENCE):
        return Trouble.SILENT
    since = None if row.serial is None else name_servers.behind_since(connection, zone, row.serial)
    return Trouble.BEHIND if since is not None and moment - since > PATIENCE else None


def note_turn(work: UnitOfWork, followed: FollowedZone, before: NameServerRow | None, row: NameServerRow) -> None:
    """Record an event where a server that was just asked, `row`, has another trouble than at the look `before`."""
    # Not the row of before the look: the server may have what was published meanwhile.
    zone = zones.by_id(work.connection, followed.row.id)
    was = None
    if before is not None and before.looked_at is not None:
        was = trouble_of(work.connection, zone, before, before.looked_at)
    trouble = trouble_of(work.connection, zone, row, work.now)
    if trouble is was:
        return
    domain_id = None if followed.stored is None else followed.stored.id
    subject = f"{zone.name} {row.address}"
    said: dict[str, object] = {"serial": row.serial, "zone_serial": zone.serial}
    if trouble is None:
        record(work, "dns:server:recover", subject, domain_id=domain_id, before={"trouble": was}, after=said)
    else:
        said |= {"trouble": trouble, "failure": row.failure}
        shown = None if was is None else {"trouble": was}
        record(work, "dns:server:fail", subject, domain_id=domain_id, before=shown, after=said)
