# SPDX-License-Identifier: Apache-2.0
"""Whoever manages documents does so where they were granted it, in every dialect; reading is for everybody."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from registry.accounts.accounts import Kind, create_account
from registry.accounts.grants import give_grant
from registry.accounts.groups import create_group, move_participant
from registry.accounts.permissions import SYSTEM, Role, Scope
from registry.accounts.scopes import scope_of_participant
from registry.accounts.tokens import find_token, revoke_token
from registry.api.management.desk import Desk
from registry.api.publishing import DIALECTS
from registry.audit.events import about
from registry.demo.pki import DemoPki, certificates_pem
from registry.smp.publishing import Outcome, Published
from tests.simulators.asgi import call
from tests.simulators.management import Client, Office, Papers, open_office
from tests.simulators.offline import ACTOR

pytestmark = pytest.mark.database
DIALECT_PREFIXES = {"native": "/domains/oasis", "phoss": "/domains/oasis", "domismp": "/oasis"}
REFUSED = {"native": 403, "phoss": 403, "domismp": 401}
DONE = {200, 201, 204}
_numbers = iter(range(1, 10_000))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office"), pki) as opened:
        yield opened


def group(office: Office) -> int:
    database = office.offline.instance.database
    return create_group(database, ACTOR, office.oasis.id, f"group-{next(_numbers)}").id


def editor(
    office: Office, *scopes: Scope, role: Role = Role.EDITOR, management: str = "native", **token: int
) -> Client:
    """A program with an account that has this role at these places."""
    database = office.offline.instance.database
    account = create_account(database, ACTOR, Kind.PROGRAM, f"program-{next(_numbers)}")
    for scope in scopes:
        give_grant(database, ACTOR, account.id, role, scope)
    client = office.client(management, account_id=account.id, **token)
    return replace(client, prefix=DIALECT_PREFIXES[management])


def published(office: Office, in_group: int | None = None) -> Papers:
    """Documents that are published, of a participant in this group."""
    papers = office.metadata("bdxr1")
    replace(office.client(), prefix="/domains/oasis").publish(papers)
    if in_group is not None:
        participant = papers.metadata.participant
        key = office.oasis.domain.identifiers.participant_key(participant)
        database = office.offline.instance.database
        move_participant(database, ACTOR, office.oasis.id, participant.scheme, key, in_group)
    return papers


def place_of(office: Office, papers: Papers) -> Scope:
    participant = papers.metadata.participant
    key = office.oasis.domain.identifiers.participant_key(participant)
    with office.offline.instance.database.read() as connection:
        return scope_of_participant(connection, office.oasis.id, participant.scheme, key)


def test_every_dialect_is_tested() -> None:
    assert set(DIALECT_PREFIXES) == set(DIALECTS)


@pytest.mark.parametrize("management", DIALECT_PREFIXES)
def test_editor_of_a_group_writes_what_is_in_it_and_nothing_else(office: Office, management: str) -> None:
    mine = group(office)
    client = editor(office, Scope(office.oasis.id, mine), management=management)
    inside, outside = published(office, mine), published(office, group(office))
    for papers, expected in ((inside, DONE), (outside, {REFUSED[management]})):
        assert client.ask("PUT", papers.group_path, papers.group).status in expected
        assert client.ask("PUT", papers.path, papers.document).status in expected
        assert client.ask("GET", papers.path).status == 200
        assert client.ask("DELETE", papers.path).status in expected
        assert client.ask("DELETE", papers.group_path).status in expected


@pytest.mark.parametrize("management", DIALECT_PREFIXES)
def test_editor_of_a_participant_writes_its_services_only(office: Office, management: str) -> None:
    mine, other = published(office), published(office)
    scope = place_of(office, mine)
    client = editor(office, scope, management=management)
    assert client.ask("PUT", mine.path, mine.document).status in DONE
    assert client.ask("PUT", mine.group_path, mine.group).status in DONE
    assert client.ask("DELETE", mine.path).status in DONE
    refused = REFUSED[management]
    assert client.ask("DELETE", mine.group_path).status == refused
    assert client.ask("PUT", other.path, other.document).status == refused
    newcomer = office.metadata("bdxr1")
    assert client.ask("PUT", newcomer.group_path, newcomer.group).status == refused


@pytest.mark.parametrize("management", DIALECT_PREFIXES)
def test_who_may_only_look_writes_nothing(office: Office, management: str) -> None:
    papers = published(office)
    client = editor(office, SYSTEM, role=Role.VIEWER, management=management)
    for method, path, body in (
        ("PUT", papers.group_path, papers.group),
        ("PUT", papers.path, papers.document),
        ("DELETE", papers.path, b""),
        ("DELETE", papers.group_path, b""),
    ):
        assert client.ask(method, path, body).status == REFUSED[management]
    assert client.ask("GET", papers.path).status == 200


@pytest.mark.parametrize("management", DIALECT_PREFIXES)
def test_new_participant_gets_into_the_group_of_its_editor(office: Office, management: str) -> None:
    mine = group(office)
    client = editor(office, Scope(office.oasis.id, mine), management=management)
    papers = office.metadata("bdxr1")
    client.publish(papers)
    assert place_of(office, papers).group_id == mine
    told = about(office.offline.instance.database, str(papers.metadata.participant))
    assert [event.tag for event in told[:2]] == ["smp:service-group:create", "smp:service-group:move"]
    assert {event.actor for event in told} == {f"token:{client.name}"}


def test_new_participant_of_an_editor_of_the_domain_is_in_no_group(office: Office) -> None:
    papers = office.metadata("bdxr1")
    editor(office, Scope(office.oasis.id), Scope(office.oasis.id, group(office))).publish(papers)
    assert place_of(office, papers).group_id is None


def test_editor_of_several_groups_says_which_one_is_meant(office: Office) -> None:
    database = office.offline.instance.database
    names = [f"several-{next(_numbers)}" for _ in range(2)]
    groups = [create_group(database, ACTOR, office.oasis.id, name).id for name in names]
    client = editor(office, *(Scope(office.oasis.id, each) for each in groups))
    papers = office.metadata("bdxr1")
    reply = client.ask("PUT", papers.group_path, papers.group)
    assert reply.status == 400
    assert [reason["id"] for reason in reply.json()["reasons"]] == ["GROUP-AMBIGUOUS"]
    assert client.ask("PUT", f"{papers.group_path}?group=nothing", papers.group).status == 404
    assert client.ask("PUT", f"{papers.group_path}?group={names[1]}", papers.group).status == 201
    assert place_of(office, papers).group_id == groups[1]


def test_participant_that_somebody_else_has_just_published_is_left_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = editor(office, Scope(office.oasis.id, group(office)))
    papers = office.metadata("bdxr1")
    publishing = office.offline.instance.publishing
    monkeypatch.setattr(publishing, "put_service_group", lambda *_a, **_o: Published(Outcome.UPDATED))
    assert client.ask("PUT", papers.group_path, papers.group).status == 409


def test_grant_in_another_domain_is_none(office: Office) -> None:
    papers = published(office)
    client = editor(office, Scope(office.demo.id))
    assert client.ask("PUT", papers.path, papers.document).status == 403


def test_token_is_for_less_than_its_account(office: Office) -> None:
    papers = published(office)
    assert editor(office, SYSTEM).ask("PUT", papers.path, papers.document).status == 200
    reply = editor(office, SYSTEM, domain_id=office.demo.id).ask("PUT", papers.path, papers.document)
    assert reply.status == 403
    assert "the token is for less" in reply.json()["detail"]


def test_list_of_participants_is_for_who_may_list_the_domain(office: Office) -> None:
    published(office)
    for scope, status in ((Scope(office.oasis.id), 200), (Scope(office.oasis.id, group(office)), 403)):
        client = editor(office, scope, management="phoss")
        assert client.ask("GET", "/servicegroupids/all").status == status
        assert client.ask("GET", f"/list/{client.name}").status == status


def test_user_of_a_path_may_be_the_account_or_its_token(office: Office) -> None:
    client = editor(office, Scope(office.oasis.id), management="phoss")
    token = find_token(office.offline.instance.database, client.name)
    assert token.account_id is not None
    account = f"program-{next(_numbers) - 1}"
    for basic in (False, True):
        assert replace(client, basic=basic).ask("GET", f"/list/{account}").status == 200
    assert replace(client, basic=True, name=account).ask("GET", f"/list/{account}").status == 200
    assert client.ask("GET", "/list/nobody").status == 403


def test_revoked_token_is_refused_at_the_next_request(office: Office) -> None:
    papers = published(office)
    client = editor(office, SYSTEM)
    assert client.ask("PUT", papers.path, papers.document).status == 200
    database = office.offline.instance.database
    revoke_token(database, ACTOR, find_token(database, client.name).id)
    assert client.ask("PUT", papers.path, papers.document).status == 401


def test_client_certificate_of_tls_stands_for_its_account(office: Office, pki: DemoPki) -> None:
    from registry.accounts.credentials import add_certificate

    database = office.offline.instance.database
    papers = published(office)
    account = create_account(database, ACTOR, Kind.PROGRAM, "with certificate")
    give_grant(database, ACTOR, account.id, Role.EDITOR, place_of(office, papers))
    pem = certificates_pem(pki.access_points[0].certificate)
    add_certificate(database, ACTOR, account.id, pem)

    def put(chain: list[str], **headers: str) -> int:
        async def app(scope: dict[str, object], receive: object, send: object) -> None:
            await office.app(scope | {"extensions": {"tls": {"client_cert_chain": chain}}}, receive, send)

        lines = [(name.encode(), value.encode()) for name, value in headers.items()]
        path = f"/domains/oasis{papers.path}".encode()
        return call(app, "PUT", path, headers=lines, body=(papers.document,)).status

    assert put([pem.decode()]) == 200
    assert put([]) == 401
    assert put([certificates_pem(pki.smp.certificate).decode()]) == 401
    assert put([pem.decode()], authorization="Bearer edr_unknown") == 401, "what is in a header counts"


def test_desk_reads_no_document_of_who_may_not(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    papers = published(office)
    client = editor(office, Scope(office.demo.id))
    monkeypatch.setattr(Desk, "_put_metadata", lambda *_a, **_o: pytest.fail("it was read"))
    assert client.ask("PUT", papers.path, b"<not xml").status == 403
