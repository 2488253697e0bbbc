# SPDX-License-Identifier: Apache-2.0
"""Installations for tests of backup and restore: what is in a database, and serving one that is there already."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import httpx2
from sqlalchemy import insert, select

from registry.accounts.tokens import create_token
from registry.app.after_restore import AfterRestore
from registry.app.archive import reading
from registry.app.backup import make_backup
from registry.app.instance import Instance
from registry.app.restore import Choices, plan_restore, restore
from registry.app.serving import Addresses, Serving
from registry.audit.chain import seal
from registry.clock import system_clock
from registry.demo.content import INVOICE, PARTICIPANTS, demo_metadata
from registry.demo.pki import DemoPki
from registry.dns.journal import ZonePublisher
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.url_form import participant_path, service_path
from registry.metadata import ServiceGroup
from registry.settings import Settings, load_settings
from registry.storage.engine import Database
from registry.storage.queries import zones
from registry.storage.tables import account, job, metadata, session
from tests.simulators.live import ACTOR, live_instance
from tests.simulators.own_loop import in_own_loop

ZONE = "sml.test"
PARTICIPANT = PARTICIPANTS[0][0]
PATHS = (participant_path(PARTICIPANT), service_path(PARTICIPANT, INVOICE))
NewUrl = Callable[[Path], str]
PASSPHRASE = "correct horse battery"
Rows = dict[str, list[tuple[Any, ...]]]
CHANGED = {
    "event",
    "installation",
    "job",
    "oidc_login",
    "session",
    "signing_key",
    "token",
    "zone",
    "zone_change",
    "zone_serial",
}
"""Tables in which a restore has something to do."""


def settings_for(folder: Path, database_url: str, **overrides: Any) -> Settings:
    """Settings of an instance in a folder that may not be there yet, with every listener on a free port."""
    binds = {f"{name}_bind": "127.0.0.1:0" for name in ("public", "manage", "sml", "dns")}
    return load_settings(
        **{"data_dir": folder, "database_url": database_url, "shutdown_grace_s": 1} | binds | overrides
    )


def rows_of(url: str) -> Rows:
    """Every row of every table of ours, in the order of their keys."""
    database = Database(url, system_clock)
    try:
        with database.read() as connection:
            return {
                table.name: [
                    tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))
                ]
                for table in metadata.sorted_tables
            }
    finally:
        database.dispose()


@dataclass(frozen=True, slots=True)
class Served:
    """A running instance, and what it answers."""

    serving: Serving
    addresses: Addresses

    def get(self, path: str) -> tuple[bytes, str]:
        """A document and its validator."""
        answer = httpx2.get(self.addresses.public + path)
        assert answer.status_code == 200, answer.text
        return answer.content, answer.headers["etag"]

    def ask(self, name: str, rdtype: str) -> list[str]:
        """The records that its name server answers with."""
        host, port = self.addresses.dns.rsplit(":", 1)
        answer = dns.query.udp(dns.message.make_query(name, rdtype), host, port=int(port), timeout=5)
        return sorted(rdata.to_text() for rrset in answer.answer for rdata in rrset)

    def serial(self, zone: str) -> int:
        """The serial that its name server tells."""
        (soa,) = self.ask(zone, "SOA")
        return int(soa.split()[2])


@contextlib.contextmanager
def served(settings: Settings) -> Iterator[Served]:
    """Serve the installation that the settings name, as it is."""

    @contextlib.asynccontextmanager
    async def running() -> AsyncIterator[Served]:
        serving = Serving(settings)
        async with serving.running() as addresses:
            await serving.wait_until_published()
            yield Served(serving, addresses)

    with in_own_loop("served", running) as opened:
        yield opened


@dataclass(slots=True)
class Lost:
    """What is left of an installation: its backup, and what we remember of it."""

    settings: Settings
    backup: Path
    token: str
    rows: Rows
    """As the backup has them."""
    documents: dict[str, tuple[bytes, str]]
    naptr: list[str]
    serial_at_backup: int
    serial_at_the_end: int
    new_url: NewUrl
    folder: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def target(self) -> Settings:
        """An empty machine."""
        folder = self.folder / f"new-{next(self.numbers)}"
        return settings_for(folder, self.new_url(folder))

    def restored_into(self, settings: Settings, choices: Choices | None = None) -> AfterRestore:
        with reading(self.backup) as archive:
            plan = plan_restore(archive, settings, choices or Choices(PASSPHRASE))
            return restore(archive, settings, plan, ACTOR)


def lose_installation(folder: Path, pki: DemoPki, new_url: NewUrl) -> Lost:
    """Make an installation, use it, back it up, and use it a little more."""
    old = folder / "old"
    old.mkdir()
    with live_instance(old, pki, database_url=new_url(old)) as live:
        for document in demo_metadata(pki.access_points):
            live.instance.publishing.put_service_metadata(ACTOR, live.stored, document, create_group=True)
        secret = create_token(live.instance.database, ACTOR, "erp")
        documents = {}
        for path in PATHS:
            answer = httpx2.get(live.addresses.public + path)
            documents[path] = (answer.content, answer.headers["etag"])
        live.wait_for_dns()
    with Instance.open(live.settings) as instance:
        fill_with_people(instance.database)
        seal(instance.database)
    rows = rows_of(live.settings.database_url)
    make_backup(live.settings, folder / "registry.backup", PASSPHRASE)
    with Instance.open(live.settings) as instance:
        serial, naptr = zone_of(instance.database)
        publisher = ZonePublisher(instance.database, "later")
        for number in range(5):
            group = ServiceGroup(ParticipantIdentifier(ISO6523, f"0088:after-{number}"))
            instance.publishing.put_service_group(ACTOR, instance.directory.get("demo"), group)
            publisher.tick()
        publisher.release()
        ended, _ = zone_of(instance.database)
    assert ended == serial + 5
    backup = folder / "registry.backup"
    return Lost(live.settings, backup, secret, rows, documents, naptr, serial, ended, new_url, folder)


def fill_with_people(database: Database) -> None:
    """An account with a session, and a job that a worker has begun."""
    now = datetime.now(UTC)
    person = {"kind": "person", "name": "Ada", "name_key": "ada", "display_name": "Ada", "email": "", "state": "active"}
    with database.write(ACTOR) as work:
        values = person | {"created_at": now, "modified_at": now}
        number = work.connection.execute(insert(account).values(values).returning(account.c.id)).scalar_one()
        visit = {"token_sha256": "0" * 64, "account_id": number, "method": "password", "address": "", "user_agent": ""}
        times = {"created_at": now, "last_seen_at": now, "expires_at": now + timedelta(days=1)}
        work.connection.execute(insert(session).values(visit | times))
        doing = {"kind": "test:none", "state": "running", "payload": {}, "done": 0, "message": "", "attempts": 1}
        who = {"cancel_requested": False, "actor": "test", "request_id": "1", "claimed_by": "dead"}
        when = {"created_at": now, "run_at": now, "claimed_until": now + timedelta(days=1)}
        work.connection.execute(insert(job).values(doing | who | when))


def zone_of(database: Database) -> tuple[int, list[str]]:
    """The serial of the one zone, and its NAPTR records as served."""
    with database.read() as connection:
        (row,) = zones.all_zones(connection)
        return row.serial, sorted(text for _, kind, text in zones.state(connection, row.id) if kind == "NAPTR")
