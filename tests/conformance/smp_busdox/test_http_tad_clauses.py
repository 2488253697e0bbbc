# SPDX-License-Identifier: Apache-2.0
"""The test assertions of the eDelivery SMP profile (CEF TAD 1.07; smp.md §1.8) and Peppol SMP 1.4, over HTTP.

Left out are those that Peppol's dialect decides otherwise: TA13 (schemes are no URIs here) and TA14 (document types
have case, which is TA24 to TA26).
"""

import base64
import json
import re
from urllib.parse import unquote, urlsplit

import httpx2
import pytest
from lxml import etree

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.demo.pki import certificates_pem
from registry.identifiers.participant import ParticipantIdentifier
from registry.smp.documents.signing import verify_document
from tests.conformance.smp_busdox.http_client import (
    DECLARATION,
    INVOICE,
    SCHEME,
    SMP,
    Answer,
    Smp,
    group_path,
    metadata_path,
    redirect,
    service_group,
    service_metadata,
)
from tests.simulators.live import ACTOR, LiveInstance
from trust_lists.certificates.parsing import load_certificate

VALUE = "0088:tad-participant"
ORDER = "urn:oasis:names:specification:ubl:schema:xsd:Order-2::Order##urn:fdc:peppol.eu:poacc:trns:order:3::2.1"
MOVED = "urn:example:moved::Moved##moved::1"
OTHER_SMP = "https://smp.elsewhere.example"
UID = "CN=SMP_ELSEWHERE,OU=PEPPOL TEST SMP,O=Elsewhere,C=BE"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"


@pytest.fixture(scope="module")
def smp(shared_live: LiveInstance) -> Smp:
    """Publishes an invoice, an order, and a redirect for one participant."""
    smp = Smp(shared_live)
    smp.publish(VALUE, INVOICE, ORDER, description="Zugangspunkt für Köln, €")
    answer = smp.write("PUT", metadata_path(VALUE, MOVED), redirect(OTHER_SMP + metadata_path(VALUE, MOVED), UID))
    assert answer.status == 201, answer.body
    return smp


@pytest.fixture(scope="module")
def strict(shared_live: LiveInstance) -> Smp:
    """A second domain of the instance, which has all of Peppol's policies, below a path of its own."""
    live = shared_live
    access_points = [certificates_pem(live.pki.ap_ca.certificate).decode()]
    settings = {
        "name": "strict",
        "smp": {"base_url": f"{live.addresses.public}/strict", "https_443_only": False},
        "sml": {"url_schemes": ["http", "https"]},
        "trust": {role: {"anchors": access_points} for role in ("ap-encrypt", "ap-sign")},
    }
    add_domain(live.instance, ACTOR, "peppol-test", settings, signing_key=SigningKeyFile(live.files.smp))
    live.run(live.serving.refresh())
    return Smp(live, "strict")


def parsed(answer: Answer) -> etree._Element:
    assert answer.status == 200, answer.body
    return etree.fromstring(answer.body)


def reasons(answer: Answer) -> set[str]:
    """The ids of the reasons of a refusal."""
    assert answer.status == 400, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    return {reason["id"] for reason in json.loads(answer.body)["reasons"]}


def references(smp: Smp, value: str = VALUE) -> list[str]:
    found = parsed(smp.get(group_path(value))).iterfind(".//{*}ServiceMetadataReference")
    return [str(reference.get("href")) for reference in found]


def test_ta01_ta09_ta17_metadata_are_returned_with_200(smp: Smp) -> None:
    for path in (metadata_path(VALUE), metadata_path(VALUE, ORDER), metadata_path(VALUE, MOVED)):
        root = parsed(smp.get(path))
        assert root.tag == f"{{{SMP}}}SignedServiceMetadata"
        assert [etree.QName(child).localname for child in root] == ["ServiceMetadata", "Signature"]


def test_ta02_ta09_ta16_service_group_is_returned_with_200(smp: Smp) -> None:
    root = parsed(smp.get(group_path(VALUE)))
    assert root.tag == f"{{{SMP}}}ServiceGroup"
    ends = {unquote(href).partition("/services/")[2] for href in references(smp)}
    assert ends == {f"busdox-docid-qns::{document_type}" for document_type in (INVOICE, ORDER, MOVED)}


def test_ta03_ta04_redirect_has_href_and_certificate_uid(smp: Smp) -> None:
    (metadata, _signature) = parsed(smp.get(metadata_path(VALUE, MOVED)))
    (element,) = metadata
    assert element.tag == f"{{{SMP}}}Redirect"
    assert element.get("href") == OTHER_SMP + metadata_path(VALUE, MOVED)
    assert [(etree.QName(child).localname, child.text) for child in element] == [("CertificateUID", UID)]


def test_ta05_references_lead_to_documents_that_this_smp_signed(smp: Smp) -> None:
    hrefs = references(smp)
    assert len(hrefs) == 3
    for href in hrefs:
        verified = verify_document(httpx2.get(href).content)
        assert verified.certificate == smp.live.pki.smp.certificate


def test_ta06_redirect_keeps_the_path(smp: Smp) -> None:
    element = parsed(smp.get(metadata_path(VALUE, MOVED))).find(".//{*}Redirect")
    assert element is not None
    assert urlsplit(str(element.get("href"))).path == metadata_path(VALUE, MOVED)
    other = redirect(OTHER_SMP + metadata_path(VALUE, INVOICE), UID)
    assert reasons(smp.write("PUT", metadata_path(VALUE, MOVED), other)) == {"SMP-ID-MISMATCH"}
    nowhere = redirect(f"{OTHER_SMP}/", UID)
    assert reasons(smp.write("PUT", metadata_path(VALUE, MOVED), nowhere)) == {"BUSDOX-REDIRECT-HREF"}


def test_ta07_identifiers_in_the_document_are_those_of_the_path(smp: Smp) -> None:
    root = parsed(smp.get(metadata_path(VALUE)))
    assert root.findtext(".//{*}ParticipantIdentifier") == VALUE
    assert root.findtext(".//{*}DocumentIdentifier") == INVOICE
    other = smp.write("PUT", metadata_path(VALUE, ORDER), smp.metadata(VALUE, INVOICE))
    assert reasons(other) == {"SMP-ID-MISMATCH"}
    assert reasons(smp.write("PUT", group_path(VALUE), service_group("0088:other"))) == {"SMP-ID-MISMATCH"}


def test_ta08_endpoints_of_a_process_have_different_transport_profiles(smp: Smp) -> None:
    two = service_metadata(VALUE, INVOICE, smp.endpoint() + smp.endpoint(address="https://second.example/"))
    assert any("TRANSPORT" in reason for reason in reasons(smp.write("PUT", metadata_path(VALUE), two)))
    other = smp.endpoint(address="https://second.example/", transport_profile="busdox-transport-as2-ver1p0")
    smp.publish("0088:two-endpoints")
    different = service_metadata("0088:two-endpoints", INVOICE, smp.endpoint() + other)
    assert smp.write("PUT", metadata_path("0088:two-endpoints"), different).status == 201
    found = parsed(smp.get(metadata_path("0088:two-endpoints"))).iterfind(".//{*}Endpoint")
    assert [endpoint.get("transportProfile") for endpoint in found] == [
        "peppol-transport-as4-v2_0",
        "busdox-transport-as2-ver1p0",
    ]


@pytest.mark.parametrize("value", [VALUE.upper(), VALUE.title()])
def test_ta10_ta12_participants_have_no_case(smp: Smp, value: str) -> None:
    assert parsed(smp.get(group_path(value))).findtext(".//{*}ParticipantIdentifier") == VALUE
    assert smp.get(metadata_path(value)).body == smp.get(metadata_path(VALUE)).body
    assert smp.write("PUT", group_path(value), service_group(value)).status == 200
    assert parsed(smp.get(group_path(value))).findtext(".//{*}ParticipantIdentifier") == VALUE


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("88:short-icd", "PARTICIPANT-FORM"),
        ("0088", "PARTICIPANT-FORM"),
        ("0088:", "PARTICIPANT-FORM"),
        ("0088:a+b", "PARTICIPANT-FORM"),
        ("0088:" + "a" * 131, "PARTICIPANT-LENGTH"),
    ],
)
def test_ta11_strict_domains_ask_for_the_form_of_participants(strict: Smp, value: str, reason: str) -> None:
    assert reason in reasons(strict.write("PUT", group_path(value), service_group(value)))
    assert strict.get(group_path(value)).status == 404


def test_ta11_well_formed_participants_are_published_below_the_path_of_their_domain(strict: Smp) -> None:
    strict.publish("0088:" + "a" * 130, INVOICE)
    (href,) = references(strict, "0088:" + "a" * 130)
    assert href.startswith(f"{strict.base_url}/")
    assert httpx2.get(href).status_code == 200


def test_ta15_content_type_is_text_xml(smp: Smp) -> None:
    for path in (group_path(VALUE), metadata_path(VALUE), metadata_path(VALUE, MOVED)):
        for method in ("GET", "HEAD"):
            assert smp.get(path, method).headers["content-type"] == "text/xml; charset=utf-8"


def test_ta18_unknown_participant_or_document_type_is_404(smp: Smp) -> None:
    assert smp.get(group_path("0088:unknown")).status == 404
    assert smp.get(metadata_path("0088:unknown")).status == 404
    assert smp.get(metadata_path(VALUE, "urn:example:unknown::Unknown##unknown::1")).status == 404


def test_ta18_what_was_withdrawn_is_404(smp: Smp) -> None:
    smp.publish("0088:leaving", INVOICE, ORDER)
    assert smp.write("DELETE", metadata_path("0088:leaving", ORDER)).status == 204
    assert smp.get(metadata_path("0088:leaving", ORDER)).status == 404
    assert len(references(smp, "0088:leaving")) == 1
    assert smp.write("DELETE", group_path("0088:leaving")).status == 204
    assert smp.get(metadata_path("0088:leaving")).status == 404
    assert smp.get(group_path("0088:leaving")).status == 404


def test_ta20_ta21_documents_are_xml_1_0_in_utf_8_and_say_so(smp: Smp) -> None:
    for path in (group_path(VALUE), metadata_path(VALUE)):
        body = smp.get(path).body
        assert body.startswith(DECLARATION.encode())
        assert body.decode("utf-8")
    assert "Zugangspunkt für Köln, €".encode() in smp.get(metadata_path(VALUE)).body


def test_ta22_signature_is_the_last_child_and_the_service_group_has_none(smp: Smp) -> None:
    for document_type in (INVOICE, MOVED):
        root = parsed(smp.get(metadata_path(VALUE, document_type)))
        assert root[-1].tag == f"{{{DSIG}}}Signature"
        assert len(root.findall(f".//{{{DSIG}}}Signature")) == 1
    assert parsed(smp.get(group_path(VALUE))).find(f".//{{{DSIG}}}*") is None


def test_ta23_signature_has_exactly_the_form_of_peppol_smp_1_4(smp: Smp) -> None:
    ds = {"ds": DSIG}
    signature = parsed(smp.get(metadata_path(VALUE)))[-1]
    algorithms = {
        path: [element.get("Algorithm") for element in signature.findall(path, ds)]
        for path in (
            "ds:SignedInfo/ds:CanonicalizationMethod",
            "ds:SignedInfo/ds:SignatureMethod",
            "ds:SignedInfo/ds:Reference/ds:Transforms/ds:Transform",
            "ds:SignedInfo/ds:Reference/ds:DigestMethod",
        )
    }
    assert list(algorithms.values()) == [
        [INCLUSIVE],
        ["http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"],
        [f"{DSIG}enveloped-signature"],
        ["http://www.w3.org/2001/04/xmlenc#sha256"],
    ]
    assert [reference.get("URI") for reference in signature.findall("ds:SignedInfo/ds:Reference", ds)] == [""]
    (first, *_) = signature.findall("ds:KeyInfo/ds:X509Data/ds:X509Certificate", ds)
    assert load_certificate(base64.b64decode(first.text or "")) == smp.live.pki.smp.certificate
    # Some clients take a subject name in preference to the certificate's own (interop.md §5.7): none can be wrong.
    assert signature.find("ds:KeyInfo/ds:X509Data/ds:X509SubjectName", ds) is None


def test_ta24_ta25_ta26_schemes_and_document_types_have_case(smp: Smp) -> None:
    assert smp.get(metadata_path(VALUE, INVOICE.upper())).status == 404
    assert smp.get(metadata_path(VALUE, document_scheme="Busdox-Docid-Qns")).status == 404
    assert smp.get(group_path(VALUE, SCHEME.upper())).status == 404
    lower = "urn:example:case::case##case::1"
    upper = "urn:example:case::CASE##case::1"
    smp.publish("0088:case", lower, upper)
    assert parsed(smp.get(metadata_path("0088:case", lower))).findtext(".//{*}DocumentIdentifier") == lower
    assert parsed(smp.get(metadata_path("0088:case", upper))).findtext(".//{*}DocumentIdentifier") == upper


def test_tab1_redirect_back_to_this_smp_is_refused(smp: Smp) -> None:
    """A client follows one redirect and no second one."""
    back = redirect(smp.base_url + metadata_path(VALUE, MOVED), UID)
    assert reasons(smp.write("PUT", metadata_path(VALUE, MOVED), back)) == {"SMP-REDIRECT-SELF"}


def test_tab2_each_segment_of_a_reference_is_percent_encoded(smp: Smp) -> None:
    for href in references(smp):
        path = urlsplit(href).path
        assert re.fullmatch(r"/[A-Za-z0-9._~%-]+/services/[A-Za-z0-9._~%-]+", path)
        assert "%3A%3A" in path
        assert not urlsplit(href).fragment


def test_tab4_a_failure_of_the_server_is_500_and_tells_nothing(smp: Smp) -> None:
    """A domain that has lost its signing key can't publish, and can't say why to strangers."""
    live = smp.live
    settings = {
        "name": "keyless",
        "default": False,
        "smp": {"base_url": f"{live.addresses.public}/keyless"},
        "sml": {"enabled": False},
    }
    add_domain(live.instance, ACTOR, "demo", settings)
    live.run(live.serving.refresh())
    keyless = Smp(live, "keyless")
    keyless.publish(VALUE)
    keyless.write("PUT", metadata_path(VALUE), keyless.metadata(VALUE))
    for method in ("GET", "HEAD"):
        answer = keyless.get(metadata_path(VALUE), method)
        assert answer.status == 500
        for secret in (b"key", b"Traceback", b".py", str(live.settings.data_dir).encode()):
            assert secret not in answer.body
    assert keyless.get(group_path(VALUE)).status == 200


def test_tab5_no_extension_is_essential(smp: Smp) -> None:
    """A participant whose documents have extensions is found by a client that knows none of them."""
    smp.publish("0088:extended", INVOICE, extension='<Extension><e:Any xmlns:e="urn:e"/></Extension>')
    smp.live.wait_for_dns()
    with smp.live.lookup_client() as client:
        found = client.resolve(ParticipantIdentifier(SCHEME, "0088:extended"))
    assert found.endpoint.address == "https://ap.example/as4"


def test_p14_references_lead_to_this_smp_only(smp: Smp) -> None:
    """Peppol SMP 1.4 §2: a reference must not point at another SMP, not even that of what is redirected."""
    assert {urlsplit(href)[:2] for href in references(smp)} == {urlsplit(smp.base_url)[:2]}


def test_p14_endpoints_are_served_with_their_dates_whether_in_force_or_not(smp: Smp) -> None:
    """Ignoring the ones that aren't in force is the sender's duty (Peppol SMP 1.4 §2)."""
    dates = (
        "<ServiceActivationDate>2019-01-01T00:00:00Z</ServiceActivationDate>"
        "<ServiceExpirationDate>2020-01-01T00:00:00Z</ServiceExpirationDate>"
    )
    smp.publish("0088:dated", INVOICE, dates=dates)
    endpoint = parsed(smp.get(metadata_path("0088:dated"))).find(".//{*}Endpoint")
    assert endpoint is not None
    assert endpoint.findtext("{*}ServiceActivationDate") == "2019-01-01T00:00:00Z"
    assert endpoint.findtext("{*}ServiceExpirationDate") == "2020-01-01T00:00:00Z"
    undated = parsed(smp.get(metadata_path(VALUE))).find(".//{*}Endpoint")
    assert undated is not None
    assert undated.find("{*}ServiceActivationDate") is None
    assert undated.find("{*}ServiceExpirationDate") is None


def test_p14_wildcard_document_types_are_served_literally_and_not_matched(smp: Smp) -> None:
    """Matching is the client's work (PFUOI 4.4.0 BR-PDM)."""
    wildcard = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice##urn:peppol:pint:billing-1*::2.1"
    document = smp.metadata(VALUE, wildcard).replace("busdox-docid-qns", "peppol-doctype-wildcard")
    path = metadata_path(VALUE, wildcard, "peppol-doctype-wildcard")
    assert smp.write("PUT", path, document).status == 201
    found = parsed(smp.get(path)).find(".//{*}DocumentIdentifier")
    assert found is not None
    assert (found.get("scheme"), found.text) == ("peppol-doctype-wildcard", wildcard)
    for asked in (wildcard.replace("*", ""), wildcard.replace("*", "@jp-1")):
        assert smp.get(metadata_path(VALUE, asked, "peppol-doctype-wildcard")).status == 404
    assert smp.write("DELETE", path).status == 204
