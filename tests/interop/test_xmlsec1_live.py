# SPDX-License-Identifier: Apache-2.0
"""What a running SMP serves, judged by xmlsec1 and xmllint: signature with its chain, and the official schema.

The judged bytes are those that came over HTTP, and they are those that are stored: nothing is signed per request.
"""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from lxml import etree
from sqlalchemy import select

from registry.demo.content import CREDIT_NOTE, INVOICE, PARTICIPANTS, demo_metadata
from registry.demo.pki import certificates_pem, new_root
from registry.identifiers.url_form import participant_path, service_path
from registry.metadata import Extension, ProcessMetadata, Redirect, ServiceGroup, ServiceMetadata
from registry.storage.tables import signed_document
from registry.telemetry import signatures_total
from tests.simulators.live import ACTOR, LiveInstance

Accepts = Callable[..., bool]
PARTICIPANT = PARTICIPANTS[0][0]
OTHER_SMP = "https://smp.elsewhere.example"
REDIRECT = ServiceMetadata(
    PARTICIPANTS[1][0],
    CREDIT_NOTE,
    (
        ProcessMetadata(
            redirect=Redirect(
                OTHER_SMP + service_path(PARTICIPANTS[1][0], CREDIT_NOTE),
                "CN=SMP_ELSEWHERE,OU=PEPPOL TEST SMP,O=Elsewhere & Söhne,C=BE",
            )
        ),
    ),
)
EXTENSIONS = {
    "no namespace": Extension(b'<any a="1">\n  <deep><deeper/></deep>\n</any>'),
    "foreign prefix": Extension(b'<x:any xmlns:x="urn:x" x:a="1"><plain/></x:any>'),
    "inherited prefix": Extension(b"<x:any><x:deep/></x:any>", (("x", "urn:inherited"),)),
    "another signature": Extension(
        b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo/><SignatureValue/></Signature>'
    ),
    "characters": Extension("<any>é €\r\n&#13;\t<![CDATA[<b>]]><!-- c --></any>".encode()),
}


@pytest.fixture(scope="module")
def network(shared_live: LiveInstance) -> LiveInstance:
    """An instance that publishes the demonstration's documents, and a redirect."""
    for metadata in (*demo_metadata(shared_live.pki.access_points), REDIRECT):
        shared_live.instance.publishing.put_service_metadata(ACTOR, shared_live.stored, metadata, create_group=True)
    return shared_live


@pytest.fixture
def xmlsec1(network: LiveInstance, tool: Any, tmp_path: Path) -> Accepts:
    """Whether xmlsec1 accepts a document whose signer leads to a root; by default to the right one."""
    program = tool.path("xmlsec1")

    def accepts(document: bytes, root: Path = network.files.root, *options: str) -> bool:
        path = tmp_path / "document.xml"
        path.write_bytes(document)
        # An extension may hold another signature, which is none of our business.
        own = ["--node-xpath", "/*/*[local-name()='Signature']"]
        chain = ["--trusted-pem", str(root), "--untrusted-pem", str(network.files.smp_ca)]
        command = [program, "--verify", "--enabled-key-data", "x509", *own, *chain, *options, str(path)]
        return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0

    return accepts


@pytest.fixture
def valid(corpus: Path, tool: Any, tmp_path: Path) -> Callable[[bytes], str]:
    """What xmllint says against the official schema; empty when the document is valid."""
    program = tool.path("xmllint")
    schema = corpus / "smp" / "xsd" / "peppol" / "peppol-smp-types-v1.xsd"

    def complaints(document: bytes) -> str:
        path = tmp_path / "document.xml"
        path.write_bytes(document)
        command = [program, "--noout", "--nonet", "--schema", str(schema), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        return "" if done.returncode == 0 else done.stderr

    return complaints


def fetch(network: LiveInstance, path: str) -> bytes:
    answer = httpx2.get(network.addresses.public + path)
    assert answer.status_code == 200, answer.text
    return answer.content


def documents(network: LiveInstance) -> list[bytes]:
    """All that the instance publishes of the demonstration, as it comes over HTTP."""
    published = (*demo_metadata(network.pki.access_points), REDIRECT)
    return [fetch(network, service_path(item.participant, item.document_type)) for item in published]


def stored_bodies(network: LiveInstance) -> set[bytes]:
    with network.instance.database.read() as connection:
        return {bytes(body) for body in connection.execute(select(signed_document.c.body)).scalars()}


def test_xmlsec1_verifies_stored_bytes_up_to_the_root(network: LiveInstance, xmlsec1: Accepts) -> None:
    for document in documents(network):
        assert xmlsec1(document)


def test_xmlsec1_refuses_them_under_another_root(network: LiveInstance, xmlsec1: Accepts, tmp_path: Path) -> None:
    other = tmp_path / "other-root.pem"
    other.write_bytes(certificates_pem(new_root(datetime.now(UTC)).certificate))
    for document in documents(network):
        assert not xmlsec1(document, other)


def test_xmlsec1_refuses_an_altered_document(network: LiveInstance, xmlsec1: Accepts) -> None:
    document = fetch(network, service_path(PARTICIPANT, INVOICE))
    altered = document.replace(b"ap1.demo.example", b"ap6.demo.example")
    assert altered != document
    assert not xmlsec1(altered)
    assert not xmlsec1(altered, network.files.root, "--insecure")


def test_what_is_served_is_what_is_stored_and_signed_once(network: LiveInstance) -> None:
    first = documents(network)
    made = signatures_total._value.get()
    assert set(first) <= stored_bodies(network)
    assert documents(network) == first
    assert signatures_total._value.get() == made


@pytest.mark.parametrize("which", EXTENSIONS)
def test_xmlsec1_verifies_and_schema_allows_documents_with_extensions(
    network: LiveInstance, xmlsec1: Accepts, valid: Callable[[bytes], str], which: str
) -> None:
    metadata = demo_metadata(network.pki.access_points)[0]
    extended = replace(
        metadata,
        document_type=replace(INVOICE, value=f"{INVOICE.value}-{which.replace(' ', '-')}"),
        extensions=(EXTENSIONS[which],),
    )
    network.instance.publishing.put_service_metadata(ACTOR, network.stored, extended)
    document = fetch(network, service_path(PARTICIPANT, extended.document_type))
    assert EXTENSIONS[which].content in document
    assert xmlsec1(document)
    assert valid(document) == ""


def test_service_metadata_and_redirects_are_valid_by_the_official_schema(
    network: LiveInstance, valid: Callable[[bytes], str]
) -> None:
    for document in documents(network):
        assert valid(document) == ""
    assert b":Redirect" in documents(network)[-1]


def test_service_groups_are_valid_by_the_official_schema(network: LiveInstance, valid: Callable[[bytes], str]) -> None:
    participant = replace(PARTICIPANT, value="0088:7300010000888")
    group = ServiceGroup(participant, extensions=(EXTENSIONS["foreign prefix"],))
    network.instance.publishing.put_service_group(ACTOR, network.stored, group)
    assert valid(fetch(network, participant_path(participant))) == ""
    for each, services in PARTICIPANTS:
        document = fetch(network, participant_path(each))
        assert document.count(b"ServiceMetadataReference ") >= len(services)
        assert valid(document) == ""


def test_schema_refuses_what_it_should(network: LiveInstance, valid: Callable[[bytes], str]) -> None:
    """The judge judges: without its certificate an endpoint is not valid."""
    tree = etree.fromstring(fetch(network, service_path(PARTICIPANT, INVOICE)))
    for certificate in tree.findall(".//{*}Endpoint/{*}Certificate"):
        parent = certificate.getparent()
        assert parent is not None
        parent.remove(certificate)
    assert "Certificate" in valid(etree.tostring(tree))


def test_a_change_is_signed_anew_and_verifies(network: LiveInstance, xmlsec1: Accepts) -> None:
    metadata = replace(
        demo_metadata(network.pki.access_points)[0], document_type=replace(INVOICE, value=f"{INVOICE.value}-changing")
    )
    path = service_path(PARTICIPANT, metadata.document_type)
    network.instance.publishing.put_service_metadata(ACTOR, network.stored, metadata)
    before = fetch(network, path)
    group = metadata.process_metadata[0]
    endpoint = replace(group.endpoints[0], address="https://ap9.demo.example/as4")
    changed = replace(metadata, process_metadata=(replace(group, endpoints=(endpoint,)),))
    network.instance.publishing.put_service_metadata(ACTOR, network.stored, changed)
    after = fetch(network, path)
    assert b"https://ap9.demo.example/as4" in after
    assert b"https://ap9.demo.example/as4" not in before
    assert xmlsec1(after)
