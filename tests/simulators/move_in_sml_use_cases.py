# SPDX-License-Identifier: Apache-2.0
"""Use cases of a move from another SML: something of every kind comes, changes what is here, and goes."""

from cryptography.hazmat.primitives.serialization import Encoding

from registry.identifiers.participant import ISO6523
from registry.move_in.model import Kind
from registry.move_in.sml_records import (
    DnsRecord,
    MigrationRecord,
    PublisherRecord,
    RegistrationRecord,
    SpeakingCertificate,
    SubDomainRecord,
    participant_key,
)
from registry.storage.queries.migrations import key_hash
from tests.simulators.domisml_moves import move
from tests.simulators.use_case_world import KEY, World, registered, use_case


@use_case
def load_sml(world: World) -> None:
    """Into the world's own domain, and into one that is made for it."""
    old, made = world.stored.domain.dns.zone, "moved.example.org"
    certificate = SpeakingCertificate(world.pki.smp.certificate.public_bytes(Encoding.DER))
    taken, gone = registered(2)
    records = [
        SubDomainRecord(made, made, participants="^.*$", records="naptr", url_schemes="all").to_record(),
        PublisherRecord(made, "SMP-OLD", "https://old.example/", "192.0.2.1", certificates=(certificate,)).to_record(),
        PublisherRecord(old, "SMP-B", "https://other.example/", "192.0.2.1", suspended=True).to_record(),
        *(RegistrationRecord(made, ISO6523, f"0088:old-{number}", "SMP-OLD").to_record() for number in range(5)),
        RegistrationRecord(old, ISO6523, taken.value, "SMP-B").to_record(),
        MigrationRecord(made, ISO6523, "0088:old-3", "SMP-OLD", key_hash(KEY)).to_record(),
        DnsRecord(made, "www", "A", (("192.0.2.7", None),)).to_record(),
        RegistrationRecord(made, ISO6523, "0088:refused", "SMP-NONE").to_record(),
    ]
    move(world.instance, records, gone=[(Kind.REGISTRATION, participant_key(old, gone.scheme, gone.value))])
