# SPDX-License-Identifier: Apache-2.0
"""The database of a DomiSMP as a source, on a real MariaDB."""

import base64
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from registry.errors import ConfigurationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import ServiceGroup
from registry.move_in.model import Kind, part_of
from registry.move_in.sources.domismp_documents import read_service
from registry.move_in.sources.domismp_sql import DomiSmpSql
from registry.move_in.sources.sql import open_database
from registry.smp.documents.catalogue import DIALECTS
from tests.simulators import domismp_database as domismp
from tests.simulators.phoss_database import DOCUMENT_SCHEME, INVOICE, SCHEME, put

if TYPE_CHECKING:
    from tests.simulators.mariadb import MariaDb

VALUE = "9915:one"
KEY = f"{SCHEME}::{VALUE}"
EXTENSION = '<Extension><a:hint xmlns:a="urn:example"> kept &amp; whole </a:hint></Extension>'


@pytest.fixture
def url(mariadb: "MariaDb") -> Iterator[str]:
    made = mariadb.new_database("utf8")
    yield made
    mariadb.drop(made)


def writing(url: str) -> Any:
    return create_engine(url, poolclass=NullPool).begin()


def read(url: str, domain: str = "") -> dict[str, dict[str, Any]]:
    source = DomiSmpSql(open_database(url), domain)
    try:
        source.check()
        return {record.key: json.loads(record.body) for record in source.records(None)}
    finally:
        source.close()


def unhoused(url: str, domain: str = "") -> dict[str, int]:
    source = DomiSmpSql(open_database(url), domain)
    try:
        return {each.name: each.count for each in source.unhoused()}
    finally:
        source.close()


def checksums(url: str) -> dict[tuple[Kind, int], str]:
    source = DomiSmpSql(open_database(url))
    try:
        return dict(source.checksums() or {})
    finally:
        source.close()


def refusals(body: dict[str, Any]) -> list[str]:
    return [reason["id"] for reason in body["refused"]]


def group(connection: Connection, **columns: Any) -> int:
    return domismp.put_resource(connection, VALUE, **columns)


def test_a_participant_with_its_service_owner_and_extensions(url: str) -> None:
    with writing(url) as connection:
        domismp.create(connection)
        extended = domismp.GROUP1.replace("</ServiceGroup>", f"{EXTENSION}</ServiceGroup>")
        resource = group(connection, content=extended, owner=2)
        domismp.put_subresource(connection, resource, domismp.metadata1(extension=EXTENSION))
    body = read(url)[KEY]
    assert body["participant"] == {"scheme": SCHEME, "value": VALUE}
    assert body["owner"] == "clerk"
    [service] = body["services"]
    assert service["document_type"] == {"scheme": DOCUMENT_SCHEME, "value": INVOICE}
    assert service["process_metadata"][0]["endpoints"][0]["address"] == "https://ap.example/as4"
    for part in (body, service):
        content = base64.b64decode(part["extensions"][0]["content"])
        assert content == b'<a:hint xmlns:a="urn:example"> kept &amp; whole </a:hint>'
    assert "refused" not in body


def test_users_are_owners(url: str) -> None:
    with writing(url) as connection:
        domismp.create(connection)
        put(connection, "SMP_USER", USERNAME="off", ACTIVE=0)
    found = {body["login"]: body["enabled"] for body in read(url).values()}
    assert found == {"system": True, "clerk": True, "off": False}


def test_a_document_that_is_published_as_smp_1_and_smp_2_is_one_participant(url: str) -> None:
    participant = ParticipantIdentifier(SCHEME, VALUE)
    document_type = DocumentTypeIdentifier(DOCUMENT_SCHEME, INVOICE)
    metadata = read_service(domismp.metadata1().encode(), participant, document_type, {})
    smp2 = DIALECTS["bdxr2"]
    group2 = smp2.write_service_group(ServiceGroup(participant, (document_type,)), "").decode()
    with writing(url) as connection:
        domismp.create(connection)
        domismp.put_subresource(connection, group(connection))
        second = group(connection, content=group2, definition=2)
        domismp.put_subresource(connection, second, smp2.write_service_metadata(metadata).decode())
    body = read(url)[KEY]
    assert len(body["services"]) == 1
    assert "refused" not in body
    with writing(url) as connection:
        other = domismp.metadata1("https://other.example").encode()
        connection.execute(
            text("UPDATE SMP_DOCUMENT_VERSION SET DOCUMENT_CONTENT = :c WHERE FK_DOCUMENT_ID = 2"), {"c": other}
        )
    assert refusals(read(url)[KEY]) == ["MOVE-IN-SMP-VERSIONS"]


def test_a_document_may_refer_to_another_and_has_properties(url: str) -> None:
    with writing(url) as connection:
        domismp.create(connection)
        shared = domismp.put_document(connection, domismp.metadata1("https://${my.host}/as4"))
        referring = domismp.put_document(connection, "", refers_to=shared, my__host="ap.example&amp")
        domismp.put_subresource(connection, group(connection), document=referring)
    [service] = read(url)[KEY]["services"]
    assert service["process_metadata"][0]["endpoints"][0]["address"] == "https://ap.example&amp/as4"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (domismp.metadata1("https://${nobody.knows}/"), "MOVE-IN-PLACEHOLDER"),
        (domismp.metadata1().replace("${resource.identifier.value}", "9915:two"), "MOVE-IN-DOCUMENT"),
        (domismp.metadata1().replace("${subresource.identifier.value}", "other"), "MOVE-IN-DOCUMENT"),
        (domismp.GROUP1, "MOVE-IN-DOCUMENT"),
        ("<broken", "XML_NOT_WELL_FORMED"),
    ],
    ids=["placeholder", "participant", "document-type", "kind", "xml"],
)
def test_a_document_that_cannot_be_taken_refuses_its_participant(url: str, content: str, reason: str) -> None:
    with writing(url) as connection:
        domismp.create(connection)
        domismp.put_subresource(connection, group(connection), content)
    assert refusals(read(url)[KEY]) == [reason]


@pytest.mark.parametrize("place", ["SMP_DOMAIN", "SMP_GROUP", "SMP_RESOURCE"])
@pytest.mark.parametrize("visibility", ["INTERNAL", "PRIVATE"])
def test_what_is_not_public_stays_behind_and_is_counted(url: str, place: str, visibility: str) -> None:
    with writing(url) as connection:
        domismp.create(connection)
        domismp.put_subresource(connection, group(connection))
        connection.execute(text(f"UPDATE {place} SET VISIBILITY = '{visibility}'"))  # noqa: S608
    assert KEY not in read(url)
    assert unhoused(url)["SMP_RESOURCE (INTERNAL or PRIVATE)"] == 1


@pytest.mark.parametrize("state", ["DRAFT", "UNDER_REVIEW", "APPROVED", "REJECTED", "RETIRED"])
def test_only_published_versions_move(url: str, state: str) -> None:
    with writing(url) as connection:
        domismp.create(connection)
        resource = group(connection)
        document = domismp.put_document(connection, domismp.metadata1(), state=state)
        domismp.put_subresource(connection, resource, document=document)
        put(connection, "SMP_DOCUMENT_VERSION", DOCUMENT_CONTENT=b"<next", STATUS=state, VERSION=2, FK_DOCUMENT_ID=1)
    assert "services" not in read(url)[KEY]
    found = unhoused(url)
    assert found["SMP_SUBRESOURCE (not published)"] == 1
    assert found[f"SMP_DOCUMENT_VERSION ({state})"] == 2


def test_a_participant_whose_group_is_not_published_stays_behind(url: str) -> None:
    with writing(url) as connection:
        domismp.create(connection)
        document = domismp.put_document(connection, domismp.GROUP1, state="DRAFT")
        domismp.put_subresource(connection, group(connection, document=document))
    assert KEY not in read(url)
    assert unhoused(url)["SMP_RESOURCE (not published)"] == 1


def test_one_domain_moves_at_a_time(url: str) -> None:
    with writing(url) as connection:
        domismp.create(connection, ("first", "second"))
        group(connection)
        domismp.put_resource(connection, "9915:two", definition=3)
    with pytest.raises(ConfigurationError, match="first, second"):
        read(url)
    assert KEY in read(url, "first")
    assert set(read(url, "second")) & {KEY, f"{SCHEME}::9915:two"} == {f"{SCHEME}::9915:two"}
    assert unhoused(url, "first")["SMP_RESOURCE (other domains)"] == 1


def test_a_participant_without_a_scheme_has_its_value_as_key(url: str) -> None:
    urn = "urn:oasis:names:tc:ebcore:partyid-type:iso6523:0088:123"
    with writing(url) as connection:
        domismp.create(connection)
        content = domismp.GROUP1.replace(' scheme="${resource.identifier.scheme}"', "")
        domismp.put_resource(connection, urn, content.replace("${resource.identifier.value}", urn), scheme=None)
    assert "refused" not in read(url)[urn]


CHANGES = {
    "content": "UPDATE SMP_DOCUMENT_VERSION SET DOCUMENT_CONTENT = concat(DOCUMENT_CONTENT, ' ')",
    "state": "UPDATE SMP_DOCUMENT_VERSION SET STATUS = 'RETIRED'",
    "visibility": "UPDATE SMP_RESOURCE SET VISIBILITY = 'PRIVATE'",
    "owner": "UPDATE SMP_RESOURCE_MEMBER SET FK_USER_ID = 2",
    "property": "INSERT INTO SMP_DOCUMENT_PROPERTY (PROPERTY_NAME, FK_DOCUMENT_ID) VALUES ('a', 1)",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_in_the_checksum_of_its_part(url: str, change: str) -> None:
    with writing(url) as connection:
        domismp.create(connection)
        domismp.put_subresource(connection, group(connection))
    before, again = checksums(url), checksums(url)
    with writing(url) as connection:
        connection.execute(text(change))
    place = (Kind.PARTICIPANT, part_of(KEY))
    assert before == again
    assert place in before
    assert before[place] != checksums(url).get(place)


def test_parts_are_read_by_themselves_and_make_up_the_whole(url: str) -> None:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        domismp.create(connection)
        domismp.fill(connection, participants=300, access_points=3)
        domismp.fill(connection, participants=10, first=301, access_points=3)
    source = DomiSmpSql(open_database(url))
    whole = {record.key: record for record in source.records(None)}
    places = dict(source.checksums() or {})
    wanted = sorted(places)[::5]
    some = {record.key: record for record in source.records(wanted)}
    source.close()
    assert len(whole) == 310 + 2  # users
    assert all(b'"services"' in record.body for record in whole.values() if record.kind is Kind.PARTICIPANT)
    assert {(record.kind, part_of(key)) for key, record in whole.items()} == set(places)
    assert some == {key: each for key, each in whole.items() if (each.kind, part_of(key)) in set(wanted)}
