# SPDX-License-Identifier: Apache-2.0
"""A zone with names that a test changes, and servers that have versions of it."""

from contextlib import closing
from dataclasses import replace

from registry.dns.followers import FollowerRole
from registry.dns.journal import NewState, ZonePublisher
from registry.dns.reconcile.checking import Checker, Server, ServerCheck, Wanted
from registry.storage.queries import zone_pushes, zones
from registry.storage.queries.zones import ZoneRow
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.zone_sender import Text, ZoneSender, new_key, sending, texts

NAMES = 30


class Zone:
    """A zone with names that a test changes, and servers that have versions of it."""

    def __init__(self, offline: OfflineInstance) -> None:
        self.offline = offline
        self.database = offline.instance.database
        self.journal = offline.instance.journal
        assert offline.stored.zone_id is not None
        self.id = offline.stored.zone_id
        self.name = offline.stored.domain.dns.zone
        self.publisher = ZonePublisher(self.database, "test", 0.0)
        self.change(*(NewState(f"n{number}", "TXT", f'60 "{number}"') for number in range(NAMES)))

    def change(self, *states: NewState) -> int:
        """Write and publish; the new serial."""
        with self.database.write(ACTOR) as work:
            self.journal.write(work, self.id, states)
        self.publisher.tick(serve=False)
        return self.row.serial

    @property
    def row(self) -> ZoneRow:
        with self.database.read() as connection:
            return zones.by_id(connection, self.id)

    def served(self) -> list[Text]:
        """All records now, as a server would have them."""
        with self.database.read() as connection, closing(zones.state(connection, self.id)) as rows:
            return texts(rows, self.name, self.row.serial)

    def renumbered(self, serial: int) -> list[Text]:
        """All records now, with another serial."""
        (owner, ttl, rdtype, rdata), *others = self.served()
        parts = rdata.split(" ")
        return [(owner, ttl, rdtype, " ".join([*parts[:2], str(serial), *parts[3:]])), *others]

    def checked(self, records: list[Text], *, samples: int | None = None, **server: object) -> ServerCheck:
        """What is found at a server with these records."""
        with sending(ZoneSender(records, new_key(), 7)) as sender:
            asked = Server(sender.address, self.name)
            (found,) = Checker(self.database, self.id, Wanted(samples)).check([replace(asked, **server)])  # type: ignore[arg-type]
        return found

    def checked_target(self, records: list[Text], pushed: int | None = -1, *, only_writer: bool = True) -> ServerCheck:
        """What is found at a target with these records, to which all was pushed up to a serial; by default ours."""
        with sending(ZoneSender(records)) as sender:
            target = Server(sender.address, self.name, FollowerRole.TARGET, only_writer=only_writer)
            if pushed is not None:
                with self.database.write(ACTOR) as work:
                    row = zone_pushes.find(work.connection, self.id, sender.address, self.name)
                    zone_pushes.note(work, row, serial=self.row.serial if pushed < 0 else pushed)
            (found,) = Checker(self.database, self.id).check([target])
        return found
