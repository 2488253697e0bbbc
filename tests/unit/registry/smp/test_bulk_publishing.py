# SPDX-License-Identifier: Apache-2.0
"""Publishing in bulk: the same as one by one, a participant as a whole or not at all, told by one event."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from registry.accounts.groups import create_group
from registry.app.code_lists import import_code_lists
from registry.audit import events
from registry.demo.content import BILLING, CREDIT_NOTE, INVOICE, ORDER, TRANSPORT_PROFILE
from registry.demo.pki import DemoPki
from registry.errors import ConflictError, ValidationError
from registry.identifiers.dns_names import participant_owner
from registry.identifiers.document_type import DocumentTypeIdentifier
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
from registry.sml.model import Publisher
from registry.smp.bulk_publishing import _ANY_TYPE, _PLAIN, BulkPublishing, WantedParticipant, Written
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, EntityName, write_business_card
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.examined_services import ServiceExaminer
from registry.smp.exchange import Exporter
from registry.smp.publishing import Outcome, unwritable_group
from registry.storage.queries import access_points, owner_groups, service_groups
from registry.storage.tables import (
    access_point,
    business_card,
    endpoint,
    process,
    process_metadata,
    redirect,
    service,
    service_group,
)
from tests.simulators.code_lists import code_list, written
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant

OPEN: dict[str, Any] = {
    "endpoint_certificates": "warn",
    "identifiers": {"strict": False},
    "transport_profiles": [],
    "sml": {"enabled": False},
}
EXTENSIONS = (Extension(b"<a xmlns='urn:a'>&#13;</a>"), Extension(b"<b:b/>", (("b", "urn:b"),)))
PROPERTIES = (CustomProperty("tier", "gold", public=True), CustomProperty("note-1", ""))


def put_all(offline: OfflineInstance, *items: WantedParticipant) -> list[Written]:
    bulk = BulkPublishing(offline.instance.database, offline.instance.registrar)
    with offline.instance.database.write(ACTOR) as work:
        return bulk.put_all(work, offline.stored, items)


def wanted(
    offline: OfflineInstance, who: ParticipantIdentifier, *said: ServiceMetadata, **more: Any
) -> WantedParticipant:
    domain = offline.stored.domain
    examiner = ServiceExaminer(domain, offline.instance.trust_models.of(domain), offline.clock.now)
    return WantedParticipant(who, tuple(examiner.examine(replace(item, participant=who)) for item in said), **more)


def metadata(pki: DemoPki, document_type: DocumentTypeIdentifier = INVOICE, **says: Any) -> ServiceMetadata:
    der = pki.access_points[0].certificate.public_bytes(Encoding.DER)
    said = Endpoint(TRANSPORT_PROFILE, "https://ap.example.org/as4", (EndpointCertificate(der),))
    one = Process(ProcessIdentifier("cenbii-procid-ubl", BILLING))
    return ServiceMetadata(participant(), document_type, (ProcessMetadata((one,), (replace(said, **says),)),))


def exported(offline: OfflineInstance, file: Path) -> list[bytes]:
    """The lines of everything, whatever the order of publication."""
    exporter = Exporter(offline.instance.database, offline.instance.signer, offline.stored)
    assert not [item for item in exporter.run_json_lines(file) if item.reasons]
    return sorted(file.read_bytes().splitlines())


def rows(offline: OfflineInstance) -> list[list[tuple[Any, ...]]]:
    """What the tables of the SMP hold, with what rows refer to in the place of numbers."""
    g, s, m = service_group.c, service.c, process_metadata.c
    held = service_group.join(service, s.service_group_id == g.id)
    below = held.join(process_metadata, m.service_id == s.id)
    who = (g.scheme, g.value_key)
    where = (*who, s.value_key, m.position)
    tables = (
        (service_group, (), service_group),
        (service, who, held),
        (process_metadata, (*who, s.value_key), below),
        (process, where, below.join(process, process.c.process_metadata_id == m.id)),
        (redirect, where, below.join(redirect, redirect.c.process_metadata_id == m.id)),
        (
            endpoint,
            (*where, access_point.c.content_sha256),
            below.join(endpoint, endpoint.c.process_metadata_id == m.id).join(
                access_point, access_point.c.id == endpoint.c.access_point_id
            ),
        ),
        (business_card, who, service_group.join(business_card)),
    )
    found = []
    with offline.instance.database.read() as connection:
        for table, beside, source in tables:
            shown = [column for column in table.c if column.name != "id" and not column.foreign_keys]
            found.append(sorted(map(repr, connection.execute(select(*beside, *shown).select_from(source)))))
        points = select(access_point.c.content_sha256, access_point.c.address, access_point.c.version)
        found.append(sorted(map(repr, connection.execute(points))))
    return found


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[tuple[OfflineInstance, OfflineInstance]]:
    """Two instances with a domain that takes whatever a dialect can say, and nothing in it."""
    with ExitStack() as stack:
        folders = (tmp_path_factory.mktemp(name) for name in ("bulk", "single"))
        one, other = (stack.enter_context(offline_instance(folder, pki, **OPEN)) for folder in folders)
        other.clock.now = one.clock.now
        yield one, other


@contextmanager
def emptied(*instances: OfflineInstance) -> Iterator[None]:
    """Takes everything out again that was published."""
    yield
    for offline in instances:
        with offline.instance.database.write(ACTOR) as work:
            for table in (endpoint, service_group, access_point):
                work.connection.execute(delete(table))


VALUES = st.sampled_from(["0088:1", "0088:2", "9915:Aa", "9915:aA", "0192:9 9", "0192:%2F", "x" * 300])
MOMENTS = st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)


@st.composite
def endpoints(draw: st.DrawFn, ders: tuple[bytes, ...]) -> Endpoint:
    return Endpoint(
        transport_profile=draw(st.sampled_from([TRANSPORT_PROFILE, "busdox-transport-as2-ver1p0"])),
        address=draw(st.sampled_from(["https://ap.example.org/as4", "https://ap.example.org/b", "nowhere"])),
        certificates=(EndpointCertificate(draw(st.sampled_from(ders))),),
        require_business_level_signature=draw(st.booleans()),
        minimum_authentication_level=draw(st.sampled_from([None, "", "3"])),
        activation=draw(MOMENTS),
        expiration=draw(MOMENTS),
        technical_information=draw(st.sampled_from([None, "", "https://info.example.org"])),
        extensions=draw(st.sampled_from([(), EXTENSIONS, (Extension(b"no XML"),)])),
    )


@st.composite
def services_of(draw: st.DrawFn, who: ParticipantIdentifier, ders: tuple[bytes, ...]) -> list[ServiceMetadata]:
    """Document types, each once, with endpoints or a redirect."""
    found = []
    for document_type in draw(st.lists(st.sampled_from([INVOICE, CREDIT_NOTE, ORDER]), unique=True)):
        if draw(st.integers(0, 4)) == 0:
            whose = draw(st.sampled_from([who, participant("0088:1")]))
            href = "https://other.example.org" + service_path(whose, document_type)
            groups: tuple[ProcessMetadata, ...] = (ProcessMetadata(redirect=Redirect(href, "CN=OTHER")),)
        else:
            said = st.lists(endpoints(ders), min_size=1, max_size=2).map(tuple)
            names = draw(st.lists(st.sampled_from([BILLING, "urn:other"]), min_size=1, unique=True))
            groups = tuple(
                ProcessMetadata((Process(ProcessIdentifier("cenbii-procid-ubl", name)),), draw(said)) for name in names
            )
        found.append(ServiceMetadata(who, document_type, groups))
    return found


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_bulk_is_the_same_as_one_by_one(
    pair: tuple[OfflineInstance, OfflineInstance], pki: DemoPki, tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:
    """Who can be published one by one as a whole is published in bulk, with the same rows; nobody else is."""
    bulk, single = pair
    ders = (*(key.certificate.public_bytes(Encoding.DER) for key in pki.access_points), b"no certificate")
    drawn: dict[ParticipantIdentifier, tuple[list[ServiceMetadata], tuple[Extension, ...]]] = {}
    for value in data.draw(st.lists(VALUES, unique_by=str.lower, min_size=1)):
        who = participant(value)
        drawn[who] = (data.draw(services_of(who, ders)), data.draw(st.sampled_from([(), EXTENSIONS[:1]])))
    with emptied(bulk, single):
        items = [wanted(bulk, who, *said, extensions=extensions) for who, (said, extensions) in drawn.items()]
        written = put_all(bulk, *items)
        for (who, (said, extensions)), became in zip(drawn.items(), written, strict=True):
            publishing = single.instance.publishing
            try:
                with single.instance.database.write(ACTOR):
                    publishing.put_service_group(ACTOR, single.stored, ServiceGroup(who, extensions=extensions))
                    for item in said:
                        publishing.put_service_metadata(ACTOR, single.stored, item)
            except ValidationError:
                assert isinstance(became.error, ValidationError)
            else:
                assert became.outcome is Outcome.CREATED
        folder = tmp_path_factory.mktemp("export")
        assert exported(bulk, folder / "bulk.jsonl") == exported(single, folder / "single.jsonl")
        assert rows(bulk) == rows(single)
        again = put_all(bulk, *items)
        assert {item.outcome for item in again} <= {Outcome.UNCHANGED, None}


@pytest.fixture
def open_domain(tmp_path: Path, pki: DemoPki) -> Iterator[OfflineInstance]:
    with offline_instance(tmp_path, pki, **OPEN) as opened:
        yield opened


def test_what_is_there_becomes_what_comes(open_domain: OfflineInstance, pki: DemoPki) -> None:
    """Services come, change and go; so do extensions, properties, the business card, the group, and the spelling."""
    offline, who = open_domain, participant("9915:Ab")
    group = create_group(offline.instance.database, ACTOR, offline.stored.id, "retail")
    card = write_business_card(BusinessCard(who, (BusinessEntity((EntityName("A"),), "DE"),)))
    put_all(offline, wanted(offline, who, metadata(pki), metadata(pki, ORDER), business_card=card))
    changed = wanted(
        offline,
        participant("9915:aB"),
        metadata(pki, address="https://other.example.org"),
        metadata(pki, CREDIT_NOTE),
        extensions=EXTENSIONS[:1],
        properties=PROPERTIES,
        owner_group_id=group.id,
    )
    assert [item.outcome for item in put_all(offline, changed)] == [Outcome.UPDATED]
    tags = [event.tag for event in events.about(offline.instance.database, str(who))]
    assert sorted(tags) == [
        "smp:business-card:delete",
        "smp:service-group:create",
        "smp:service-group:move",
        "smp:service-group:update",
        "smp:service-metadata:create",
        "smp:service-metadata:delete",
        "smp:service-metadata:update",
    ]
    with offline.instance.database.read() as connection:
        found = service_groups.find(connection, offline.stored.id, who.scheme, "9915:ab")
        assert found is not None
        assert (found.participant.value, found.extensions) == ("9915:aB", EXTENSIONS[:1])
        assert service_groups.properties_of(connection, [found.id]) == {found.id: PROPERTIES}
        assert owner_groups.participants(connection, group.id) == 1
        assert [row.name for row in access_points.listed(connection, offline.stored.id)] == [
            "ap.example.org",
            "other.example.org",
        ]
    assert [item.outcome for item in put_all(offline, changed)] == [Outcome.UNCHANGED]


def test_one_event_tells_of_a_new_participant(open_domain: OfflineInstance, pki: DemoPki) -> None:
    who = participant("0088:1")
    put_all(open_domain, wanted(open_domain, who, metadata(pki), metadata(pki, ORDER), properties=PROPERTIES))
    (event,) = events.about(open_domain.instance.database, str(who))
    assert event.tag == "smp:service-group:create"
    assert [item["document_type"] for item in event.after["services"]] == [str(INVOICE), str(ORDER)]
    assert event.after["properties"] == [["tier", "gold", True], ["note-1", "", False]]


def test_identical_content_is_one_access_point_named_after_its_host(open_domain: OfflineInstance, pki: DemoPki) -> None:
    many = [wanted(open_domain, participant(f"0088:{number}"), metadata(pki)) for number in range(5)]
    other = wanted(open_domain, participant("0088:9"), metadata(pki, address="https://ap.example.org/second"))
    put_all(open_domain, *many, other)
    with open_domain.instance.database.read() as connection:
        listed = access_points.listed(connection, open_domain.stored.id)
    assert sorted(row.endpoints for row in listed) == [1, 5]
    assert {row.name.partition("-")[0] for row in listed} == {"ap.example.org"}
    put_all(open_domain, *(replace(item, services=()) for item in (*many, other)))
    with open_domain.instance.database.read() as connection:
        assert access_points.listed(connection, open_domain.stored.id) == [], "nobody gave them a name"


def test_refused_participant_leaves_nothing_and_the_others_stay(open_domain: OfflineInstance, pki: DemoPki) -> None:
    bad = wanted(open_domain, participant("0088:2"), metadata(pki), metadata(pki, ORDER, address="nowhere"))
    one, refused, twice = put_all(
        open_domain, wanted(open_domain, participant("0088:1")), bad, wanted(open_domain, participant("0088:1"))
    )
    assert one.outcome is Outcome.CREATED
    assert isinstance(refused.error, ValidationError)
    assert "SMP-ENDPOINT-URL" in {reason.id for reason in refused.error.reasons}
    assert str(ORDER)[:40] in str(refused.error), "the document type is told"
    assert isinstance(twice.error, ConflictError)
    with open_domain.instance.database.read() as connection:
        assert service_groups.count(connection, open_domain.stored.id) == 1


def test_participants_are_registered_together_and_one_of_another_smp_is_refused_alone(
    offline: OfflineInstance, pki: DemoPki
) -> None:
    own = pki.smp.certificate
    other = pki.smp_ca.issue(
        "SMP_2", "PEPPOL TEST SMP", not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc
    )
    caller = offline.caller(other.certificate)
    offline.instance.sml.create_publisher(caller, Publisher("OTHER", "https://other.example.org", "1.1.1.1"))
    offline.instance.sml.create_participants(caller, "OTHER", [participant("0088:5")])
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(participant("0088:6")))
    everybody = [participant(f"0088:{number}") for number in range(10)]
    written = put_all(offline, *(wanted(offline, who, metadata(pki)) for who in everybody))
    refused = [item for item in written if item.outcome is None]
    assert len(refused) == 1
    assert "another SMP" in str(refused[0].error)
    assert [item.outcome for item in written].count(Outcome.UPDATED) == 1
    state = offline.zone_state()
    assert all((participant_owner(who), "NAPTR") in state for who in everybody)
    with offline.instance.database.read() as connection:
        assert service_groups.count(connection, offline.stored.id) == 9


@pytest.mark.parametrize(("state", "taken"), [("deprecated", True), ("removed", False)])
def test_what_a_code_list_says_against_new_entries_is_a_warning(
    tmp_path: Path, pki: DemoPki, state: str, taken: bool
) -> None:
    """They aren't new to the network; a removed code must not be used at all."""
    row = {"scheme": INVOICE.scheme, "value": INVOICE.value, "state": state, "abstract": False}
    strict = OPEN | {"identifiers": {"strict": True}}
    with offline_instance(tmp_path, pki, **strict) as offline:
        files = written(tmp_path, code_list("1", row))
        offline.stored = import_code_lists(offline.instance, ACTOR, "demo", files)
        (became,) = put_all(offline, wanted(offline, participant("0088:1"), metadata(pki)))
    if taken:
        assert became.outcome is Outcome.CREATED
        assert "DOCUMENT-TYPE-DEPRECATED" in became.warnings[0]
    else:
        assert isinstance(became.error, ValidationError)
        assert [reason.id for reason in became.error.reasons] == ["DOCUMENT-TYPE-REMOVED"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scheme=st.from_regex(_PLAIN, fullmatch=True), value=st.from_regex(_PLAIN, fullmatch=True))
def test_every_dialect_can_write_plain_identifiers(open_domain: OfflineInstance, scheme: str, value: str) -> None:
    """So it isn't asked of each of a million participants."""
    domain = open_domain.stored.domain
    domain = replace(domain, smp=replace(domain.smp, dialects=tuple(DIALECTS)))
    assert unwritable_group(domain, ServiceGroup(ParticipantIdentifier(scheme, value), (_ANY_TYPE,))) == ()
