# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from registry.errors import Reason
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
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
from registry.smp.documents.busdox import check_service_group, check_service_metadata

EXTENSION = Extension(b"<e/>")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _ids(reasons: tuple[Reason, ...]) -> list[str]:
    assert all(reason.message and reason.clause for reason in reasons)
    return [reason.id.removeprefix("BUSDOX-") for reason in reasons]


def _with_endpoint(metadata: ServiceMetadata, **changes: object) -> ServiceMetadata:
    (entry,) = metadata.process_metadata
    endpoint = replace(entry.endpoints[0], **changes)  # type: ignore[arg-type]
    return replace(metadata, process_metadata=(replace(entry, endpoints=(endpoint,)),))


def _with_entry(metadata: ServiceMetadata, **changes: object) -> ServiceMetadata:
    (entry,) = metadata.process_metadata
    return replace(metadata, process_metadata=(replace(entry, **changes),))  # type: ignore[arg-type]


def test_what_busdox_can_say_has_no_reasons(
    metadata: ServiceMetadata, redirect: ServiceMetadata, group: ServiceGroup
) -> None:
    assert check_service_metadata(metadata) == ()
    assert check_service_metadata(redirect) == ()
    assert check_service_group(group) == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"transport_profile": ""}, "TRANSPORT-PROFILE"),
        ({"transport_profile": " a"}, "WHITE-SPACE"),
        ({"transport_profile": "\0"}, "CHARACTER"),
        ({"address": ""}, "ADDRESS"),
        ({"address": "https://ap.example.org/%"}, "ADDRESS"),
        ({"address": " https://ap.example.org"}, "ADDRESS"),
        ({"technical_contact": "a b:c"}, "URI"),
        ({"technical_information": "a  b"}, "URI"),
        ({"description": "\ufffe"}, "CHARACTER"),
        ({"minimum_authentication_level": "\x1b"}, "CHARACTER"),
        ({"certificates": ()}, "ONE-CERTIFICATE"),
        ({"certificates": (EndpointCertificate(b""),)}, "ONE-CERTIFICATE"),
        ({"certificates": (EndpointCertificate(b"a"), EndpointCertificate(b"b"))}, "ONE-CERTIFICATE"),
        ({"certificates": (EndpointCertificate(b"a", "urn:type"),)}, "TYPE-CODE"),
        ({"certificates": (EndpointCertificate(b"a", mime_code="application/pkix-cert"),)}, "MIME-CODE"),
        ({"certificates": (EndpointCertificate(b"a", description="old"),)}, "CERTIFICATE-DESCRIPTION"),
        ({"certificates": (EndpointCertificate(b"a", activation=NOW),)}, "CERTIFICATE-DATE"),
        ({"certificates": (EndpointCertificate(b"a", expiration=NOW),)}, "CERTIFICATE-DATE"),
        ({"activation": datetime(2026, 1, 1)}, "DATE"),  # noqa: DTZ001
        ({"expiration": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))}, "DATE"),
        ({"extensions": (EXTENSION, EXTENSION)}, "ONE-EXTENSION"),
        ({"extensions": (Extension(b"<e/>", properties=(("ExtensionID", "1"),)),)}, "EXTENSION"),
        ({"extensions": (Extension(b"text"),)}, "EXTENSION"),
    ],
)
def test_what_an_endpoint_can_not_say(metadata: ServiceMetadata, changes: dict[str, object], reason: str) -> None:
    assert _ids(check_service_metadata(_with_endpoint(metadata, **changes))) == [reason]


@pytest.mark.parametrize(
    ("process", "reasons"),
    [
        (Process(ProcessIdentifier("s", "")), ["PROCESS"]),
        (Process(ProcessIdentifier("s", "p\n")), ["WHITE-SPACE"]),
        (Process(ProcessIdentifier("s\0", "p")), ["CHARACTER"]),
        (Process(ProcessIdentifier("s", "p"), roles=("seller",)), ["ROLES"]),
        (Process(ProcessIdentifier("s", "p"), extensions=(EXTENSION, EXTENSION)), ["ONE-EXTENSION"]),
    ],
)
def test_what_a_process_can_not_say(metadata: ServiceMetadata, process: Process, reasons: list[str]) -> None:
    assert _ids(check_service_metadata(_with_entry(metadata, processes=(process,)))) == reasons


def test_a_process_may_have_no_scheme(metadata: ServiceMetadata) -> None:
    process = Process(ProcessIdentifier("", "busdox:noprocess"))
    assert check_service_metadata(_with_entry(metadata, processes=(process,))) == ()


def test_endpoints_belong_to_exactly_one_process(metadata: ServiceMetadata) -> None:
    process = metadata.process_metadata[0].processes[0]
    for processes in ((), (process, process)):
        assert _ids(check_service_metadata(_with_entry(metadata, processes=processes))) == ["ONE-PROCESS"]


def test_only_a_whole_document_is_redirected(metadata: ServiceMetadata, redirect: ServiceMetadata) -> None:
    changed = _with_entry(metadata, redirect=redirect.redirect)
    assert _ids(check_service_metadata(changed)) == ["PROCESS-REDIRECT"]
    both = replace(metadata, process_metadata=metadata.process_metadata + redirect.process_metadata)
    assert _ids(check_service_metadata(both)) == ["PROCESS-REDIRECT", "ONE-PROCESS"]


def test_a_group_of_processes_has_no_extension(metadata: ServiceMetadata) -> None:
    assert _ids(check_service_metadata(_with_entry(metadata, extensions=(EXTENSION,)))) == ["EXTENSION"]


def test_processes_and_endpoints_must_be_there(metadata: ServiceMetadata) -> None:
    assert _ids(check_service_metadata(replace(metadata, process_metadata=()))) == ["PROCESS"]
    assert _ids(check_service_metadata(_with_entry(metadata, endpoints=()))) == ["ENDPOINT"]


def test_each_endpoint_of_a_process_has_another_transport_profile(
    metadata: ServiceMetadata, endpoint: Endpoint
) -> None:
    twice = _with_entry(metadata, endpoints=(endpoint, replace(endpoint, address="https://b.example.org"), endpoint))
    (reason,) = check_service_metadata(twice)
    assert reason.id == "BUSDOX-TRANSPORT-PROFILE-TWICE"
    assert "TA08" in reason.clause
    (entry,) = metadata.process_metadata
    assert check_service_metadata(replace(metadata, process_metadata=(entry, entry))) == ()


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        (lambda r: Redirect("", r.certificate_uid), ["REDIRECT-HREF", "REDIRECT-HREF"]),
        (lambda r: Redirect(r.href, ""), ["CERTIFICATE-UID"]),
        (lambda r: Redirect(r.href, " CN=a"), ["WHITE-SPACE"]),
        (lambda r: Redirect(r.href + "x", r.certificate_uid), ["REDIRECT-HREF"]),
        (lambda r: Redirect(r.href.replace("9915", "9916"), r.certificate_uid), ["REDIRECT-HREF"]),
        (lambda r: Redirect(r.href.replace("Test", "TEST"), r.certificate_uid), []),
        (lambda r: Redirect(r.href + "#a#b", r.certificate_uid), ["REDIRECT-HREF", "REDIRECT-HREF"]),
        (lambda r: Redirect("https://smp.example.org", r.certificate_uid), []),
        (lambda r: Redirect("https://smp.example.org?x", r.certificate_uid), ["REDIRECT-HREF"]),
        (lambda r: Redirect("https://smp.example.org/a/services/", r.certificate_uid), ["REDIRECT-HREF"]),
        (lambda r: Redirect("smp.example.org", r.certificate_uid), ["REDIRECT-HREF"]),
        (lambda r: replace(r, certificate=b"der"), []),
        (lambda r: Redirect(r.href, "", certificate=b"der"), ["CERTIFICATE-UID"]),
        (lambda r: replace(r, extensions=(EXTENSION, EXTENSION)), ["ONE-EXTENSION"]),
    ],
)
def test_what_a_redirect_can_not_say(
    redirect: ServiceMetadata, change: Callable[[Redirect], Redirect], reasons: list[str]
) -> None:
    assert redirect.redirect is not None
    changed = _with_entry(redirect, redirect=change(redirect.redirect))
    assert _ids(check_service_metadata(changed)) == reasons


def test_beside_a_redirect_nothing_else_is_written(redirect: ServiceMetadata, endpoint: Endpoint) -> None:
    for changed in (
        _with_entry(redirect, endpoints=(endpoint,)),
        _with_entry(redirect, extensions=(EXTENSION,)),
        replace(redirect, extensions=(EXTENSION,)),
    ):
        assert _ids(check_service_metadata(changed)) == ["REDIRECT-ONLY"]


@pytest.mark.parametrize(
    ("broken", "reasons"),
    [
        (ParticipantIdentifier("", "x"), ["PARTICIPANT"]),
        (ParticipantIdentifier("s", ""), ["PARTICIPANT"]),
        (ParticipantIdentifier("s", "x "), ["WHITE-SPACE"]),
        (ParticipantIdentifier("s", "\x01"), ["CHARACTER"]),
    ],
)
def test_identifiers_must_be_complete_and_unpadded(
    metadata: ServiceMetadata, broken: ParticipantIdentifier, reasons: list[str]
) -> None:
    assert _ids(check_service_metadata(replace(metadata, participant=broken))) == reasons
    assert _ids(check_service_group(ServiceGroup(broken))) == reasons


@pytest.mark.parametrize("value", ["a\nb", "a\u00a0", "\ud800"])
def test_a_document_type_must_survive_its_url(group: ServiceGroup, value: str) -> None:
    changed = replace(group, document_types=(DocumentTypeIdentifier("busdox-docid-qns", value),))
    assert "REFERENCE" in _ids(check_service_group(changed))


def test_a_group_has_one_extension(group: ServiceGroup) -> None:
    assert _ids(check_service_group(replace(group, extensions=(EXTENSION, EXTENSION)))) == ["ONE-EXTENSION"]


def test_all_reasons_come_at_once(metadata: ServiceMetadata, endpoint: Endpoint) -> None:
    bad = replace(endpoint, address="", certificates=(), extensions=(Extension(b""),))
    process = Process(ProcessIdentifier("s", "p"), roles=("buyer",))
    changed = replace(
        metadata,
        participant=ParticipantIdentifier("", ""),
        process_metadata=(ProcessMetadata((process,), (bad, bad)),),
    )
    assert _ids(check_service_metadata(changed)) == [
        *["PARTICIPANT"] * 2,
        "ROLES",
        *["ADDRESS", "ONE-CERTIFICATE", "EXTENSION"] * 2,
        "TRANSPORT-PROFILE-TWICE",
    ]
