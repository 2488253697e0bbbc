# SPDX-License-Identifier: Apache-2.0
"""Sub-domains of an old SML become domains, or change those that the operator has named."""

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from registry.app.move_in_receivers import Choices, receivers_of
from registry.demo.pki import DemoPki
from registry.identifiers.participant import ParticipantIdentifier
from registry.move_in.model import Kind, Result, Verdict
from registry.move_in.sml_records import SubDomainRecord
from registry.sml.admin_sub_domains import ROLE
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import pinned, standby
from tests.simulators.domisml_moves import move
from tests.simulators.offline import OfflineInstance
from trust_lists.certificates.parsing import fingerprint

NAME = "old.example.org"
PATTERN = "^0088:.*$"


def record_of(**said: Any) -> SubDomainRecord:
    usual: dict[str, Any] = {
        "name": NAME,
        "zone": NAME,
        "description": "What was",
        "participants": "^.*$",
        "records": "naptr",
        "url_schemes": "all",
    }
    return SubDomainRecord(**usual | said)


def taken(offline: OfflineInstance, record: SubDomainRecord, named: Mapping[str, str] | None = None) -> Result:
    return move(offline.instance, [record.to_record()], sub_domains=named).results[Kind.SUB_DOMAIN, record.key]


def made(offline: OfflineInstance, zone: str = NAME) -> StoredDomain:
    offline.instance.directory.refresh()
    return next(each for each in offline.instance.directory.all() if each.domain.dns.zone == zone)


def test_sub_domain_becomes_a_domain_with_its_rules(offline: OfflineInstance, pki: DemoPki) -> None:
    root, leaf = pki.smp_ca.certificate, pki.smp.certificate
    record = record_of(
        participants=PATTERN,
        records="all",
        url_schemes="https",
        subjects="^.*CN=SMP_.*$",
        max_participants=1000,
        max_participants_per_publisher=10,
        roots=(root.public_bytes(Encoding.DER),),
        leaves=(leaf.public_bytes(Encoding.DER),),
        wildcard_owners={"iso6523-actorid-upis": ("SMP-1",)},
        schemes=("iso6523-actorid-upis", "other-actorid-upis"),
        services=("Meta:SMP", "Meta:CPPA", "https://a.mistake.example.com"),
    )
    result = taken(offline, record)
    assert result.verdict is Verdict.CREATED
    domain = made(offline).domain
    assert (domain.summary, domain.dns.legacy_cname, domain.sml.url_schemes) == ("What was", True, {"https"})
    assert (domain.sml.max_participants, domain.sml.max_participants_per_publisher) == (1000, 10)
    assert domain.sml.wildcard_owners == {"iso6523-actorid-upis": ("SMP-1",)}
    assert domain.dns.optional_services == ("Meta:CPPA",)
    trust = domain.trust.role(ROLE)
    assert len(trust.anchors) == 1
    assert trust.pins == (fingerprint(leaf),)
    assert trust.subject_patterns == ("^(?:^.*CN=SMP_.*$)$",)
    good, bad = (ParticipantIdentifier("other-actorid-upis", value) for value in ("0088:1", "0192:1"))
    assert not domain.identifiers.validate_participant(good)
    assert domain.identifiers.validate_participant(bad)
    with offline.instance.database.read() as connection:
        assert list(pinned.ders(connection, trust.pins)) == [leaf.public_bytes(Encoding.DER)]


def test_domain_is_in_standby_from_the_transaction_that_makes_it(offline: OfflineInstance) -> None:
    taken(offline, record_of())
    with offline.instance.database.read() as connection:
        assert standby.is_in_standby(connection, made(offline).id)


def test_same_sub_domain_once_more_changes_nothing(offline: OfflineInstance) -> None:
    record = record_of(participants=PATTERN, max_participants=5)
    taken(offline, record)
    before = made(offline)
    assert taken(offline, record).verdict is Verdict.UNCHANGED
    assert made(offline) == before


def test_what_is_taken_back_there_is_taken_back_here(offline: OfflineInstance, pki: DemoPki) -> None:
    root = pki.smp_ca.certificate.public_bytes(Encoding.DER)
    taken(offline, record_of(max_participants=5, roots=(root,), wildcard_owners={"a-b-c": ("SMP-1",)}))
    assert taken(offline, record_of()).verdict is Verdict.UPDATED
    domain = made(offline).domain
    assert (domain.sml.max_participants, domain.trust.role(ROLE).anchors) == (0, ())
    assert not any(domain.sml.wildcard_owners.values())


def test_named_domain_keeps_what_the_source_does_not_say(offline: OfflineInstance, pki: DemoPki) -> None:
    before = offline.stored.domain
    record = record_of(participants=None, url_schemes=None, records=None, max_participants=7)
    result = taken(offline, record, {NAME: "demo"})
    assert result.verdict is Verdict.UPDATED
    assert any(f"its names end in {before.dns.zone} here" in note for note in result.notes)
    after = made(offline, before.dns.zone).domain
    assert after.sml.max_participants == 7
    assert (after.trust, after.sml.url_schemes, after.identifiers) == (
        before.trust,
        before.sml.url_schemes,
        before.identifiers,
    )


def test_name_of_a_domain_that_is_none_here_is_refused(offline: OfflineInstance) -> None:
    result = taken(offline, record_of(), {NAME: "nowhere"})
    assert result.verdict is Verdict.REFUSED
    assert len(offline.instance.directory.all()) == 1


def test_what_can_not_be_had_is_told(offline: OfflineInstance, pki: DemoPki) -> None:
    root = pki.smp_ca.certificate.public_bytes(Encoding.DER)
    result = taken(offline, record_of(records="cname", policies="1.2.3", roots=(root,), unknown=("CN=lost",)))
    assert result.verdict is Verdict.CREATED
    assert made(offline).domain.dns.legacy_cname
    assert made(offline).domain.trust.role(ROLE).anchors == (), "without the policies too many would be let in"
    for part in ("NAPTR record here, too", "1.2.3", "CN=lost"):
        assert any(part in note for note in result.notes)


def test_pattern_that_is_none_is_refused_and_leaves_no_domain(offline: OfflineInstance) -> None:
    result = taken(offline, record_of(participants="^((0088$"))
    assert result.verdict is Verdict.REFUSED
    offline.instance.directory.refresh()
    assert [each.domain.name for each in offline.instance.directory.all()] == ["demo"]


def test_sub_domain_that_is_gone_leaves_its_domain(offline: OfflineInstance) -> None:
    record = record_of()
    taken(offline, record)
    (result,) = move(offline.instance, [], gone=[(Kind.SUB_DOMAIN, record.key)]).results.values()
    assert (result.verdict, len(result.notes)) == (Verdict.REMOVED, 1)
    assert made(offline)


def test_all_receivers_of_an_sml_are_there(offline: OfflineInstance) -> None:
    kinds = [each.kind for each in receivers_of(offline.instance, None, Choices())]
    assert kinds == [Kind.SUB_DOMAIN, Kind.PUBLISHER, Kind.REGISTRATION, Kind.MIGRATION, Kind.DNS_RECORD]
