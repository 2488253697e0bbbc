# SPDX-License-Identifier: Apache-2.0
"""A zone of ours, a primary in memory that takes it, and who pushes it there."""

from dataclasses import dataclass, field

from registry.dns.journal import NewState, ZonePublisher
from registry.dns.push.pusher import PushedZone, Pusher
from registry.dns.records import naptr_rrset
from registry.dns.tsig_keys import TsigKeys
from registry.domains.zone_servers import PushTarget
from registry.storage.queries import zone_pushes, zones
from registry.storage.queries.zone_pushes import ZonePushRow
from registry.storage.queries.zones import ZoneRow
from tests.simulators.name_servers import held_records
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.update_targets import KEY, SimulatedPrimary

SCHEME = "iso6523-actorid-upis"
_LONG = "x" * 47  # as long as hashes are


def name_of(number: int) -> str:
    """A participant's name."""
    return f"n{number:04}{_LONG}.{SCHEME}"


@dataclass(slots=True)
class PushWorld:
    """A zone, and a primary that takes it."""

    offline: OfflineInstance
    primary: SimulatedPrimary
    address: str
    keys: TsigKeys
    pushers: list[Pusher] = field(default_factory=list)

    @property
    def zone_id(self) -> int:
        assert self.offline.stored.zone_id is not None
        return self.offline.stored.zone_id

    @property
    def zone(self) -> str:
        return self.offline.stored.domain.dns.zone

    def pusher(self, *, only_writer: bool = True, part: int = 4000, key: str = KEY) -> Pusher:
        target = PushTarget(self.address, key, only_writer=only_writer)
        pushed = PushedZone(self.zone_id, self.zone, self.offline.stored.id, target)
        self.pushers.append(Pusher(self.offline.instance.database, pushed, self.keys, part=part))
        return self.pushers[-1]

    def close(self) -> None:
        """Close all connections."""
        for pusher in self.pushers:
            pusher.close()

    def write(self, *states: NewState) -> None:
        """One version with these states."""
        with self.offline.instance.database.write(ACTOR) as work:
            self.offline.instance.journal.write(work, self.zone_id, states)
        ZonePublisher(self.offline.instance.database, "stamper").tick(serve=False)

    def write_names(self, numbers: range, url: str = "https://smp.example/") -> None:
        rrsets = [naptr_rrset(name_of(number), url, ["Meta:SMP"], 60) for number in numbers]
        self.write(*map(NewState.of, rrsets))

    def forget(self, numbers: range) -> None:
        self.write(*(NewState(name_of(number), "NAPTR", None) for number in numbers))

    def row(self) -> ZonePushRow:
        with self.offline.instance.database.read() as connection:
            return zone_pushes.find(connection, self.zone_id, self.address, self.zone)

    def held(self) -> ZoneRow:
        with self.offline.instance.database.read() as connection:
            return zones.by_id(connection, self.zone_id)

    def ours(self) -> set[tuple[str, int, str, str]]:
        """What we push: all but the apex's SOA and NS records."""
        records = held_records(self.offline.instance.database, self.zone)
        return {each for each in records if each[2] not in {"SOA", "NS"}}

    def theirs(self) -> set[tuple[str, int, str, str]]:
        """What the primary has, apart from its own SOA and NS records."""
        return {each for each in self.primary.content() if each[2] != "NS"}

    def assert_level(self) -> None:
        """Content and serial are the same on both sides."""
        assert self.theirs() == self.ours()
        assert self.primary.serial == self.held().serial == self.row().serial
