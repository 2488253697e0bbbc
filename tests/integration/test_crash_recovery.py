# SPDX-License-Identifier: Apache-2.0
"""`registry serve`, killed in the middle of its work and started again on the same data.

What was acknowledged is there, in the tables, in DNS and in the audit log; nothing is there by half.
"""

import itertools
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import dns.message
import dns.query
import dns.rdatatype
import httpx2
import pytest
from sqlalchemy import select, update

from registry.accounts.tokens import create_token
from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki, DemoPkiFiles
from registry.errors import TechnicalError
from registry.identifiers.dns_names import participant_name
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.url_form import participant_path, service_path
from registry.metadata import ServiceGroup
from registry.settings import load_settings
from registry.sml.client import SmlClient
from registry.smp.documents.busdox import write_service_group, write_service_metadata
from registry.smp.documents.signing import verify_document
from registry.storage.queries import zones
from registry.storage.tables import service, signed_document, zone
from tests.simulators.audit import all_events
from tests.simulators.databases import database_url
from tests.simulators.hostile import check_consistency
from tests.simulators.live import ACTOR, SMP_ID, demo_trust

ZONE = "sml.test"
WORKERS = 4

# A server that is killed while a client is about to shake hands: CPython's ssl.SSLSocket._create raises the reset and
# forgets to close the socket that it has made, which nobody else can reach.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:Exception ignored in. <ssl\.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)


@dataclass(slots=True)
class Running:
    """A `registry serve` process and where it listens."""

    process: subprocess.Popen[str]
    manage: str
    public: str
    sml: str
    dns: tuple[str, int]

    def ask(self, name: str, rdtype: str) -> dns.message.Message:
        return dns.query.udp(dns.message.make_query(name, rdtype), self.dns[0], port=self.dns[1], timeout=5)

    def serial(self) -> int:
        (rrset,) = self.ask(ZONE, "SOA").answer
        return int(rrset[0].serial)  # type: ignore[attr-defined]

    def finds(self, participant: ParticipantIdentifier) -> bool:
        answer = self.ask(participant_name(participant, ZONE), "NAPTR")
        return any(rrset.rdtype == dns.rdatatype.NAPTR for rrset in answer.answer)


@dataclass(slots=True)
class Site:
    """A data folder with one domain; its process can die and be started again."""

    folder: Path
    pki: DemoPki
    files: DemoPkiFiles
    token: str = ""
    starts: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def instance(self) -> Iterator[Instance]:
        settings = load_settings(data_dir=self.folder, database_url=database_url(self.folder))
        with Instance.open(settings) as instance:
            yield instance

    def set_up(self) -> None:
        with self.instance() as instance:
            settings = {
                "name": "demo",
                "smp": {"base_url": "https://smp.example.org", "smp_id": SMP_ID},
                "trust": demo_trust(self.pki),
            }
            add_domain(instance, ACTOR, "demo", settings, signing_key=SigningKeyFile(self.files.smp))
            self.token = create_token(instance.database, ACTOR, "crash")

    @contextmanager
    def serving(self) -> Iterator[Running]:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")},
            "REGISTRY_DATA_DIR": str(self.folder),
            "REGISTRY_DATABASE_URL": database_url(self.folder),
            "REGISTRY_SML_TLS_CERT": str(self.files.tls_certificate),
            "REGISTRY_SML_TLS_KEY": str(self.files.tls_key),
            **{f"REGISTRY_{name}_BIND": "127.0.0.1:0" for name in ("PUBLIC", "MANAGE", "SML", "DNS")},
        }
        log = self.folder / f"serve-{next(self.starts)}.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "registry", "serve"],
                env=environment,
                cwd=Path(__file__).parents[2],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        try:
            assert process.stdout is not None
            told = dict(line.split() for line in itertools.islice(process.stdout, 4))
            assert set(told) == {"SMP", "manage", "SML", "DNS"}, log.read_text()
            host, port = told["DNS"].rsplit(":", 1)
            yield Running(process, told["manage"], told["SMP"], told["SML"], (host, int(port)))
            assert "Traceback" not in log.read_text()
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def outlive_lease(self) -> None:
        """As if the machine had been down for a while: the dead process's right to stamp serials has run out."""
        with self.instance() as instance, instance.database.write(ACTOR) as work:
            work.connection.execute(update(zone).values(lease_until=work.now))


@pytest.fixture
def site(tmp_path: Path, pki: DemoPki) -> Site:
    made = Site(tmp_path, pki, pki.write(tmp_path / "pki"))
    made.set_up()
    return made


def burst(work: Callable[[int, int], None], enough: int, end: Callable[[], None]) -> int:
    """Let workers call `work(worker, round)` until it fails; `end` the server after `enough` successes."""
    done = threading.Semaphore(0)
    successes = [0] * WORKERS

    def keep_working(worker: int) -> None:
        for turn in itertools.count():
            try:
                work(worker, turn)
            except (TechnicalError, httpx2.HTTPError):
                return
            successes[worker] += 1
            done.release()

    threads = [threading.Thread(target=keep_working, args=(worker,)) for worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    for _ in range(enough):
        assert done.acquire(timeout=60)
    end()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return sum(successes)


def eventually(true: Callable[[], bool], seconds: float = 10) -> None:
    """Ask until it is so; each question waits for its own answer."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"


@dataclass(slots=True)
class Registrations:
    """Registers lists of participants, and remembers what was asked and what was acknowledged."""

    site: Site
    running: Running
    name: str
    asked: list[list[ParticipantIdentifier]] = field(default_factory=list)
    acknowledged: list[list[ParticipantIdentifier]] = field(default_factory=list)

    def __call__(self, worker: int, turn: int) -> None:
        size = 1 + turn % 7
        members = [ParticipantIdentifier(ISO6523, f"0088:{self.name}-{worker}-{turn}-{n}") for n in range(size)]
        self.asked.append(members)
        with self.client() as client:
            client.create_participants(SMP_ID, members)
        self.acknowledged.append(members)

    def client(self) -> SmlClient:
        context = ssl.create_default_context(cafile=str(self.site.files.root))
        context.load_cert_chain(self.site.files.smp)
        return SmlClient(f"{self.running.sml}/edelivery-sml", context, timeout_s=20)


def test_registrations_survive_a_crash_whole_or_not_at_all(site: Site) -> None:
    asked: list[list[ParticipantIdentifier]] = []
    acknowledged: list[list[ParticipantIdentifier]] = []
    serial = 0
    for number, enough in enumerate((25, 40)):
        with site.serving() as running:
            assert running.serial() >= serial
            work = Registrations(site, running, f"crash{number}")
            seen: list[int] = []

            def crash(running: Running = running, seen: list[int] = seen) -> None:
                seen.append(running.serial())
                running.process.kill()

            assert burst(work, enough, crash) >= enough
            assert running.process.wait() == -signal.SIGKILL
        asked += work.asked
        acknowledged += work.acknowledged
        serial = max(serial, *seen)

        with site.instance() as instance:
            values = set(check_consistency(instance.database))
            check_events(instance, values)
            for members in asked:
                there = {member.value in values for member in members}
                assert len(there) == 1, f"half of a list: {members}"
            assert {member.value for members in acknowledged for member in members} <= values
        site.outlive_lease()

    with site.serving() as running:
        last = acknowledged[-1][0]
        eventually(lambda: running.finds(last))
        assert running.serial() >= serial
        for members in asked:
            for member in members:
                assert running.finds(member) == (member.value in values)
        before = running.serial()
        work = Registrations(site, running, "after")
        work(0, 0)
        eventually(lambda: running.finds(work.acknowledged[0][0]))
        assert running.serial() > before
    assert len(acknowledged) >= 65


def check_events(instance: Instance, values: set[str]) -> None:
    """Each registration has one event, and the zone's serial is that of its newest stamped change."""
    created = all_events(instance.database, "sml:registration:create")
    assert Counter(event.subject.partition("::")[2] for event in created) == dict.fromkeys(values, 1)
    with instance.database.read() as connection:
        (row,) = zones.all_zones(connection)
        stamped = zones.changes_after(connection, row.id, 0, row.serial)
        assert max(change.serial for change in stamped) == row.serial
        assert [change.serial for change in stamped] == sorted(change.serial for change in stamped)


def test_published_documents_survive_a_crash_and_are_served_signed(site: Site) -> None:
    template = demo_metadata(site.pki.access_points)[0]
    acknowledged: list[tuple[str, str, ParticipantIdentifier]] = []
    groups: set[str] = set()
    with site.serving() as running:
        headers = {"Authorization": f"Bearer {site.token}"}

        def publish(worker: int, turn: int) -> None:
            participant = ParticipantIdentifier(ISO6523, f"0088:put-{worker}-{turn}")
            metadata = replace(template, participant=participant)
            group, path = participant_path(participant), service_path(participant, metadata.document_type)
            with httpx2.Client(base_url=running.manage, headers=headers, timeout=20) as client:
                answer = client.put(group, content=write_service_group(ServiceGroup(participant), "https://x"))
                assert answer.status_code == 201
                groups.add(group)
                assert client.put(path, content=write_service_metadata(metadata)).status_code == 201
            acknowledged.append((group, path, participant))

        burst(publish, 20, running.process.kill)
    with site.instance() as instance:
        check_consistency(instance.database)
        with instance.database.read() as connection:
            unsigned = connection.execute(
                select(service.c.id).where(service.c.id.not_in(select(signed_document.c.service_id)))
            ).all()
    assert len(unsigned) <= WORKERS, "only what was under way may be without a signature"
    site.outlive_lease()
    with site.serving() as running, httpx2.Client(base_url=running.public, timeout=20) as client:
        for group, path, participant in acknowledged:
            assert client.get(group).status_code == 200
            verified = verify_document(client.get(path).content)
            assert verified.parsed.participant == participant
        for group in groups:
            assert client.get(group).status_code == 200
        last = acknowledged[-1][2]
        eventually(lambda: running.finds(last))


def test_stop_in_the_middle_of_a_burst_is_orderly_and_the_next_process_stamps_at_once(site: Site) -> None:
    with site.serving() as running:
        work = Registrations(site, running, "term")
        burst(work, 15, running.process.terminate)
        assert running.process.wait(30) == 0
    with site.instance() as instance:
        values = set(check_consistency(instance.database))
    assert {member.value for members in work.acknowledged for member in members} <= values
    with site.serving() as running:
        again = Registrations(site, running, "again")
        again(0, 0)
        eventually(lambda: running.finds(again.acknowledged[0][0]), seconds=4)
        assert all(running.finds(member) for members in work.acknowledged for member in members)
