# SPDX-License-Identifier: Apache-2.0
"""What concerns all participants of an SMP: its address, and another SMP that takes them over, with indirection.

`python ops/bench/sml_publishers.py [PARTICIPANTS] [DATABASE_URL]`, by default 1,000,000 on SQLite; the database has to
be empty. The participants are put into the tables as registering would have left them; the changes are those of the
product, jobs included, each transaction durable. What a serial is stamped and a served zone follows is not counted:
the changes wait in the journal, visible part by part.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from both import on_both as measured_on_both
from documents import ACTOR, HOST, SMP_ID, demo_pki, participant

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.demo.pki import certificates_pem
from registry.identifiers.dns_names import participant_owner
from registry.jobs.worker import Worker
from registry.settings import load_settings
from registry.sml.model import Publisher
from registry.sml.names import new_participant_states
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import sqlite_url
from registry.storage.queries import publishers, registrations
from registry.storage.queries.registrations import NewRegistration
from registry.storage.statements import insert_rows
from registry.telemetry import configure_logging

PARTICIPANTS = 1_000_000
CHUNK = 20_000
HEIR = "SMP-HEIR"


def run(count: int = PARTICIPANTS, url: str = "") -> dict[str, Any]:
    """The seconds that each change takes by the clock, on SQLite unless a URL says otherwise."""
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name:
        folder = Path(name)
        settings = load_settings(data_dir=folder, database_url=url or sqlite_url(folder / "registry.sqlite3"))
        with Instance.open(settings) as instance:
            stored = _domain(instance, folder)
            _fill(instance, stored, count)
            moved = _timed(lambda: _move(instance, stored))
            given = _timed(lambda: _give(instance, stored))
            with instance.database.read() as connection:
                (heir,) = publishers.find(connection, [stored.id], HEIR)
                arrived = publishers.registrations_of(connection, heir.id)
    if arrived != count:
        raise RuntimeError(f"{arrived} of {count} participants were taken over")
    return {
        "participants": count,
        "address_change_seconds": round(moved, 3),
        "transfer_seconds": round(given, 1),
    }


def on_both() -> dict[str, Any]:
    """The figures of both databases."""
    return measured_on_both("sml_publishers", lambda url: run(url=url))


def _domain(instance: Instance, folder: Path) -> StoredDomain:
    pki = demo_pki()
    root = [certificates_pem(pki.root.certificate).decode()]
    smp = {"anchors": root, "intermediates": [certificates_pem(pki.smp_ca.certificate).decode()]}
    settings = {
        "name": "bench",
        "smp": {"base_url": f"http://{HOST}", "smp_id": SMP_ID},
        "trust": {"smp-sign": smp, "sml-client": smp},
        "dns": {"publisher_indirection": True},
    }
    files = pki.write(folder / "pki")
    stored = add_domain(instance, ACTOR, "demo", settings, signing_key=SigningKeyFile(files.smp))
    with instance.database.write(ACTOR) as work:
        instance.publishers.add(work, stored, Publisher(HEIR, f"http://heir.{HOST}", "192.0.2.1"), None)
    return stored


def _fill(instance: Instance, stored: StoredDomain, count: int) -> None:
    for first in range(0, count, CHUNK):
        with instance.database.write(ACTOR) as work:
            (publisher,) = publishers.find(work.connection, [stored.id], SMP_ID)
            new = list(_registrations(stored, range(first, min(first + CHUNK, count))))
            registrations.add(work, stored.id, publisher.id, new)
            states = new_participant_states(stored.domain, publisher, new)
            rows = [(stored.zone_id, state.owner, state.rdtype, state.text) for state in states]
            insert_rows(work.connection, "zone_rrset", ("zone_id", "owner", "rdtype", "content"), rows)


def _registrations(stored: StoredDomain, numbers: range) -> Iterator[NewRegistration]:
    dns = stored.domain.dns
    for number in numbers:
        who = participant(number)
        yield NewRegistration(
            who.scheme, who.value, who.value, dns.naptr_service, participant_owner(who, dns.name_form)
        )


def _move(instance: Instance, stored: StoredDomain) -> None:
    with instance.database.write(ACTOR) as work:
        (row,) = publishers.find(work.connection, [stored.id], SMP_ID)
        instance.publishers.change(work, stored, row, f"http://moved.{HOST}", row.physical_address)


def _give(instance: Instance, stored: StoredDomain) -> None:
    with instance.database.write(ACTOR) as work:
        giver, taker = (publishers.find(work.connection, [stored.id], smp_id)[0] for smp_id in (SMP_ID, HEIR))
        instance.publishers.bulk.transfer(work, stored, giver, taker)
    worker = Worker(instance.database, instance.publishers.bulk.handlers(instance.directory), "benchmark")
    while worker.run_one():
        pass


def _timed(work: Any) -> float:
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


if __name__ == "__main__":
    configure_logging("ERROR")
    how_many = int(sys.argv[1]) if len(sys.argv) > 1 else PARTICIPANTS
    print(json.dumps(run(how_many, "".join(sys.argv[2:])), indent=2))
