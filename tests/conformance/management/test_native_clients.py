# SPDX-License-Identifier: Apache-2.0
"""Our own management dialect, and how it is chosen which one a program speaks."""

from dataclasses import replace

import pytest
from lxml import etree

from registry.demo.content import ORDER
from registry.identifiers.url_form import service_path
from tests.simulators.asgi import Reply
from tests.simulators.management import Client, Office, Papers

PROBLEM = "application/problem+json"


@pytest.fixture
def native(office: Office) -> Client:
    return replace(office.client(), prefix="/domains/demo")


@pytest.fixture
def papers(office: Office) -> Papers:
    return office.metadata()


def assert_refused(reply: Reply, status: int) -> None:
    assert (reply.status, reply.headers["content-type"]) == (status, PROBLEM), reply.body
    assert reply.json()["status"] == status


# Native


def test_put_of_a_service_group_is_201_then_200(native: Client, papers: Papers) -> None:
    assert [native.ask("PUT", papers.group_path, papers.group).status for _ in range(2)] == [201, 200]


def test_put_of_metadata_is_201_then_200_and_replaces(native: Client, papers: Papers) -> None:
    native.ask("PUT", papers.group_path, papers.group)
    bodies = [papers.of(papers.process(name)).document for name in "ab"]
    assert [native.ask("PUT", papers.path, body).status for body in bodies] == [201, 200]
    served = native.ask("GET", papers.path).body
    assert b"urn:b<" in served
    assert b"urn:a<" not in served


def test_delete_is_204_then_404(native: Client, papers: Papers) -> None:
    native.publish(papers)
    for path in (papers.path, papers.group_path):
        assert native.ask("DELETE", path).status == 204
        assert_refused(native.ask("DELETE", path), 404)


def test_business_card_is_201_then_200_and_204(native: Client, papers: Papers) -> None:
    path = f"/businesscard{papers.group_path}"
    native.publish(papers)
    assert [native.ask("PUT", path, papers.card).status for _ in range(2)] == [201, 200]
    assert native.ask("GET", path).status == 200
    assert native.ask("DELETE", path).status == 204
    assert_refused(native.ask("DELETE", path), 404)


def test_documents_are_served_as_in_public(native: Client, papers: Papers) -> None:
    native.publish(papers)
    for path in (papers.group_path, papers.path):
        assert native.anonymous().ask("GET", path).status == 200
        head = native.anonymous().ask("HEAD", path)
        assert (head.status, head.body) == (200, b"")


def test_documents_of_smp_2_have_their_prefix(office: Office, papers: Papers) -> None:
    smp_2 = replace(papers, dialect="bdxr2")
    for prefix in ("/domains/oasis-2/bdxr-smp-2", "/oasis-2/bdxr-smp-2"):
        client = replace(office.client(), prefix=prefix)
        client.publish(smp_2)
        assert b"SMP/2/ServiceMetadata" in client.ask("GET", smp_2.path).body
    assert_refused(replace(client, prefix="/base/bdxr-smp-2").ask("PUT", smp_2.group_path, smp_2.group), 400)


def test_document_that_is_not_that_of_the_path_is_400(office: Office, native: Client, papers: Papers) -> None:
    native.publish(papers)
    assert_refused(native.ask("PUT", papers.group_path, office.metadata().group), 400)
    assert_refused(native.ask("PUT", service_path(papers.metadata.participant, ORDER), papers.document), 400)
    assert_refused(native.ask("PUT", papers.group_path, papers.document), 400)
    assert_refused(native.ask("PUT", papers.group_path, replace(papers, dialect="bdxr1").group), 400)


def test_who_is_not_known_is_401_and_who_may_not_is_403(office: Office, native: Client, papers: Papers) -> None:
    stranger = replace(office.client(domain_id=office.oasis.id), prefix=native.prefix)
    for method in ("PUT", "DELETE"):
        reply = native.anonymous().ask(method, papers.group_path, papers.group)
        assert_refused(reply, 401)
        assert reply.headers["www-authenticate"] == "Bearer"
        assert_refused(stranger.ask(method, papers.group_path, papers.group), 403)


def test_refusal_of_the_sml_is_409(office: Office, native: Client, papers: Papers) -> None:
    native.publish(papers)
    sml = office.offline.instance.sml
    sml.prepare_migration(office.offline.caller(), "SMP-TEST", papers.metadata.participant, "Ab1@Cd2#Ef3!")
    assert_refused(native.ask("DELETE", papers.group_path), 409)


# Which dialect


def test_token_says_which_dialect_its_bearer_speaks(office: Office, papers: Papers) -> None:
    spoken = {"native": (201, 204), "phoss": (200, 200), "domismp": (201, 200)}
    for name, statuses in spoken.items():
        client = office.client(name)
        replies = client.ask("PUT", papers.group_path, papers.group), client.ask("DELETE", papers.group_path)
        assert tuple(reply.status for reply in replies) == statuses, name


def test_prefix_of_the_path_counts_for_more_than_the_token(office: Office, papers: Papers) -> None:
    statuses = {
        (token, prefix): office.client(token).ask("DELETE", f"/{prefix}{papers.group_path}").headers["content-type"]
        for token in ("native", "phoss", "domismp")
        for prefix in ("native", "phoss", "domismp")
    }
    forms = {"native": PROBLEM, "phoss": "text/plain; charset=utf-8", "domismp": "text/xml; charset=utf-8"}
    assert statuses == {(token, prefix): forms[prefix] for token, prefix in statuses}


@pytest.mark.parametrize("management", ["native", "phoss", "domismp"])
def test_token_is_taken_as_bearer_and_as_password(office: Office, management: str) -> None:
    for basic in (False, True):
        client, papers = replace(office.client(management), basic=basic), office.metadata()
        assert client.ask("PUT", papers.group_path, papers.group).status in {200, 201}


@pytest.mark.parametrize("prefix", ["/native/domains/demo", "/phoss/domains/demo", "/domismp/demo"])
def test_reading_needs_no_token_and_a_stale_one_does_no_harm(
    office: Office, native: Client, papers: Papers, prefix: str
) -> None:
    native.publish(papers)
    for caller in (native.anonymous(), native.with_token("edr_stale")):
        reply = replace(caller, prefix=prefix).ask("GET", papers.path)
        assert reply.status == 200
        assert etree.fromstring(reply.body).tag.endswith("SignedServiceMetadata")


def test_lists_are_not_for_who_is_not_known_in_any_dialect(office: Office, native: Client) -> None:
    for prefix in ("", "/native", "/phoss", "/domismp", "/phoss/domains/demo", "/domains/demo"):
        for path in ("/servicegroupids/all", f"/list/{native.name}"):
            reply = replace(native.anonymous(), prefix=prefix).ask("GET", path)
            assert reply.status in {400, 403, 404}, (prefix, path)
