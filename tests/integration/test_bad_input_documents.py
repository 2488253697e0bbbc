# SPDX-License-Identifier: Apache-2.0
"""Bad documents at the management listener: each is refused with its reasons, and what is published stays."""

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from registry.clock import system_clock
from registry.demo.content import demo_metadata
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.url_form import participant_path
from registry.metadata import ServiceGroup
from registry.smp.documents.busdox import write_service_group
from tests.simulators.hostile import (
    BadXml,
    Manager,
    assert_discreet,
    assert_problem,
    bad_xml,
    cheap,
    get,
    nothing_changed,
    request,
    send,
)
from tests.simulators.live import LiveInstance
from tests.simulators.publications import Published, documents

MB_100 = 100_000_000

# Documents that no parser should see

EXAMPLE = (
    '<smp:ServiceGroup xmlns:smp="http://busdox.org/serviceMetadata/publishing/1.0/">'
    f"<x>{ISO6523}::0088:1</x></smp:ServiceGroup>"
)


@pytest.mark.parametrize("case", bad_xml(EXAMPLE), ids=lambda case: case.name)
def test_hostile_xml_is_refused_cheaply_with_its_reason(
    shared_live: LiveInstance, manager: Manager, published: Published, case: BadXml
) -> None:
    with nothing_changed(shared_live), cheap():
        problem = assert_problem(manager.put(published.path, case.data), 400, kind="validation")
    (reason,) = problem["reasons"]
    assert reason["id"].startswith(case.reason)


def test_body_of_100_megabytes_is_refused_by_its_length(
    shared_live: LiveInstance, manager: Manager, published: Published
) -> None:
    with nothing_changed(shared_live), cheap():
        headers = (("Content-Length", str(MB_100)), ("Expect", "100-continue"))
        answer = manager.put(published.path, b"<a>", headers)
    assert answer.status == 413
    assert_discreet(answer.body)


def test_body_of_100_megabytes_in_chunks_is_refused_in_the_stream(
    shared_live: LiveInstance, manager: Manager, published: Published
) -> None:
    chunk = b"%x\r\n%s\r\n" % (500_000, b"<a/>" * 125_000)
    headers = (("Transfer-Encoding", "chunked"), ("Authorization", f"Bearer {manager.token}"))
    with nothing_changed(shared_live), cheap():
        raw = send(shared_live.addresses.manage, request("PUT", published.path, headers), *[chunk] * 200)
    assert raw.startswith(b"HTTP/1.1 413 ")
    assert_discreet(raw)


@pytest.mark.parametrize("size", [2_000_000, 2_000_001])
def test_body_may_have_2_megabytes_and_not_a_byte_more(
    shared_live: LiveInstance, manager: Manager, published: Published, size: int
) -> None:
    body = published.document + " " * (size - len(published.document))
    with nothing_changed(shared_live), cheap():
        answer = manager.put(published.path, body)
    assert answer.status == (200 if size == 2_000_000 else 413)


@pytest.mark.parametrize(
    ("inside", "seconds"),
    [
        ("<b/>", 6),  # half a million elements
        ("<smp:Extension/>", 6),
        ("<smp:Process/>", 2.5),  # each is wrong twice, and nobody reads a quarter of a million reasons
        ("<?p i?>", 4),
        ("<!--c-->", 2),
        ("&lt;", 2),
    ],
)
def test_2_megabytes_of_nothing_are_read_cheaply(
    shared_live: LiveInstance, manager: Manager, published: Published, inside: str, seconds: float
) -> None:
    place = "<smp:ProcessList>"
    body = published.document.replace(place, place + inside * ((1_990_000 - len(published.document)) // len(inside)))
    with cheap(seconds):
        answer = manager.put(published.path, body)
    assert answer.status in {200, 400}
    assert len(answer.body) < 100_000
    assert_discreet(answer.body)
    assert manager.put(published.path, published.document).status == 200


def test_thousands_of_endpoints_with_one_transport_profile_are_refused_cheaply(
    shared_live: LiveInstance, manager: Manager, published: Published
) -> None:
    endpoint = (
        '<smp:Endpoint transportProfile="a"><wsa:EndpointReference><wsa:Address>https://a</wsa:Address>'
        "</wsa:EndpointReference></smp:Endpoint>"
    )
    place = "<smp:ServiceEndpointList>"
    with nothing_changed(shared_live), cheap(4):
        answer = manager.put(published.path, published.document.replace(place, place + endpoint * 13_000))
    assert_problem(answer, 400, "SMP-TRANSPORT-TWICE", "SMP-NO-CERTIFICATE")
    assert len(answer.body) < 100_000


def test_extension_full_of_words_like_our_prefixes_is_written_cheaply(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    words = " ".join(f"smp{number}" for number in range(1, 100_000))
    body = fresh.with_extension(f"<x>{words} smp</x>").replace("smp:", "p:").replace("xmlns:smp=", "xmlns:p=")
    with cheap(4):
        assert manager.put(fresh.path, body).status == 201
    served = get(shared_live, fresh.path).body
    assert words.encode() in served
    assert b"<smp100000:SignedServiceMetadata" in served, "the first prefix that means nothing in the extension"


# Documents that are well-formed and wrong


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda p: "<a/>", "SMP-DIALECT"),
        (lambda p: p.document.replace("busdox.org/serviceMetadata/publishing", "busdox.org/else"), "SMP-DIALECT"),
        (
            lambda p: '<ServiceMetadata xmlns="http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"/>',
            "SMP-DIALECT",
        ),
        (
            lambda p: '<ServiceMetadata xmlns="http://docs.oasis-open.org/bdxr/ns/SMP/2/ServiceMetadata"/>',
            "SMP-DIALECT",
        ),
        (
            lambda p: '<ServiceMetadata xmlns="http://docs.oasis-open.org/bdxr/ns/SMP/2014/07"/>',
            "SMP-DIALECT",
        ),
        (lambda p: p.document.replace("transport/identifiers/1.0", "transport/identifiers/9.9"), "BUSDOX-PARTICIPANT"),
        (lambda p: p.group, "SMP-KIND"),
        (lambda p: p.document.replace("0088:7300010000001", "0088:7300010000002"), "SMP-ID-MISMATCH"),
        (lambda p: p.document.replace("billing:3.0::2.1", "billing:3.0::2.2"), "SMP-ID-MISMATCH"),
        (lambda p: p.document.replace("0088:7300010000001", "0088:" + "1" * 10_000), "SMP-ID-MISMATCH"),
        (lambda p: re.sub("<smp:Process>.*</smp:Process>", "", p.document), "BUSDOX-PROCESS"),
        (lambda p: re.sub("<smp:Endpoint .*</smp:Endpoint>", "", p.document), "BUSDOX-ENDPOINT"),
        (lambda p: p.document.replace("https://ap1.demo.example/as4", ""), "BUSDOX-ADDRESS"),
        (lambda p: p.document.replace("https://ap1.demo.example/as4", "as4"), "SMP-ENDPOINT-URL"),
        (lambda p: p.document.replace("https://ap1.demo.example/as4", "https://ap1/%zz{}"), "BUSDOX-ADDRESS"),
        (lambda p: p.document.replace("https://ap1.demo.example", "https://" + "a" * 3000), "SMP-ENDPOINT-URL"),
        (lambda p: p.document.replace("https://ap.demo.example/contact", "http://[x"), "BUSDOX-URI"),
        (lambda p: p.document.replace(">false<", ">perhaps<"), "BUSDOX-BOOLEAN"),
        (lambda p: with_date(p, "yesterday"), "BUSDOX-DATE"),
        (lambda p: with_date(p, "2026-02-30T00:00:00Z"), "BUSDOX-DATE"),
        (lambda p: with_date(p, "9" * 10_000), "BUSDOX-DATE"),
        (lambda p: p.document.replace("peppol-transport-as4-v2_0", ""), "BUSDOX-TRANSPORT-PROFILE"),
        (lambda p: p.document.replace("peppol-transport-as4-v2_0", "p" * 10_000), "TRANSPORT-PROFILE-LENGTH"),
        (lambda p: p.document.replace("peppol-transport-as4-v2_0", "a b"), "TRANSPORT-PROFILE-CHARACTERS"),
        (lambda p: re.sub(r"(<ids:ProcessIdentifier[^>]*>)[^<]*", r"\1", p.document), "BUSDOX-PROCESS"),
        (lambda p: re.sub(r"(<ids:ProcessIdentifier[^>]*>)", rf"\1{'p' * 10_000}", p.document), "PROCESS-LENGTH"),
        (lambda p: p.document.replace("<smp:ProcessList>", "<smp:ProcessList/><smp:ProcessList>"), "BUSDOX-REPEATED"),
        (lambda p: p.with_certificate(b""), "SMP-NO-CERTIFICATE"),
        (lambda p: p.with_certificate(b"not a certificate"), "BUSDOX-CERTIFICATE"),
        (lambda p: p.with_certificate(b"\x30\x82\xff\xff" + bytes(100)), "BUSDOX-CERTIFICATE"),
        (lambda p: p.with_certificate(b"\x30" + bytes(200_000)), "BUSDOX-CERTIFICATE"),
        (
            lambda p: re.sub(
                "<smp:Certificate>.*?</smp:Certificate>", "<smp:Certificate>%%%</smp:Certificate>", p.document
            ),
            "BUSDOX-CERTIFICATE",
        ),
        (lambda p: p.with_certificate(der_of(p)[:-40]), "BUSDOX-CERTIFICATE"),
        (lambda p: p.with_certificate(der_of(p) + b"more"), "BUSDOX-CERTIFICATE"),
    ],
)
def test_wrong_document_is_refused_with_its_reason_and_the_published_one_stays(
    shared_live: LiveInstance,
    manager: Manager,
    published: Published,
    change: Callable[[Published], str],
    reason: str,
) -> None:
    before = get(shared_live, published.path).body
    changed = change(published)
    assert changed != published.document
    with nothing_changed(shared_live), cheap():
        assert_problem(manager.put(published.path, changed), 400, reason, kind="validation")
    assert get(shared_live, published.path).body == before


def with_date(published: Published, text: str) -> str:
    end = "</smp:RequireBusinessLevelSignature>"
    date = f"<smp:ServiceActivationDate>{text}</smp:ServiceActivationDate>"
    return published.document.replace(end, end + date)


def der_of(published: Published) -> bytes:
    return published.metadata.process_metadata[0].endpoints[0].certificates[0].der


def test_refusal_names_everything_that_is_wrong_at_once(
    shared_live: LiveInstance, manager: Manager, published: Published
) -> None:
    wrong = with_date(published, "soon").replace(">false<", ">perhaps<").replace("https://ap1.demo.example/as4", "")
    with nothing_changed(shared_live):
        answer = manager.put(published.path, wrong)
    assert_problem(answer, 400, "BUSDOX-DATE", "BUSDOX-BOOLEAN", "BUSDOX-ADDRESS")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "BUSDOX-EXTENSION"),
        ("just text", "BUSDOX-EXTENSION"),
        ("<a/><b/>", "BUSDOX-EXTENSION"),
        ('<a xmlns="relative"/>', "BUSDOX-EXTENSION"),
        ('<a xmlns="urn:a?b&amp;c"/>', "XML_NAMESPACE_NAME"),
        ("<a>" * 97 + "</a>" * 97, "XML_TOO_DEEP"),
        ("<a " + " ".join(f'xmlns:n{n}="urn:{n}"' for n in range(31)) + "/>", "XML_TOO_MANY_NAMESPACES"),
    ],
    ids=["empty", "text", "two", "relative-namespace", "ampersand-in-namespace", "deep", "namespaces"],
)
def test_document_that_could_not_be_served_is_refused_before_it_is_stored(
    shared_live: LiveInstance, manager: Manager, published: Published, content: str, reason: str
) -> None:
    """Read leniently, such a document would be taken; but it can't be written or signed, so no reader would get it."""
    bare = published.with_extension(content)
    bare = bare.replace("<smp:SignedServiceMetadata", "<smp:ServiceMetadata", 1)
    bare = bare.replace("<smp:ServiceMetadata>", "", 1).replace("</smp:ServiceMetadata></smp:SignedS", "</smp:S")
    before = get(shared_live, published.path)
    with nothing_changed(shared_live):
        assert_problem(manager.put(published.path, bare), 400, reason)
    after = get(shared_live, published.path)
    assert (after.status, after.body) == (200, before.body)


def test_document_that_grows_beyond_every_limit_when_it_is_written_is_refused(
    shared_live: LiveInstance, manager: Manager, published: Published
) -> None:
    # In a CDATA section each of these is one byte; where we write text, five.
    wide = published.document.replace("Demonstration access point 1", f"<![CDATA[{'&' * 900_000}]]>")
    with nothing_changed(shared_live), cheap():
        assert_problem(manager.put(published.path, wide), 400, "XML_TOO_LARGE")
    assert get(shared_live, published.path).status == 200


@pytest.mark.parametrize("content", ["", "text", "<a/><b/>"])
def test_service_group_that_could_not_be_served_is_refused(
    shared_live: LiveInstance, manager: Manager, published: Published, content: str
) -> None:
    end = "</smp:ServiceGroup>"
    group = published.group.replace(end, f"<smp:Extension>{content}</smp:Extension>{end}")
    with nothing_changed(shared_live):
        assert_problem(manager.put(published.group_path, group), 400, "BUSDOX-EXTENSION")
    assert get(shared_live, published.group_path).status == 200


def test_service_metadata_do_not_pass_as_a_service_group(
    shared_live: LiveInstance, manager: Manager, published: Published
) -> None:
    with nothing_changed(shared_live):
        assert_problem(manager.put(published.group_path, published.document), 400, "SMP-KIND")


def test_service_metadata_need_a_service_group(shared_live: LiveInstance, manager: Manager) -> None:
    metadata = demo_metadata(shared_live.pki.access_points)[0]
    lonely = documents(replace(metadata, participant=ParticipantIdentifier(ISO6523, "0088:nobody")))
    with nothing_changed(shared_live):
        assert_problem(manager.put(lonely.path, lonely.document), 404, kind="not-found")
    assert get(shared_live, lonely.path).status == 404


@pytest.mark.parametrize(
    ("href", "reason"),
    [
        ("{base}{path}", "SMP-REDIRECT-SELF"),
        ("javascript:alert(1)//{path}", "SMP-REDIRECT-SCHEME"),
        ("file:///etc{path}", "SMP-REDIRECT-SCHEME"),
        ("{path}", "SMP-REDIRECT-URL"),
        ("https://other.example.org/", "BUSDOX-REDIRECT-HREF"),
        ("https://[::1{path}", "SMP-REDIRECT-URL"),
    ],
)
def test_redirect_to_where_no_client_should_go_is_refused(
    shared_live: LiveInstance, manager: Manager, published: Published, href: str, reason: str
) -> None:
    target = href.format(base=shared_live.addresses.public, path=published.path)
    document = (
        '<smp:ServiceMetadata xmlns:smp="http://busdox.org/serviceMetadata/publishing/1.0/">'
        f'<smp:Redirect href="{target}">'
        "<smp:CertificateUID>CN=SMP</smp:CertificateUID></smp:Redirect></smp:ServiceMetadata>"
    )
    with nothing_changed(shared_live):
        assert_problem(manager.put(published.path, document), 400, reason)


@pytest.mark.parametrize(
    ("participant", "reason"),
    [
        ("0088:" + "9" * 10_000, "PARTICIPANT-LENGTH"),
        ("0088:with blank", "PARTICIPANT-CHARACTERS"),
        ("0088:\u00e9", "PARTICIPANT-ASCII"),
        ("*", "PARTICIPANT-WILDCARD"),
    ],
)
def test_identifier_that_breaks_wire_formats_is_refused_even_in_a_lax_domain(
    shared_live: LiveInstance, manager: Manager, participant: str, reason: str
) -> None:
    identifier = ParticipantIdentifier(ISO6523, participant)
    group = (
        '<g:ServiceGroup xmlns:g="http://busdox.org/serviceMetadata/publishing/1.0/" '
        'xmlns:i="http://busdox.org/transport/identifiers/1.0/">'
        f'<i:ParticipantIdentifier scheme="{ISO6523}">{participant}</i:ParticipantIdentifier></g:ServiceGroup>'
    )
    with nothing_changed(shared_live), cheap():
        answer = manager.put(participant_path(identifier), group)
    assert_problem(answer, 400, reason)
    assert len(answer.body) < 2_000


@pytest.mark.parametrize("scheme", ["Upper-Case", "a" * 64, "dot.ted", "-x", "publisher"])
def test_scheme_that_cannot_be_a_dns_label_is_refused_where_participants_are_registered(
    shared_live: LiveInstance, manager: Manager, scheme: str
) -> None:
    participant = ParticipantIdentifier(scheme, "1")
    group = write_service_group(ServiceGroup(participant), "https://x.example.org")
    with nothing_changed(shared_live):
        answer = manager.put(participant_path(participant), group)
    assert answer.status in {400, 409}
    assert_problem(answer, answer.status)


def test_unknown_schemes_are_refused_in_a_strict_domain(
    shared_live: LiveInstance, manager: Manager, published: Published, strict: str
) -> None:
    participant = ParticipantIdentifier("unknown-scheme-upis", "0088:1")
    group = write_service_group(ServiceGroup(participant), "https://x.example.org")
    with nothing_changed(shared_live):
        answer = manager.put(f"/domains/{strict}{participant_path(participant)}", group)
    assert_problem(answer, 400, "PARTICIPANT-SCHEME-UNKNOWN")

    assert manager.put(f"/domains/{strict}{published.group_path}", published.group).status == 201
    document = published.document.replace("busdox-docid-qns", "other-docid").replace(
        "cenbii-procid-ubl", "other-procid"
    )
    path = published.path.replace("busdox-docid-qns", "other-docid")
    with nothing_changed(shared_live):
        answer = manager.put(f"/domains/{strict}{path}", document.replace("peppol-transport-as4-v2_0", "other"))
    assert_problem(
        answer, 400, "DOCUMENT-TYPE-SCHEME-UNKNOWN", "PROCESS-SCHEME-UNKNOWN", "TRANSPORT-PROFILE-NOT-ALLOWED"
    )


# Certificates that other programs choke on


def certificate(common_name: str, key: Any = None) -> x509.Certificate:
    signer = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = system_clock()
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    return builder.public_key((key or signer).public_key()).sign(signer, hashes.SHA256())


def test_warning_about_a_certificate_cannot_smuggle_headers(manager: Manager, fresh: Published) -> None:
    der = certificate('x\r\nSet-Cookie: a=b\r\n\r\n<html> "\u00e9\u6f22').public_bytes(Encoding.DER)
    answer = manager.put(fresh.path, fresh.with_certificate(der))
    assert answer.status == 201
    assert "set-cookie" not in answer.headers
    assert answer.body == b""
    (warning,) = answer.all("warning")
    assert re.fullmatch(r'299 - "[ -!#-\[\]-~]+"', warning)
    assert "[SMP-CERTIFICATE-UNTRUSTED" in warning


def test_warnings_are_few_enough_for_headers(manager: Manager, fresh: Published) -> None:
    endpoint = re.search("<smp:Endpoint .*</smp:Endpoint>", fresh.document)
    assert endpoint
    many = "".join(documents_endpoint(fresh, endpoint[0], number) for number in range(40))
    answer = manager.put(fresh.path, fresh.document.replace(endpoint[0], many))
    assert answer.status == 201
    warnings = answer.all("warning")
    assert len(warnings) == 11
    assert "30 warnings more" in warnings[-1]
    assert sum(map(len, warnings)) < 8_000


def documents_endpoint(published: Published, endpoint: str, number: int) -> str:
    text = base64.b64encode(certificate(f"{'x' * 60}{number}").public_bytes(Encoding.DER)).decode()
    endpoint = endpoint.replace("peppol-transport-as4-v2_0", f"profile-{number}")
    return re.sub("(<smp:Certificate>).*(</smp:Certificate>)", rf"\g<1>{text}\g<2>", endpoint)


def test_certificate_with_a_key_of_unknown_kind_is_published_with_a_warning(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    der = certificate("odd").public_bytes(Encoding.DER)
    ec_public_key, unknown = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d027f")
    for odd in (
        der.replace(ec_public_key, unknown),
        certificate("x", x25519.X25519PrivateKey.generate()).public_bytes(Encoding.DER),
    ):
        answer = manager.put(fresh.path, fresh.with_certificate(odd))
        assert answer.status in {200, 201}
        assert answer.headers["warning"]
        assert base64.b64encode(odd) in get(shared_live, fresh.path).body
