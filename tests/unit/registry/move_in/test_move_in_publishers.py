# SPDX-License-Identifier: Apache-2.0
"""SMPs of an old SML come with their addresses, certificates and flags, and go once nobody is left to them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.audit import events
from registry.demo.pki import DemoPki, new_ec_key
from registry.identifiers.participant import ISO6523
from registry.move_in.model import Kind, Result, Verdict
from registry.move_in.sml_records import PublisherRecord, RegistrationRecord, SpeakingCertificate
from registry.storage.queries import publishers, sml_views
from registry.storage.queries.sml_views import PublisherCertificate
from tests.simulators.domisml_moves import move
from tests.simulators.offline import OfflineInstance
from trust_lists.certificates.parsing import fingerprint

SMP = "SMP-Old"


def certificate(pki: DemoPki, name: str, *, expired: bool = False) -> x509.Certificate:
    own = pki.smp.certificate
    begin, end = own.not_valid_before_utc, own.not_valid_after_utc
    end = begin + timedelta(seconds=1) if expired else end
    return pki.smp_ca.issue(
        f"SMP_{name}", "PEPPOL TEST SMP", key=new_ec_key(), not_before=begin, not_after=end
    ).certificate


def der(issued: x509.Certificate) -> bytes:
    return issued.public_bytes(Encoding.DER)


def record_of(offline: OfflineInstance, *speaking: SpeakingCertificate, **said: Any) -> PublisherRecord:
    usual = {"logical_address": "https://old.example.com/smp/", "physical_address": "192.0.2.1"}
    zone = offline.stored.domain.dns.zone
    return PublisherRecord(zone, **{"smp_id": SMP} | usual | said, certificates=speaking)


def taken(offline: OfflineInstance, record: PublisherRecord) -> Result:
    return move(offline.instance, [record.to_record()]).results[Kind.PUBLISHER, record.key]


def left(offline: OfflineInstance, record: PublisherRecord) -> Result:
    return move(offline.instance, [], gone=[(Kind.PUBLISHER, record.key)]).results[Kind.PUBLISHER, record.key]


def speaking(offline: OfflineInstance) -> dict[str, PublisherCertificate]:
    with offline.instance.database.read() as connection:
        (row,) = publishers.find(connection, [offline.stored.id], SMP)
        return {each.sha256: each for each in sml_views.certificates_of(connection, row.id)}


def tags(offline: OfflineInstance) -> list[str]:
    return [event.tag for event in events.about(offline.instance.database, SMP)]


def test_smp_lands_as_if_it_had_registered_itself(offline: OfflineInstance, pki: DemoPki) -> None:
    own = certificate(pki, "OLD")
    result = taken(offline, record_of(offline, SpeakingCertificate(der(own))))
    assert (result.verdict, result.notes) == (Verdict.CREATED, ())
    assert tags(offline) == ["sml:publisher:create"]
    (held,) = speaking(offline).values()
    assert (held.sha256, held.usable_from, held.usable_until) == (fingerprint(own), offline.clock(), None)
    assert offline.zone_state()["smp-old.publisher", "CNAME"] == "60 old.example.com."
    found = offline.instance.sml.list_participants(offline.caller(own), SMP, None)
    assert found.participants == ()


def test_planned_change_of_a_certificate_becomes_a_window(offline: OfflineInstance, pki: DemoPki) -> None:
    present, following = certificate(pki, "NOW"), certificate(pki, "NEXT")
    begin = offline.clock().replace(hour=0, minute=0, second=0) + timedelta(days=5)
    record = record_of(offline, SpeakingCertificate(der(present)), SpeakingCertificate(der(following), begin))
    taken(offline, record)
    held = speaking(offline)
    assert held[fingerprint(following)].usable_from == begin
    assert held[fingerprint(present)].usable_until is None
    assert taken(offline, record).verdict is Verdict.UNCHANGED
    later = record_of(
        offline, SpeakingCertificate(der(present)), SpeakingCertificate(der(following), begin + timedelta(1))
    )
    assert taken(offline, later).verdict is Verdict.UPDATED
    assert speaking(offline)[fingerprint(following)].usable_from == begin + timedelta(1)


def test_certificate_that_was_changed_there_ends_here(offline: OfflineInstance, pki: DemoPki) -> None:
    before, after = certificate(pki, "BEFORE"), certificate(pki, "AFTER")
    taken(offline, record_of(offline, SpeakingCertificate(der(before))))
    offline.clock.forward(hours=1)
    taken(offline, record_of(offline, SpeakingCertificate(der(after))))
    held = speaking(offline)
    assert held[fingerprint(before)].usable_until == offline.clock()
    assert held[fingerprint(after)].usable_until is None


def test_certificate_that_the_domain_does_not_accept_is_carried_and_told(
    offline: OfflineInstance, pki: DemoPki
) -> None:
    expired = certificate(pki, "EXPIRED", expired=True)
    result = taken(offline, record_of(offline, SpeakingCertificate(der(expired)), unknown=("CN=X,O=Y,C=ZZ:01",)))
    assert result.verdict is Verdict.CREATED
    assert fingerprint(expired) in speaking(offline)
    assert any("doesn't accept the certificate" in note for note in result.notes)
    assert any("CN=X,O=Y,C=ZZ:01" in note for note in result.notes)


def test_disabled_smp_is_not_found_and_comes_back(offline: OfflineInstance) -> None:
    result = taken(offline, record_of(offline, suspended=True, notes=("two flags contradict each other",)))
    assert result.notes == ("two flags contradict each other",)
    assert ("smp-old.publisher", "CNAME") not in offline.zone_state()
    assert tags(offline) == ["sml:publisher:create", "sml:publisher:suspend"]
    assert taken(offline, record_of(offline)).verdict is Verdict.UPDATED
    assert ("smp-old.publisher", "CNAME") in offline.zone_state()


def test_names_follow_a_new_address(offline: OfflineInstance) -> None:
    taken(offline, record_of(offline))
    moved = record_of(offline, logical_address="https://new.example.com/", physical_address="192.0.2.9")
    assert taken(offline, moved).verdict is Verdict.UPDATED
    assert offline.zone_state()["smp-old.publisher", "CNAME"] == "60 new.example.com."


def test_smp_goes_once_its_participants_are_gone(offline: OfflineInstance) -> None:
    record = record_of(offline)
    taken(offline, record)
    zone = offline.stored.domain.dns.zone
    mine = RegistrationRecord(zone, ISO6523, "0088:last", SMP)
    move(offline.instance, [mine.to_record()])
    assert left(offline, record).verdict is Verdict.REFUSED
    move(offline.instance, [], gone=[(Kind.REGISTRATION, mine.key)])
    assert left(offline, record).verdict is Verdict.REMOVED
    assert left(offline, record).verdict is Verdict.REMOVED
    assert tags(offline)[-1] == "sml:publisher:delete"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"logical_address": "ftp://old.example.com"}, "SML-LOGICAL-ADDRESS-SCHEME"),
        ({"logical_address": ""}, "SML-LOGICAL-ADDRESS-SCHEME"),
        ({"smp_id": "under_score"}, "SMP-ID-FORM"),
        ({"sub_domain": "nowhere.example.org"}, "MOVE-IN-REFUSED"),
    ],
    ids=["scheme", "no address", "id", "sub-domain"],
)
def test_smp_that_breaks_rules_is_refused_with_reasons(
    offline: OfflineInstance, said: dict[str, str], reason: str
) -> None:
    zone = {"sub_domain": offline.stored.domain.dns.zone, "smp_id": SMP, "physical_address": "1.1.1.1"}
    record = PublisherRecord(**{**zone, "logical_address": "https://x.example.com", **said})  # type: ignore[arg-type]
    result = taken(offline, record)
    assert result.verdict is Verdict.REFUSED
    assert reason in {each.id for each in result.reasons}


def test_ids_that_differ_in_case_alone_are_one_name(offline: OfflineInstance) -> None:
    taken(offline, record_of(offline))
    result = taken(offline, record_of(offline, smp_id=SMP.lower(), logical_address="https://other.example.com/"))
    assert [reason.id for reason in result.reasons] == ["MOVE-IN-SMP-TWICE"]
    assert offline.zone_state()["smp-old.publisher", "CNAME"] == "60 old.example.com."


def test_moments_survive_staging(offline: OfflineInstance, pki: DemoPki) -> None:
    begin = datetime(2027, 1, 2, tzinfo=UTC)
    held = SpeakingCertificate(der(certificate(pki, "X"))), SpeakingCertificate(der(certificate(pki, "Y")), begin)
    record = record_of(offline, *held, suspended=True, unknown=("a",), notes=("b",))
    assert PublisherRecord.of(record.to_record()) == record
