# SPDX-License-Identifier: Apache-2.0
"""An instance without listeners for tests, with a clock that a test moves."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.demo.pki import DemoPki
from registry.dns.journal import ZonePublisher
from registry.dns.served_zone import ServedZone
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.settings import load_settings
from registry.sml.model import Caller
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from registry.storage.queries import zones
from tests.simulators.databases import database_url
from tests.simulators.live import SMP_ID, demo_trust

ACTOR = Actor("test", "request-1")
BASE_URL = "https://smp.example.org/base"


class MovableClock:
    """A clock that stands still until it is moved; callable as a `Clock`."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        """Move on by a timedelta's arguments."""
        self.now += timedelta(**delta)


@dataclass(slots=True)
class OfflineInstance:
    """An instance, its one domain, and helpers to look at what it wrote."""

    instance: Instance
    stored: StoredDomain
    clock: MovableClock
    pki: DemoPki
    folder: Path

    def caller(self, certificate: x509.Certificate | None = None) -> Caller:
        """A caller with a client certificate, by default that of the instance's own SMP."""
        return Caller(certificate or self.pki.smp.certificate, "request-2")

    def zone_state(self) -> dict[tuple[str, str], str]:
        """(owner, rdtype) -> text of every record set at the newest state."""
        publisher = ZonePublisher(self.instance.database, "state")
        publisher.tick()
        with self.instance.database.read() as connection:
            assert self.stored.zone_id is not None
            return {(owner, rdtype): text for owner, rdtype, text in zones.state(connection, self.stored.zone_id)}

    def served(self) -> ServedZone:
        """The zone as a server would load it now."""
        (zone,) = ZonePublisher(self.instance.database, "serving").tick().begun
        return zone


@contextlib.contextmanager
def offline_instance(
    folder: Path, pki: DemoPki, *, database: str | None = None, **settings: Any
) -> Iterator[OfflineInstance]:
    """An instance in `folder` with the domain `demo`; `settings` are laid over the domain's."""
    # After the certificates became valid, before any expires.
    clock = MovableClock(datetime.now(UTC).replace(microsecond=0))
    files = pki.write(folder / "pki")
    options = load_settings(data_dir=folder, database_url=database or database_url(folder))
    with Instance.open(options, clock) as instance:
        domain = {
            "name": "demo",
            "smp": {"base_url": BASE_URL, "smp_id": SMP_ID},
            "trust": demo_trust(pki),
        } | settings
        stored = add_domain(instance, ACTOR, "demo", domain, signing_key=SigningKeyFile(files.smp))
        yield OfflineInstance(instance, stored, clock, pki, folder)


def participant(value: str = "0088:7300010000001") -> ParticipantIdentifier:
    """A participant of the usual scheme."""
    return ParticipantIdentifier(ISO6523, value)
