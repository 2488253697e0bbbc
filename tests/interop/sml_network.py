# SPDX-License-Identifier: Apache-2.0
"""A running SML with both of its SOAP listeners, all kinds of callers, and zeep that speaks for each of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from registry.accounts.accounts import Kind, create_account
from registry.accounts.credentials import add_certificate
from registry.accounts.grants import give_grant
from registry.accounts.permissions import SYSTEM, Role, Scope
from registry.app.domain_setup import change_domain
from registry.demo.pki import SMP_UNIT, DemoPki, certificates_pem, new_ec_key
from registry.sml.wsdl import BDMSL_ADMIN, SERVICES, Service
from tests.interop.identities import write_identity
from tests.interop.sml_zeep import Seen, Zeep, zeep_beside
from tests.simulators.live import ACTOR, LiveInstance, live_instance

METADATA, IDENTIFIER, BDMSL = SERVICES
SCHEME = "iso6523-actorid-upis"
URL = "https://smp.example.org/"
ZONE = "sml.test"
NO_SMP = "[ERR-100] The SMP 'SMP-NONE' doesn't exist"


@dataclass(frozen=True, slots=True)
class Network:
    """A running SML with both listeners, and who may come: by name, an identity, or None for no certificate."""

    live: LiveInstance
    zeep: Zeep
    pki: DemoPki
    identities: dict[str, Path | None]
    counter: list[int] = field(default_factory=lambda: [0])

    def url(self, service: Service) -> str:
        base = self.live.addresses.sml_admin if service is BDMSL_ADMIN else self.live.addresses.sml
        return f"{base}/edelivery-sml/{service.path}"

    def call(self, service: Service, operation: str, who: str, **fields: Any) -> Seen:
        return self.call_by(f"{service.name}-1.0.wsdl", service, operation, who, **fields)

    def call_by(self, wsdl: str, service: Service, operation: str, who: str, /, **fields: Any) -> Seen:
        """By another WSDL than the ICD's."""
        return self.zeep.call(self.url(service), wsdl, operation, self.identities[who], **fields)

    def fresh(self, text: str) -> str:
        """A name that no other step has."""
        self.counter[0] += 1
        return f"{text}{self.counter[0]}"


Make = Callable[[Network], dict[str, Any]]
"""Makes the fields of a call, and prepares what that needs."""


@contextmanager
def running_network(folder: Path, pki: DemoPki, wsdl: Path, python: str) -> Iterator[Network]:
    """A network for the block, in which SMP-OWN and SMP-OTHER are; zeep runs in that Python, with those WSDLs."""
    files = pki.write(folder / "pki")
    settings = {
        "sml_admin_bind": "127.0.0.1:0",
        "sml_admin_tls_cert": files.tls_certificate,
        "sml_admin_tls_key": files.tls_key,
        "sml_admin_client_ca": files.root,
    }
    with live_instance(folder, pki, **settings) as live:
        identities: dict[str, Path | None] = {
            "owner": live.files.smp,
            "other SMP": write_identity(folder, pki.smp_ca, "SMP_OTHER00001"),
            "stranger": write_identity(folder, pki.smp_ca, "SMP_STRANGER1", unit="SOMETHING ELSE"),
            "nobody": None,
        }
        database = live.instance.database
        change_domain(live.instance, ACTOR, "demo", {"dns": {"optional_services": ["Meta:CPPA"]}})
        for name, scope in (("admin", SYSTEM), ("domain admin", Scope(live.stored.id)), ("without role", None)):
            path = write_identity(folder, pki.smp_ca, f"ADMIN_{name.upper().replace(' ', '_')}")
            account = create_account(database, ACTOR, Kind.PROGRAM, name.replace(" ", "-"))
            add_certificate(database, ACTOR, account.id, first(path))
            if scope is not None:
                give_grant(database, ACTOR, account.id, Role.ADMIN, scope)
            identities[name] = path
        live.run(live.serving.refresh())
        with zeep_beside(python, wsdl, live.files.root) as zeep:
            network = Network(live, zeep, pki, identities)
            made = network.call(METADATA, "Create", "owner", **publisher("SMP-OWN"))
            assert made.fault is None, made
            assert network.call(METADATA, "Create", "other SMP", **publisher("SMP-OTHER")).fault is None
            yield network


def first(path: Path) -> bytes:
    """The first certificate of a PEM file."""
    text = path.read_text()
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return (begin + text.split(begin)[1].split(end)[0] + end).encode()


def publisher(smp_id: str, address: str = URL) -> dict[str, Any]:
    """Fields that register or change an SMP."""
    endpoint = {"LogicalAddress": address, "PhysicalAddress": "192.0.2.1"}
    return {"PublisherEndpoint": endpoint, "ServiceMetadataPublisherID": smp_id}


def participant(value: str) -> dict[str, str]:
    """A participant as zeep takes it."""
    return {"_value_1": value, "scheme": SCHEME}


def about(smp_id: str, value: str, **more: Any) -> dict[str, Any]:
    """Fields of a call about a participant of an SMP."""
    return {"ServiceMetadataPublisherID": smp_id, "ParticipantIdentifier": participant(value), **more}


def expect(seen: Seen, fault: str, text: str) -> None:
    """A fault that the WSDL declares, with a text that begins so, in both places."""
    assert (seen.fault, seen.declared, seen.status) == (fault, True, 500), seen
    assert seen.text.startswith(text), seen
    assert seen.message.startswith(text), seen


def next_certificate(network: Network, *, days: int = 2) -> dict[str, Any]:
    """Fields of PrepareChangeCertificate."""
    now = datetime.now(UTC)
    issued = network.pki.smp_ca.issue(
        network.fresh("SMP_NEXT"), SMP_UNIT, not_before=now, not_after=now + timedelta(days=300), key=new_ec_key()
    )
    pem = certificates_pem(issued.certificate).decode()
    return {"newCertificatePublicKey": pem, "migrationDate": now.date() + timedelta(days=days)}


def otherwise(make: Make, **fields: Any) -> Make:
    """The same call with some fields replaced."""
    return lambda network: {**make(network), **fields}
