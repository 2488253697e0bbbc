# SPDX-License-Identifier: Apache-2.0
"""The DomiSMP that tests move in from answers as senders and our own replay expect it, from its database."""

import base64
from collections.abc import Iterator
from contextlib import ExitStack, closing

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import create_engine

from registry.demo.pki import DemoPki
from registry.domains.loader import load_domain
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import participant_path, service_path
from registry.move_in.shadow.sides import HttpSide, Place
from registry.move_in.shadow.smp import Asked, SmpComparer
from registry.smp.documents.bdxr1.dialect import BDXR1
from registry.smp.documents.signing import verify_document
from tests.simulators import domismp_database
from tests.simulators.mariadb import MariaDb
from tests.simulators.old_domismp import old_domismp
from tests.simulators.phoss_database import DOCUMENT_SCHEME, INVOICE, SCHEME

PARTICIPANT = ParticipantIdentifier(SCHEME, "9915:00000003")
SERVICE = DocumentTypeIdentifier(DOCUMENT_SCHEME, INVOICE)
AUTH = ("system", "old-password")


@pytest.fixture(scope="module")
def old(mariadb: MariaDb, pki: DemoPki) -> Iterator[str]:
    """An old DomiSMP with five participants; its base URL."""
    url = mariadb.new_database("utf8")
    der = pki.access_points[0].certificate.public_bytes(Encoding.DER)
    engine = create_engine(url)
    with engine.connect() as connection:
        domismp_database.create(connection)
        domismp_database.fill(connection, participants=5, certificates=[base64.b64encode(der).decode()])
        connection.commit()
    engine.dispose()
    with old_domismp(url, pki.smp) as base_url:
        yield base_url


def test_it_serves_what_it_stores_with_placeholders_filled_and_signed(old: str, pki: DemoPki) -> None:
    group = BDXR1.read(httpx2.get(old + participant_path(PARTICIPANT)).content).service_group
    verified = verify_document(httpx2.get(old + service_path(PARTICIPANT, SERVICE)).content, dialect=BDXR1)

    assert group is not None
    assert group.participant == PARTICIPANT
    assert SERVICE in group.document_types
    assert verified.certificate == pki.smp.certificate
    assert (verified.parsed.participant, verified.parsed.document_type) == (PARTICIPANT, SERVICE)


def test_two_sides_over_one_database_mean_the_same(old: str) -> None:
    with ExitStack() as stack:
        sides = [stack.enter_context(closing(HttpSide(Place(old)))) for _ in range(2)]
        comparer = SmpComparer(load_domain("demo"), BDXR1, *sides)
        group = comparer.ask(Asked(PARTICIPANT))
        answers = [group, *map(comparer.ask, group.follow)]
    assert [answer.differences or answer.failures for answer in answers] == [(), (), ()]


def test_put_creates_changes_and_delete_removes(old: str) -> None:
    new = ParticipantIdentifier(SCHEME, "9915:New")
    group = httpx2.get(old + participant_path(PARTICIPANT)).content.replace(b"9915:00000003", b"9915:New")
    group = group[: group.index(b"<ServiceMetadataReference ")] + group[group.index(b"</ServiceMetadataReferenceC") :]
    service = httpx2.get(old + service_path(PARTICIPANT, SERVICE)).content.replace(b"9915:00000003", b"9915:New")

    said = [
        httpx2.put(old + participant_path(new), content=group, auth=AUTH).status_code,
        httpx2.put(old + participant_path(new), content=group, auth=AUTH).status_code,
        httpx2.put(old + service_path(new, SERVICE), content=service, auth=AUTH).status_code,
        httpx2.get(old + service_path(new, SERVICE)).status_code,
        httpx2.delete(old + service_path(new, SERVICE), auth=AUTH).status_code,
        httpx2.get(old + service_path(new, SERVICE)).status_code,
        httpx2.put(old + service_path(new, SERVICE), content=service, auth=AUTH).status_code,
        httpx2.delete(old + participant_path(new), auth=AUTH).status_code,
        httpx2.get(old + participant_path(new)).status_code,
        httpx2.delete(old + participant_path(new), auth=AUTH).status_code,
    ]

    assert said == [201, 200, 201, 200, 200, 404, 201, 200, 404, 404]


@pytest.mark.parametrize("auth", [None, ("system", "wrong"), ("nobody", "old-password")])
def test_who_is_not_known_writes_nothing(old: str, auth: tuple[str, str] | None) -> None:
    assert httpx2.delete(old + participant_path(PARTICIPANT), auth=auth).status_code == 401
    assert httpx2.get(old + participant_path(PARTICIPANT)).status_code == 200
