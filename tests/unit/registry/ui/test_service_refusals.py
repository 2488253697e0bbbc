# SPDX-License-Identifier: Apache-2.0
"""Reasons of REST beside the fields that they are about; what can't be told apart stands at the head."""

import pytest

from registry.ui.rest import Answer
from registry.ui.service_form import FIELDS, REDIRECT, Block, EndpointBlock
from registry.ui.service_refusals import placed
from registry.ui.warnings import warnings_of


def endpoint(**values: str) -> EndpointBlock:
    return EndpointBlock(values=dict.fromkeys(FIELDS, "") | values)


BLOCKS = [
    Block(
        processes=["s::urn:one", "urn:two"],
        endpoints=[endpoint(transport_profile="t1", address="https://a.example/"), endpoint(certificates="AAAA")],
    ),
    Block(kind=REDIRECT, redirect={"href": "ftp://x/", "certificate_uid": "", "certificate": ""}),
]


@pytest.mark.parametrize(
    ("pointer", "name"),
    [
        ("#/process_metadata/0/endpoints/1/address", "p0.e1.address"),
        ("#/process_metadata/0/endpoints/1/certificates/0/der", "p0.e1.certificates"),
        ("#/services/0/process_metadata/0/processes/1/value", "p0.process1"),
        ("#/process_metadata/1/redirect/href", "p1.href"),
        ("#/process_metadata/7/redirect/href", ""),
        ("#/process_metadata/0", ""),
        ("#/extensions", ""),
        ("query/x", ""),
        ("", ""),
    ],
)
def test_a_pointer_names_the_field(pointer: str, name: str) -> None:
    reason = {"id": "REST-INPUT", "message": "no", "pointer": pointer}
    assert placed([reason], BLOCKS) == (({name: ["no"]}, []) if name else ({}, ["no"]))


@pytest.mark.parametrize(
    ("reason", "message", "names"),
    [
        ("PROCESS-NOT-LISTED", "'urn:two' is not in the list", ["p0.process1"]),
        ("PROCESS-NOT-LISTED", "'urn:one' is not in the list", ["p0.process0"]),
        ("PROCESS-EMPTY", "the process is empty", []),
        ("SMP-ENDPOINT-URL", "the endpoint has no absolute URL: 'https://a.example/'", ["p0.e0.address"]),
        ("SMP-ENDPOINT-URL", "the endpoint has no absolute URL: ''", []),
        ("SMP-NO-CERTIFICATE", "an endpoint has no certificate", ["p0.e0.certificates"]),
        ("SMP-CERTIFICATE-UNTRUSTED", "the endpoint's certificate: no", []),
        ("TRANSPORT-PROFILE-REMOVED", "'t1' is removed", ["p0.e0.transport_profile"]),
        ("SMP-REDIRECT-SCHEME", "a redirect leads to another SMP", ["p1.href"]),
        ("SMP-REDIRECT-UID", "the redirect does not name the certificate", ["p1.certificate_uid"]),
        ("SMP-EMPTY", "the metadata names neither", []),
        ("BUSDOX-ADDRESS", "process 1, endpoint 't1': the address 'x' is no URI", ["p0.e0.address"]),
        ("BUSDOX-URI", "process 1, endpoint 't1': the technical contact 'x' is no URI", ["p0.e0.technical_contact"]),
        ("BUSDOX-ONE-CERTIFICATE", "process 1, endpoint 't1': exactly one certificate is", ["p0.e0.certificates"]),
        ("BUSDOX-ADDRESS", "process 1, endpoint 'other': the address 'x' is no URI", []),
        ("BUSDOX-ADDRESS", "process 9, endpoint 't1': the address 'x' is no URI", []),
        ("BUSDOX-PROCESS", "process 1: the process identifier is missing", ["p0.process0"]),
        ("BUSDOX-ONE-PROCESS", "process 1: endpoints belong to exactly one process, not to 0", ["p0.process0"]),
        ("BUSDOX-ENDPOINT", "process 1: there is no endpoint", []),
    ],
)
def test_a_rule_is_told_beside_the_only_field_that_can_be_meant(reason: str, message: str, names: list[str]) -> None:
    beside, head = placed([{"id": reason, "message": message}], BLOCKS)
    assert (list(beside), head) == (names, [] if names else [message])


def test_what_has_one_endpoint_only_has_its_reasons_there() -> None:
    one = [Block(endpoints=[endpoint(certificates="AAAA")])]
    reason = {"id": "SMP-CERTIFICATE-UNTRUSTED", "message": "the endpoint's certificate: no"}
    assert placed([reason], one) == ({"p0.e0.certificates": [reason["message"]]}, [])


def test_warnings_are_read_from_their_headers() -> None:
    headers = (("warning", '299 - "one, two", 299 - "three"'), ("warning", '299 - "four"'), ("x", '299 - "five"'))
    assert warnings_of(Answer(200, headers, b"")) == ["one, two", "three", "four"]
    assert warnings_of(Answer(200, (), b"")) == []
