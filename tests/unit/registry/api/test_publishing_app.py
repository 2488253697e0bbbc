# SPDX-License-Identifier: Apache-2.0
"""PUT and DELETE at the management listener, without a listener: who may, where to, and what the answer says."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
import structlog.testing

from registry.accounts.tokens import create_token
from registry.api.publishing import MAX_BODY, PublishingApp
from registry.app.domain_setup import add_domain
from registry.audit import events
from registry.demo.content import INVOICE, ORDER, demo_metadata
from registry.demo.pki import DemoPki
from registry.errors import ConfigurationError, NotFoundError, TechnicalError
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import participant_path, service_path
from registry.metadata import ServiceGroup, ServiceMetadata
from registry.smp.documents.busdox import write_service_group, write_service_metadata
from registry.telemetry import request_id
from tests.simulators.asgi import Reply, call
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance


class Signer:
    """Signs nothing; keeps what it was asked, and fails with `error`."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, str]] = []
        self.error: Exception | None = None

    def current(self, service_id: int, dialect: str) -> None:
        self.asked.append((service_id, dialect))
        if self.error is not None:
            raise self.error


async def public(scope: dict[str, Any], _receive: Any, send: Any) -> None:
    """What answers GET and HEAD."""
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": scope["raw_path"]})


@dataclass(slots=True)
class Desk:
    """The application under test, on an instance without listeners."""

    offline: OfflineInstance
    metadata: ServiceMetadata
    signer: Signer = field(default_factory=Signer)
    token: str = ""

    @property
    def app(self) -> PublishingApp:
        instance = self.offline.instance
        signer: Any = self.signer
        reader: Any = public
        cards = instance.business_cards
        return PublishingApp(instance.database, instance.directory, instance.publishing, signer, cards, reader)

    @property
    def group_path(self) -> str:
        return "/base" + participant_path(self.metadata.participant)

    @property
    def path(self) -> str:
        return "/base" + service_path(self.metadata.participant, self.metadata.document_type)

    @property
    def group(self) -> bytes:
        return write_service_group(ServiceGroup(self.metadata.participant), "https://x.example.org")

    @property
    def document(self) -> bytes:
        return write_service_metadata(self.metadata)

    def ask(self, method: str, path: str, *body: bytes, token: str | None = None, complete: bool = True) -> Reply:
        headers: Sequence[tuple[bytes, bytes]] = ()
        if (secret := self.token if token is None else token) != "":
            headers = [(b"authorization", b"Bearer " + secret.encode())]
        return call(self.app, method, path.encode(), headers=headers, body=body or (b"",), complete=complete)


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[OfflineInstance]:
    with offline_instance(tmp_path_factory.mktemp("offline"), pki) as running:
        yield running


_numbers = itertools.count(1)


@pytest.fixture
def desk(offline: OfflineInstance) -> Desk:
    """An application, a participant that nobody published yet, and a token; the instance is shared."""
    number = next(_numbers)
    participant = ParticipantIdentifier("iso6523-actorid-upis", f"0088:{number}")
    metadata = replace(demo_metadata(offline.pki.access_points)[0], participant=participant)
    token = create_token(offline.instance.database, ACTOR, f"erp-{number}")
    return Desk(offline, metadata, token=token)


# What is done


def test_put_makes_then_changes_then_leaves_as_it_is(desk: Desk) -> None:
    assert desk.ask("PUT", desk.group_path, desk.group).status == 201
    assert desk.ask("PUT", desk.group_path, desk.group).status == 200
    assert desk.ask("PUT", desk.path, desk.document).status == 201
    assert desk.ask("PUT", desk.path, desk.document.replace(b"ap1", b"ap9")).status == 200
    assert desk.ask("PUT", desk.path, desk.document.replace(b"ap1", b"ap9")).status == 200


def test_delete_removes_and_then_finds_nothing(desk: Desk) -> None:
    desk.ask("PUT", desk.group_path, desk.group)
    desk.ask("PUT", desk.path, desk.document)
    for path in (desk.path, desk.group_path):
        reply = desk.ask("DELETE", path)
        assert (reply.status, reply.body) == (204, b"")
        assert "content-length" not in reply.headers
        assert desk.ask("DELETE", path).status == 404


def test_audit_names_the_token_and_the_request(desk: Desk) -> None:
    request_id.set("request-99")
    desk.ask("PUT", desk.group_path, desk.group)
    told = events.about(desk.offline.instance.database, str(desk.metadata.participant))
    assert {event.request_id for event in told} == {"request-99"}
    (actor,) = {event.actor for event in told}
    assert actor.startswith("token:erp-")
    assert desk.token not in repr(told)


def test_only_services_are_signed_at_once(desk: Desk) -> None:
    desk.ask("PUT", desk.group_path, desk.group)
    assert desk.signer.asked == []
    desk.ask("PUT", desk.path, desk.document)
    assert len(desk.signer.asked) == 1


@pytest.mark.parametrize("error", [ConfigurationError("the key /secret/smp.p12 is gone"), TechnicalError("disk full")])
def test_what_is_stored_is_stored_even_if_it_cannot_be_signed_now(desk: Desk, error: Exception) -> None:
    desk.ask("PUT", desk.group_path, desk.group)
    desk.signer.error = error
    with structlog.testing.capture_logs() as logged:
        reply = desk.ask("PUT", desk.path, desk.document)
    assert reply.status == 201
    (warning,) = reply.all("warning")
    assert "could not be signed yet" in warning
    assert "secret" not in warning
    assert [entry["event"] for entry in logged] == ["signing_failed"]
    assert desk.ask("DELETE", desk.path).status == 204


def test_service_that_was_withdrawn_before_it_was_signed_is_no_failure(desk: Desk) -> None:
    desk.ask("PUT", desk.group_path, desk.group)
    desk.signer.error = NotFoundError("withdrawn")
    reply = desk.ask("PUT", desk.path, desk.document)
    assert (reply.status, reply.all("warning")) == (201, [])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_is_left_to_the_public_application_and_needs_no_token(desk: Desk, method: str) -> None:
    reply = desk.ask(method, desk.path, token="")
    assert (reply.status, reply.body) == (299, desk.path.encode())


@pytest.mark.parametrize("method", ["POST", "PATCH", "OPTIONS", "TRACE", "CONNECT", "put"])
def test_other_methods_are_405(desk: Desk, method: str) -> None:
    reply = desk.ask(method, desk.path)
    assert reply.status == 405
    assert reply.headers["allow"] == "DELETE, GET, HEAD, PUT"


# Where to


def test_domain_is_found_by_its_base_path_or_by_name(desk: Desk) -> None:
    plain = participant_path(desk.metadata.participant)
    assert desk.ask("PUT", f"/base{plain}", desk.group).status == 201
    assert desk.ask("PUT", f"/domains/demo{plain}", desk.group).status == 200
    assert desk.ask("PUT", f"/domains/d%65mo{plain}", desk.group).status == 200


def test_unknown_domain_is_404(desk: Desk) -> None:
    reply = desk.ask("PUT", f"/domains/nowhere{desk.group_path}", desk.group)
    assert reply.status == 404
    assert "there is no domain 'nowhere'" in reply.json()["detail"]


@pytest.mark.parametrize("path", ["/domains/demo", "/domains/demo/", "/domains/demo//", "/base", "/base/", "/base/a/b"])
def test_path_without_a_participant_is_404(desk: Desk, path: str) -> None:
    assert desk.ask("DELETE", path).status == 404


def test_participant_in_the_path_may_be_spelled_otherwise_than_in_the_document(desk: Desk) -> None:
    mixed = replace(desk.metadata, participant=ParticipantIdentifier("iso6523-actorid-upis", "0088:AbC"))
    group = write_service_group(ServiceGroup(mixed.participant), "https://x.example.org")
    assert desk.ask("PUT", "/base/iso6523-actorid-upis%3A%3A0088%3Aabc", group).status == 201
    path = "/base" + service_path(ParticipantIdentifier("iso6523-actorid-upis", "0088:ABC"), INVOICE)
    assert desk.ask("PUT", path, write_service_metadata(mixed)).status == 201


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("group_path", "document", "SMP-KIND"),
        ("path", "group", "SMP-KIND"),
        ("stranger", "group", "SMP-ID-MISMATCH"),
        ("other_document_type", "document", "SMP-ID-MISMATCH"),
        ("group_path", "nothing", "XML_NOT_WELL_FORMED"),
        ("path", "nothing", "XML_NOT_WELL_FORMED"),
    ],
)
def test_document_that_is_not_that_of_the_path_is_refused(desk: Desk, path: str, body: str, reason: str) -> None:
    desk.ask("PUT", desk.group_path, desk.group)
    paths = {
        "group_path": desk.group_path,
        "path": desk.path,
        "stranger": "/base/iso6523-actorid-upis%3A%3A0088%3Astranger",
        "other_document_type": "/base" + service_path(desk.metadata.participant, ORDER),
    }
    reply = desk.ask("PUT", paths[path], {"group": desk.group, "document": desk.document, "nothing": b""}[body])
    assert reply.status == 400
    assert [item["id"] for item in reply.json()["reasons"]] == [reason]


# Who may


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_caller_without_a_good_token_is_401_and_told_how(desk: Desk, method: str) -> None:
    for token in ("", "edr_unknown"):
        reply = desk.ask(method, desk.path, token=token)
        assert reply.status == 401
        assert reply.headers["www-authenticate"] == "Bearer"
        assert reply.json()["type"].endswith(":unauthenticated")


def test_unknown_caller_learns_nothing_about_paths_or_documents(desk: Desk) -> None:
    replies = [
        desk.ask("PUT", path, b"<", token="edr_unknown") for path in (desk.path, "/", "/domains/nix/a", "/%ff", "/a/b")
    ]
    assert {reply.status for reply in replies} == {401}
    assert len({reply.json()["detail"] for reply in replies}) == 1


def test_token_of_another_domain_is_403_without_a_challenge(desk: Desk) -> None:
    instance = desk.offline.instance
    settings = {
        "name": "other",
        "default": False,
        "smp": {"base_url": "https://other.example.org/other"},
        "dns": {"zone": "o.test"},
    }
    other = add_domain(instance, ACTOR, "demo", settings, register_smp=False)
    token = create_token(instance.database, ACTOR, "other", domain_id=other.id)
    reply = desk.ask("PUT", desk.group_path, desk.group, token=token)
    assert reply.status == 403
    assert "www-authenticate" not in reply.headers
    assert "no grant of other allows participant:create" in reply.json()["detail"]
    assert desk.ask("DELETE", desk.group_path, token=token).status == 403
    own = "/other" + participant_path(desk.metadata.participant)
    assert desk.ask("DELETE", own, token=token).status == 404


def test_token_expires_by_the_clock_of_the_instance(desk: Desk) -> None:
    token = create_token(desk.offline.instance.database, ACTOR, "short", lasts=timedelta(minutes=1))
    assert desk.ask("PUT", desk.group_path, desk.group, token=token).status == 201
    desk.offline.clock.forward(minutes=1)
    assert desk.ask("PUT", desk.group_path, desk.group, token=token).status == 401


@pytest.mark.parametrize("scheme", [b"bearer", b"BEARER", b"Bearer "])
def test_scheme_of_the_token_has_no_case_and_blanks_do_no_harm(desk: Desk, scheme: bytes) -> None:
    headers = [(b"authorization", scheme + b" " + desk.token.encode() + b" ")]
    assert call(desk.app, "PUT", desk.group_path.encode(), headers=headers, body=(desk.group,)).status == 201


# Bodies and failures


def test_body_comes_in_any_parts(desk: Desk) -> None:
    half = len(desk.group) // 2
    assert desk.ask("PUT", desk.group_path, desk.group[:half], b"", desk.group[half:]).status == 201


def test_body_is_counted_while_it_comes(desk: Desk) -> None:
    reply = desk.ask("PUT", desk.group_path, *[b" " * (MAX_BODY // 2)] * 3, complete=False)
    assert reply.status == 400
    assert [item["id"] for item in reply.json()["reasons"]] == ["HTTP-BODY"]


def test_request_that_ends_before_its_body_is_not_carried_out(desk: Desk) -> None:
    reply = desk.ask("PUT", desk.group_path, desk.group, complete=False)
    assert reply.status == 400
    assert desk.ask("DELETE", desk.group_path).status == 404


def test_body_of_a_delete_is_not_looked_at(desk: Desk) -> None:
    desk.ask("PUT", desk.group_path, desk.group)
    assert desk.ask("DELETE", desk.group_path, b"<not xml").status == 204


def test_unforeseen_error_is_logged_and_not_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(desk.offline.instance.publishing, "put_service_group", fail)
    with structlog.testing.capture_logs() as logged:
        reply = desk.ask("PUT", desk.group_path, desk.group)
    assert reply.status == 500
    assert reply.headers["content-type"] == "application/problem+json"
    assert b"secret" not in reply.body
    assert [entry["event"] for entry in logged] == ["management_request_failed"]


def test_failing_database_is_503(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise TechnicalError("the database failed: locked")

    monkeypatch.setattr(desk.offline.instance.publishing, "delete_service_group", fail)
    assert desk.ask("DELETE", desk.group_path).status == 503
