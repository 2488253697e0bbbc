# SPDX-License-Identifier: Apache-2.0
"""Brings a zone to one primary of others, and keeps it there: the whole zone first, then what the journal has.

The whole zone goes in parts that are each of a moment of their own; then the journal is replayed from the serial at
which that began, which makes it one state, as every update replaces what a name holds. So neither memory nor a
transaction grows with the zone. What the target has reached is written down after each part, and whoever goes on goes
on there, in another process, too.

Where nobody else writes to the zone there (`PushTarget.only_writer`), its SOA is the lock, see
`registry.dns.push.progress`, and its serial is ours. A part of several messages can bring it beyond ours: then our zone
goes on from there, since a server that is ahead of its source would seem to have what it lacks.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import dns.tsig
import structlog

from registry.audit.events import record
from registry.dns.push.channel import AT_ONCE, Channel
from registry.dns.push.failures import OvertakenError, Place
from registry.dns.push.messages import Soa, Update, UpdatePacker
from registry.dns.push.progress import Lock, Replay, Sweep, chain, progress_from_text
from registry.dns.serials import PUSH_INTERVAL_S
from registry.dns.tsig_keys import TsigKeys
from registry.domains.zone_servers import PushTarget
from registry.errors import ConfigurationError, ConflictError, RegistryError, TechnicalError
from registry.serials import distance, is_greater
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import name_servers, served_states, zone_pushes, zones
from registry.storage.queries.zone_pushes import RecordSetChange, ZonePushRow
from registry.storage.queries.zones import ZoneRow
from registry.storage.turns import turn
from registry.storage.unit_of_work import Connection, Topic, UnitOfWork

PUSHER: Final = Actor("job:dns-push")
PART: Final = 4_000
"""Record sets that are read, sent and written down together: a dozen messages, a few megabytes of memory."""
_MAX_FAILURE: Final = 400
_MAX_STEP: Final = 2**31 - 2**24
"""A serial that is further ahead of ours can't be followed: with what comes on top it would be behind (RFC 1982 §3)."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PushedZone:
    """A zone of ours and a target for it."""

    zone_id: int
    zone: str
    domain_id: int | None
    target: PushTarget

    @property
    def name(self) -> str:
        """What the zone is called there."""
        return self.target.zone or self.zone


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push has done. `serial` is ours that is there now, `whole`: the whole zone was sent, not its changes."""

    serial: int
    record_sets: int
    messages: int
    whole: bool


class Pusher:
    """Pushes a zone to a target whenever `push` is called; for one thread. Keeps its connection until `close`."""

    def __init__(self, database: Database, pushed: PushedZone, keys: TsigKeys, *, part: int = PART) -> None:
        self._database = database
        self._pushed = pushed
        self._keys = keys
        self._part = part
        self._channel: Channel | None = None
        self._key: dns.tsig.Key | None = None
        self._soa: Soa | None = None
        self._late: Lock | None = None
        self._next_at = 0.0
        self._sent = (0, 0)

    def close(self) -> None:
        """Close the connection."""
        if self._channel is not None:
            self._channel.close()

    def known(self) -> ZonePushRow:
        """What is known of the target."""
        with self._database.read() as connection:
            return self._row(connection)

    def push(
        self,
        stopping: Callable[[], bool] = lambda: False,
        progress: Callable[[int], None] = lambda _: None,
        *,
        whole: bool = False,
    ) -> Pushed | None:
        """Bring the target to the present serial; None where it has that, or where another process is at it.

        `stopping` ends it early, after a part; `progress` is told how many record sets have arrived; `whole` sends
        every record set, whatever the target has. Raises TechnicalError where something failed that may work later,
        ConflictError where somebody else has written to the zone there: nothing more is sent until `take_over`.
        ConfigurationError for a key that isn't there.
        """
        with self._database.read() as connection:
            held, row = zones.by_id(connection, self._pushed.zone_id), self._row(connection)
        if (row.serial, row.failure, row.position) == (held.serial, None, None) and not whole:
            return None
        target = self._pushed.target
        with turn(self._database, f"push {self._pushed.zone_id} {target.server} {self._pushed.name}") as ours:
            if not ours:
                return None
            try:
                return self._push(stopping, progress, anew=whole)
            except RegistryError as error:
                self.close()
                self._note(failed_at=self._database.now(), failure=str(error)[:_MAX_FAILURE])
                raise

    @retried
    def take_over(self, actor: Actor, *, whole: bool = False) -> int:
        """Go on with the zone at the target as it is now, whoever wrote to it; returns the serial there.

        With `whole` everything is pushed again; else what the others have changed of our names stays as they left it.
        Raises TechnicalError where the target doesn't tell how it is.
        """
        soa = self._connect().soa()
        with self._database.write(actor) as work:
            row = self._row(work.connection)
            lock = Lock(soa).to_text() if self._pushed.target.only_writer else None
            if (row.soa, row.failure) == (lock, None) and not whole:
                return soa.serial  # it is ours already
            values = {"soa": lock, "failure": None, **({"serial": None, "position": None} if whole else {})}
            zone_pushes.note(work, row, **values)
            before, after = {"serial": row.serial, "soa": row.soa}, {"serial": soa.serial, "whole": whole}
            subject = f"{self._pushed.name} {self._pushed.target.server}"
            record(work, "dns:push:take-over", subject, domain_id=self._pushed.domain_id, before=before, after=after)
        return soa.serial

    def put_right(self, actor: Actor, names: Sequence[tuple[str, str]]) -> int:
        """Let the target hold what the zone holds of these (owner, type), whoever wrote there; returns how many.

        Raises TechnicalError as `push`; ConflictError where another process pushes just now, and where the whole zone
        has still to come.
        """
        target = self._pushed.target
        with turn(self._database, f"push {self._pushed.zone_id} {target.server} {self._pushed.name}") as ours:
            if not ours:
                raise ConflictError(f"{target.server} is pushed to just now; try again")
            self.take_over(actor)
            with self._database.read() as connection:
                held, row = zones.by_id(connection, self._pushed.zone_id), self._row(connection)
                texts = served_states.texts_now(connection, held.id, names)
                known = served_states.removed_texts(connection, held.id, {owner for owner, _ in names})
            if row.serial is None:
                raise ConflictError(f"the whole zone has still to come to {target.server}: registry dns push now")
            self._soa, self._late = self._connect().soa() if target.only_writer else None, None
            changes = [
                RecordSetChange(*name, is_new=True, text=texts.get(name))
                if name in texts or target.only_writer
                else RecordSetChange(*name, is_new=False, text=None, only=known.get(name, ()))
                for name in names
            ]
            for start in range(0, len(changes), self._part):
                self._send(changes[start : start + self._part], None)
            if (row.serial, row.position) == (held.serial, None):
                self._arrived(held.serial, held)
        return len(changes)

    # One push

    def _push(self, stopping: Callable[[], bool], progress: Callable[[int], None], *, anew: bool) -> Pushed | None:
        with self._database.read() as connection:
            held, row = zones.by_id(connection, self._pushed.zone_id), self._row(connection)
        channel = self._connect()
        self._sent = (0, 0)
        if self._pushed.target.only_writer:
            self._soa = channel.soa()
            self._late = self._admit(held, row, self._soa)
        begun = Sweep(held.serial) if anew else self._progress(held, row)
        whole = isinstance(begun, Sweep)
        replay = self._push_whole(begun, stopping, progress) if isinstance(begun, Sweep) else begun
        if replay is None:
            return None
        serial = self._push_journal(replay, stopping, progress)
        if serial is None:
            return None
        log.info("zone_pushed", zone=self._pushed.zone, server=self._pushed.target.server, serial=serial, whole=whole)
        return Pushed(serial, *self._sent, whole)

    @staticmethod
    def _progress(held: ZoneRow, row: ZonePushRow) -> Sweep | Replay:
        """Where a push goes on, or begins: with the whole zone where no journal leads on from what is there."""
        begun: Sweep | Replay | None = None if row.serial is None else Replay(row.serial)
        if row.position is not None:
            begun = progress_from_text(row.position)
        return begun if begun is not None and held.has_history_since(begun.since) else Sweep(held.serial)

    def _push_whole(self, sweep: Sweep, stopping: Callable[[], bool], progress: Callable[[int], None]) -> Replay | None:
        """Send every record set that has still to come; from where the journal goes on, None: stopped."""
        while sweep.after is not None:
            if stopping():
                return None
            with self._database.read() as connection:
                changes, last = zone_pushes.state_part(connection, self._pushed.zone_id, sweep.after, self._part)
            sweep = replace(sweep, after=last)
            self._send(changes, begun=sweep)
            progress(self._sent[0])
        return Replay(sweep.since) if self._push_gone(sweep, stopping) else None

    def _push_gone(self, sweep: Sweep, stopping: Callable[[], bool]) -> bool:
        """Take away what had gone when the push of the whole zone began, and may be there from before; False: stopped.

        It is done by the records, since a name that isn't ours any more may be somebody else's.
        """
        after: int | None = 0
        while after is not None:
            if stopping():
                return False
            with self._database.read() as connection:
                held = zones.by_id(connection, self._pushed.zone_id)
                changes, after = zone_pushes.gone_part(connection, held, sweep.since, after, self._part)
            if changes:
                self._send(changes, begun=sweep)
        return True

    def _push_journal(
        self, replay: Replay, stopping: Callable[[], bool], progress: Callable[[int], None]
    ) -> int | None:
        """Send what has changed since a serial; the one that is reached, or None where it was stopped."""
        shared = not self._pushed.target.only_writer
        while not stopping():
            with self._database.read() as connection:
                held = zones.by_id(connection, self._pushed.zone_id)
                if not held.has_history_since(replay.since):  # it has begun anew since
                    raise TechnicalError("the journal has begun anew while it was replayed; the whole zone is next")
                since, position = replay.since, replay.position
                part = zone_pushes.journal_part(connection, held, since, position, self._part, shared=shared)
            replay = Replay(since, part.position) if part.reached is None else Replay(part.reached)
            serial = self._send(part.changes, part.reached, held, begun=replay)
            progress(self._sent[0])
            if part.reached == held.serial:
                return serial
        return None

    def _send(
        self,
        changes: Sequence[RecordSetChange],
        reached: int | None = None,
        held: ZoneRow | None = None,
        *,
        begun: Sweep | Replay | None = None,
    ) -> int | None:
        """Have changes carried out, and write down that they are; `reached`: with them our serial is.

        `begun` is how far a push is with them. What else the names of a whole zone held goes, where nobody else may
        write. Returns our serial that is there, which is another one where our zone, `held`, goes on from theirs.
        """
        if self._soa is None:
            messages = list(UpdatePacker(self._pushed.name).messages(changes))
            self._connect().carry_out(message.to_wire() for message in messages)
        else:
            packer = UpdatePacker(self._pushed.name, self._soa, sweeping=isinstance(begun, Sweep))
            messages = list(packer.messages(changes))
            if not messages and reached not in {None, self._soa.serial}:
                messages = [packer.empty()]
            self._soa = self._carry_out_locked(messages, self._soa, reached)
        self._sent = (self._sent[0] + len(changes), self._sent[1] + len(messages))
        return self._arrived(reached, held, begun)

    @retried
    def _arrived(self, reached: int | None, held: ZoneRow | None, begun: Sweep | Replay | None = None) -> int | None:
        with self._database.write(PUSHER) as work:
            row = self._row(work.connection)
            values: dict[str, object] = {"soa": None if self._soa is None else Lock(self._soa).to_text()}
            if begun is not None:
                values["position"] = begun.to_text()
            if reached is not None:
                values |= {"serial": reached, "pushed_at": work.now, "failure": None, "position": None}
            zone_pushes.note(work, row, **values)
            if held is not None and held.serial == reached and self._follow(work, held):
                reached = self._soa.serial if self._soa is not None else reached
                zone_pushes.note(work, row, serial=reached)
            if reached is not None and not self._pushed.target.only_writer:  # whose own serial tells nothing
                name_servers.reached(work, row.zone_id, row.address, reached)
        return reached

    def _carry_out_locked(self, messages: Sequence[Update], soa: Soa, final: int | None) -> Soa:
        """Have messages carried out that want the SOA which is known, one after the other; the one that is left then.

        Where a prerequisite doesn't hold although no answer is missing, somebody else has written; unless a server is
        still at work on what a process sent that was killed, or that lost its connection.
        """
        if not messages:
            return soa
        for _ in range(AT_ONCE + 1):
            soas = [soa, *chain(soa, len(messages), final)]
            self._note(soa=Lock(soa, len(messages), final).to_text())
            channel = self._connect()
            self._wait_for(len(messages))
            try:
                channel.carry_out(each.to_wire(pair) for each, pair in zip(messages, pairwise(soas), strict=True))
            except OvertakenError as error:
                channel.close()
                found, left = channel.soa(), soas[error.accepted]
                if self._is_late(found, Lock(soa, len(messages), final)) and not error.accepted:
                    soa = found
                    continue
                self._note(soa=Lock(left).to_text())
                if found.rdata == left.rdata:  # PowerDNS does so with an SOA that came by an update
                    server = self._pushed.target.server
                    message = f"{server} refuses the very SOA that it has as a prerequisite: set only_writer: false"
                    raise TechnicalError(message) from None
                raise
            self._late = None
            return soas[-1]
        raise TechnicalError(f"{self._pushed.target.server} is still at work on what it was sent before; try again")

    def _wait_for(self, messages: int) -> None:
        """Wait until so many may be sent: a restore presumes that serials don't go up any faster."""
        time.sleep(max(0.0, self._next_at - time.monotonic()))
        self._next_at = time.monotonic() + messages * PUSH_INTERVAL_S

    def _is_late(self, found: Soa, sent: Lock) -> bool:
        """Whether a message from before has come into our way, after which some of ours may have been carried out."""
        if self._late is None or found.rdata == sent.soa.rdata:
            return False
        return self._late.fits(found) or sent.fits(found)

    # Who writes there, and which serial is whose

    def _admit(self, held: ZoneRow, row: ZonePushRow, found: Soa) -> Lock | None:
        """Refuse to write where somebody else has, and where serials can't meet; the lock that we left, if any."""
        place = f"{self._pushed.name} at {self._pushed.target.server}"
        lock = None if row.soa is None else Lock.from_text(row.soa, found.ttl)
        if row.soa is not None and (lock is None or not lock.fits(found)):
            known = "another one" if lock is None else f"{lock.soa.serial}"
            raise ConflictError(
                f"somebody else has written to the zone {place}: its SOA has the serial {found.serial}, we left it "
                f"with {known}. Nothing is sent until you have compared the two and said `registry dns push "
                "take-over`; where others are to write there too, set only_writer: false"
            )
        if is_greater(found.serial, held.serial) and distance(held.serial, found.serial) > _MAX_STEP:
            raise ConfigurationError(
                f"the zone {place} has the serial {found.serial}, too far ahead of ours, {held.serial}, to be followed "
                "in one step (RFC 1982 §3.2): give it a smaller one there"
            )
        return lock

    def _follow(self, work: UnitOfWork, held: ZoneRow) -> bool:
        """Let our zone go on from the serial at the target where that is ahead; False where it stays, or has moved."""
        if self._soa is None or not is_greater(self._soa.serial, held.serial):
            return False
        serial = self._soa.serial
        if not zone_pushes.raise_serial(work, held.id, held.serial, serial):
            return False
        name_servers.stamped(work, held.id, serial)
        shown = {"before": {"serial": held.serial}, "after": {"serial": serial, "server": self._pushed.target.server}}
        record(work, "dns:zone:follow", self._pushed.zone, domain_id=self._pushed.domain_id, **shown)
        work.tell(Topic.ZONES)
        return True

    # The rest

    @retried
    def _note(self, **values: object) -> None:
        with self._database.write(PUSHER) as work:
            zone_pushes.note(work, self._row(work.connection), **values)

    def _row(self, connection: Connection) -> ZonePushRow:
        return zone_pushes.find(connection, self._pushed.zone_id, self._pushed.target.server, self._pushed.name)

    def _connect(self) -> Channel:
        """The channel to the target, another one where the key has changed."""
        key = self._keys.required(self._pushed.target.key)
        if self._channel is None or key is not self._key:
            self.close()
            place = Place(self._pushed.target.server, self._pushed.name, self._pushed.target.key)
            self._channel, self._key = Channel(place, key, self._database.now), key
        return self._channel
