# SPDX-License-Identifier: Apache-2.0
"""A DomiSMP's database loaded into ours: each kind of thing that is carried is found again on the other side."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import create_engine

from registry.accounts import accounts, grants
from registry.app.move_in import Moving, load
from registry.app.move_in_receivers import Choices
from registry.app.move_in_sources import SourceChoice
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.url_form import service_path
from registry.metadata import Endpoint, ProcessMetadata, Redirect
from registry.move_in.model import Kind, SourceKind, Verdict
from registry.move_in.replay.published import Published, published
from registry.move_in.report import Limits, Report
from registry.settings import load_settings
from registry.storage.queries import access_points, credentials, owner_groups, tokens
from registry.storage.queries.accounts import AccountRow
from tests.simulators import domismp_database as domismp
from tests.simulators.databases import everything_in
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant
from tests.simulators.phoss_database import CREDIT_NOTE, DOCUMENT_SCHEME, INVOICE, PROCESS, PROCESS_SCHEME, put

if TYPE_CHECKING:
    from pathlib import Path

    from registry.demo.pki import DemoPki
    from tests.simulators.mariadb import MariaDb

ORDER = INVOICE.replace("Invoice", "Order")
HINT = "<a:hint xmlns:a='urn:example'\n a:b = \"1\" > Grüße &amp; more&#13;<!-- kept --></a:hint>"
PASSWORD_HASH = "$2a$10$0123456789012345678901uQ3Y"
ADDRESSES = ("https://ap0.example/as4", "https://ap1.example/as4")
VALUES = ("9915:Both", "9915:one", "9915:smp2", "9915:zero")


@dataclass
class _Moved:
    """What was in the old database and is here now."""

    offline: OfflineInstance
    report: Report
    certificates: tuple[bytes, ...]
    redirect: Redirect

    def of(self, value: str) -> Published:
        """What is published of a participant."""
        found = published(self.offline.instance.database, self.offline.stored, participant(value))
        assert found is not None
        return found

    def account(self, login: str) -> AccountRow:
        return accounts.find_account_named(self.offline.instance.database, login)


def _document_type(value: str) -> DocumentTypeIdentifier:
    return DocumentTypeIdentifier(DOCUMENT_SCHEME, value)


@pytest.fixture
def moved(mariadb: "MariaDb", pki: "DemoPki", tmp_path: "Path") -> Iterator[_Moved]:
    ders = tuple(each.certificate.public_bytes(Encoding.DER) for each in pki.access_points[:2])
    texts = [base64.b64encode(der).decode() for der in ders]
    uid = "CN=OTHER,O=Example"
    href = "https://other.example" + service_path(participant("9915:one"), _document_type(ORDER))
    extension1 = f"<Extension>{HINT}</Extension>"
    extension2 = f"<e:SMPExtension><e:ExtensionContent>{HINT}</e:ExtensionContent></e:SMPExtension>"
    url = mariadb.new_database("utf8")
    engine = create_engine(url)
    with engine.begin() as connection:
        domismp.create(connection)
        put(connection, "SMP_USER", ID=3, USERNAME="left", FULL_NAME=None, EMAIL=None, ACTIVE=0)
        for user in (1, 2):
            said = {"CREDENTIAL_NAME": "clerk", "CREDENTIAL_VALUE": PASSWORD_HASH}
            put(connection, "SMP_CREDENTIAL", FK_USER_ID=user, **said)
        group = domismp.GROUP1.replace("</ServiceGroup>", f"{extension1}</ServiceGroup>")
        one = domismp.put_resource(connection, "9915:one", group, owner=2)
        domismp.put_subresource(connection, one, domismp.metadata1(ADDRESSES[0], texts[0], extension1))
        domismp.put_subresource(connection, one, domismp.metadata1(ADDRESSES[0], texts[0]), CREDIT_NOTE)
        domismp.put_subresource(connection, one, domismp.redirect1(href, uid), ORDER)
        smp2 = domismp.put_resource(connection, "9915:smp2", domismp.GROUP2, definition=2)
        domismp.put_subresource(connection, smp2, domismp.metadata2(ADDRESSES[0], texts[0], extension2))
        for definition, wanted, metadata in (
            (1, domismp.GROUP1, domismp.metadata1),
            (2, domismp.GROUP2, domismp.metadata2),
        ):
            both = domismp.put_resource(connection, "9915:Both", wanted, definition=definition)
            domismp.put_subresource(connection, both, metadata(ADDRESSES[1], texts[1]))
        domismp.put_resource(connection, "9915:zero", owner=None)
    engine.dispose()
    with offline_instance(tmp_path, pki, identifiers={"strict": False}, transport_profiles=[]) as offline:
        moving = Moving(SourceChoice(SourceKind.DOMISMP_SQL, url), offline.stored, Choices())
        settings = load_settings(data_dir=offline.folder)
        report = load(offline.instance, settings, ACTOR, moving, Limits(), lambda _what, _number: None)
        yield _Moved(offline, report, ders, Redirect(href, uid))
    mariadb.drop(url)


def test_participants_and_the_services_of_each_are_here(moved: _Moved) -> None:
    assert moved.report.tally.refused == []
    assert moved.report.tally.counts == {(Kind.PARTICIPANT, Verdict.CREATED): 4, (Kind.OWNER, Verdict.CREATED): 3}
    types = {value: {each.value for each in moved.of(value).group.document_types} for value in VALUES}
    assert types == {
        "9915:one": {INVOICE, CREDIT_NOTE, ORDER},
        "9915:smp2": {INVOICE},
        "9915:Both": {INVOICE},
        "9915:zero": set(),
    }
    assert {moved.of(value).group.participant.value for value in VALUES} == set(VALUES)


@pytest.mark.parametrize(("value", "number"), [("9915:one", 0), ("9915:smp2", 0), ("9915:Both", 1)])
def test_a_service_has_its_process_and_its_endpoint(moved: _Moved, value: str, number: int) -> None:
    service = next(each for each in moved.of(value).services if each.document_type.value == INVOICE)
    [said] = service.process_metadata
    assert [(each.identifier.scheme, each.identifier.value) for each in said.processes] == [(PROCESS_SCHEME, PROCESS)]
    [endpoint] = said.endpoints
    assert endpoint == Endpoint(
        domismp.PROFILE,
        ADDRESSES[number],
        endpoint.certificates,
        require_business_level_signature=False,
        description="invoices",
        technical_contact="mailto:help@ap.example",
    )
    assert [each.der for each in endpoint.certificates] == [moved.certificates[number]]


def test_a_redirect_leads_where_it_led(moved: _Moved) -> None:
    [service] = [each for each in moved.of("9915:one").services if each.document_type.value == ORDER]
    assert service.process_metadata == (ProcessMetadata(redirect=moved.redirect),)


@pytest.mark.parametrize("value", ["9915:one", "9915:smp2"])
def test_extensions_are_carried_byte_for_byte(moved: _Moved, value: str) -> None:
    found = moved.of(value)
    service = next(each for each in found.services if each.document_type.value == INVOICE)
    assert [each.content for each in service.extensions] == [HINT.encode()]
    if value == "9915:one":
        assert [each.content for each in found.group.extensions] == [HINT.encode()]


def test_endpoints_that_are_the_same_share_an_access_point(moved: _Moved) -> None:
    with moved.offline.instance.database.read() as connection:
        rows = access_points.listed(connection, moved.offline.stored.id)
    assert sorted(row.address for row in rows) == sorted(ADDRESSES)


def test_users_are_accounts_without_credentials_in_whose_groups_their_participants_are(moved: _Moved) -> None:
    database, stored = moved.offline.instance.database, moved.offline.stored
    found = {login: moved.account(login) for login in ("system", "clerk", "left")}
    assert {login: (each.display_name, each.email, each.state) for login, each in found.items()} == {
        "system": ("System", "system@example.org", "active"),
        "clerk": ("Clerk", "clerk@example.org", "active"),
        "left": ("", "", "disabled"),
    }
    groups = {}
    with database.read() as connection:
        for login, account in found.items():
            assert credentials.of_account(connection, account.id) == []
            assert tokens.page(connection, 0, 1, account_id=account.id) == []
            row = owner_groups.by_name(connection, stored.id, login)
            assert row is not None
            groups[row.id] = login
        for value in VALUES:
            who = participant(value)
            key = stored.domain.identifiers.participant_key(who)
            exists, number = owner_groups.of_participant(connection, stored.id, who.scheme, key)
            assert exists
            owner = {"9915:one": "clerk", "9915:zero": None}.get(value, "system")
            assert groups.get(number or 0) == owner
    [grant] = grants.list_grants(database, account_id=found["clerk"].id, size=10)
    assert (grant.role, groups[grant.place.owner_group_id or 0]) == ("editor", "clerk")


def test_passwords_stay_where_they_are_and_are_named(moved: _Moved) -> None:
    assert PASSWORD_HASH not in everything_in(moved.offline.instance.database)
    assert {each.name: each.count for each in moved.report.unhoused} == {"SMP_CREDENTIAL": 2, "SMP_GROUP": 1}
