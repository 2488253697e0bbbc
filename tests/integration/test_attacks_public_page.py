# SPDX-License-Identifier: Apache-2.0
"""What the public page could give away or be used for: files of this machine, what is planned, requests elsewhere."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.demo.pki import DemoPki
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.url_form import encode_segment
from registry.metadata import EndpointCertificate, Process, ProcessMetadata, Redirect
from registry.rates import NO_NETWORKS, Rates
from registry.sml.interventions.model import Kind, Operator, Wanted
from registry.smp.access_points import AccessPoints
from registry.storage.queries import access_points, signing_keys
from tests.simulators.asgi import Reply, call
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant
from tests.simulators.public_pages import KNOWN, PAGE, PublicPages, metadata_of, publish
from tests.simulators.ui_office import HOSTILE

LATER = "https://later.example.org/as4"
AWAY = "https://somebody-else.example.org"
BARE = HOSTILE.replace(" ", "/")


@pytest.fixture
def offline(tmp_path: Path, pki: DemoPki) -> Iterator[OfflineInstance]:
    with offline_instance(tmp_path, pki, public_page=True) as offline:
        publish(offline)
        yield offline


@pytest.fixture
def pages(offline: OfflineInstance) -> Iterator[PublicPages]:
    pages = PublicPages(offline)
    yield pages
    pages.close()


def text(reply: Reply) -> str:
    assert reply.status == 200
    return reply.body.decode()


def test_page_does_not_tell_where_the_signing_key_lies(offline: OfflineInstance, pages: PublicPages) -> None:
    with offline.instance.database.read() as connection:
        (key,) = signing_keys.of_domain(connection, offline.stored.id)
    Path(key.file).rename(f"{key.file}.away")
    try:
        page = text(pages.ask(str(KNOWN), document=str(metadata_of(offline).document_type)))
    finally:
        Path(f"{key.file}.away").rename(key.file)
    assert "this SMP can&#39;t answer" in page
    assert key.file not in page
    assert Path(key.file).name not in page


def test_planned_address_and_its_certificate_are_not_shown_before_their_instant(
    offline: OfflineInstance, pages: PublicPages
) -> None:
    with offline.instance.database.read() as connection:
        (point,) = access_points.listed(connection, offline.stored.id)
    trust = offline.instance.trust_models.of(offline.stored.domain)
    at = offline.clock.now + timedelta(days=1)
    AccessPoints(offline.instance.database, offline.stored, trust).change(ACTOR, point.name, address=LATER, at=at)
    assert LATER not in text(pages.ask(str(KNOWN)))
    offline.clock.forward(days=2)
    assert LATER in text(pages.ask(str(KNOWN)))


def test_suspended_participant_is_not_found_and_shows_what_its_smp_serves_anyway(
    offline: OfflineInstance, pages: PublicPages
) -> None:
    desk = offline.instance.interventions
    wanted = Wanted(Kind.SUSPEND_PARTICIPANT, participants=(KNOWN,), reason="HOUSE SEARCH", order_reference="court 7")
    desk.ask(Operator(ACTOR), offline.stored, wanted)
    page = text(pages.ask(str(KNOWN)))
    assert "Not registered." in page
    assert "<strong>Found.</strong>" not in page
    for inner in ("suspend", "HOUSE SEARCH", "court 7"):
        assert inner not in page


def test_page_asks_nobody_whatever_is_asked_and_wherever_the_way_leads(
    offline: OfflineInstance, pages: PublicPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    redirected = participant("0088:7300010000007")
    metadata = replace(
        metadata_of(offline, redirected), process_metadata=(ProcessMetadata(redirect=Redirect(AWAY, "CN=other")),)
    )
    offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata, create_group=True)

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("somebody was asked")

    for name in ("connect", "connect_ex", "sendto", "sendmsg"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    asked: list[tuple[ParticipantIdentifier | str, dict[str, str]]] = [
        (KNOWN, {}),
        (redirected, {}),
        (redirected, {"document": str(metadata.document_type)}),
        (participant("0088:7300010000099"), {}),
        (f"http://169.254.169.254/{KNOWN}", {}),
        (KNOWN, {"document": "https://169.254.169.254/latest::meta", "process": "http://127.0.0.1:1/"}),
    ]
    for who, query in asked:
        assert pages.ask(str(who), **query).status in {200, 400}
    assert AWAY in text(pages.ask(str(redirected)))


def test_each_visitor_has_a_rate_and_who_makes_up_headers_or_addresses_of_one_network_has_no_more(
    offline: OfflineInstance,
) -> None:
    pages = PublicPages(offline, Rates(0.01, 1, NO_NETWORKS))
    path = f"{PAGE}?participant={encode_segment(str(KNOWN))}".encode()

    def ask(client: str, *headers: tuple[bytes, bytes]) -> int:
        async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
            await pages.app({**scope, "client": (client, 1)}, receive, send)

        return call(app, "GET", path, headers=[(b"host", b"smp.example.org"), *headers]).status

    try:
        assert [ask("192.0.2.1"), ask("192.0.2.1"), ask("192.0.2.2")] == [200, 429, 200]
        for number in range(
            5
        ):  # the listener believes a proxy that the settings name, and puts the visitor in its place
            assert ask("192.0.2.1", (b"x-forwarded-for", f"192.0.2.{10 + number}".encode())) == 429
        assert [ask("2001:db8:1:1::1"), ask("2001:db8:1:1::2"), ask("2001:db8:1:2::1")] == [200, 429, 200]
    finally:
        pages.close()


def test_no_text_that_is_published_becomes_markup(offline: OfflineInstance, pages: PublicPages) -> None:
    own = offline.pki.access_points[0].certificate
    begins, ends = own.not_valid_before_utc, own.not_valid_after_utc
    shows = offline.pki.ap_ca.issue(HOSTILE, "PEPPOL TEST AP", not_before=begins, not_after=ends).certificate
    der = shows.public_bytes(Encoding.DER)
    (held,) = metadata_of(offline).process_metadata
    (shown,) = held.endpoints
    changed = replace(
        held,
        processes=(Process(ProcessIdentifier("cenbii-procid-ubl", BARE)),),
        endpoints=(replace(shown, transport_profile=BARE[:30], certificates=(EndpointCertificate(der),)),),
    )
    document_type = DocumentTypeIdentifier("busdox-docid-qns", BARE)
    metadata = replace(metadata_of(offline), document_type=document_type, process_metadata=(changed,))
    offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata)
    page = text(pages.ask(str(KNOWN), document=str(document_type)))
    assert page.count("&lt;script&gt;alert(1)") > 4
    for raw in ("<script", "<img/src", "<img src=x"):
        assert raw not in page
