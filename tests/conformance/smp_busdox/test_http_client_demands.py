# SPDX-License-Identifier: Apache-2.0
"""What real clients demand of an SMP, and would fail without (interop.md §5); over real HTTP and DNS."""

import hashlib
from urllib.parse import unquote, urlsplit

import dns.resolver
import httpx2
import pytest
from lxml import etree

from registry.app.domain_setup import add_domain
from registry.identifiers.dns_names import participant_name
from registry.identifiers.participant import ParticipantIdentifier
from tests.conformance.smp_busdox.http_client import (
    DOCUMENT_SCHEME,
    INVOICE,
    SCHEME,
    Smp,
    group_path,
    metadata_path,
    service_group,
)
from tests.conformance.smp_busdox.path_spellings import ENCODED_INVOICE, GROUP_PATHS, METADATA_PATHS, VALUE
from tests.simulators.live import ACTOR, LiveInstance


@pytest.fixture(scope="module")
def smp(shared_live: LiveInstance) -> Smp:
    smp = Smp(shared_live)
    smp.publish(VALUE, INVOICE)
    shared_live.wait_for_dns()
    return smp


@pytest.fixture(scope="module")
def resolver(shared_live: LiveInstance) -> dns.resolver.Resolver:
    """Asks the instance."""
    resolver = dns.resolver.Resolver(configure=False)
    host, _, port = shared_live.addresses.dns.rpartition(":")
    resolver.nameservers, resolver.port, resolver.lifetime = [host], int(port), 10
    return resolver


def identifier(document: bytes, name: str) -> tuple[str | None, str | None]:
    (element,) = etree.fromstring(document).iterfind(f".//{{*}}{name}")
    return element.get("scheme"), element.text


def name_of(smp: Smp, value: str) -> str:
    profile = smp.live.stored.domain.dns
    return participant_name(ParticipantIdentifier(SCHEME, value), profile.zone, profile.name_form)


# 1, 2, 3: the name


def test_interop_5_1_a_participant_has_exactly_one_naptr(smp: Smp, resolver: dns.resolver.Resolver) -> None:
    (record,) = resolver.resolve(name_of(smp, VALUE), "NAPTR")
    assert (record.order, record.preference, record.flags, record.service) == (100, 10, b"U", b"Meta:SMP")
    assert record.regexp == f"!.*!{smp.base_url}!".encode()
    assert record.replacement == dns.name.root


@pytest.mark.parametrize("rdtype", ["A", "AAAA", "CNAME"])
def test_interop_5_2_a_participant_name_has_nothing_else(
    smp: Smp, resolver: dns.resolver.Resolver, rdtype: str
) -> None:
    with pytest.raises(dns.resolver.NoAnswer):
        resolver.resolve(name_of(smp, VALUE), rdtype)


def test_interop_5_3_cname_names_of_old_exist_only_where_a_zone_has_them(
    smp: Smp, resolver: dns.resolver.Resolver
) -> None:
    old_name = f"b-{hashlib.md5(VALUE.lower().encode(), usedforsecurity=False).hexdigest()}.{SCHEME}"
    with pytest.raises(dns.resolver.NXDOMAIN):
        resolver.resolve(f"{old_name}.sml.test", "CNAME")

    live = smp.live
    settings = {
        "name": "legacy",
        "default": False,
        "smp": {"base_url": f"{live.addresses.public}/legacy", "smp_id": "SMP-LEGACY"},
        "dns": {"zone": "legacy.test", "legacy_cname": True},
    }
    add_domain(live.instance, ACTOR, "demo", settings)
    live.run(live.serving.refresh())
    Smp(live, "legacy").publish(VALUE)
    live.wait_for_dns()
    (alias,) = resolver.resolve(f"{old_name}.legacy.test", "CNAME")
    assert alias.target.to_text() == "smp-legacy.publisher.legacy.test."
    assert resolver.resolve(name_of(smp, VALUE).replace("sml.test", "legacy.test"), "NAPTR")


# 4: the path


@pytest.mark.parametrize("spelling", GROUP_PATHS)
def test_interop_5_4_every_spelling_of_the_path_finds_the_group(smp: Smp, spelling: str) -> None:
    answer = smp.get(GROUP_PATHS[spelling])
    assert answer.status == 200
    assert identifier(answer.body, "ParticipantIdentifier") == (SCHEME, VALUE)


@pytest.mark.parametrize("spelling", METADATA_PATHS)
def test_interop_5_4_every_spelling_of_the_path_finds_the_metadata(smp: Smp, spelling: str) -> None:
    answer = smp.get(METADATA_PATHS[spelling])
    assert answer.status == 200
    assert identifier(answer.body, "DocumentIdentifier") == (DOCUMENT_SCHEME, INVOICE)


@pytest.mark.parametrize("value", ["9915:mixed-case", "9915:MIXED-CASE", "9915:mIXED-cASE"])
def test_interop_5_4_participants_compare_without_case_and_answers_have_the_registered_spelling(
    smp: Smp, value: str
) -> None:
    for path in (group_path(value), metadata_path(value)):
        answer = smp.get(path)
        assert answer.status == 200
        assert identifier(answer.body, "ParticipantIdentifier") == (SCHEME, VALUE)


def test_interop_5_4_document_types_compare_with_case(smp: Smp) -> None:
    assert smp.get(metadata_path(VALUE, INVOICE.lower())).status == 404
    assert smp.get(metadata_path(VALUE, INVOICE.replace("Invoice-2", "INVOICE-2"))).status == 404


def test_interop_5_4_a_path_is_decoded_once(smp: Smp) -> None:
    assert smp.get(group_path(VALUE).replace("%", "%25")).status == 404


def test_interop_5_4_an_encoded_slash_stays_inside_its_segment(smp: Smp) -> None:
    document_type = "urn:example:a/b::c##d/services/e::1"
    smp.publish(VALUE, document_type)
    answer = smp.get(metadata_path(VALUE, document_type))
    assert answer.status == 200
    assert identifier(answer.body, "DocumentIdentifier") == (DOCUMENT_SCHEME, document_type)
    assert smp.get(metadata_path(VALUE, document_type).replace("%2F", "/")).status == 404
    assert smp.write("DELETE", metadata_path(VALUE, document_type)).status == 204


# 5: the references


def test_interop_5_5_references_hold_services_and_end_with_the_encoded_document_type(smp: Smp) -> None:
    (reference,) = etree.fromstring(smp.get(group_path(VALUE)).body).iterfind(".//{*}ServiceMetadataReference")
    href = reference.get("href")
    assert href is not None
    assert href == f"{smp.base_url}{group_path(VALUE)}/services/{ENCODED_INVOICE}"
    assert unquote(href).endswith(f"/services/{DOCUMENT_SCHEME}::{INVOICE}")


def test_interop_5_5_references_can_be_followed_verbatim(smp: Smp) -> None:
    (reference,) = etree.fromstring(smp.get(group_path(VALUE)).body).iterfind(".//{*}ServiceMetadataReference")
    answer = httpx2.get(str(reference.get("href")), follow_redirects=False)
    assert answer.status_code == 200
    assert identifier(answer.content, "DocumentIdentifier") == (DOCUMENT_SCHEME, INVOICE)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "smp.attacker.example"},
        {"host": "smp.attacker.example:99", "X_Forwarded_Host": "other.example", "X_Forwarded_Proto": "https"},
        {"X_Forwarded_For": "192.0.2.1", "X_Forwarded_Port": "8443", "X_Forwarded_Prefix": "/inner"},
        {"Forwarded": "for=192.0.2.1;host=other.example;proto=https"},
        {"X_Original_URL": "/inner", "X_Rewrite_URL": "/inner"},
    ],
    ids=",".join,
)
def test_interop_5_5_references_come_from_the_configured_base_url(smp: Smp, headers: dict[str, str]) -> None:
    """Whatever a proxy or a client says in headers (phoss-smp#369, #303, #123)."""
    plain = smp.get(group_path(VALUE))
    answer = smp.get(group_path(VALUE), **headers)
    assert answer.status == 200
    assert answer.body == plain.body
    assert b"attacker" not in answer.body
    assert urlsplit(smp.base_url).netloc.encode() in answer.body


# 6, 7: the document itself; its signature is in test_http_tad_clauses and in tests/interop


def test_interop_5_6_there_is_no_white_space_around_the_signature(smp: Smp) -> None:
    """Clients that cut the signature out of the tree lose the text behind it."""
    body = smp.get(metadata_path(VALUE)).body
    start = body.index(b"<ds:Signature ")
    assert body[start - 1 : start] == b">"
    assert body.endswith(b"</ds:Signature></smp:SignedServiceMetadata>")


EXTENSIONS = {
    "indentation": b"<ex:Any xmlns:ex='urn:ex'>\n\n    <ex:Deep   a = 'x'\tb=\"y\" />\n</ex:Any>",
    "prefix from outside": b'<ids:Any a="ids:QName"><ids:Deep/></ids:Any>',
    "no namespace": b'<Any xmlns=""><Deep></Deep></Any>',
    "comments and references": b'<e:A xmlns:e="urn:e"><!-- kept --><e:B>&#13;&#x20AC;&amp;&lt;</e:B><?pi kept?></e:A>',
    "CDATA": b'<e:A xmlns:e="urn:e"><![CDATA[<not>&markup;]]></e:A>',
    "another signature": (
        b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\n <ds:SignedInfo/>\n'
        b" <ds:SignatureValue>QUJD&#13;\nREVG</ds:SignatureValue></ds:Signature>"
    ),
}


@pytest.mark.parametrize("which", EXTENSIONS)
def test_interop_extension_bytes_are_served_as_they_came(smp: Smp, which: str) -> None:
    """National networks sign inside extensions: nothing there is indented, decoded or written anew."""
    value, content = f"0088:{which.replace(' ', '-')}", EXTENSIONS[which]
    extension = f"<Extension>{content.decode()}</Extension>"
    smp.publish(value, INVOICE, extension=extension)
    assert content in smp.get(metadata_path(value)).body

    assert smp.write("PUT", group_path(value), service_group(value, extension=extension)).status == 200
    assert content in smp.get(group_path(value)).body


# 9: what is not there


@pytest.mark.parametrize(
    "path",
    [
        group_path("0088:nobody"),
        metadata_path("0088:nobody"),
        metadata_path(VALUE, "urn:example:nothing::Nothing##nothing::1"),
        f"{group_path(VALUE)}/services",
        f"{group_path(VALUE)}/services/",
        "/",
        "/favicon.ico",
        "/robots.txt",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_interop_5_9_what_is_unknown_is_404_and_never_an_empty_200(smp: Smp, path: str, method: str) -> None:
    answer = smp.get(path, method)
    assert answer.status == 404
    assert not answer.headers["content-type"].startswith(("text/xml", "application/xml"))
    assert bool(answer.body) is (method == "GET")


@pytest.mark.parametrize(
    "path",
    [
        *GROUP_PATHS.values(),
        *METADATA_PATHS.values(),
        "/",
        "//",
        f"/{group_path(VALUE)}",
        f"{group_path(VALUE)}//",
        f"{group_path(VALUE)}/../{SCHEME}",
        f"{group_path(VALUE)}/services",
        f"{group_path(VALUE)}/Services/{ENCODED_INVOICE}",
        "/domains/demo",
        "/index.html",
        "/%",
        "/%zz",
        "/%00",
        "/%c3%28",
        "/a%0d%0aLocation:%20https://attacker.example/",
    ],
)
def test_interop_no_answer_is_a_3xx_redirect(smp: Smp, path: str) -> None:
    """SMP clients don't follow HTTP redirects (smp.md §1.5)."""
    answer = smp.get(path)
    assert not 300 <= answer.status < 400
    assert "location" not in answer.headers
    assert answer.status in {200, 400, 404}
