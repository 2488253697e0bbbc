# SPDX-License-Identifier: Apache-2.0
"""What each name server of a zone serves, compared with what the journal says that the zone held at that serial.

So a server that is behind isn't wrong. Where a server counts by itself (it signs, or others write there, too), nobody
knows which serial of ours it has: it is compared with the present state, and what has changed lately is left out. The
network is never waited for inside of a transaction.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

import dns.tsig

from registry.dns.asking import AskSoa, ask_soa
from registry.dns.followers import FollowerRole
from registry.dns.reconcile.comparison import Compared, Progress, Selection, compare_copy
from registry.dns.reconcile.differences import Difference, Kind, text_of
from registry.dns.reconcile.fingerprints import Fingerprints
from registry.dns.reconcile.sampling import Sample, ask_samples, choose, undetected_share
from registry.dns.reconcile.wire_reader import Line, tails_of
from registry.dns.reconcile.zone_transfer import Source, TransferRefusedError, ZoneCopy, ZoneTooLargeError
from registry.dns.records import APEX
from registry.errors import TechnicalError
from registry.serials import is_greater
from registry.storage.engine import Database
from registry.storage.queries import served_states, zones
from registry.storage.queries.zones import ZoneRow
from registry.storage.unit_of_work import Connection

SAMPLES = 1000
"""Record sets of which a server is asked that gives no zone away."""
SPARE_RECORDS = 1_000_000
"""Beside twice as many as the zone has, a server may send so many records; eight octets are kept of each."""
MARGIN = timedelta(minutes=15)
"""How long a change may be on its way to a server whose serial says nothing."""
EXAMPLES = 20
_REMOVED = 100


class Standing(StrEnum):
    """Where a server's serial stands beside ours (RFC 1982 §3.2)."""

    CURRENT = "current"
    BEHIND = "behind"
    OUTDATED = "outdated"
    """Behind what the journal reaches back to: it has to take the whole zone."""
    AHEAD = "ahead"
    """It takes nothing from us: our database is older than what it has."""
    OWN = "own"
    """It counts by itself."""
    UNKNOWN = "unknown"


_BY_SERIAL = frozenset({Standing.CURRENT, Standing.BEHIND})
_FOLLOWING = _BY_SERIAL | {Standing.OWN}


@dataclass(frozen=True, slots=True)
class Server:
    """A name server, `HOST:PORT`; `zone` is the name that it serves the zone under."""

    address: str
    zone: str
    role: FollowerRole = FollowerRole.OBSERVED
    key: dns.tsig.Key | None = None
    only_writer: bool = True
    """Of a target: whether nobody else writes there, so that its serial is ours."""


@dataclass(slots=True)
class ServerCheck:
    """What was found at a server.

    `compared` counts records of a whole zone, or samples. `failure` says why no more is known. `undetected_share` is
    for samples without a difference.
    """

    server: Server
    serial: int | None = None
    pushed: int | None = None
    """Of a target: our serial up to which all had arrived when the look at it began."""
    standing: Standing = Standing.UNKNOWN
    failure: str | None = None
    method: str = ""
    signed: bool = False
    compared: int = 0
    served: int = 0
    differences: list[Difference] = field(default_factory=list)
    on_the_way: int = 0
    """Differences of names that have changed lately."""
    truncated: bool = False
    undetected_share: float | None = None

    @property
    def wrong(self) -> list[Difference]:
        """The differences that are ours to put right."""
        return [difference for difference in self.differences if difference.kind is not Kind.FOREIGN]

    @property
    def agrees(self) -> bool:
        """Whether the server was asked, and nothing has to be done."""
        return self.failure is None and not self.wrong and self.standing in _FOLLOWING

    def counts(self) -> dict[Kind, int]:
        """How many record sets differ, by how."""
        return {kind: sum(each.kind is kind for each in self.differences) for kind in Kind}

    def to_json(self) -> dict[str, Any]:
        """For a report, a job's result, a client."""
        return {
            "server": self.server.address,
            "zone": self.server.zone,
            "role": self.server.role.value,
            "serial": self.serial,
            "standing": self.standing.value,
            "agrees": self.agrees,
            "failure": self.failure,
            "method": self.method,
            "signed": self.signed,
            "compared": self.compared,
            "counts": {kind.value: count for kind, count in self.counts().items()},
            "on_the_way": self.on_the_way,
            "truncated": self.truncated,
            "undetected_percent": None if self.undetected_share is None else round(100 * self.undetected_share, 3),
            "examples": [each.to_json() for each in self.differences[:EXAMPLES]],
        }


@dataclass(frozen=True, slots=True)
class Wanted:
    """How servers are looked at: `samples` instead of whole zones, where it says a number; `seed` chooses them."""

    samples: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Checker:
    """Looks at the servers of one zone. `soa_of` is how a server is asked for its SOA."""

    database: Database
    zone_id: int
    wanted: Wanted = Wanted()
    progress: Progress = lambda _number: None
    soa_of: AskSoa = ask_soa

    def check(self, servers: Iterable[Server]) -> list[ServerCheck]:
        """Look at them, one after the other. A server that fails is a result, not an error.

        Raises ValidationError where the zone itself can't be rendered.
        """
        return [self._check(server) for server in servers]

    def _check(self, server: Server) -> ServerCheck:
        found = ServerCheck(server)
        if server.role is FollowerRole.TARGET:
            with self.database.read() as connection:
                rows = served_states.pushed_to(connection, self.zone_id)
            found.pushed = next((row.serial for row in rows if (row.address, row.name) == _place(server)), None)
        try:
            found.serial, found.signed = self.soa_of(server.address, server.zone)
            if self.wanted.samples is None:
                try:
                    self._transferred(found)
                except TransferRefusedError as error:
                    self._sampled(found, SAMPLES)
                    found.method = f"samples, since for the whole zone {error}"
            else:
                self._sampled(found, self.wanted.samples)
        except TechnicalError as error:
            found.failure = str(error)
        return found

    def _transferred(self, found: ServerCheck) -> None:
        server = found.server
        selection = Selection(server.zone, leave_apex=server.role is FollowerRole.TARGET)
        served = Fingerprints()
        with self.database.read() as connection:
            most = 2 * served_states.record_count(connection, self.zone_id) + SPARE_RECORDS

        def take(lines: list[Line]) -> None:
            served.add(selection.of(lines))
            if len(served) > most:
                raise ZoneTooLargeError(
                    f"zone-too-large: it has sent more than {most:,} records, which is twice what the zone has and "
                    f"{SPARE_RECORDS:,} more; what it sends isn't this zone"
                )

        with ZoneCopy(Source(server.address, server.zone, server.key)) as copy:
            try:
                copy.receive(take, self.database.now().timestamp())
            except ZoneTooLargeError:  # where it stands is worth to be known all the same
                found.serial, found.served, found.truncated = copy.serial, len(served), True
                found.signed = selection.signed
                with self._zone(found):
                    raise
            found.method, found.serial, found.signed = "transfer", copy.serial, selection.signed
            with self._zone(found) as (connection, row, serial):
                if found.standing is Standing.OUTDATED:
                    return

                def rows() -> Iterator[tuple[str, str, str]]:
                    with closing(served_states.state_at(connection, row, serial)) as state:
                        yield from state

                compared = compare_copy(rows, copy, served, selection, self.progress)
                exact = found.standing in _BY_SERIAL and server.role is not FollowerRole.TARGET
                self._keep(found, connection, row, compared, None if exact else serial)

    def _sampled(self, found: ServerCheck, number: int) -> None:
        server = found.server
        with self._zone(found) as (connection, row, serial):
            if found.standing is Standing.OUTDATED:
                return
            with closing(served_states.state_at(connection, row, serial)) as state:
                kept = (each for each in state if server.role is not FollowerRole.TARGET or each[0] != APEX)
                chosen = choose(kept, number, self.wanted.seed)
            gone = self._gone(connection, row, min(number, _REMOVED))
        differences = ask_samples(server.address, server.zone, [*chosen, *gone])
        found.method = "samples"
        with self.database.read() as connection:
            row = zones.by_id(connection, self.zone_id)
            compared = Compared(len(chosen), len(chosen), differences)
            self._keep(found, connection, row, compared, serial)
        if not found.differences:
            found.undetected_share = undetected_share(len(chosen) - found.on_the_way)

    def _gone(self, connection: Connection, row: ZoneRow, number: int) -> list[Sample]:
        removed = served_states.recently_removed(connection, row.id, number)
        held = zones.rrset_texts(connection, row.id, removed)
        return [Sample(*key, None) for key in removed if key not in held]

    @contextmanager
    def _zone(self, found: ServerCheck) -> Iterator[tuple[Connection, ZoneRow, int]]:
        """The zone now, and the serial at which the server is compared with it; notes where the server stands."""
        server = found.server
        with self.database.read() as connection:
            row = zones.by_id(connection, self.zone_id)
            serial = row.serial
            if server.role is FollowerRole.TARGET:
                found.standing, serial = _standing_of_target(found, row)
            elif found.signed:  # also where its serial happens to be one of ours
                found.standing = Standing.OWN
            elif found.serial == row.serial:
                found.standing = Standing.CURRENT
            elif found.serial is not None and row.has_history_since(found.serial):
                found.standing, serial = Standing.BEHIND, found.serial
            elif found.serial is not None and is_greater(found.serial, row.serial):
                found.standing = Standing.AHEAD
            else:
                found.standing = Standing.OUTDATED
            yield connection, row, serial

    def _keep(
        self, found: ServerCheck, connection: Connection, row: ZoneRow, compared: Compared, since: int | None
    ) -> None:
        """Note the differences; with `since` those of names that have changed after it are on the way.

        Where the serial isn't ours, those that have changed lately are.
        """
        found.compared, found.served, found.truncated = compared.wanted, compared.served, compared.truncated
        owners = {each.owner for each in compared.differences}
        on_the_way: set[str] = set()
        if since is not None and owners:
            moment = self.database.now() - MARGIN
            if found.standing in _BY_SERIAL or found.pushed is not None:  # it may have gone on meanwhile
                on_the_way = served_states.changed_after(connection, row, owners, since)
            else:
                on_the_way = served_states.changed_since(connection, row.id, owners, moment)
        kept = [each for each in compared.differences if each.owner not in on_the_way]
        found.on_the_way = len(compared.differences) - len(kept)
        if found.server.role is FollowerRole.TARGET:
            known = served_states.removed_texts(connection, row.id, owners)
            kept = [
                replace(each, kind=Kind.FOREIGN)
                if each.kind is Kind.SURPLUS and not _was_ours(each, known.get((each.owner, each.rdtype), ()))
                else each
                for each in kept
            ]
        found.differences = sorted(kept, key=lambda each: (each.owner, each.rdtype))


def _standing_of_target(found: ServerCheck, row: ZoneRow) -> tuple[Standing, int]:
    """Where a target stands, and the serial to compare it with; its own may be amid those of several messages."""
    serial = found.pushed
    if serial is None or not row.has_history_since(serial):
        return Standing.OUTDATED, row.serial
    if found.signed or not found.server.only_writer:
        return Standing.OWN, serial
    if serial != row.serial:
        return Standing.BEHIND, serial
    is_ahead = found.serial is not None and is_greater(found.serial, row.serial)
    return Standing.AHEAD if is_ahead else Standing.CURRENT, serial


def _was_ours(surplus: Difference, texts: Iterable[str]) -> bool:
    """Whether any of its records is one that the name had of us; others may have made it anew since."""
    ours = {text_of(tail).partition(" ")[2] for text in texts for tail in tails_of(surplus.rdtype, text)}
    return any(line.partition(" ")[2] in ours for line in (surplus.found or "").split("\n"))


def _place(server: Server) -> tuple[str, str]:
    return server.address, server.zone
