# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from registry.errors import Reason
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import (
    Endpoint,
    EndpointCertificate,
    Extension,
    Process,
    ProcessMetadata,
    Redirect,
    ServiceGroup,
    ServiceMetadata,
)
from registry.smp.documents.bdxr1.dialect import BDXR1

SMP = "http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"
CONTENT = b"<e xmlns='urn:e'/>"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _ids(reasons: tuple[Reason, ...]) -> list[str]:
    assert all(reason.message and reason.clause for reason in reasons)
    return [reason.id.removeprefix("BDXR1-") for reason in reasons]


def _described(*properties: tuple[str, str], content: bytes = CONTENT) -> Extension:
    return Extension(content, properties=properties)


def _with_endpoint(metadata: ServiceMetadata, **changes: object) -> ServiceMetadata:
    (entry,) = metadata.process_metadata
    endpoint = replace(entry.endpoints[0], **changes)  # type: ignore[arg-type]
    return replace(metadata, process_metadata=(replace(entry, endpoints=(endpoint,)),))


def test_what_smp_1_0_can_say_has_no_reasons(
    metadata: ServiceMetadata, redirect: ServiceMetadata, group: ServiceGroup
) -> None:
    several = (_described(), _described(("ExtensionID", "1"), ("ExtensionAgencyURI", "urn:a")))
    assert BDXR1.check_service_metadata(replace(metadata, extensions=several)) == ()
    assert BDXR1.check_service_metadata(redirect) == ()
    assert BDXR1.check_service_group(replace(group, extensions=several)) == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"transport_profile": ""}, "TRANSPORT-PROFILE"),
        ({"address": ""}, "ADDRESS"),
        ({"certificates": ()}, "ONE-CERTIFICATE"),
        ({"certificates": (EndpointCertificate(b"a"), EndpointCertificate(b"b"))}, "ONE-CERTIFICATE"),
        ({"certificates": (EndpointCertificate(b"a", type_code="urn:type"),)}, "TYPE-CODE"),
        ({"certificates": (EndpointCertificate(b"a", mime_code="application/pkix-cert"),)}, "MIME-CODE"),
        ({"certificates": (EndpointCertificate(b"a", description="old"),)}, "CERTIFICATE-DESCRIPTION"),
        ({"certificates": (EndpointCertificate(b"a", activation=NOW),)}, "CERTIFICATE-DATE"),
        ({"certificates": (EndpointCertificate(b"a", expiration=NOW),)}, "CERTIFICATE-DATE"),
    ],
)
def test_what_an_endpoint_of_smp_1_0_can_not_say(
    metadata: ServiceMetadata, changes: dict[str, object], reason: str
) -> None:
    assert _ids(BDXR1.check_service_metadata(_with_endpoint(metadata, **changes))) == [reason]


@pytest.mark.parametrize(
    ("extension", "reasons"),
    [
        (_described(content=b"<e/>"), ["EXTENSION"]),
        (_described(content=b"<e xmlns='%b'/>" % SMP.encode()), ["EXTENSION"]),
        (Extension(b"<e/>", (("", SMP),)), ["EXTENSION"]),
        (_described(content=b"<a xmlns='urn:a'/><b xmlns='urn:b'/>"), ["EXTENSION"]),
        (_described(content=b""), ["EXTENSION"]),
        (_described(("ExtensionID", "1"), ("ExtensionID", "2")), ["EXTENSION-PROPERTY"]),
        (_described(("Color", "red")), ["EXTENSION-PROPERTY"]),
        (_described(("ExtensionID", " 1")), ["WHITE-SPACE"]),
        (_described(("ExtensionReason", "\x00")), ["CHARACTER"]),
        (_described(("ExtensionURI", "a b:c")), ["URI"]),
    ],
)
def test_what_an_extension_of_smp_1_0_can_not_say(
    group: ServiceGroup, extension: Extension, reasons: list[str]
) -> None:
    assert _ids(BDXR1.check_service_group(replace(group, extensions=(extension,)))) == reasons


def test_descriptions_may_be_given_in_any_order(group: ServiceGroup) -> None:
    extension = _described(("ExtensionReason", "r"), ("ExtensionID", "1"))
    assert BDXR1.check_service_group(replace(group, extensions=(extension,))) == ()


def test_what_smp_2_0_says_about_processes_has_no_place(metadata: ServiceMetadata, redirect: ServiceMetadata) -> None:
    (entry,) = metadata.process_metadata
    (process,) = entry.processes
    for changed, reason in (
        (replace(entry, processes=(replace(process, roles=("urn:buyer",)),)), "ROLES"),
        (replace(entry, processes=()), "ONE-PROCESS"),
        (replace(entry, processes=(process, Process(ProcessIdentifier("s", "p")))), "ONE-PROCESS"),
        (replace(entry, extensions=(_described(),)), "EXTENSION"),
        (replace(entry, redirect=redirect.redirect, endpoints=()), "PROCESS-REDIRECT"),
    ):
        assert _ids(BDXR1.check_service_metadata(replace(metadata, process_metadata=(changed,)))) == [reason]


def test_a_certificate_of_a_redirect_is_named_by_its_uid(redirect: ServiceMetadata) -> None:
    assert redirect.redirect is not None
    with_both = ProcessMetadata(redirect=replace(redirect.redirect, certificate=b"der"))
    assert BDXR1.check_service_metadata(replace(redirect, process_metadata=(with_both,))) == ()
    unnamed = ProcessMetadata(redirect=replace(redirect.redirect, certificate_uid="", certificate=b"der"))
    assert _ids(BDXR1.check_service_metadata(replace(redirect, process_metadata=(unnamed,)))) == ["CERTIFICATE-UID"]


@pytest.mark.parametrize(
    ("href", "reasons"),
    [
        ("https://smp2.example.org/base/", []),
        ("", ["REDIRECT-HREF", "REDIRECT-HREF"]),
        ("smp2.example.org", ["REDIRECT-HREF"]),
        ("https://smp2.example.org/?a", ["REDIRECT-HREF"]),
        ("https://smp2.example.org/s%3A%3Aother/services/d%3A%3Ae", ["REDIRECT-HREF"]),
    ],
)
def test_a_redirect_leads_to_its_own_document_or_to_a_base_url(
    redirect: ServiceMetadata, href: str, reasons: list[str]
) -> None:
    changed = ProcessMetadata(redirect=Redirect(href, "CN=a"))
    assert _ids(BDXR1.check_service_metadata(replace(redirect, process_metadata=(changed,)))) == reasons


def test_each_endpoint_of_a_process_of_smp_1_0_has_another_transport_profile(
    metadata: ServiceMetadata, endpoint: Endpoint
) -> None:
    (entry,) = metadata.process_metadata
    twice = replace(metadata, process_metadata=(replace(entry, endpoints=(endpoint, endpoint)),))
    (reason,) = BDXR1.check_service_metadata(twice)
    assert (reason.id, reason.clause) == ("BDXR1-TRANSPORT-PROFILE-TWICE", "eDelivery SMP TAD 1.07 TA08")
