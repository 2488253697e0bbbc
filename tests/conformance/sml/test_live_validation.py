# SPDX-License-Identifier: Apache-2.0
"""The validation table of an SML (sml.md §1.3), over SOAP and mutual TLS; nothing that is refused leaves a trace.

Rules of policy are those of a strict domain, which has Peppol's profile and a certification authority of its own.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from registry.identifiers.participant import ISO6523
from registry.sml.client import SmlClient
from tests.conformance.sml.live_calls import (
    BAD_REQUEST,
    NOT_FOUND,
    UNAUTHORIZED,
    URL,
    Zone,
    add_sml_domain,
    participant,
    publisher,
    refused,
)
from tests.simulators.live import LiveInstance

SMP = "SMP-V"
KEY = "11AAbb$$11AAbb$$"


@pytest.fixture(scope="module")
def sml(shared_live: LiveInstance) -> Iterator[SmlClient]:
    """The lax domain, where the SMP is registered already."""
    with shared_live.sml_client() as client:
        client.create_publisher(publisher(SMP))
        yield client


@pytest.fixture(scope="module")
def strict(shared_live: LiveInstance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmlClient]:
    """A domain with Peppol's own profile, where an SMP of the same id is registered."""
    settings = {
        "name": "strict",
        "dns": {"zone": "strict.test", "name_servers": ["localhost"]},
        "sml": {"enabled": True, "wildcard_owners": {ISO6523: ["SMP-V-WILDCARD"]}, "page_size": 2},
    }
    identity = add_sml_domain(shared_live, tmp_path_factory.mktemp("strict"), "peppol-test", settings)
    with shared_live.sml_client(identity) as client:
        client.create_publisher(publisher(SMP))
        yield client


@pytest.fixture(scope="module")
def vectors(corpus: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((corpus / "sml" / "dns-vectors.json").read_text())
    return found


# The SMP


def test_smp_id_is_a_dns_name_of_at_most_64_characters(sml: SmlClient, vectors: dict[str, Any]) -> None:
    for smp_id in (*vectors["smp_id"]["valid"], "a" * 63, f"{'a' * 31}.{'b' * 32}"):
        if smp_id == "smp.Bla":
            continue  # the same name as smp.bla, see below
        sml.create_publisher(publisher(smp_id))
        assert sml.read_publisher(smp_id).smp_id == smp_id
        sml.delete_publisher(smp_id)
    for smp_id in (*vectors["smp_id"]["invalid"], "a" * 64, f"{'a' * 32}.{'b' * 32}", "a b"):
        with refused(BAD_REQUEST, 106):
            sml.create_publisher(publisher(smp_id))


def test_smp_id_has_no_case_and_keeps_its_spelling(sml: SmlClient) -> None:
    sml.create_publisher(publisher("SMP-V-Case"))
    with refused(BAD_REQUEST, 106, "The SMP 'smp-v-CASE' already exists"):
        sml.create_publisher(publisher("smp-v-CASE"))
    assert sml.read_publisher("smp-v-case").smp_id == "SMP-V-Case"
    sml.update_publisher(publisher("smp-v-case", f"{URL}x"))
    assert sml.read_publisher("SMP-V-CASE") == publisher("SMP-V-Case", f"{URL}x")


@pytest.mark.parametrize(
    "logical",
    [
        "",
        "smp.example.org",
        "//smp.example.org/",
        "ftp://smp.example.org/",
        "https://",
        "https:///path",
        "https://smp example.org/",
        "https://[::1/",
        "https://smp.example.org/!",
        f"https://smp.example.org/{'x' * 300}",
    ],
)
def test_logical_address_is_an_absolute_url(sml: SmlClient, logical: str) -> None:
    with refused(BAD_REQUEST, 106):
        sml.create_publisher(publisher("SMP-V-URL", logical))
    with refused(NOT_FOUND, 100, "The SMP 'SMP-V-URL' doesn't exist"):
        sml.read_publisher("SMP-V-URL")
    with refused(BAD_REQUEST, 106):
        sml.update_publisher(publisher(SMP, logical))
    assert sml.read_publisher(SMP).logical_address == URL


def test_logical_address_has_a_scheme_that_the_domain_allows(sml: SmlClient, strict: SmlClient) -> None:
    sml.create_publisher(publisher("SMP-V-HTTP", "http://smp.example.org/"))
    with refused(BAD_REQUEST, 106):
        strict.create_publisher(publisher("SMP-V-HTTP", "http://smp.example.org/"))
    strict.create_publisher(publisher("SMP-V-HTTPS", "https://smp.example.org/"))


@pytest.mark.parametrize("physical", ["0.0.0.0", "1.1.1.1", "192.0.2.1"])  # noqa: S104
def test_physical_address_is_kept_and_not_resolved(sml: SmlClient, physical: str, shared_live: LiveInstance) -> None:
    smp_id = f"SMP-V-{physical.replace('.', '-')}"
    sml.create_publisher(publisher(smp_id, URL, physical))
    assert sml.read_publisher(smp_id).physical_address == physical
    assert Zone(shared_live).records(f"{smp_id.lower()}.publisher", "A") == []


# Participants


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        (ISO6523, "0088"),
        (ISO6523, "88:x"),
        (ISO6523, "0088:"),
        (ISO6523, "0088:with blank"),
        (ISO6523, "0088:ä"),
        (ISO6523, "0088:a/b"),
        (ISO6523, f"0088:{'a' * 131}"),
        ("some-other-scheme", "0088:1"),
        ("ISO6523-ACTORID-UPIS", "0088:1"),
    ],
)
def test_participants_keep_to_the_policies_of_a_strict_domain(
    strict: SmlClient, shared_live: LiveInstance, scheme: str, value: str
) -> None:
    with refused(BAD_REQUEST, 106):
        strict.create_participants(SMP, [participant("0088:v-good"), participant(value, scheme)])
    assert strict.list_participants(SMP).participants == ()
    assert Zone(shared_live, "strict.test").url_of(participant("0088:v-good")) is None


@pytest.mark.parametrize(
    ("scheme", "value"),
    # XML 1.0 can carry few control characters; U+0085 is one of them.
    [(ISO6523, "0088:a\u0085b"), (ISO6523, "0088:ä"), (ISO6523, f"0088:{'a' * 10_000}"), ("", "0088:1"), ("a b", "1")],
    ids=["control", "not ASCII", "long", "no scheme", "blank in scheme"],
)
def test_participants_that_break_a_wire_format_are_refused_in_lax_domains_too(
    sml: SmlClient, scheme: str, value: str
) -> None:
    before = sml.list_participants(SMP)
    with refused(BAD_REQUEST, 106):
        sml.create_participants(SMP, [participant(value, scheme)])
    assert sml.list_participants(SMP) == before


def test_participants_have_135_characters_and_no_case_and_keep_their_spelling(
    strict: SmlClient, shared_live: LiveInstance
) -> None:
    longest = participant(f"0088:{'Aa' * 65}")
    assert len(longest.value) == 135
    strict.create_participants(SMP, [longest])
    assert strict.list_participants(SMP).participants == (longest,)
    text = f"The participant identifier '{longest.value.lower()}' with scheme: '{ISO6523}' already exist"
    with refused(BAD_REQUEST, 106, text):
        strict.create_participants(SMP, [participant(longest.value.lower())])
    assert Zone(shared_live, "strict.test").url_of(longest) == URL
    strict.delete_participants(SMP, [participant(longest.value.upper())])
    assert strict.list_participants(SMP).participants == ()


def test_ebcore_participants_have_no_scheme_attribute_of_their_own(sml: SmlClient, shared_live: LiveInstance) -> None:
    """Their scheme is in the value, and there is no label for it in DNS only where the domain says so."""
    party = participant("test01", "urn:oasis:names:tc:ebcore:partyid-type:iso6523:0088")
    sml.create_publisher(publisher("SMP-V-EBCORE"))
    answer = post(
        shared_live,
        "<CreateParticipantIdentifier><ServiceMetadataPublisherID>SMP-V-EBCORE</ServiceMetadataPublisherID>"
        f'<i:ParticipantIdentifier scheme="">{party.scheme}:test01</i:ParticipantIdentifier>'
        "</CreateParticipantIdentifier>",
    )
    assert answer.status_code == 200, answer.text
    assert sml.list_participants("SMP-V-EBCORE").participants == (party,)
    assert Zone(shared_live).url_of(party) == URL


# Lists and pages


def test_lists_have_at_most_100_participants(sml: SmlClient) -> None:
    hundred_and_one = [participant(f"0088:v101-{number}") for number in range(101)]
    sml.create_publisher(publisher("SMP-V-101"))
    with refused(BAD_REQUEST, 106):
        sml.create_participants("SMP-V-101", hundred_and_one)
    assert sml.list_participants("SMP-V-101").participants == ()
    sml.create_participants("SMP-V-101", hundred_and_one[:100])
    with refused(BAD_REQUEST, 106):
        sml.delete_participants("SMP-V-101", hundred_and_one)
    assert len(sml.list_participants("SMP-V-101").participants) == 100


def test_lists_name_no_participant_twice(sml: SmlClient) -> None:
    sml.create_publisher(publisher("SMP-V-DOUBLE"))
    with refused(BAD_REQUEST, 106):
        sml.create_participants("SMP-V-DOUBLE", [participant("0088:v-twice"), participant("0088:V-TWICE")])
    assert sml.list_participants("SMP-V-DOUBLE").participants == ()


def test_pages_have_the_size_of_the_domain_and_end(strict: SmlClient) -> None:
    strict.create_publisher(publisher("SMP-V-PAGES"))
    strict.create_participants("SMP-V-PAGES", [participant(f"0088:vpage-{number}") for number in range(4)])
    first = strict.list_participants("SMP-V-PAGES")
    second = strict.list_participants("SMP-V-PAGES", first.next_page)
    assert [item.value for item in (*first.participants, *second.participants)] == [
        f"0088:vpage-{number}" for number in range(4)
    ]
    assert (len(first.participants), len(second.participants), second.next_page) == (2, 2, None)


@pytest.mark.parametrize("page", ["-1", "next", "1e3", "9" * 30])
def test_page_identifiers_are_those_that_were_given(sml: SmlClient, page: str) -> None:
    with refused(BAD_REQUEST, 106):
        sml.list_participants(SMP, page)


# Migration keys and wildcards


def test_migration_keys_keep_to_the_exact_rule(sml: SmlClient, vectors: dict[str, Any]) -> None:
    keys = vectors["migration_key"]
    sml.create_publisher(publisher("SMP-V-KEY"))
    sml.create_participants("SMP-V-KEY", [participant("0088:v-key")])
    for key in keys["valid"]:
        sml.prepare_migration("SMP-V-KEY", participant("0088:v-key"), key)
    for key in keys["invalid"]:
        if key != key.strip():
            continue  # white space around a text is no part of it
        with refused(BAD_REQUEST, 106):
            sml.prepare_migration("SMP-V-KEY", participant("0088:v-key"), key)


def test_wildcards_are_for_those_whom_the_domain_allows(
    strict: SmlClient, sml: SmlClient, shared_live: LiveInstance
) -> None:
    everybody = participant("*")
    for client in (strict, sml):
        with refused(UNAUTHORIZED, 101, "The user is not allowed to register Wildcard for this scheme"):
            client.create_participants(SMP, [everybody])
    strict.create_publisher(publisher("SMP-V-WILDCARD", "https://wild.example.org/"))
    strict.create_participants("SMP-V-WILDCARD", [everybody])
    assert Zone(shared_live, "strict.test").url_of(participant("0088:anybody")) == "https://wild.example.org/"
    with refused(BAD_REQUEST, 106, "Only ParticipantIdentifier Wildcards can be registered for this scheme"):
        strict.create_participants(SMP, [participant("0088:somebody")])
    strict.delete_participants("SMP-V-WILDCARD", [everybody])
    assert Zone(shared_live, "strict.test").url_of(participant("0088:anybody")) is None
    strict.create_participants(SMP, [participant("0088:somebody")])
    strict.delete_participants(SMP, [participant("0088:somebody")])


# Messages


def post(live: LiveInstance, body: str, path: str = "manageparticipantidentifier", **headers: str) -> httpx2.Response:
    """Send an envelope of our own making; L is the default namespace, `i` that of identifiers."""
    envelope = (
        '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns="http://busdox.org/serviceMetadata/locator/1.0/" '
        f'xmlns:i="http://busdox.org/transport/identifiers/1.0/"><S:Body>{body}</S:Body></S:Envelope>'
    )
    return httpx2.post(
        f"{live.addresses.sml}/edelivery-sml/{path}",
        content=envelope.encode(),
        headers={"Content-Type": "text/xml; charset=utf-8", **headers},
        verify=live.client_context(live.files.smp),
    )


@pytest.mark.parametrize(
    "action",
    [
        None,
        '""',
        '"http://busdox.org/serviceMetadata/ManageBusinessIdentifierService/1.0/         :listIn"',
        '"http://busdox.org/serviceMetadata/ManageBusinessIdentifierService/1.0/:listIn"',
        '"http://busdox.org/serviceMetadata/ManageBusinessIdentifierService/1.0/         :createIn"',
    ],
)
def test_the_body_says_what_is_wanted_whatever_the_soap_action(
    shared_live: LiveInstance, sml: SmlClient, action: str | None
) -> None:
    assert sml.read_publisher(SMP).smp_id == SMP
    body = f"<PageRequest><ServiceMetadataPublisherID>{SMP}</ServiceMetadataPublisherID></PageRequest>"
    answer = post(shared_live, body, **({} if action is None else {"SOAPAction": action}))
    assert answer.status_code == 200
    assert b"ParticipantIdentifierPage" in answer.content


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<Nothing/>",
        "<CreateList/>",
        "<CreateParticipantIdentifier/>",
        "<PageRequest><ServiceMetadataPublisherID/></PageRequest>",
        f"<PageRequest><ServiceMetadataPublisherID>{SMP}</ServiceMetadataPublisherID><More/></PageRequest>",
    ],
)
def test_messages_that_break_the_schema_get_a_fault_without_a_trace(shared_live: LiveInstance, body: str) -> None:
    answer = post(shared_live, body)
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/xml")
    assert b"<faultcode>" in answer.content
    for secret in (b"Traceback", b".py", b"sqlalchemy", b"lxml"):
        assert secret not in answer.content


def test_doctypes_are_refused(shared_live: LiveInstance) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"/>'
    answer = httpx2.post(
        f"{shared_live.addresses.sml}/edelivery-sml/manageparticipantidentifier",
        content=bomb,
        headers={"Content-Type": "text/xml"},
        verify=shared_live.client_context(shared_live.files.smp),
    )
    assert answer.status_code == 500
    assert b"<BadRequestFault " in answer.content
    assert b"aaaa" not in answer.content
