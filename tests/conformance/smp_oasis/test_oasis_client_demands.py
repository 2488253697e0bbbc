# SPDX-License-Identifier: Apache-2.0
"""What real clients demand of an SMP (interop.md §5), of one that serves OASIS SMP 1.0 and 2.0 of the same data.

As in smp_busdox/test_http_client_demands, over real HTTP. SMP 2.0 has a path segment in front, other names in its
documents, and identifiers in lower case where case means nothing (OASIS SMP 2.0 §2.4, §5.5).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote

import dns.resolver
import httpx2
import pytest
from lxml import etree

from registry.app.domain_setup import change_domain
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.identifiers.dns_names import participant_name
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import ServiceMetadata
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.signing import verify_document
from tests.conformance.smp_busdox.http_client import DOCUMENT_SCHEME, INVOICE, SCHEME, Smp, group_path, metadata_path
from tests.conformance.smp_busdox.path_spellings import GROUP_PATHS, METADATA_PATHS, VALUE
from tests.simulators.live import ACTOR, LiveInstance, live_instance

SLASHES = "urn:example:a/b::c##d/services/e::1"


@dataclass(frozen=True, slots=True)
class Form:
    """Where a dialect is served, and what its identifiers are called and look like."""

    dialect: str
    prefix: str
    participant: str
    document: str
    scheme: str
    value: str

    def identifiers(self, document: bytes, name: str) -> set[tuple[str | None, str | None]]:
        """Scheme and value of the elements of this name."""
        found = etree.fromstring(document).iterfind(f".//{{*}}{name}[@{self.scheme}]")
        return {(element.get(self.scheme), element.text) for element in found}


FORMS = (
    Form("bdxr1", "", "ParticipantIdentifier", "DocumentIdentifier", "scheme", VALUE),
    Form("bdxr2", "/bdxr-smp-2", "ParticipantID", "ID", "schemeID", VALUE.lower()),
)


@pytest.fixture(params=FORMS, ids=lambda form: form.dialect)
def form(request: pytest.FixtureRequest) -> Form:
    found: Form = request.param
    return found


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[LiveInstance]:
    with live_instance(tmp_path_factory.mktemp("oasis"), pki) as live:
        settings = {"smp": {"dialects": ["bdxr1", "bdxr2"]}}
        live.stored = change_domain(live.instance, ACTOR, "demo", settings)
        live.run(live.serving.refresh())
        for document_type in (INVOICE, SLASHES):
            live.instance.publishing.put_service_metadata(
                ACTOR, live.stored, metadata(live, document_type), create_group=True
            )
        live.wait_for_dns()
        yield live


def metadata(live: LiveInstance, document_type: str) -> ServiceMetadata:
    return replace(
        demo_metadata(live.pki.access_points)[0],
        participant=ParticipantIdentifier(SCHEME, VALUE),
        document_type=DocumentTypeIdentifier(DOCUMENT_SCHEME, document_type),
    )


@pytest.fixture(scope="module")
def smp(live: LiveInstance) -> Smp:
    return Smp(live)


def test_every_dialect_of_oasis_is_tried_here() -> None:
    assert {form.dialect: form.prefix.removeprefix("/") for form in FORMS} | {"busdox": ""} == {
        name: dialect.path_prefix for name, dialect in DIALECTS.items()
    }


def test_interop_5_1_a_participant_has_exactly_one_naptr(live: LiveInstance) -> None:
    resolver = dns.resolver.Resolver(configure=False)
    host, _, port = live.addresses.dns.rpartition(":")
    resolver.nameservers, resolver.port, resolver.lifetime = [host], int(port), 10
    profile = live.stored.domain.dns
    name = participant_name(ParticipantIdentifier(SCHEME, VALUE), profile.zone, profile.name_form)
    (record,) = resolver.resolve(name, "NAPTR")
    assert (record.order, record.preference, record.flags, record.service) == (100, 10, b"U", b"Meta:SMP")
    assert record.regexp == f"!.*!{live.stored.domain.smp.base_url}!".encode()


@pytest.mark.parametrize("spelling", GROUP_PATHS)
def test_interop_5_4_every_spelling_of_the_path_finds_the_group(smp: Smp, form: Form, spelling: str) -> None:
    answer = smp.get(form.prefix + GROUP_PATHS[spelling])
    assert answer.status == 200
    assert form.identifiers(answer.body, form.participant) == {(SCHEME, form.value)}


@pytest.mark.parametrize("spelling", METADATA_PATHS)
def test_interop_5_4_every_spelling_of_the_path_finds_the_metadata(smp: Smp, form: Form, spelling: str) -> None:
    answer = smp.get(form.prefix + METADATA_PATHS[spelling])
    assert answer.status == 200
    assert (DOCUMENT_SCHEME, INVOICE) in form.identifiers(answer.body, form.document)
    verified = verify_document(answer.body)
    assert verified.dialect is DIALECTS[form.dialect]
    assert str(verified.parsed.participant) == f"{SCHEME}::{form.value}"


@pytest.mark.parametrize("value", ["9915:mixed-case", "9915:MIXED-CASE", "9915:mIXED-cASE"])
def test_interop_5_4_participants_compare_without_case_and_answers_have_one_spelling(
    smp: Smp, form: Form, value: str
) -> None:
    for path in (group_path(value), metadata_path(value)):
        answer = smp.get(form.prefix + path)
        assert answer.status == 200
        assert form.identifiers(answer.body, form.participant) == {(SCHEME, form.value)}


@pytest.mark.parametrize("scheme", ["ISO6523-ACTORID-UPIS", "Iso6523-Actorid-Upis"])
def test_interop_5_4_schemes_compare_with_case(smp: Smp, form: Form, scheme: str) -> None:
    """PFUOI 4.4.0 POLICY 2."""
    assert smp.get(form.prefix + group_path(VALUE, scheme)).status == 404


def test_interop_5_4_document_types_compare_with_case(smp: Smp, form: Form) -> None:
    assert smp.get(form.prefix + metadata_path(VALUE, INVOICE.lower())).status == 404
    assert smp.get(form.prefix + metadata_path(VALUE, INVOICE.replace("Invoice-2", "INVOICE-2"))).status == 404


def test_interop_5_4_a_path_is_decoded_once(smp: Smp, form: Form) -> None:
    assert smp.get(form.prefix + group_path(VALUE).replace("%", "%25")).status == 404


def test_interop_5_4_an_encoded_slash_stays_inside_its_segment(smp: Smp, form: Form) -> None:
    path = form.prefix + metadata_path(VALUE, SLASHES)
    answer = smp.get(path)
    assert answer.status == 200
    assert (DOCUMENT_SCHEME, SLASHES) in form.identifiers(answer.body, form.document)
    assert smp.get(path.replace("%2F", "/")).status == 404


def test_interop_5_4_the_segment_of_smp_2_0_is_as_it_is(smp: Smp) -> None:
    """It is part of the address and no identifier: another spelling is the address of nothing."""
    for segment in ("/BDXR-SMP-2", "/bdxr-smp-2/bdxr-smp-2", "/bdxr-smp-1"):
        assert smp.get(segment + group_path(VALUE)).status == 404


def test_interop_5_5_references_of_smp_1_0_can_be_followed_verbatim(smp: Smp) -> None:
    references = etree.fromstring(smp.get(group_path(VALUE)).body).findall(".//{*}ServiceMetadataReference")
    hrefs = [str(reference.get("href")) for reference in references]
    assert {unquote(href).partition("/services/")[2] for href in hrefs} == {
        f"{DOCUMENT_SCHEME}::{INVOICE}",
        f"{DOCUMENT_SCHEME}::{SLASHES}",
    }
    for href in hrefs:
        assert href.startswith(f"{smp.base_url}{group_path(VALUE)}/services/")
        assert httpx2.get(href, follow_redirects=False).status_code == 200


def test_interop_5_5_references_of_smp_2_0_make_the_paths_that_answer(smp: Smp) -> None:
    """SMP 2.0 has no URLs in its groups: clients put the identifiers behind the group's path (§5.5)."""
    (form,) = (form for form in FORMS if form.dialect == "bdxr2")
    found = form.identifiers(smp.get(form.prefix + group_path(VALUE)).body, "ID")
    assert found == {(DOCUMENT_SCHEME, INVOICE), (DOCUMENT_SCHEME, SLASHES)}
    for scheme, value in found:
        assert smp.get(form.prefix + metadata_path(VALUE, str(value), str(scheme))).status == 200


def test_interop_5_6_there_is_no_white_space_around_the_signature(smp: Smp, form: Form) -> None:
    body = smp.get(form.prefix + metadata_path(VALUE)).body
    start = body.index(b"<ds:Signature ")
    assert body[start - 1 : start] == b">"
    end = body.rindex(b"</ds:Signature>") + len(b"</ds:Signature>")
    assert body[end:] in {b"</smp:SignedServiceMetadata>", b"</sm:ServiceMetadata>"}


@pytest.mark.parametrize(
    "path",
    [
        group_path("0088:nobody"),
        metadata_path("0088:nobody"),
        metadata_path(VALUE, "urn:example:nothing::Nothing##nothing::1"),
        f"{group_path(VALUE)}/services",
        f"{group_path(VALUE)}/services/",
        "/",
        "",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_interop_5_9_what_is_unknown_is_404_and_never_an_empty_200(
    smp: Smp, form: Form, path: str, method: str
) -> None:
    answer = smp.get(form.prefix + path or "/", method)
    assert answer.status == 404
    assert not answer.headers["content-type"].startswith(("text/xml", "application/xml"))
    assert bool(answer.body) is (method == "GET")


@pytest.mark.parametrize("path", [*GROUP_PATHS.values(), *METADATA_PATHS.values(), "/", "//", "/%", "/%zz", "/%00"])
def test_interop_no_answer_is_a_3xx_redirect(smp: Smp, form: Form, path: str) -> None:
    answer = smp.get(form.prefix + path)
    assert "location" not in answer.headers
    assert answer.status in {200, 400, 404}
