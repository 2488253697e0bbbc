# SPDX-License-Identifier: Apache-2.0
"""What nobody thought of: good messages, damaged at random. Whatever is accepted must hold, whatever isn't is refused.

The seeds are fixed, so a failure can be repeated.
"""

import random
import re
from dataclasses import dataclass

import pytest
import structlog.testing

from registry.demo.content import demo_metadata
from registry.identifiers.url_form import participant_path, service_path
from registry.metadata import ServiceGroup
from registry.smp.documents.busdox import write_service_group, write_service_metadata
from registry.smp.documents.signing import verify_document
from registry.storage.queries import zones
from tests.simulators.hostile import (
    PARTICIPANTS,
    PUBLISHERS,
    Answer,
    Manager,
    assert_discreet,
    assert_problem,
    call_sml,
    check_consistency,
    envelope,
    get,
    nothing_changed,
    send,
)
from tests.simulators.live import ACTOR, SMP_ID, LiveInstance

ODD = [
    "",
    " ",
    "\t\n",
    "\u00a0",
    "\u2028",
    "\ufeff",
    "\u202e",
    "\ud7ff",
    "\U0001f600",
    "\u0130",
    "\ufffd",
    "%",
    "%00",
    "%2F",
    "/",
    "//",
    "..",
    "*",
    "::",
    ":",
    "##",
    "#",
    "?",
    "&amp;",
    "&lt;",
    "&#9;",
    "&#13;",
    "&#10;",
    "&#x85;",
    "'",
    "&quot;",
    "\\",
    "!",
    "{}",
    "[",
    "]",
    "@",
    "a" * 70,
    "a" * 600,
    "0",
    "-1",
    "true",
    "1e5",
    "9" * 30,
    "http://",
    "https://[::1]",
    "https://\u00e9.example/",
    "urn:oasis:names:tc:ebcore:partyid-type:iso6523:0088:1",
    "<![CDATA[x]]>",
    "<![CDATA[<&]]>",
    "<!-- c -->",
    "<?pi x?>",
    "<x/>",
    '<x xmlns="urn:x"/>',
    '<x xmlns="rel"/>',
    '<p:x xmlns:p="urn:a&amp;b"/>',
    '<x xml:lang="en" xml:id="i" xml:base="http://b/"/>',
    '<smp:Extension xmlns:smp="http://busdox.org/serviceMetadata/publishing/1.0/"><y/></smp:Extension>',
    '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>',
]
TEXT_OR_TAG = re.compile(r"<[^>]*>|[^<]+")


def damage(rng: random.Random, document: str) -> str:
    """One to three changes: a text or an attribute becomes odd, a part goes, comes twice, or swaps places."""
    parts = TEXT_OR_TAG.findall(document)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(parts))
        match rng.randrange(7):
            case 0:
                parts.insert(at, rng.choice(ODD))
            case 1:
                parts[at] = re.sub('"[^"]*"', f'"{rng.choice(ODD)}"', parts[at], count=1)
            case 2 if not parts[at].startswith("<"):
                parts[at] = rng.choice(ODD)
            case 3 if not parts[at].startswith("<"):
                where = rng.randrange(len(parts[at]) + 1)
                parts[at] = parts[at][:where] + rng.choice(ODD) + parts[at][where:]
            case 4:
                del parts[at]
            case 5:
                parts.insert(at, parts[at])
            case _:
                swapped = rng.randrange(len(parts))
                parts[at], parts[swapped] = parts[swapped], parts[at]
        if not parts:
            return ""
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class Service:
    path: str
    group_path: str
    document: str
    group: str


@pytest.fixture(scope="module")
def service(shared_live: LiveInstance) -> Service:
    metadata = demo_metadata(shared_live.pki.access_points)[0]
    shared_live.instance.publishing.put_service_metadata(ACTOR, shared_live.stored, metadata, create_group=True)
    group = write_service_group(ServiceGroup(metadata.participant), "https://x.example.org")
    texts = [data.decode().partition("?>")[2] for data in (write_service_metadata(metadata), group)]
    end = "</smp:ServiceInformation>"
    with_extension = texts[0].replace(end, f'<smp:Extension><e:e xmlns:e="urn:e">text</e:e></smp:Extension>{end}')
    path = service_path(metadata.participant, metadata.document_type)
    assert get(shared_live, path).status == 200  # signed with its first reading
    return Service(
        path,
        participant_path(metadata.participant),
        with_extension,
        texts[1],
    )


def check_refusal(answer: Answer) -> None:
    assert answer.status in {400, 404, 409}, (answer.status, answer.body)
    assert_problem(answer, answer.status)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_accepted_is_served_with_a_good_signature(
    shared_live: LiveInstance, service: Service, seed: int
) -> None:
    rng = random.Random(seed)
    manager = Manager(shared_live)
    assert manager.put(service.path, service.document).status in {200, 201}
    accepted = 0
    for _ in range(100):
        body = damage(rng, service.document)
        before = get(shared_live, service.path).body
        answer = manager.put(service.path, body)
        shown = get(shared_live, service.path)
        assert shown.status == 200, (body, shown.body)
        if answer.status == 200:
            accepted += 1
            verify_document(shown.body)
            assert_problem_free(answer)
        else:
            check_refusal(answer)
            assert shown.body == before
    assert get(shared_live, service.group_path).status == 200
    assert 0 < accepted < 100, "damage that is never or always noticed tests nothing"


def assert_problem_free(answer: Answer) -> None:
    assert answer.body == b""
    assert_discreet(repr(answer.header_list).encode())


@pytest.mark.parametrize("seed", range(2))
def test_whatever_service_group_is_accepted_is_served(shared_live: LiveInstance, service: Service, seed: int) -> None:
    rng = random.Random(seed)
    manager = Manager(shared_live)
    end = "</smp:ServiceGroup>"
    group = service.group.replace(end, f"<smp:Extension><e>text</e></smp:Extension>{end}")
    for _ in range(80):
        answer = manager.put(service.group_path, damage(rng, group))
        if answer.status != 200:
            check_refusal(answer)
        shown = get(shared_live, service.group_path)
        assert shown.status == 200, shown.body
    assert manager.put(service.group_path, service.group).status == 200


@pytest.mark.parametrize("seed", range(2))
def test_whatever_path_is_written_to_is_found_again_or_was_refused(
    shared_live: LiveInstance, service: Service, seed: int
) -> None:
    rng = random.Random(seed)
    manager = Manager(shared_live)
    for _ in range(100):
        pieces = [rng.choice(["iso6523-actorid-upis", "a-b-c", *ODD]) for _ in range(rng.randrange(1, 4))]
        path = ("/" + rng.choice(["::", "%3A%3A", "/", ""]).join(pieces)).encode()
        path = re.sub(rb"[\x00-\x20<>\"\x7f-\xff]", lambda found: b"%%%02X" % ord(found[0]), path)
        for answer in (get(shared_live, path), manager.delete(path), manager.put(path, service.group)):
            assert answer.status < 500, (path, answer.body)
            assert_discreet(answer.body)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_sml_accepts_is_in_tables_dns_and_audit(shared_live: LiveInstance, seed: int) -> None:
    rng = random.Random(seed)
    number = 0

    def template(path: str) -> str:
        nonlocal number
        number += 1
        if path == PUBLISHERS:
            return (
                "<l:UpdateServiceMetadataPublisherService><l:PublisherEndpoint>"
                f"<l:LogicalAddress>https://smp{number}.example.org/smp</l:LogicalAddress>"
                "<l:PhysicalAddress>192.0.2.1</l:PhysicalAddress></l:PublisherEndpoint>"
                f"<l:ServiceMetadataPublisherID>{SMP_ID}</l:ServiceMetadataPublisherID>"
                "</l:UpdateServiceMetadataPublisherService>"
            )
        members = "".join(
            f'<i:ParticipantIdentifier scheme="iso6523-actorid-upis">0088:random-{seed}-{number}-{n}'
            "</i:ParticipantIdentifier>"
            for n in range(3)
        )
        name = rng.choice(["CreateList", "CreateList", "DeleteList"])
        return f"<l:{name}>{members}<l:ServiceMetadataPublisherID>{SMP_ID}</l:ServiceMetadataPublisherID></l:{name}>"

    accepted = 0
    with structlog.testing.capture_logs() as logged:
        for _ in range(100):
            path = rng.choice([PARTICIPANTS, PARTICIPANTS, PUBLISHERS])
            answer = call_sml(shared_live, path, envelope(damage(rng, template(path))))
            assert answer.status in {200, 500}, answer.body
            assert_discreet(answer.body)
            assert b"InternalErrorFault" not in answer.body
            accepted += answer.status == 200
        shared_live.wait_for_dns()
    check_consistency(shared_live.instance.database)
    with shared_live.instance.database.read() as connection:
        (row,) = zones.all_zones(connection)
    served = shared_live.serving.dns._zones[b"\x03sml\x04test\x00"]
    assert served.serial == row.serial
    assert [entry for entry in logged if "zone" in entry["event"]] == []
    assert 0 < accepted < 100


def test_damaged_heads_of_requests_are_refused_or_answered(shared_live: LiveInstance, service: Service) -> None:
    rng = random.Random(7)
    good = f"GET {service.path} HTTP/1.1\r\nHost: test\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode()
    with nothing_changed(shared_live):
        for _ in range(150):
            bad = bytearray(good)
            for _ in range(rng.randrange(1, 3)):
                bad[rng.randrange(len(bad) - 24)] = rng.randrange(256)
            for url in (shared_live.addresses.public, shared_live.addresses.manage):
                raw = send(url, bytes(bad), b"\r\n\r\n")
                assert re.match(rb"HTTP/1\.[01] (?:200|400|401|404|405|431|501) ", raw), (bytes(bad), raw[:200])
                if not raw.startswith(b"HTTP/1.1 200"):
                    assert_discreet(raw)
