# SPDX-License-Identifier: Apache-2.0
"""Participants that are taken in: every part of them is found again, refusals have all reasons, what is gone goes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.groups import create_group
from registry.app.participants import describe
from registry.demo.content import BILLING, INVOICE, ORDER, TRANSPORT_PROFILE
from registry.demo.pki import DemoPki
from registry.errors import Reason
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.url_form import service_path
from registry.metadata import (
    CustomProperty,
    Endpoint,
    EndpointCertificate,
    Extension,
    Process,
    ProcessMetadata,
    Redirect,
    ServiceGroup,
    ServiceMetadata,
)
from registry.move_in.model import Result, SourceRecord, Verdict
from registry.move_in.participant_records import participant_record, service_text
from registry.move_in.participants import Participants
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, EntityName, write_business_card
from registry.smp.examined_services import ExaminedService, ServiceExaminer
from registry.smp.exchange import Exporter
from registry.storage.queries import owner_groups, service_groups
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant

WHO = participant("9915:Ab")
CARD = write_business_card(BusinessCard(WHO, (BusinessEntity((EntityName("A"),), "DE"),)))
EXTENSION = Extension(b"<a xmlns='urn:a'>&#13;</a>")
PROPERTIES = (CustomProperty("tier", "gold", public=True), CustomProperty("note", ""))


@pytest.fixture
def open_domain(tmp_path: Path, pki: DemoPki) -> Iterator[OfflineInstance]:
    lax = {"identifiers": {"strict": False}, "transport_profiles": [], "endpoint_certificates": "refuse"}
    with offline_instance(tmp_path, pki, **lax) as opened:
        yield opened


def receiver(offline: OfflineInstance, **options: Any) -> Participants:
    instance = offline.instance
    trust_of = instance.trust_models.of
    return Participants(instance.database, instance.registrar, instance.publishing, trust_of, offline.stored, **options)


def apply(
    offline: OfflineInstance, records: Sequence[SourceRecord], gone: Sequence[str] = (), **options: Any
) -> list[Result]:
    with offline.instance.database.write(ACTOR) as work:
        return list(receiver(offline, **options).apply(work, records, gone))


def metadata(der: bytes, **says: Any) -> ServiceMetadata:
    said = Endpoint(TRANSPORT_PROFILE, "https://ap.example.org/as4", (EndpointCertificate(der),), **says)
    one = Process(ProcessIdentifier("cenbii-procid-ubl", BILLING))
    return ServiceMetadata(WHO, INVOICE, (ProcessMetadata((one,), (said,)),))


@pytest.fixture
def der(pki: DemoPki) -> bytes:
    return pki.access_points[0].certificate.public_bytes(Encoding.DER)


def record(*services: ServiceMetadata, who: ParticipantIdentifier = WHO, **more: Any) -> SourceRecord:
    return participant_record(str(who), who, map(service_text, services), **more)


def count(offline: OfflineInstance) -> int:
    with offline.instance.database.read() as connection:
        return service_groups.count(connection, offline.stored.id)


def test_every_part_of_a_participant_is_found_again(open_domain: OfflineInstance, der: bytes, tmp_path: Path) -> None:
    offline = open_domain
    group = create_group(offline.instance.database, ACTOR, offline.stored.id, "alice")
    full = metadata(der, extensions=(EXTENSION,), description="here", activation=datetime(2020, 1, 1, tzinfo=UTC))
    href = "https://other.example.org" + service_path(WHO, ORDER)
    leads = ServiceMetadata(WHO, ORDER, (ProcessMetadata(redirect=Redirect(href, "CN=OTHER")),))
    said = record(
        full,
        leads,
        extensions=(EXTENSION,),
        properties=PROPERTIES,
        business_card=CARD,
        owner="alice",
        notes=["guessed"],
    )
    (result,) = apply(offline, [said])
    assert (result.verdict, result.notes) == (Verdict.CREATED, ("guessed",))
    exporter = Exporter(offline.instance.database, offline.instance.signer, offline.stored)
    list(exporter.run_json_lines(tmp_path / "export.jsonl"))
    without = record(full, leads, extensions=(EXTENSION,), properties=PROPERTIES, business_card=CARD)
    assert (tmp_path / "export.jsonl").read_bytes().splitlines()[1] == without.body.strip()
    shown = describe(offline.instance, offline.stored, WHO)
    assert shown["properties"] == [
        {"type": "public", "name": "tier", "value": "gold"},
        {"type": "private", "name": "note"},
    ]
    with offline.instance.database.read() as connection:
        assert owner_groups.participants(connection, group.id) == 1
    assert shown["registered_by"], "our SMP is at the domain's own SML"
    assert [item.verdict for item in apply(offline, [said])] == [Verdict.UNCHANGED]


def test_properties_are_in_no_public_document(open_domain: OfflineInstance, der: bytes, tmp_path: Path) -> None:
    apply(open_domain, [record(metadata(der), properties=PROPERTIES)])
    instance = open_domain.instance
    list(Exporter(instance.database, instance.signer, open_domain.stored).run(tmp_path / "documents"))
    written = [file.read_bytes() for file in (tmp_path / "documents").rglob("*.xml")]
    assert len(written) == 2
    assert not any(b"tier" in body or b"gold" in body for body in written)


def test_published_anew_as_a_document_a_group_keeps_its_properties(open_domain: OfflineInstance, der: bytes) -> None:
    apply(open_domain, [record(metadata(der), properties=PROPERTIES)])
    open_domain.instance.publishing.put_service_group(ACTOR, open_domain.stored, ServiceGroup(WHO))
    assert len(describe(open_domain.instance, open_domain.stored, WHO)["properties"]) == 2


def test_what_a_source_has_against_a_participant_refuses_it(open_domain: OfflineInstance, der: bytes) -> None:
    reasons = [Reason("X-1", "a row is broken"), Reason("X-2", "and another", "a clause")]
    (result,) = apply(open_domain, [record(metadata(der), refused=reasons)])
    assert (result.verdict, result.reasons) == (Verdict.REFUSED, tuple(reasons))
    assert count(open_domain) == 0


def test_all_reasons_are_told_and_the_others_are_taken(open_domain: OfflineInstance, der: bytes) -> None:
    bad = metadata(der, extensions=(Extension(b"<broken"),))
    bad = replace(bad, process_metadata=(replace(bad.process_metadata[0], redirect=Redirect("nowhere")),))
    others = [record(metadata(der), who=participant(f"0088:{number}")) for number in range(5)]
    refused, *taken = apply(open_domain, [record(bad), *others])
    assert {reason.id for reason in refused.reasons} >= {
        "SMP-ENDPOINT-AND-REDIRECT",
        "SMP-REDIRECT-URL",
        "BUSDOX-EXTENSION",
    }
    assert {item.verdict for item in taken} == {Verdict.CREATED}
    assert count(open_domain) == 5


def test_a_look_at_one_participant_s_redirect_says_nothing_of_another_s(open_domain: OfflineInstance) -> None:
    href = "https://other.example.org" + service_path(WHO, ORDER)
    leads = ServiceMetadata(WHO, ORDER, (ProcessMetadata(redirect=Redirect(href, "CN=OTHER")),))
    right, wrong = apply(open_domain, [record(leads), record(leads, who=participant("0088:1"))])
    assert right.verdict is Verdict.CREATED
    assert [reason.id for reason in wrong.reasons] == ["BUSDOX-REDIRECT-HREF"]


def test_untrusted_certificate_is_refused_or_kept_with_a_note(open_domain: OfflineInstance, pki: DemoPki) -> None:
    own = pki.smp.certificate.public_bytes(Encoding.DER)  # an SMP's, for an access point
    expired = pki.ap_ca.issue(
        "POP1",
        "PEPPOL TEST AP",
        not_before=datetime(2020, 1, 1, tzinfo=UTC),
        not_after=datetime(2021, 1, 1, tzinfo=UTC),
    )
    said = [
        record(metadata(own)),
        record(metadata(expired.certificate.public_bytes(Encoding.DER)), who=participant("0088:1")),
        record(metadata(own), who=participant("0088:2")),
    ]
    for result in apply(open_domain, said):
        assert [reason.id for reason in result.reasons] == ["SMP-CERTIFICATE-UNTRUSTED"]
    for result in apply(open_domain, said, keep_untrusted=True):
        assert result.verdict is Verdict.CREATED
        assert "SMP-CERTIFICATE-UNTRUSTED" in result.notes[0]


def test_trust_is_asked_again_after_a_while(open_domain: OfflineInstance, der: bytes) -> None:
    """A certificate may end while a million are loaded."""
    taking = receiver(open_domain)

    def take(who: ParticipantIdentifier) -> Verdict:
        with open_domain.instance.database.write(ACTOR) as work:
            return taking.apply(work, [record(metadata(der), who=who)], [])[0].verdict

    assert take(participant("0088:1")) is Verdict.CREATED
    open_domain.clock.now += timedelta(days=365 * 50)
    assert take(participant("0088:2")) is Verdict.REFUSED


def test_what_is_gone_is_removed_and_again_changes_nothing(open_domain: OfflineInstance, der: bytes) -> None:
    apply(open_domain, [record(metadata(der))])
    for _ in range(2):
        assert [item.verdict for item in apply(open_domain, [], [str(WHO), "no identifier"])] == [Verdict.REMOVED] * 2
    assert count(open_domain) == 0


def test_participant_that_is_gone_goes_whichever_spelling_it_has_here(open_domain: OfflineInstance, der: bytes) -> None:
    apply(open_domain, [record(metadata(der))])
    (gone,) = apply(open_domain, [], [str(participant("9915:aB"))])
    assert gone.verdict is Verdict.REMOVED
    assert count(open_domain) == 0


def test_owner_who_was_not_taken_in_is_noted(open_domain: OfflineInstance, der: bytes) -> None:
    (result,) = apply(open_domain, [record(metadata(der), owner="nobody")])
    assert result.verdict is Verdict.CREATED
    assert "'nobody'" in result.notes[0]


def test_business_card_of_somebody_else_is_refused(open_domain: OfflineInstance, der: bytes) -> None:
    (result,) = apply(open_domain, [record(metadata(der), who=participant("0088:1"), business_card=CARD)])
    assert [reason.id for reason in result.reasons] == ["BUSINESS-CARD-OTHER"]


def test_document_type_that_comes_twice_is_taken_as_it_comes_last(open_domain: OfflineInstance, der: bytes) -> None:
    twice = [metadata(der, description="a"), metadata(der, description="b")]
    (result,) = apply(open_domain, [record(*twice)])
    assert (result.verdict, len(result.notes)) == (Verdict.CREATED, 1)
    assert "twice" in result.notes[0]


def test_one_thousand_nine_hundred_endpoints_of_one_participant_are_taken(
    open_domain: OfflineInstance, der: bytes
) -> None:
    (group,) = metadata(der).process_metadata
    groups = tuple(
        ProcessMetadata(
            (Process(ProcessIdentifier("cenbii-procid-ubl", f"urn:{number}")),),
            (replace(group.endpoints[0], address=f"https://ap.example.org/{number}"),),
        )
        for number in range(950)
    )
    both = [replace(metadata(der), document_type=each, process_metadata=groups) for each in (INVOICE, ORDER)]
    (result,) = apply(open_domain, [record(*both)])
    assert result.verdict is Verdict.CREATED, result.reasons
    shown = describe(open_domain.instance, open_domain.stored, WHO)
    assert [len(service["process_metadata"]) for service in shown["services"]] == [950, 950]


def test_another_spelling_of_a_participant_that_is_here_is_noted(open_domain: OfflineInstance, der: bytes) -> None:
    apply(open_domain, [record(metadata(der))])
    (result,) = apply(open_domain, [record(metadata(der), who=participant("9915:aB"))])
    assert (result.verdict, result.notes) == (Verdict.UPDATED, (f"it was spelled {WHO} here until now",))


def test_what_many_say_alike_is_looked_at_once_and_noted_of_each(
    open_domain: OfflineInstance, der: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[ServiceMetadata] = []
    examine = ServiceExaminer.examine

    def noting(self: ServiceExaminer, said: ServiceMetadata) -> ExaminedService:
        looks.append(said)
        return examine(self, said)

    monkeypatch.setattr(ServiceExaminer, "examine", noting)
    twice = [metadata(der, description="a"), metadata(der, description="b")]
    people = [participant(f"9915:{number}") for number in range(6)]
    said = [record(*(twice if number < 3 else twice[:1]), who=who) for number, who in enumerate(people)]
    assert [len(result.notes) for result in apply(open_domain, said)] == [1, 1, 1, 0, 0, 0]
    assert len(looks) == 2


def test_a_redirect_that_names_one_participant_serves_nobody_else(open_domain: OfflineInstance) -> None:
    href = "https://other.example.org" + service_path(WHO, ORDER)
    leads = ServiceMetadata(WHO, ORDER, (ProcessMetadata(redirect=Redirect(href, "CN=OTHER")),))
    results = apply(open_domain, [record(leads), record(leads, who=participant("9915:other"))])
    assert [result.verdict for result in results] == [Verdict.CREATED, Verdict.REFUSED]


def test_services_are_told_apart_from_texts_that_look_like_them(open_domain: OfflineInstance, der: bytes) -> None:
    text = ',"services":[]}'
    (result,) = apply(open_domain, [record(metadata(der), notes=[text], properties=(CustomProperty("a", text),))])
    assert (result.verdict, result.notes) == (Verdict.CREATED, (text,))
    shown = describe(open_domain.instance, open_domain.stored, WHO)
    assert (len(shown["services"]), shown["properties"][0]["value"]) == (1, text)
