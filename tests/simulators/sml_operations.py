# SPDX-License-Identifier: Apache-2.0
"""A locator in memory that implements `SmlOperations`, callers for it, and a server on loopback.

It has the rules that callers can see (owners, repeated calls, open migrations, pages) and no domain, no wildcard and
no DNS. `calls` keeps the callers' request ids in order.
"""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from registry.errors import ConflictError
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.errors import (
    bad_request,
    migration_not_found,
    migration_planned,
    participant_exists,
    participants_not_found,
    publisher_exists,
    publisher_not_found,
    unauthorized,
)
from registry.sml.model import Caller, ParticipantPage, Publisher

BROKEN_SMP = "SMP-BROKEN"
"""Reading this publisher fails in a way that nobody foresaw."""
MOVING_SMP = "SMP-MOVING"
"""The domain of this publisher lets nobody call."""

Key = tuple[str, str]


@dataclass
class InMemoryLocator:
    """Implements `registry.sml.model.SmlOperations`; who created a publisher owns it."""

    page_size: int = 100
    publishers: dict[str, Publisher] = field(default_factory=dict)
    owners: dict[str, x509.Certificate] = field(default_factory=dict)
    participants: dict[Key, tuple[str, ParticipantIdentifier]] = field(default_factory=dict)
    migrations: dict[Key, str] = field(default_factory=dict)
    services: dict[Key, str] = field(default_factory=dict)
    following: list[tuple[x509.Certificate | str, date | None]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def create_publisher(self, caller: Caller, publisher: Publisher) -> None:
        self._note(caller)
        if publisher.smp_id in self.publishers:
            raise publisher_exists(publisher.smp_id)
        assert caller.certificate is not None
        self.publishers[publisher.smp_id] = publisher
        self.owners[publisher.smp_id] = caller.certificate

    def read_publisher(self, caller: Caller, smp_id: str) -> Publisher:
        if smp_id == BROKEN_SMP:
            raise RuntimeError("secret detail")
        if smp_id == MOVING_SMP:
            raise ConflictError("the domain is moving in")
        return self._own(caller, smp_id)

    def update_publisher(self, caller: Caller, publisher: Publisher) -> None:
        self._own(caller, publisher.smp_id)
        self.publishers[publisher.smp_id] = publisher

    def delete_publisher(self, caller: Caller, smp_id: str) -> None:
        self._own(caller, smp_id)
        del self.publishers[smp_id], self.owners[smp_id]
        self.participants = {key: item for key, item in self.participants.items() if item[0] != smp_id}

    def create_participants(
        self, caller: Caller, smp_id: str, participants: Sequence[ParticipantIdentifier], service: str | None = None
    ) -> None:
        self._own(caller, smp_id)
        for participant in participants:
            if _key(participant) in self.participants:
                raise participant_exists(participant.value, participant.scheme)
        self.participants |= {_key(participant): (smp_id, participant) for participant in participants}
        if service is not None:
            self.services |= {_key(participant): service for participant in participants}

    def delete_participants(
        self, caller: Caller, smp_id: str | None, participants: Sequence[ParticipantIdentifier]
    ) -> None:
        self._note(caller)
        if smp_id is not None:
            self._own(caller, smp_id)
        for participant in participants:
            self._held(caller, smp_id, participant)
            if _key(participant) in self.migrations:
                raise migration_planned(participant.value, participant.scheme, "prepared by its SMP")
        for participant in participants:
            del self.participants[_key(participant)]

    def list_participants(self, caller: Caller, smp_id: str, page: str | None) -> ParticipantPage:
        self._own(caller, smp_id)
        if not (page or "1").isdigit():
            raise bad_request(f"There is no page {page!r}")
        number = int(page or 1)
        mine = [participant for owner, participant in self.participants.values() if owner == smp_id]
        end = number * self.page_size
        return ParticipantPage(
            smp_id, tuple(mine[end - self.page_size : end]), str(number + 1) if end < len(mine) else None
        )

    def prepare_migration(self, caller: Caller, smp_id: str, participant: ParticipantIdentifier, key: str) -> None:
        self._own(caller, smp_id)
        self._held(caller, smp_id, participant)
        self.migrations[_key(participant)] = key

    def migrate(self, caller: Caller, smp_id: str, participant: ParticipantIdentifier, key: str) -> None:
        self._own(caller, smp_id)
        if self.migrations.get(_key(participant)) != key:
            raise migration_not_found(participant.value, participant.scheme)
        del self.migrations[_key(participant)]
        self.participants[_key(participant)] = (smp_id, participant)

    def exists_participant(self, caller: Caller, smp_id: str, participant: ParticipantIdentifier) -> bool:
        self._note(caller)
        if smp_id not in self.publishers:
            raise publisher_not_found(smp_id)
        return self.participants.get(_key(participant), (None, None))[0] == smp_id

    def prepare_change_certificate(
        self, caller: Caller, new_certificate: x509.Certificate | str, migration_date: date | None
    ) -> None:
        self._note(caller)
        self.following.append((new_certificate, migration_date))

    def is_alive(self, caller: Caller) -> None:
        self._note(caller)

    def _note(self, caller: Caller) -> None:
        self.calls.append(caller.request_id)

    def _own(self, caller: Caller, smp_id: str) -> Publisher:
        self._note(caller)
        if smp_id not in self.publishers:
            raise publisher_not_found(smp_id)
        if self.owners[smp_id] != caller.certificate:
            raise unauthorized(f"The SMP '{smp_id}' belongs to another certificate")
        return self.publishers[smp_id]

    def _held(self, caller: Caller, smp_id: str | None, participant: ParticipantIdentifier) -> None:
        if _key(participant) not in self.participants:
            raise participants_not_found([participant])
        owner, _ = self.participants[_key(participant)]
        if smp_id not in {None, owner} or self.owners[owner] != caller.certificate:
            raise unauthorized(f"'{participant}' belongs to another SMP")


def _key(participant: ParticipantIdentifier) -> Key:
    return participant.scheme.lower(), participant.value.lower()


@cache
def certificate(common_name: str) -> x509.Certificate:
    """A self-signed client certificate; the same one for the same name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )


def pem(common_name: str) -> str:
    """That certificate as the TLS extension of ASGI hands it over."""
    return certificate(common_name).public_bytes(serialization.Encoding.PEM).decode()


def caller_by_header(scope: Any, request_id: str) -> Caller:
    """Stands in for mutual TLS on loopback: `X-Test-Caller` names the caller, and nothing means no certificate."""
    name = dict(scope["headers"]).get(b"x-test-caller", b"").decode()
    return Caller(certificate(name) if name else None, request_id)


class _Server(uvicorn.Server):
    """Says when it listens, so that nobody has to poll."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@contextmanager
def serving(make_app: Callable[[str], Any], **options: Any) -> Iterator[str]:
    """Serve the application that `make_app` returns for the server's URL, on a free port of loopback.

    `options` are those of uvicorn; with `ssl_certfile` it speaks TLS.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        scheme = "https" if "ssl_certfile" in options else "http"
        url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(make_app(url), lifespan="off", log_config=None, access_log=False, **options)
        server = _Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert server.ready.wait(20), "the server did not start"
            yield url
        finally:
            server.should_exit = True
            thread.join(20)
