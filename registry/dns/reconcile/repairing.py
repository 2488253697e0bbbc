# SPDX-License-Identifier: Apache-2.0
"""Puts right what name servers serve, by the plan that a check is.

Secondaries with other content, and those whose serial is ahead of ours, take the whole zone: it goes on with a serial
that is greater than all that is served, and to which no differences lead (RFC 1995 §2). Of a target that we push to,
the record sets that differ are written; what was never ours stays. A server that can't be asked keeps no other from its
repair, but its serial may be greater still: then the same command helps again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from registry.audit.events import record
from registry.dns.followers import FollowerRole
from registry.dns.journal import ZoneJournal
from registry.dns.reconcile.checking import Server, ServerCheck, Standing
from registry.dns.reconcile.differences import Kind
from registry.dns.serials import serial_beyond
from registry.errors import ConflictError, TechnicalError
from registry.serials import is_greater
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import served_states, zone_records, zones

MAX_PERCENT = 30.0
"""The share of what a server has that a repair may change there unasked."""
ALWAYS_ALLOWED = 10
"""A server with fewer records has nothing to lose."""
_ALL = 100.0

Key = tuple[str, str]
Push = Callable[[Server, Sequence[Key]], int]
"""Lets a target hold what the zone holds of these (owner, rdtype); returns how many were written. Raises
TechnicalError or ConflictError."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a repair would do: give the zone `serial`, `because` of servers, and write record sets to targets.

    `serial` is None where no new one is needed.
    """

    zone: str
    held: int
    serial: int | None
    because: tuple[str, ...]
    targets: tuple[tuple[Server, tuple[Key, ...]], ...]
    too_much: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.serial is None and not self.targets

    def to_json(self) -> dict[str, Any]:
        """For a report, a job's result, a client."""
        return {
            "zone": self.zone,
            "serial": self.held,
            "serial_after": self.serial,
            "because": list(self.because),
            "targets": [{"server": server.address, "record_sets": len(keys)} for server, keys in self.targets],
            "too_much": list(self.too_much),
        }


def plan_repair(
    database: Database,
    zone_id: int,
    checks: Sequence[ServerCheck],
    *,
    max_percent: float = MAX_PERCENT,
    exact: bool = False,
) -> Plan:
    """What would put right what was found; `exact`: targets lose also what was never ours, where nobody else writes.

    Raises ConflictError where no serial is greater than all that are served.
    """
    because, targets, too_much = [], [], []
    for check in checks:
        server = check.server
        wrong = check.differences if exact and server.only_writer else check.wrong
        is_ahead = check.standing is Standing.AHEAD
        if server.role is FollowerRole.TARGET:
            if wrong or is_ahead:  # a push that is let on follows its serial by itself
                targets.append((server, tuple((each.owner, each.rdtype) for each in wrong)))
        else:
            if is_ahead:
                because.append(f"{server.address} has the serial {check.serial}")
            if wrong:
                because.append(f"{server.address} serves {len(wrong)} record sets other than it should")
        changed = sum(each.kind is not Kind.MISSING for each in wrong)
        beyond = changed * 100 > max_percent * check.served or (check.truncated and max_percent < _ALL)
        if check.served >= ALWAYS_ALLOWED and beyond:
            more = " or more" if check.truncated else ""
            too_much.append(f"{changed}{more} of {check.served} at {server.address}")
    with database.read() as connection:
        row = zones.by_id(connection, zone_id)
        served = set(served_states.serials_seen(connection, zone_id).values())
    served |= {check.serial for check in checks if check.serial is not None and check.server.only_writer}
    serial = serial_beyond(row.serial, served) if because else None
    return Plan(row.name, row.serial, serial, tuple(because), tuple(targets), tuple(too_much))


def refuse_too_much(plan: Plan, max_percent: float) -> None:
    """Raises ConflictError where a plan would change more of what a server has than so many percent."""
    if plan.too_much:
        raise ConflictError(
            f"more than {max_percent:g} % would be changed: {', '.join(plan.too_much)}. Look at the plan; if it is "
            "right, allow more"
        )


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was done: the zone's new serial if any, how many record sets were written to targets, what failed where."""

    serial: int | None
    written: dict[str, int]
    failures: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """For a report, a job's result, a client."""
        return {"serial": self.serial, "written": self.written, "failures": self.failures}


def repair(database: Database, journal: ZoneJournal, actor: Actor, zone_id: int, plan: Plan, push: Push) -> Repaired:
    """Do what a plan says. A target that fails keeps no other from its repair."""
    serial = None if plan.serial is None else begin_beyond(database, journal, actor, zone_id, plan)
    written: dict[str, int] = {}
    failures: dict[str, str] = {}
    for server, keys in plan.targets:
        try:
            written[server.address] = push(server, keys)
        except (TechnicalError, ConflictError) as error:
            failures[server.address] = str(error)
        else:
            _note_written(database, actor, zone_id, server, written[server.address])
    return Repaired(serial, written, failures)


@retried
def _note_written(database: Database, actor: Actor, zone_id: int, server: Server, number: int) -> None:
    with database.write(actor) as work:
        row = zones.by_id(work.connection, zone_id)
        subject = f"{row.name} {server.address}"
        record(work, "dns:target:repair", subject, domain_id=row.domain_id, after={"record_sets": number})


@retried
def begin_beyond(database: Database, journal: ZoneJournal, actor: Actor, zone_id: int, plan: Plan) -> int:
    """Let the zone go on with a serial beyond the planned one and its own; returns it.

    Nobody writes to the zone meanwhile: what has an earlier number in the journal, and is committed later, would
    belong to a history that doesn't count any more.
    """
    with database.write(actor) as work:
        zone_records.lock(work.connection, zone_id)
        row = zones.by_id(work.connection, zone_id)
        planned = row.serial if plan.serial is None else plan.serial
        serial = planned if is_greater(planned, row.serial) else serial_beyond(row.serial, ())
        journal.begin_anew(work, row, serial)
        told = {"serial": serial, "because": list(plan.because)}
        record(work, "dns:zone:repair", row.name, domain_id=row.domain_id, before={"serial": row.serial}, after=told)
    return serial
