# SPDX-License-Identifier: Apache-2.0
"""What a client of phoss SMP asks for and gets: each row of docs/conformance/management.md."""

from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from registry.demo.content import ORDER
from registry.identifiers.url_form import service_path
from registry.metadata import Extension, Redirect
from registry.smp.documents.signing import verify_document
from tests.simulators.asgi import Reply
from tests.simulators.live import SMP_ID
from tests.simulators.management import Client, Office, Papers

SMP = "{http://busdox.org/serviceMetadata/publishing/1.0/}"
UTF8_TEXT = "text/plain; charset=utf-8"


@pytest.fixture
def phoss(office: Office) -> Client:
    return replace(office.client("phoss", domain_id=office.demo.id), basic=True)


@pytest.fixture
def papers(office: Office) -> Papers:
    return office.metadata()


def processes(reply: Reply) -> dict[str, list[str]]:
    """{process: transport profiles} of a served document."""
    root = etree.fromstring(reply.body)
    return {
        (process.findtext("{*}ProcessIdentifier") or "").removeprefix("urn:"): [
            str(endpoint.get("transportProfile")) for endpoint in process.iter(f"{SMP}Endpoint")
        ]
        for process in root.iter(f"{SMP}Process")
    }


def assert_refused(reply: Reply, status: int) -> None:
    """Refused in phoss's way: a line of text, no challenge, nothing about the inside."""
    assert reply.status == status, reply.body
    assert reply.headers["content-type"] == UTF8_TEXT
    assert "www-authenticate" not in reply.headers
    assert reply.body
    assert b"Error" not in reply.body


# Service groups


def test_put_of_a_service_group_is_always_200(phoss: Client, papers: Papers) -> None:
    for _ in range(2):
        reply = phoss.ask("PUT", papers.group_path, papers.group)
        assert (reply.status, reply.body) == (200, b"")


def test_service_group_is_registered_at_the_sml(office: Office, phoss: Client, papers: Papers) -> None:
    assert phoss.ask("PUT", papers.group_path, papers.group).status == 200
    assert office.registered_by(papers.metadata.participant) == SMP_ID
    assert phoss.ask("PUT", f"{papers.group_path}?create-in-sml=true", papers.group).status == 200
    assert office.registered_by(papers.metadata.participant) == SMP_ID


@pytest.mark.parametrize("no", ["false", "FALSE", "False"])
def test_service_group_without_the_sml(office: Office, phoss: Client, papers: Papers, no: str) -> None:
    assert phoss.ask("PUT", f"{papers.group_path}?create-in-sml={no}", papers.group).status == 200
    assert office.registered_by(papers.metadata.participant) is None
    assert phoss.ask("GET", papers.group_path).status == 200


def test_service_group_is_served_as_in_public(phoss: Client, papers: Papers) -> None:
    phoss.publish(papers)
    reply = phoss.anonymous().ask("GET", f"/phoss{papers.group_path}")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/xml")
    assert b"https://smp.example.org/base/" in reply.body


def test_delete_of_a_service_group_takes_everything(office: Office, phoss: Client, papers: Papers) -> None:
    phoss.publish(papers)
    reply = phoss.ask("DELETE", papers.group_path)
    assert (reply.status, reply.body) == (200, b"")
    assert phoss.ask("GET", papers.path).status == 404
    assert office.registered_by(papers.metadata.participant) is None
    assert_refused(phoss.ask("DELETE", papers.group_path), 404)


def test_delete_without_the_sml_leaves_the_registration(office: Office, phoss: Client, papers: Papers) -> None:
    phoss.publish(papers)
    assert phoss.ask("DELETE", f"{papers.group_path}?delete-in-sml=false").status == 200
    assert phoss.ask("GET", papers.group_path).status == 404
    assert office.registered_by(papers.metadata.participant) == SMP_ID


# Service metadata


def test_put_of_metadata_is_always_200_and_signed(office: Office, phoss: Client, papers: Papers) -> None:
    phoss.publish(papers)
    assert phoss.ask("PUT", papers.path, papers.document).status == 200
    served = phoss.ask("GET", papers.path)
    assert served.status == 200
    assert verify_document(served.body).certificate == office.offline.pki.smp.certificate


def test_put_of_metadata_leaves_other_processes_alone(phoss: Client, papers: Papers) -> None:
    phoss.publish(papers.of(papers.process("a")))
    assert phoss.ask("PUT", papers.path, papers.of(papers.process("b")).document).status == 200
    assert set(processes(phoss.ask("GET", papers.path))) == {"a", "b"}


def test_put_of_metadata_replaces_the_endpoint_of_the_same_transport_profile(phoss: Client, papers: Papers) -> None:
    phoss.publish(papers.of(papers.process("a")))
    other = replace(papers.endpoint, transport_profile="bdxr-transport-ebms3-as4-v1p0")
    moved = replace(papers.endpoint, address="https://moved.example.org/as4")
    for endpoint in (other, moved):
        assert phoss.ask("PUT", papers.path, papers.of(papers.process("a", endpoint)).document).status == 200
    served = phoss.ask("GET", papers.path)
    assert processes(served) == {"a": [papers.endpoint.transport_profile, other.transport_profile]}
    assert served.body.count(b"https://moved.example.org/as4") == 1
    assert papers.endpoint.address.encode() in served.body, "the endpoint of the other profile is as it was"


def with_second_endpoint(papers: Papers, **dates: str) -> bytes:
    """The document with its endpoint twice, which no writer of ours does; `dates` are those of each."""
    document = papers.document.decode()
    start, end = document.index("<smp:Endpoint "), document.index("</smp:ServiceEndpointList>")
    endpoints = [
        document[start:end].replace("<smp:Certificate>", f"{date}<smp:Certificate>") for date in dates.values()
    ]
    return (document[:start] + "".join(endpoints) + document[end:]).encode()


def test_overlapping_validity_of_a_transport_profile_is_400(phoss: Client, papers: Papers) -> None:
    phoss.publish(papers)
    before = phoss.ask("GET", papers.path).body
    later = "<smp:ServiceActivationDate>2030-01-01T00:00:00Z</smp:ServiceActivationDate>"
    reply = phoss.ask("PUT", papers.path, with_second_endpoint(papers, first="", second=later))
    assert_refused(reply, 400)
    assert b"SMP-VALIDITY-OVERLAP" in reply.body
    assert phoss.ask("GET", papers.path).body == before


def test_two_endpoints_of_a_transport_profile_are_400_whenever_they_are_valid(phoss: Client, papers: Papers) -> None:
    phoss.publish(papers)
    dates = {
        "first": "<smp:ServiceExpirationDate>2030-01-01T00:00:00Z</smp:ServiceExpirationDate>",
        "second": "<smp:ServiceActivationDate>2030-01-01T00:00:00Z</smp:ServiceActivationDate>",
    }
    reply = phoss.ask("PUT", papers.path, with_second_endpoint(papers, **dates))
    assert_refused(reply, 400)
    assert b"SMP-VALIDITY-OVERLAP" not in reply.body
    assert b"TA08" in reply.body


def test_redirect_and_processes_replace_each_other(phoss: Client, papers: Papers) -> None:
    phoss.publish(papers)
    href = f"https://other.example.org{papers.path}"
    group = replace(papers.process("a"), processes=(), endpoints=(), redirect=Redirect(href, "CN=OTHER,C=BE"))
    assert phoss.ask("PUT", papers.path, papers.of(group).document).status == 200
    assert b"Redirect" in phoss.ask("GET", papers.path).body
    assert phoss.ask("PUT", papers.path, papers.document).status == 200
    assert b"Redirect" not in phoss.ask("GET", papers.path).body


def test_delete_of_metadata_is_200_then_404(phoss: Client, papers: Papers) -> None:
    phoss.publish(papers)
    assert phoss.ask("DELETE", papers.path).status == 200
    assert_refused(phoss.ask("DELETE", papers.path), 404)
    assert phoss.ask("GET", papers.group_path).status == 200


@pytest.mark.parametrize("slash", ["", "/"])
def test_delete_of_all_metadata_leaves_the_group(phoss: Client, papers: Papers, slash: str) -> None:
    order = replace(papers, metadata=replace(papers.metadata, document_type=ORDER))
    phoss.publish(papers)
    phoss.publish(order)
    assert phoss.ask("DELETE", f"{papers.group_path}/services{slash}").status == 200
    assert [phoss.ask("GET", item.path).status for item in (papers, order)] == [404, 404]
    assert phoss.ask("GET", papers.group_path).status == 200
    assert phoss.ask("DELETE", f"{papers.group_path}/services").status == 200, "of nothing, too"


def test_delete_of_a_process_leaves_the_others(phoss: Client, papers: Papers) -> None:
    phoss.publish(papers.of(papers.process("a"), papers.process("b")))
    assert phoss.ask("DELETE", papers.process_path("a")).status == 200
    assert set(processes(phoss.ask("GET", papers.path))) == {"b"}
    assert_refused(phoss.ask("DELETE", papers.process_path("a")), 404)


def test_delete_of_the_last_process_withdraws_the_metadata(phoss: Client, papers: Papers) -> None:
    phoss.publish(papers.of(papers.process("a")))
    assert phoss.ask("DELETE", papers.process_path("a")).status == 200
    assert phoss.ask("GET", papers.path).status == 404


# Lists


IMPORTS = {
    "http://www.w3.org/2000/09/xmldsig#": "xmldsig-core-schema.xsd",
    "http://busdox.org/transport/identifiers/1.0/": "peppol-identifiers-v1.xsd",
    "http://www.w3.org/2005/08/addressing": "ws-addr.xsd",
}


@pytest.fixture(scope="module")
def schema(corpus: Path) -> etree.XMLSchema:
    # The schema of XML Signature has a DOCTYPE, which must not be loaded.
    parser = etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False)
    tree = etree.parse(corpus / "smp/xsd/peppol/peppol-smp-types-v1-ext.xsd", parser)
    for element in tree.iter("{*}import"):
        # It leaves it to its user where the others are.
        element.set("schemaLocation", IMPORTS[element.get("namespace", "")])
    return etree.XMLSchema(tree)


def test_complete_service_group_has_all_metadata(phoss: Client, papers: Papers, schema: etree.XMLSchema) -> None:
    extension = Extension(b"<y>a <b/></y>")
    phoss.publish(replace(papers, metadata=replace(papers.metadata, extensions=(extension,))))
    phoss.publish(replace(papers, metadata=replace(papers.metadata, document_type=ORDER)))
    reply = phoss.anonymous().ask("GET", f"/phoss/complete{papers.group_path}")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/xml")
    root = etree.fromstring(reply.body)
    schema.assertValid(root)
    assert root.tag == f"{SMP}CompleteServiceGroup"
    assert [child.tag for child in root] == [f"{SMP}ServiceGroup", *[f"{SMP}ServiceMetadata"] * 2]
    assert extension.content in reply.body
    assert root.find(f".//{SMP}Extension/y") is not None, "still in no namespace"
    assert_refused(phoss.ask("GET", "/complete/iso6523-actorid-upis%3A%3A0088%3Anobody"), 404)


def test_list_has_the_references_of_the_domain(phoss: Client, papers: Papers, schema: etree.XMLSchema) -> None:
    phoss.publish(papers)
    reply = phoss.ask("GET", f"/list/{phoss.name}")
    assert reply.status == 200
    root = etree.fromstring(reply.body)
    schema.assertValid(root)
    assert root.tag == f"{SMP}ServiceGroupReferenceList"
    hrefs = [reference.get("href") for reference in root]
    assert f"https://smp.example.org/base{papers.group_path}" in hrefs
    assert len(hrefs) == len(set(hrefs))


def test_list_of_somebody_else_or_without_a_user_is_403(phoss: Client) -> None:
    assert_refused(phoss.ask("GET", "/list/somebody"), 403)
    assert_refused(phoss.anonymous().ask("GET", f"/phoss/list/{phoss.name}"), 403)


def test_service_group_ids_are_for_users_only(phoss: Client, papers: Papers) -> None:
    phoss.publish(papers)
    reply = phoss.ask("GET", "/servicegroupids/all")
    assert reply.status == 200
    root = etree.fromstring(reply.body)
    assert root.tag == "servicegroupids"
    assert [child.tag for child in root] == ["servicegroupid"] * int(root.get("count") or 0)
    assert str(papers.metadata.participant) in [child.text for child in root]
    assert_refused(phoss.anonymous().ask("GET", "/phoss/servicegroupids/all"), 403)


# Business cards


def test_business_card_is_put_served_and_deleted(phoss: Client, papers: Papers) -> None:
    path = f"/businesscard{papers.group_path}"
    assert_refused(phoss.ask("PUT", path, papers.card), 404)
    phoss.publish(papers)
    for _ in range(2):
        assert phoss.ask("PUT", path, papers.card).status == 200
    served = phoss.anonymous().ask("GET", f"/phoss{path}")
    assert (served.status, served.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert b"Example" in served.body
    assert phoss.ask("DELETE", path).status == 200
    assert_refused(phoss.ask("DELETE", path), 404)
    assert_refused(phoss.ask("GET", path), 404)


def test_business_card_of_somebody_else_is_400(office: Office, phoss: Client, papers: Papers) -> None:
    phoss.publish(papers)
    other = office.metadata()
    assert_refused(phoss.ask("PUT", f"/businesscard{papers.group_path}", other.card), 400)


# Refusals


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_who_is_not_known_is_403(phoss: Client, papers: Papers, method: str) -> None:
    for caller in (phoss.anonymous(), phoss.with_token("edr_wrong"), replace(phoss, name="somebody")):
        assert_refused(replace(caller, prefix="/phoss").ask(method, papers.group_path, papers.group), 403)


def test_token_of_another_domain_is_403(office: Office, papers: Papers) -> None:
    stranger = office.client("phoss", domain_id=office.oasis.id)
    assert_refused(stranger.ask("PUT", f"/base{papers.group_path}", papers.group), 403)
    assert_refused(stranger.ask("DELETE", f"/domains/demo{papers.group_path}"), 403)


def test_document_of_another_participant_or_type_is_400(office: Office, phoss: Client, papers: Papers) -> None:
    phoss.publish(papers)
    other = office.metadata()
    assert_refused(phoss.ask("PUT", papers.group_path, other.group), 400)
    assert_refused(phoss.ask("PUT", service_path(papers.metadata.participant, ORDER), papers.document), 400)


@pytest.mark.parametrize("body", [b"", b"<", b"<a/>", b"{}", b"<!DOCTYPE a []><a/>"])
def test_body_that_is_no_document_is_400(phoss: Client, papers: Papers, body: bytes) -> None:
    assert_refused(phoss.ask("PUT", papers.group_path, body), 400)


def test_document_of_a_dialect_that_the_domain_does_not_serve_is_400(phoss: Client, papers: Papers) -> None:
    reply = phoss.ask("PUT", papers.group_path, replace(papers, dialect="bdxr1").group)
    assert_refused(reply, 400)
    assert b"SMP-DIALECT" in reply.body


def test_metadata_without_a_service_group_are_404(phoss: Client, papers: Papers) -> None:
    assert_refused(phoss.ask("PUT", papers.path, papers.document), 404)


def test_refusal_of_the_sml_is_500(office: Office, phoss: Client, papers: Papers) -> None:
    phoss.publish(papers)
    certificate = office.offline.caller()
    office.offline.instance.sml.prepare_migration(certificate, SMP_ID, papers.metadata.participant, "Ab1@Cd2#Ef3!")
    assert_refused(phoss.ask("DELETE", papers.group_path), 500)
    assert phoss.ask("GET", papers.group_path).status == 200


@pytest.mark.parametrize("path", ["/", "/a/b", "/smpquery/x", "/servicegroupids/none", "/exchange/export/all/xml/v1"])
def test_other_paths_are_404(phoss: Client, path: str) -> None:
    assert_refused(phoss.ask("DELETE", path), 404)


def test_other_methods_are_405(phoss: Client, papers: Papers) -> None:
    assert phoss.ask("POST", papers.group_path).status == 405
    reply = phoss.ask("PUT", "/servicegroupids/all")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")
    assert phoss.ask("GET", f"{papers.group_path}/services").headers["allow"] == "DELETE"
