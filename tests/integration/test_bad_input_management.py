# SPDX-License-Identifier: Apache-2.0
"""Bad input at the management listener: documents, paths and tokens; what is refused changes nothing."""

import base64
import gzip
import json
import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from registry.accounts.tokens import create_token
from registry.app.domain_setup import add_domain
from registry.app.participants import describe, each_participant
from registry.clock import system_clock
from registry.demo.content import INVOICE, ORDER, demo_metadata
from registry.demo.pki import DemoPki, certificates_pem, identity_pem
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.url_form import encode_segment, participant_path, service_path
from registry.metadata import Redirect, ServiceGroup, ServiceMetadata
from registry.sml.model import Publisher
from registry.smp.documents.busdox import write_service_group, write_service_metadata
from registry.smp.documents.signing import verify_service_metadata
from registry.storage.queries import events
from tests.simulators.hostile import (
    Answer,
    BadXml,
    Manager,
    assert_discreet,
    assert_problem,
    bad_xml,
    cheap,
    check_consistency,
    get,
    nothing_changed,
    request,
    send,
)
from tests.simulators.live import ACTOR, LiveInstance

MB_100 = 100_000_000


@dataclass(frozen=True, slots=True)
class Published:
    """A published service: its paths, and its document as text without XML declaration."""

    metadata: ServiceMetadata
    document: str
    group: str

    @property
    def group_path(self) -> str:
        return participant_path(self.metadata.participant)

    @property
    def path(self) -> str:
        return service_path(self.metadata.participant, self.metadata.document_type)

    def with_extension(self, content: str) -> str:
        """The document with an extension that has this content."""
        end = "</smp:ServiceInformation>"
        return self.document.replace(end, f"<smp:Extension>{content}</smp:Extension>{end}")

    def with_certificate(self, der: bytes) -> str:
        """The document with another endpoint certificate."""
        text = base64.b64encode(der).decode()
        return re.sub("(<smp:Certificate>).*(</smp:Certificate>)", rf"\g<1>{text}\g<2>", self.document)


def documents(metadata: ServiceMetadata) -> Published:
    group = write_service_group(ServiceGroup(metadata.participant), "https://elsewhere.example.org")
    texts = [data.decode().partition("?>")[2] for data in (write_service_metadata(metadata), group)]
    return Published(metadata, *texts)


@pytest.fixture(scope="module")
def manager(shared_live: LiveInstance) -> Manager:
    return Manager(shared_live)


@pytest.fixture(scope="module")
def published(shared_live: LiveInstance, manager: Manager) -> Published:
    """A service that is published, and that every test of this module leaves as it is."""
    made = documents(demo_metadata(shared_live.pki.access_points)[0])
    assert manager.put(made.group_path, made.group).status == 201
    assert manager.put(made.path, made.document).status == 201
    return made


@pytest.fixture
def fresh(shared_live: LiveInstance, manager: Manager, request: pytest.FixtureRequest) -> Published:
    """A participant of the test's own, with a service group and no service yet."""
    value = re.sub("[^a-z0-9]+", "-", request.node.name.lower())[:100]
    metadata = demo_metadata(shared_live.pki.access_points)[0]
    made = documents(replace(metadata, participant=ParticipantIdentifier(ISO6523, f"0088:{value}")))
    assert manager.put(made.group_path, made.group).status == 201
    return made


def participants(live: LiveInstance) -> set[str]:
    return {str(participant) for participant, _ in each_participant(live.instance, live.stored)}


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


@pytest.mark.parametrize("inside", ["<b/>", "<smp:Process/>", "<smp:Extension/>", "<?p i?>", "<!--c-->", "&lt;"])
def test_2_megabytes_of_nothing_are_read_cheaply(
    shared_live: LiveInstance, manager: Manager, published: Published, inside: str
) -> None:
    place = "<smp:ProcessList>"
    body = published.document.replace(place, place + inside * ((1_990_000 - len(published.document)) // len(inside)))
    with cheap(6):  # half a million elements
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
    assert words.encode() in get(shared_live, fresh.path).body


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


@pytest.fixture(scope="module")
def strict(shared_live: LiveInstance) -> str:
    """The name of a second domain, with Peppol's policies and without SML."""
    root, ap_ca = (
        certificates_pem(c).decode() for c in (shared_live.pki.root.certificate, shared_live.pki.ap_ca.certificate)
    )
    settings = {
        "name": "strict",
        "smp": {"base_url": "https://strict.example.org"},
        "dns": {"zone": "strict.test"},
        "sml": {"enabled": False},
        "trust": {"ap-encrypt": {"anchors": [root], "intermediates": [ap_ca], "subject_patterns": []}},
    }
    add_domain(shared_live.instance, ACTOR, "peppol-test", settings, register_smp=False)
    shared_live.run(shared_live.serving.refresh())
    return "strict"


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


# Paths


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (b"/iso6523-actorid-upis%3A%3A0088%3A%zz", "URL-ESCAPE"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%", "URL-ESCAPE"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%f", "URL-ESCAPE"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%ff", "URL-UTF8"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%c0%af", "URL-UTF8"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%ed%a0%80", "URL-UTF8"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%00", "URL-CONTROL"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%0a", "URL-CONTROL"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%0d%0aSet-Cookie:%20a", "URL-CONTROL"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A%c2%85", "URL-CONTROL"),
        (b"/iso6523-actorid-upis%3A%3A0088%3A1/services/%0a", "URL-CONTROL"),
        (b"/domains/%0a/iso6523-actorid-upis%3A%3A0088%3A1", "URL-CONTROL"),
        (b"/no-scheme", "IDENTIFIER-FORM"),
        (b"/%3A%3Avalue", "IDENTIFIER-FORM"),
        (b"/scheme%3A%3A", "IDENTIFIER-FORM"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_segment_that_cannot_be_decoded_is_refused_with_its_reason(
    shared_live: LiveInstance, manager: Manager, published: Published, method: str, target: bytes, reason: str
) -> None:
    with nothing_changed(shared_live):
        answer = manager.call(method, target, published.group if method == "PUT" else None)
    assert_problem(answer, 400, reason)


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "//",
        "//iso6523-actorid-upis%3A%3A0088%3A1",
        "/iso6523-actorid-upis%3A%3A0088%3A1//",
        "/iso6523-actorid-upis%3A%3A0088%3A1/services",
        "/iso6523-actorid-upis%3A%3A0088%3A1/services/",
        "/iso6523-actorid-upis%3A%3A0088%3A1/services//",
        "/iso6523-actorid-upis%3A%3A0088%3A1/Services/a%3A%3Ab",
        "/iso6523-actorid-upis%3A%3A0088%3A1/services/a%3A%3Ab/c",
        "/x/../iso6523-actorid-upis%3A%3A0088%3A1",
        "/./iso6523-actorid-upis%3A%3A0088%3A1",
        "/domains/demo",
        "/domains/demo/",
        "/domains//iso6523-actorid-upis%3A%3A0088%3A1",
        "/domains/nix/iso6523-actorid-upis%3A%3A0088%3A1",
        "/domains/../demo/iso6523-actorid-upis%3A%3A0088%3A1",
        "/domains/%2e%2e%2fdemo/iso6523-actorid-upis%3A%3A0088%3A1",
        "/" + "a" * 10_000 + "/x",
        "*",
    ],
)
def test_path_that_is_none_of_an_smp_is_not_found(
    shared_live: LiveInstance, manager: Manager, published: Published, target: str
) -> None:
    with nothing_changed(shared_live):
        assert_problem(manager.put(target, published.group), 404, kind="not-found")


def test_query_string_changes_nothing_about_a_write(manager: Manager, fresh: Published) -> None:
    assert manager.put(f"{fresh.path}?id=other&x=%00", fresh.document).status == 201
    assert manager.delete(f"{fresh.path}?%zz").status == 204


@pytest.mark.parametrize("method", ["POST", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("target", ["/api/v1/health", "/metrics", "/a%3A%3Ab"])
def test_other_methods_are_refused_with_those_that_are_allowed(
    shared_live: LiveInstance, manager: Manager, method: str, target: str
) -> None:
    with nothing_changed(shared_live):
        answer = manager.call(method, target, b"" if method == "POST" else None)
    assert answer.status == 405
    assert "GET" in answer.headers["allow"]
    assert_discreet(answer.body)
    if answer.body:
        assert answer.headers["content-type"] == "application/problem+json"
        assert json.loads(answer.body)["status"] == 405


# Tokens


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer edr_wrong",
        "Bearer " + "a" * 10_000,
        b"Bearer \xff\xfe",
        "Basic dXNlcjpwYXNz",
        "Bearer ' OR 1=1 --",
        "Bearer {token} {token}",
        "{token}",
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_write_without_a_good_token_is_401(
    shared_live: LiveInstance, manager: Manager, published: Published, method: str, authorization: str | bytes | None
) -> None:
    if isinstance(authorization, str):
        authorization = authorization.replace("{token}", manager.token)
    headers = () if authorization is None else (("Authorization", authorization),)
    body = b"<a/>" if method == "PUT" else None
    with nothing_changed(shared_live):
        raw = send(
            shared_live.addresses.manage,
            request(method, f"{published.path}?access_token={manager.token}", headers, body),
        )
    assert raw.startswith(b"HTTP/1.1 401 ")
    assert b"www-authenticate: Bearer\r\n" in raw
    assert manager.token.encode() not in raw
    assert_discreet(raw)


def test_expired_token_is_401(shared_live: LiveInstance, published: Published) -> None:
    token = create_token(shared_live.instance.database, ACTOR, "expired", lasts=timedelta(seconds=-1))
    with nothing_changed(shared_live):
        assert_problem(Manager(shared_live, token).delete(published.path), 401, kind="unauthenticated")


def test_token_of_another_domain_is_403(shared_live: LiveInstance, published: Published, strict: str) -> None:
    other = shared_live.instance.directory.get(strict)
    token = create_token(shared_live.instance.database, ACTOR, "other-domain", domain_id=other.id)
    stranger = Manager(shared_live, token)
    with nothing_changed(shared_live):
        assert_problem(stranger.put(published.path, published.document), 403, kind="forbidden")
        assert_problem(stranger.delete(published.group_path), 403, kind="forbidden")
        assert_problem(stranger.delete(f"/domains/demo{published.group_path}"), 403, kind="forbidden")


def test_100_megabytes_of_a_stranger_are_not_read(shared_live: LiveInstance, published: Published) -> None:
    chunk = b"%x\r\n%s\r\n" % (500_000, b"x" * 500_000)
    sent = request("PUT", published.path, (("Transfer-Encoding", "chunked"),))
    with nothing_changed(shared_live), cheap():
        raw = send(shared_live.addresses.manage, sent, *[chunk] * 200)
    assert raw.startswith(b"HTTP/1.1 401 ")


# Sloppy integrators


def test_compressed_body_is_not_guessed_at(shared_live: LiveInstance, manager: Manager, published: Published) -> None:
    compressed = gzip.compress(published.document.encode())
    with nothing_changed(shared_live):
        assert_problem(manager.put(published.path, compressed, (("Content-Encoding", "gzip"),)), 400)


def test_multipart_form_is_not_guessed_at(shared_live: LiveInstance, manager: Manager, published: Published) -> None:
    form = f'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n{published.document}\r\n--x--\r\n'
    headers = (("Content-Type", "multipart/form-data; boundary=x"),)
    with nothing_changed(shared_live):
        assert_problem(manager.put(published.path, form, headers), 400, "XML_NOT_WELL_FORMED")


def test_second_delete_is_404_and_changes_nothing(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    assert manager.put(fresh.path, fresh.document).status == 201
    assert manager.delete(fresh.path).status == 204
    with nothing_changed(shared_live):
        assert_problem(manager.delete(fresh.path), 404, kind="not-found")
    assert manager.delete(fresh.group_path).status == 204
    with nothing_changed(shared_live):
        assert_problem(manager.delete(fresh.group_path), 404, kind="not-found")
        assert_problem(manager.delete(fresh.path), 404, kind="not-found")


def test_repeated_put_says_that_nothing_changed_by_leaving_no_trace(
    shared_live: LiveInstance, manager: Manager, published: Published
) -> None:
    with nothing_changed(shared_live):
        assert manager.put(published.path, published.document).status == 200
        assert manager.put(published.group_path, published.group).status == 200


def test_document_signed_by_a_stranger_is_taken_for_its_content_and_signed_by_us(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    signature = '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo/></ds:Signature>'
    end = "</smp:SignedServiceMetadata>"
    assert manager.put(fresh.path, fresh.document.replace(end, signature + end)).status == 201
    verified = verify_service_metadata(get(shared_live, fresh.path).body)
    assert verified.certificate == shared_live.pki.smp.certificate


def test_request_that_breaks_off_in_its_body_changes_nothing(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    headers = (("Authorization", f"Bearer {manager.token}"), ("Content-Length", str(len(fresh.document) + 1)))
    with nothing_changed(shared_live):
        broken_off(shared_live.addresses.manage, request("PUT", fresh.path, headers, fresh.document.encode()))
        assert_problem(manager.delete(fresh.path), 404)


def broken_off(url: str, data: bytes) -> None:
    address = urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 0), 10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass


# State


def test_participant_of_another_smp_cannot_be_published(
    shared_live: LiveInstance, manager: Manager, published: Published, second_smp: str
) -> None:
    taken = ParticipantIdentifier(ISO6523, "0088:of-another")
    with shared_live.sml_client(shared_live.settings.data_dir / "second-smp.pem") as sml:
        sml.create_participants(second_smp, [taken])
    group = write_service_group(ServiceGroup(taken), "https://x.example.org")
    with nothing_changed(shared_live):
        assert_problem(manager.put(participant_path(taken), group), 409, kind="conflict")
    assert str(taken) not in participants(shared_live)
    assert describe(shared_live.instance, shared_live.stored, taken)["registered_by"] == second_smp


def test_participant_with_an_open_migration_cannot_be_deleted(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    with shared_live.sml_client() as sml:
        sml.prepare_migration("SMP-TEST", fresh.metadata.participant, "Ab1@Cd2#Ef3!")
    with nothing_changed(shared_live):
        assert_problem(manager.delete(fresh.group_path), 409, kind="conflict")
    assert get(shared_live, fresh.group_path).status == 200


@pytest.fixture(scope="module")
def second_smp(shared_live: LiveInstance, pki: DemoPki) -> str:
    """The id of another SMP in the same SML; its identity lies in `second-smp.pem` in the data folder."""
    now = system_clock()
    identity = pki.smp_ca.issue(
        "SMP_DEMO000002", "PEPPOL TEST SMP", not_before=now - timedelta(hours=1), not_after=now + timedelta(days=1)
    )
    file = shared_live.settings.data_dir / "second-smp.pem"
    file.write_bytes(identity_pem(identity))
    with shared_live.sml_client(file) as sml:
        sml.create_publisher(Publisher("SMP-SECOND", "https://second.example.org", "0.0.0.0"))  # noqa: S104
    return "SMP-SECOND"


# Many at once


def test_concurrent_puts_of_one_service_leave_one_of_them_signed_and_all_in_the_audit(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    addresses = [f"https://ap{number}.example.org/as4" for number in range(24)]
    bodies = [fresh.document.replace("https://ap1.demo.example/as4", address) for address in addresses]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: manager.put(fresh.path, body), bodies))
    assert sorted(answer.status for answer in answers) == [200] * 23 + [201]
    verified = verify_service_metadata(get(shared_live, fresh.path).body)
    assert verified.parsed.metadata is not None
    served = verified.parsed.metadata.process_metadata[0].endpoints[0].address
    (shown,) = describe(shared_live.instance, shared_live.stored, fresh.metadata.participant)["services"]
    assert served == shown["process_metadata"][0]["endpoints"][0]["address"]
    with shared_live.instance.database.read() as connection:
        told = [row for row in events.about(connection, str(fresh.metadata.participant)) if "metadata" in row.tag]
    said = [row.after["says"][0]["endpoints"][0]["address"] for row in told]
    assert sorted(said) == sorted(addresses)
    assert said[-1] == served
    for earlier, later in pairwise(told):
        assert later.before == earlier.after


def test_concurrent_puts_and_deletes_never_fail_inside(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    def work(number: int) -> Answer:
        match number % 4:
            case 0:
                return manager.put(fresh.group_path, fresh.group)
            case 1:
                return manager.put(fresh.path, fresh.document)
            case 2:
                return manager.delete(fresh.group_path if number % 8 == 2 else fresh.path)
            case _:
                return get(shared_live, fresh.path)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(80)))
    assert {answer.status for answer in answers} <= {200, 201, 204, 404}
    shared_live.wait_for_dns()
    check_consistency(shared_live.instance.database)
    group, service = get(shared_live, fresh.group_path).status, get(shared_live, fresh.path).status
    assert (group, service) in {(200, 200), (200, 404), (404, 404)}


def test_concurrent_puts_of_one_service_group_make_it_once(shared_live: LiveInstance, manager: Manager) -> None:
    participant = ParticipantIdentifier(ISO6523, "0088:made-once")
    spellings = ["0088:made-once", "0088:MADE-once", "0088:Made-Once", "0088:MADE-ONCE"] * 3

    def put(value: str) -> int:
        spelled = ParticipantIdentifier(ISO6523, value)
        return manager.put(participant_path(spelled), write_service_group(ServiceGroup(spelled), "https://x")).status

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(put, spellings))
    assert sorted(statuses) == [200] * 11 + [201]
    assert [p for p in participants(shared_live) if p.lower().endswith("made-once")] != []
    assert sum(p.lower() == str(participant) for p in participants(shared_live)) == 1


def test_redirect_and_endpoints_replace_each_other_whole(
    shared_live: LiveInstance, manager: Manager, fresh: Published
) -> None:
    (group,) = fresh.metadata.process_metadata
    href = f"https://other.example.org{fresh.path}"
    redirect = replace(group, processes=(), endpoints=(), redirect=Redirect(href, "CN=OTHER,C=BE"))
    redirected = write_service_metadata(replace(fresh.metadata, process_metadata=(redirect,)))
    assert manager.put(fresh.path, fresh.document).status == 201
    assert manager.put(fresh.path, redirected).status == 200
    assert b"<smp:Endpoint" not in get(shared_live, fresh.path).body
    assert manager.put(fresh.path, fresh.document).status == 200
    assert b"Redirect" not in get(shared_live, fresh.path).body


def test_identifier_is_found_under_every_encoding_of_its_path_and_no_other(
    shared_live: LiveInstance, manager: Manager, published: Published
) -> None:
    raw = published.path.replace("%3A", ":")
    assert manager.put(raw, published.document).status == 200
    lower = published.path.replace("%3A", "%3a")
    assert get(shared_live, lower).body == get(shared_live, raw).body
    twice = encode_segment(published.path[1:])
    with nothing_changed(shared_live):
        assert_problem(manager.put(f"/{twice}", published.document), 400)
    other = service_path(published.metadata.participant, ORDER)
    assert str(INVOICE) != str(ORDER)
    assert get(shared_live, other).status == 404
