# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks work with: an instance with the demonstration's domain, and service metadata of a real size."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import event

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.clock import system_clock
from registry.demo.content import INVOICE, TRANSPORT_PROFILE
from registry.demo.pki import DemoPki, build_demo_pki, certificates_pem
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import Endpoint, EndpointCertificate, Process, ProcessMetadata, ServiceMetadata
from registry.settings import load_settings
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, sqlite_url
from registry.storage.queries.documents import SignedDocument

ACTOR = Actor("benchmark")
HOST = "smp.bench.example"
SMP_ID = "SMP-BENCH"
PROCESSES = (
    "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0",
    "urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0",
    "urn:www.cenbii.eu:profile:bii05:ver2.0",
)


def participant(number: int) -> ParticipantIdentifier:
    """A participant with a GLN."""
    return ParticipantIdentifier(ISO6523, f"0088:73{number:011}")


def service_metadata(number: int, pki: DemoPki) -> ServiceMetadata:
    """An invoice receiver with three processes, each with a certificate: some 8 kB when it is signed."""
    access_point = pki.access_points[number % len(pki.access_points)]
    endpoint = Endpoint(
        transport_profile=TRANSPORT_PROFILE,
        address=f"https://ap{number % 7}.accesspoint.example/as4/receive",
        certificates=(EndpointCertificate(access_point.certificate.public_bytes(Encoding.DER)),),
        description="Access point of the benchmark",
        technical_contact="https://accesspoint.example/contact",
    )
    groups = (ProcessMetadata((Process(ProcessIdentifier("cenbii-procid-ubl", p)),), (endpoint,)) for p in PROCESSES)
    return ServiceMetadata(participant(number), INVOICE, tuple(groups))


def demo_pki() -> DemoPki:
    """A test PKI, valid now."""
    return build_demo_pki(system_clock())


def publish(
    instance: Instance, stored: StoredDomain, metadata: ServiceMetadata, dialect: str = "busdox"
) -> SignedDocument:
    """Publish service metadata, its service group included, and sign it in a dialect of the domain."""
    published = instance.publishing.put_service_metadata(ACTOR, stored, metadata, create_group=True)
    return instance.signer.current(published.service_id or 0, dialect)


@contextlib.contextmanager
def new_instance(folder: Path, pki: DemoPki) -> Iterator[tuple[Instance, StoredDomain]]:
    """An instance on SQLite with one domain, whose SMP is registered at its own SML."""
    root, smp_ca, ap_ca = (
        [certificates_pem(authority.certificate).decode()] for authority in (pki.root, pki.smp_ca, pki.ap_ca)
    )
    smp = {"anchors": root, "intermediates": smp_ca}
    access_points = {"anchors": root, "intermediates": ap_ca}
    settings = {
        "name": "bench",
        "smp": {"base_url": f"http://{HOST}", "smp_id": SMP_ID},
        "trust": {"smp-sign": smp, "sml-client": smp, "ap-encrypt": access_points, "ap-sign": access_points},
    }
    files = pki.write(folder / "pki")
    with open_instance(folder) as instance:
        yield instance, add_domain(instance, ACTOR, "demo", settings, signing_key=SigningKeyFile(files.smp))


def add_second_domain(instance: Instance, folder: Path, name: str, dialect: str) -> StoredDomain:
    """A domain that speaks another dialect, below the path of its name, with the keys and trust of the first one."""
    first = instance.directory.get("bench").domain
    settings = {
        "name": name,
        "default": False,
        "smp": {"base_url": f"http://{HOST}/{name}", "dialects": [dialect]},
        "dns": {"zone": f"{name}.test"},
        "endpoint_certificates": "warn",
        "trust": {role: {"on_untrusted": "warn"} for role in first.trust.roles},
    }
    key = SigningKeyFile(folder / "pki" / "smp.pem")
    return add_domain(instance, ACTOR, "demo", settings, signing_key=key, register_smp=False)


def open_instance(folder: Path) -> Instance:
    """The instance in a folder, at its newest schema."""
    return Instance.open(load_settings(data_dir=folder, database_url=sqlite_url(folder / "registry.sqlite3")))


def forget_durability(instance: Instance) -> None:
    """Don't wait for the disk: for benchmarks that only need the data to be there."""

    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    instance.database.engine.dispose()
    event.listen(instance.database.engine, "connect", configure)
