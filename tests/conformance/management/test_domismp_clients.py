# SPDX-License-Identifier: Apache-2.0
"""What a client of DomiSMP asks for and gets: each row of docs/conformance/management.md."""

from dataclasses import replace

import pytest
from lxml import etree

from registry.demo.content import ORDER
from registry.identifiers.url_form import service_path
from registry.smp.documents.catalogue import DIALECTS
from tests.simulators.asgi import Reply
from tests.simulators.live import SMP_ID
from tests.simulators.management import Client, Office, Papers

ERROR = "{ec:services:SMP:1.0}"
DOMAIN = {"Domain": "oasis"}
SMP_1 = "http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"
SMP_2 = "http://docs.oasis-open.org/bdxr/ns/SMP/2/"


@pytest.fixture
def domismp(office: Office) -> Client:
    return replace(office.client("domismp"), basic=True)


@pytest.fixture
def papers(office: Office) -> Papers:
    return office.metadata("bdxr1")


def assert_refused(reply: Reply, status: int, code: str) -> str:
    """Refused by an ErrorResponse with this code; gives what it says."""
    assert reply.status == status, reply.body
    assert reply.headers["content-type"] == "text/xml; charset=utf-8"
    root = etree.fromstring(reply.body)
    assert root.tag == f"{ERROR}ErrorResponse"
    assert [child.tag for child in root] == [
        f"{ERROR}{name}" for name in ("BusinessCode", "ErrorDescription", "ErrorUniqueId")
    ]
    told, description, unique_id = (child.text for child in root)
    assert told == code
    assert unique_id
    assert description
    return description


def namespace(reply: Reply) -> str:
    return etree.QName(etree.fromstring(reply.body)).namespace or ""


# Resources


def test_put_of_a_service_group_is_201_then_200(domismp: Client, papers: Papers) -> None:
    replies = [domismp.ask("PUT", papers.group_path, papers.group, **DOMAIN) for _ in range(2)]
    assert [(reply.status, reply.body) for reply in replies] == [(201, b""), (200, b"")]


def test_put_of_metadata_is_201_then_200_and_replaces(domismp: Client, papers: Papers) -> None:
    domismp.ask("PUT", papers.group_path, papers.group, **DOMAIN)
    statuses = [
        domismp.ask("PUT", papers.path, papers.of(papers.process(name)).document, **DOMAIN).status for name in "ab"
    ]
    assert statuses == [201, 200]
    served = domismp.ask("GET", papers.path, **DOMAIN).body
    assert b"urn:b<" in served
    assert b"urn:a<" not in served


def test_delete_is_200_then_404(domismp: Client, papers: Papers) -> None:
    client = replace(domismp, headers=tuple(DOMAIN.items()))
    client.publish(papers)
    for path in (papers.path, papers.group_path):
        reply = client.ask("DELETE", path)
        assert (reply.status, reply.body) == (200, b"")
        assert_refused(client.ask("DELETE", path), 404, "NOT_FOUND")


def test_service_group_is_registered_at_the_sml(office: Office, domismp: Client) -> None:
    papers = office.metadata()
    assert domismp.ask("PUT", papers.group_path, papers.group, Domain="demo").status == 201
    assert office.registered_by(papers.metadata.participant) == SMP_ID


def test_resource_is_served_as_in_public_and_to_everybody(domismp: Client, papers: Papers) -> None:
    replace(domismp, prefix="/oasis").publish(papers)
    anonymous = replace(domismp.anonymous(), prefix="/domismp/oasis")
    assert namespace(anonymous.ask("GET", papers.group_path)) == SMP_1
    assert namespace(anonymous.ask("GET", papers.path)) == SMP_1
    assert_refused(anonymous.ask("GET", service_path(papers.metadata.participant, ORDER)), 404, "NOT_FOUND")


# Where to


@pytest.mark.parametrize("prefix", ["", "/smp-1", "/oasis", "/oasis/smp-1", "/oasis/SMP-1"])
def test_domain_and_type_are_told_by_header_or_path(domismp: Client, papers: Papers, prefix: str) -> None:
    headers = {} if "oasis" in prefix else DOMAIN
    assert domismp.ask("PUT", prefix + papers.group_path, papers.group, **headers).status == 201
    assert domismp.ask("GET", "/oasis" + papers.group_path).status == 200


def test_header_and_path_may_both_tell_the_domain(domismp: Client, papers: Papers) -> None:
    assert domismp.ask("PUT", f"/oasis{papers.group_path}", papers.group, **DOMAIN).status == 201


def test_domain_of_the_token_is_meant_where_none_is_told(office: Office, papers: Papers) -> None:
    client = office.client("domismp", domain_id=office.oasis.id)
    assert client.ask("PUT", papers.group_path, papers.group).status == 201
    assert client.ask("PUT", f"/smp-1{papers.group_path}", papers.group).status == 200


@pytest.mark.parametrize("segment", ["bdxr-smp-2", "oasis-bdxr-smp-2"])
def test_resources_of_smp_2(domismp: Client, papers: Papers, segment: str) -> None:
    smp_2 = replace(papers, dialect="bdxr2")
    client = replace(domismp, prefix=f"/oasis-2/{segment}")
    assert client.ask("PUT", smp_2.group_path, smp_2.group).status == 201
    assert client.ask("PUT", smp_2.path, smp_2.document).status == 201
    assert namespace(client.ask("GET", smp_2.group_path)) == f"{SMP_2}ServiceGroup"
    assert namespace(client.ask("GET", smp_2.path)) == f"{SMP_2}ServiceMetadata"


def test_same_data_are_served_in_both_types(domismp: Client, papers: Papers) -> None:
    replace(domismp, prefix="/oasis/smp-1").publish(papers)
    assert namespace(domismp.ask("GET", f"/oasis/smp-1{papers.path}")) == SMP_1
    assert namespace(domismp.ask("GET", f"/oasis/bdxr-smp-2{papers.path}")) == f"{SMP_2}ServiceMetadata"


def test_type_may_be_told_by_a_header(domismp: Client, papers: Papers) -> None:
    smp_2 = replace(papers, dialect="bdxr2")
    headers = DOMAIN | {"Resource_Type": "oasis-bdxr-smp-2"}
    assert domismp.ask("PUT", smp_2.group_path, smp_2.group, **headers).status == 201
    assert namespace(domismp.ask("GET", smp_2.group_path, **headers)) == f"{SMP_2}ServiceGroup"


def test_document_of_another_type_than_the_path_says_is_400(domismp: Client, papers: Papers) -> None:
    assert_refused(domismp.ask("PUT", f"/oasis/bdxr-smp-2{papers.group_path}", papers.group), 400, "XSD_INVALID")


@pytest.mark.parametrize("prefix", ["/demo/bdxr-smp-2", "/oasis-2/smp-1"])
def test_type_that_the_domain_does_not_serve_is_400(domismp: Client, papers: Papers, prefix: str) -> None:
    text = assert_refused(domismp.ask("PUT", prefix + papers.group_path, papers.group), 400, "XSD_INVALID")
    assert "does not serve" in text


def test_unknown_domain_is_404(domismp: Client, papers: Papers) -> None:
    assert_refused(domismp.ask("PUT", papers.group_path, papers.group, Domain="nowhere"), 404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/oasis/a%3A%3Ab/c", "/oasis/a%3A%3Ab/services", "/a/b/c/d/e/f", "/oasis//x"])
def test_path_of_another_form_is_400(domismp: Client, path: str) -> None:
    assert_refused(domismp.ask("DELETE", path), 400, "TECHNICAL")


# Headers of ownership


@pytest.mark.parametrize("header", ["ServiceGroup_Owner", "Resource_Owner", "Resource_Admin", "Resource_Group"])
def test_owner_and_group_are_taken_with_a_warning(domismp: Client, papers: Papers, header: str) -> None:
    reply = domismp.ask("PUT", papers.group_path, papers.group, **DOMAIN, **{header: "smp_admin"})
    assert reply.status == 201
    (warning,) = reply.all("warning")
    assert header.replace("_", "-") in warning


@pytest.mark.parametrize(("visibility", "status"), [("PUBLIC", 201), ("public", 201), ("PRIVATE", 400), ("x", 400)])
def test_what_shall_not_be_public_is_not_published(
    domismp: Client, papers: Papers, visibility: str, status: int
) -> None:
    reply = domismp.ask("PUT", papers.group_path, papers.group, **DOMAIN, Resource_Visibility=visibility)
    assert reply.status == status
    if status == 400:
        assert_refused(reply, 400, "INVALID_INPUT_DATA")
        assert domismp.ask("GET", papers.group_path, **DOMAIN).status == 404


# Refusals


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_who_is_not_known_is_401_with_a_challenge(domismp: Client, papers: Papers, method: str) -> None:
    for caller in (domismp.anonymous(), domismp.with_token("edr_wrong"), replace(domismp, name="somebody")):
        reply = replace(caller, prefix="/domismp").ask(method, papers.group_path, papers.group, **DOMAIN)
        assert_refused(reply, 401, "UNAUTHORIZED")
        assert reply.headers["www-authenticate"].startswith("Basic ")


def test_token_of_another_domain_is_401(office: Office, papers: Papers) -> None:
    stranger = office.client("domismp", domain_id=office.demo.id)
    assert_refused(stranger.ask("PUT", papers.group_path, papers.group, **DOMAIN), 401, "UNAUTHORIZED")
    assert_refused(stranger.ask("DELETE", f"/oasis{papers.group_path}"), 401, "UNAUTHORIZED")


def test_document_of_another_participant_or_type_is_400(office: Office, domismp: Client, papers: Papers) -> None:
    domismp.ask("PUT", papers.group_path, papers.group, **DOMAIN)
    other = office.metadata("bdxr1")
    assert_refused(domismp.ask("PUT", papers.group_path, other.group, **DOMAIN), 400, "WRONG_FIELD")
    order = service_path(papers.metadata.participant, ORDER)
    assert_refused(domismp.ask("PUT", order, papers.document, **DOMAIN), 400, "WRONG_FIELD")


@pytest.mark.parametrize("body", [b"", b"<", b"<a/>", b"{}", b"<!DOCTYPE a []><a/>"])
def test_body_that_is_no_document_is_400(domismp: Client, papers: Papers, body: bytes) -> None:
    assert_refused(domismp.ask("PUT", papers.group_path, body, **DOMAIN), 400, "XSD_INVALID")


def test_document_of_a_dialect_that_the_domain_does_not_serve_is_400(domismp: Client, papers: Papers) -> None:
    busdox = replace(papers, dialect="busdox")
    text = assert_refused(domismp.ask("PUT", busdox.group_path, busdox.group, **DOMAIN), 400, "XSD_INVALID")
    assert DIALECTS["bdxr1"].title in text


@pytest.mark.parametrize("segment", ["%ff", "%00", "%zz", "no-scheme", "%3A%3Ax"])
def test_identifier_that_is_none_is_400(domismp: Client, papers: Papers, segment: str) -> None:
    assert_refused(domismp.ask("PUT", f"/{segment}", papers.group, **DOMAIN), 400, "FORMAT_ERROR")


def test_metadata_without_a_service_group_are_404(domismp: Client, papers: Papers) -> None:
    assert_refused(domismp.ask("PUT", papers.path, papers.document, **DOMAIN), 404, "NOT_FOUND")


def test_refusal_of_the_sml_is_500(office: Office, domismp: Client) -> None:
    papers = office.metadata()
    client = replace(domismp, headers=(("Domain", "demo"),))
    client.publish(papers)
    sml = office.offline.instance.sml
    sml.prepare_migration(office.offline.caller(), SMP_ID, papers.metadata.participant, "Ab1@Cd2#Ef3!")
    assert_refused(client.ask("DELETE", papers.group_path), 500, "TECHNICAL")


def test_other_methods_are_405(domismp: Client, papers: Papers) -> None:
    reply = domismp.ask("POST", papers.group_path, **DOMAIN)
    assert (reply.status, reply.headers["allow"]) == (405, "DELETE, GET, HEAD, PUT")
