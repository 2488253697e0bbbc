# SPDX-License-Identifier: Apache-2.0
"""How record sets have changed between two serials of a zone: by what a name holds, versions can be told apart."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from registry.serials import distance
from registry.storage.queries.zones import ZoneRow, history_window
from registry.storage.tables import zone_change


class Step(NamedTuple):
    """A change of a record set; texts as stored, None where there is no record set."""

    serial: int
    before: str | None
    after: str | None


def changed_lately(connection: Connection, held: ZoneRow, since: int, upto: int, most: int) -> list[tuple[str, str]]:
    """The (owner, rdtype) of up to `most` record sets, but the SOA, that changed after `since` up to `upto`.

    The one that changed last comes first; `held.has_history_since(since)`.
    """
    c = zone_change.c
    query = select(c.owner, c.rdtype).where(*history_window(held.id, since, upto), c.rdtype != "SOA")
    newest = func.max(c.sequence).desc()
    return [
        (row[0], row[1]) for row in connection.execute(query.group_by(c.owner, c.rdtype).order_by(newest).limit(most))
    ]


def histories(
    connection: Connection, held: ZoneRow, since: int, upto: int, keys: list[tuple[str, str]]
) -> Mapping[tuple[str, str], list[Step]]:
    """Every change of these record sets after `since` up to `upto`, in order."""
    c = zone_change.c
    window = history_window(held.id, since, upto)
    query = select(c.owner, c.rdtype, c.serial, c.before, c.after)
    query = query.where(*window, c.owner.in_({owner for owner, _ in keys})).order_by(c.sequence)
    found: dict[tuple[str, str], list[Step]] = {key: [] for key in keys}
    for owner, rdtype, *step in connection.execute(query):
        if (owner, rdtype) in found:
            found[owner, rdtype].append(Step(*step))
    for steps in found.values():
        steps.sort(key=lambda step: distance(since, step.serial))
    return found
