# SPDX-License-Identifier: Apache-2.0
"""Bad SOAP at the SML, and calls that are well-formed and wrong: typed faults, and nothing half-done."""

from pathlib import Path

import dns.message
import dns.query
import dns.rdatatype
import pytest
from lxml import etree

from registry.demo.content import demo_metadata
from registry.identifiers.dns_names import hash_label, participant_name
from registry.identifiers.participant import EBCORE_PREFIX, ISO6523, ParticipantIdentifier
from registry.identifiers.url_form import service_path
from registry.metadata import ServiceMetadata
from registry.sml.model import Publisher
from registry.smp.documents.busdox import write_service_metadata
from tests.simulators.hostile import (
    PARTICIPANTS,
    PUBLISHERS,
    SOAP,
    BadXml,
    ask,
    assert_discreet,
    assert_fault,
    bad_xml,
    call_sml,
    cheap,
    create_xml,
    envelope,
    nothing_changed,
    participant_xml,
    pid,
    pids,
    publisher_xml,
    registered,
    request,
)
from tests.simulators.live import SMP_ID, LiveInstance

KEY = "Ab1@Cd2#Ef3!"
SMP = f"<l:ServiceMetadataPublisherID>{SMP_ID}</l:ServiceMetadataPublisherID>"
URL = "https://second.example.org"


def naptr(live: LiveInstance, participant: ParticipantIdentifier) -> list[str]:
    """What DNS answers for a participant."""
    live.wait_for_dns()
    host, port = live.addresses.dns.rsplit(":", 1)
    query = dns.message.make_query(participant_name(participant, "sml.test"), "NAPTR")
    answer = dns.query.udp(query, host, port=int(port), timeout=5)
    return [rdata.to_text() for rrset in answer.answer for rdata in rrset]


# Messages that no parser should see

EXAMPLE = envelope(create_xml(SMP_ID, pid("0088:hostile"))).decode()


@pytest.mark.parametrize("case", bad_xml(EXAMPLE), ids=lambda case: case.name)
@pytest.mark.parametrize("path", [PARTICIPANTS, PUBLISHERS], ids=["participants", "publishers"])
def test_hostile_xml_is_a_bad_request_fault_and_cheap(shared_live: LiveInstance, path: str, case: BadXml) -> None:
    with nothing_changed(shared_live), cheap():
        text = assert_fault(call_sml(shared_live, path, case.data), "BadRequestFault", 106)
    assert "The message is refused" in text


def test_message_of_100_megabytes_is_413(shared_live: LiveInstance) -> None:
    headers = (("Content-Type", "text/xml"), ("Content-Length", "100000000"))
    with nothing_changed(shared_live), cheap():
        answer = call_sml(shared_live, PARTICIPANTS, b"<a>" * 1_000, headers=headers)
    assert answer.status == 413
    assert_discreet(answer.body)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("<a/>", "is no SOAP envelope"),
        (f'<Envelope xmlns="{SOAP}"/>', "Body is missing"),
        (f'<Envelope xmlns="{SOAP}"><Body/></Envelope>', "Body is empty"),
        (f'<Envelope xmlns="{SOAP}"><Body/><Body/></Envelope>', "Body is there 2 times"),
        (f'<Envelope xmlns="{SOAP}"><Body><a/><b/></Body></Envelope>', "Body holds 2 elements"),
        (f'<Envelope xmlns="{SOAP}"><Header/><Header/><Body><a/></Body></Envelope>', "Header is there 2 times"),
        (envelope("<l:Drop/>").decode(), "does not know"),
        (envelope("<CreateList/>").decode(), "wrong namespace"),
        (envelope("<i:CreateList/>").decode(), "wrong namespace"),
        (EXAMPLE.replace("locator/1.0", "locator/2.0"), "wrong namespace"),
        (EXAMPLE.replace("identifiers/1.0", "identifiers/2.0"), "unknown element"),
        (envelope(publisher_xml("X", URL)).decode(), "does not know"),
        (envelope("<l:CreateList>text</l:CreateList>").decode(), "ServiceMetadataPublisherID is missing"),
        (envelope(f"<l:CreateList>{SMP}{SMP}</l:CreateList>").decode(), "is there 2 times"),
        (EXAMPLE.replace("</l:CreateList>", "<l:NextPageIdentifier>1</l:NextPageIdentifier></l:CreateList>"), "absent"),
        (envelope(f"<l:CreateList>{SMP}<l:x/></l:CreateList>").decode(), "unknown element"),
        (EXAMPLE.replace("0088:hostile", "<b>0088</b>:1"), "must hold text only"),
        (EXAMPLE.replace("0088:hostile", ""), "is empty"),
        (EXAMPLE.replace(' scheme="iso6523-actorid-upis"', ""), "lacks a scheme"),
        (EXAMPLE.replace("iso6523-actorid-upis", ""), "lacks a scheme"),
    ],
)
def test_malformed_message_is_a_bad_request_that_says_what_is_wrong(
    shared_live: LiveInstance, message: str, words: str
) -> None:
    with nothing_changed(shared_live):
        text = assert_fault(call_sml(shared_live, PARTICIPANTS, message.encode()), "BadRequestFault", 106)
    assert words in text


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (EXAMPLE.replace(SOAP, "http://www.w3.org/2003/05/soap-envelope"), "VersionMismatch"),
        (
            EXAMPLE.replace(
                "<S:Body>", '<S:Header><w:Security xmlns:w="urn:w" S:mustUnderstand="1"/></S:Header><S:Body>'
            ),
            "MustUnderstand",
        ),
    ],
)
def test_other_soap_is_a_fault_of_soap(shared_live: LiveInstance, message: str, code: str) -> None:
    with nothing_changed(shared_live):
        answer = call_sml(shared_live, PARTICIPANTS, message.encode())
    assert answer.status == 500
    assert_discreet(answer.body)
    assert (etree.fromstring(answer.body)[0][0].findtext("faultcode") or "").endswith(f":{code}")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "application/soap+xml; charset=utf-8",
        "multipart/related; type=text/xml; boundary=x",
        "application/x-www-form-urlencoded",
        "text/xml; charset=utf-16",
        "text/xml; charset=iso-8859-1",
        "text/xml; charset=",
        b"text/xml\xff",
        "text/html",
    ],
)
def test_other_content_types_are_415(shared_live: LiveInstance, content_type: str | bytes | None) -> None:
    headers = () if content_type is None else (("Content-Type", content_type),)
    with nothing_changed(shared_live):
        answer = call_sml(shared_live, PARTICIPANTS, EXAMPLE.encode(), headers=headers)
    assert answer.status == 415
    assert "text/xml" in answer.headers["accept"]
    assert_discreet(answer.body)


@pytest.mark.parametrize("soap_action", ['"delete everything"', "\x7f" * 1_000, b"\xff", '"' * 500])
def test_soap_action_is_never_acted_on(shared_live: LiveInstance, soap_action: str | bytes) -> None:
    headers = (("Content-Type", "text/xml"), ("SOAPAction", soap_action))
    message = envelope(f"<l:PageRequest>{SMP}</l:PageRequest>")
    with nothing_changed(shared_live):
        answer = call_sml(shared_live, PARTICIPANTS, message, headers=headers)
    assert answer.status in {200, 400}


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("POST", "/", 404),
        ("POST", "/edelivery-sml", 405),
        ("POST", "/edelivery-sml/", 405),
        ("POST", "//edelivery-sml/manageparticipantidentifier", 404),
        ("POST", "/edelivery-sml/../edelivery-sml/manageparticipantidentifier", 404),
        ("POST", "/edelivery-sml/ManageParticipantIdentifier", 404),
        ("POST", "/edelivery-sml/bdmsladminservice", 404),
        ("POST", "/edelivery-sml/manageparticipantidentifier%00", 404),
        ("PUT", PARTICIPANTS, 405),
        ("DELETE", PARTICIPANTS, 405),
        ("GET", f"{PARTICIPANTS}?xsd=../../../etc/passwd", 404),
        ("GET", f"{PARTICIPANTS}?xsd=%2e%2e%2fetc%2fpasswd", 404),
        ("GET", f"{PARTICIPANTS}?xsd", 404),
        ("GET", "/listDNS", 404),
    ],
)
def test_what_is_no_service_is_refused(shared_live: LiveInstance, method: str, target: str, status: int) -> None:
    assert shared_live.addresses.sml is not None
    headers = (("Content-Type", "text/xml"),)
    body = EXAMPLE.encode() if method != "GET" else None
    with nothing_changed(shared_live):
        sent = request(method, target, headers, body)
        answer = ask(
            shared_live.addresses.sml, sent, context=shared_live.client_context(shared_live.files.smp), method=method
        )
    assert answer.status == status
    assert_discreet(answer.body)
    assert b"root:" not in answer.body


def test_wsdl_never_repeats_what_the_caller_sent(shared_live: LiveInstance) -> None:
    assert shared_live.addresses.sml is not None
    headers = (("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"))
    sent = request("GET", f"{PARTICIPANTS}?wsdl=evil.example&evil", headers)
    answer = ask(shared_live.addresses.sml, sent, context=shared_live.client_context())
    assert answer.status == 200
    assert b"evil" not in answer.body


# Lists


@pytest.mark.parametrize("name", ["CreateList", "DeleteList"])
def test_list_of_101_is_a_bad_request_and_nothing_of_it_is_done(shared_live: LiveInstance, name: str) -> None:
    message = envelope(create_xml(SMP_ID, *pids("too-many", 101), name=name))
    with nothing_changed(shared_live):
        text = assert_fault(call_sml(shared_live, PARTICIPANTS, message), "BadRequestFault", 106)
    assert "101 participants, at most 100" in text


def test_endless_list_is_refused_cheaply(shared_live: LiveInstance) -> None:
    message = envelope(create_xml(SMP_ID, *pids("e", 20_000)))
    assert 1_000_000 < len(message) < 2_000_000
    with nothing_changed(shared_live), cheap():
        assert_fault(call_sml(shared_live, PARTICIPANTS, message), "BadRequestFault", 106)


@pytest.mark.parametrize(
    "odd",
    [
        pid("0088:with blank"),
        pid("9" * 10_000),
        pid("0088:\u00e9"),
        pid("0088:1", "Upper-Case"),
        pid("0088:1", "x" * 64),
        pid("0088:1", "dot.ted"),
        pid("0088:1", "a b"),
        pid("0088:1", "\u00e9"),
        pid("0088:1", "s" * 10_000),
        pid("0088:1", "publisher"),
        pid("0088:1", "-"),
    ],
    ids=lambda odd: str(odd)[:24],
)
def test_one_bad_entry_of_a_hundred_leaves_none_registered(
    shared_live: LiveInstance, odd: ParticipantIdentifier
) -> None:
    good = pids("list", 99)
    with nothing_changed(shared_live), cheap():
        answer = call_sml(shared_live, PARTICIPANTS, envelope(create_xml(SMP_ID, *good, odd)))
    assert len(assert_fault(answer, "BadRequestFault", 106)) < 1_000


def test_same_participant_twice_in_a_list_is_a_bad_request_in_any_spelling(shared_live: LiveInstance) -> None:
    for twice in (("0088:twice", "0088:twice"), ("0088:twice", "0088:TWICE")):
        message = envelope(create_xml(SMP_ID, *map(pid, twice)))
        with nothing_changed(shared_live):
            assert_fault(call_sml(shared_live, PARTICIPANTS, message), "BadRequestFault", 106)


def test_list_with_a_participant_that_exists_leaves_the_others_unregistered(shared_live: LiveInstance) -> None:
    taken = pid("0088:Taken-Already")
    with shared_live.sml_client() as sml:
        sml.create_participants(SMP_ID, [taken])
    for spelling in ("0088:Taken-Already", "0088:taken-already"):
        message = envelope(create_xml(SMP_ID, *pids("with-taken", 50), pid(spelling)))
        with nothing_changed(shared_live):
            text = assert_fault(call_sml(shared_live, PARTICIPANTS, message), "BadRequestFault", 106)
        assert text.startswith(
            f"[ERR-106] The participant identifier '{spelling}' with scheme: 'iso6523-actorid-upis' already exist"
        )


def test_delete_list_with_one_unknown_deletes_none(shared_live: LiveInstance) -> None:
    with shared_live.sml_client() as sml:
        sml.create_participants(SMP_ID, pids("to-delete", 5))
    message = envelope(create_xml(SMP_ID, *pids("to-delete", 6), name="DeleteList"))
    with nothing_changed(shared_live):
        text = assert_fault(call_sml(shared_live, PARTICIPANTS, message), "NotFoundFault", 110)
    assert text == "[ERR-110] At least one of the participants doesn't exist in the list"


# Identifiers


@pytest.mark.parametrize(
    "value",
    ["*", f"{EBCORE_PREFIX}iso6523:0088:*", f"{EBCORE_PREFIX}unregistered:*"],
)
def test_wildcard_is_nobodys_unless_the_domain_says_so(shared_live: LiveInstance, value: str) -> None:
    scheme = "" if value.startswith("urn:") else ISO6523
    with nothing_changed(shared_live):
        answer = call_sml(shared_live, PARTICIPANTS, envelope(create_xml(SMP_ID, pid(value, scheme))))
        assert_fault(answer, "UnauthorizedFault", 101)
    assert naptr(shared_live, pid("0088:stranger")) == []


def test_participant_cannot_take_the_dns_name_of_a_publisher(shared_live: LiveInstance, second: Path) -> None:
    """An SMP may be called like the hash of a participant: in one place of the zone, both would be one name."""
    value = "0088:squatter"
    with shared_live.sml_client(second) as sml:
        sml.create_publisher(Publisher(hash_label(value), "https://hash.example.org", ""))
    message = envelope(create_xml(SMP_ID, pid(value, "publisher")))
    with nothing_changed(shared_live):
        assert_fault(call_sml(shared_live, PARTICIPANTS, message), "BadRequestFault", 106)
    with shared_live.sml_client() as sml:
        sml.create_participants(SMP_ID, [pid("0088:after-squatter")])
    assert naptr(shared_live, pid("0088:after-squatter"))
    with shared_live.sml_client(second) as sml:
        sml.delete_publisher(hash_label(value))


@pytest.mark.parametrize(
    "smp_id",
    [
        "",
        " ",
        "*",
        "a b",
        "-a",
        "a-",
        "a..b",
        ".a",
        "a.",
        "\u00e9",
        "_tcp",
        "a" * 64,
        "a." * 40 + "a",
        "x" * 10_000,
        "a/b",
        "a@b",
        "..",
        "&lt;script&gt;",
        "'; DROP TABLE publisher; --",
        "a\\000b",
    ],
)
def test_smp_id_that_is_no_dns_name_is_a_bad_request(shared_live: LiveInstance, second: Path, smp_id: str) -> None:
    context = shared_live.client_context(second)
    with nothing_changed(shared_live), cheap():
        message = envelope(publisher_xml(smp_id, URL))
        text = assert_fault(call_sml(shared_live, PUBLISHERS, message, context=context), "BadRequestFault", 106)
    assert len(text) < 1_000


@pytest.mark.parametrize(
    "url",
    [
        "",
        "second.example.org",
        "//second.example.org",
        "ftp://second.example.org",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://a b.example.org",
        "https://a..b",
        "https://-/",
        "https://[::1",
        "https://[v1.x]/",
        "https://[fe80::1%25eth0]/",
        "https://x.example.org:99999/",
        "https://x.example.org:0/",
        "https://x.example.org:port/",
        "https://x.example.org/a!b",
        "https://x.example.org/a\\b",
        "https://x.example.org/&quot;",
        "https://x.example.org/\u00e9",
        "https://\u00e9.example.org/",
        "https://x.example.org/" + "p" * 300,
        "https://" + "h" * 64 + ".example.org/",
        "https://" + "h." * 130 + "example.org/",
        "https://x.example.org/a&#10;b",
        "https://x.example.org/" + "p" * 10_000,
    ],
    ids=lambda url: url[:32],
)
@pytest.mark.parametrize("name", ["Create", "Update"])
def test_logical_address_that_dns_could_not_carry_is_a_bad_request(
    shared_live: LiveInstance, second: Path, url: str, name: str
) -> None:
    context = shared_live.client_context(second)
    smp_id = "SMP-SECOND" if name == "Update" else "SMP-THIRD"
    with nothing_changed(shared_live), cheap():
        message = envelope(publisher_xml(smp_id, url, name=name))
        assert_fault(call_sml(shared_live, PUBLISHERS, message, context=context), "BadRequestFault", 106)


def test_logical_address_that_leads_in_a_circle_keeps_dns_answering(shared_live: LiveInstance, second: Path) -> None:
    circle = [("SMP-LOOP-A", "smp-loop-b"), ("SMP-LOOP-B", "smp-loop-a")]
    with shared_live.sml_client(second) as sml:
        for smp_id, target in circle:
            sml.create_publisher(Publisher(smp_id, f"https://{target}.publisher.sml.test/", ""))
        shared_live.wait_for_dns()
        host, port = shared_live.addresses.dns.rsplit(":", 1)
        query = dns.message.make_query("smp-loop-a.publisher.sml.test", "A")
        with cheap(1):
            answer = dns.query.udp(query, host, port=int(port), timeout=5)
        assert {rrset.rdtype for rrset in answer.answer} == {dns.rdatatype.CNAME}
        for smp_id, _ in circle:
            sml.delete_publisher(smp_id)


def test_physical_address_is_bounded(shared_live: LiveInstance, second: Path) -> None:
    context = shared_live.client_context(second)
    message = envelope(publisher_xml("SMP-THIRD", URL, "1" * 1_000_000))
    with nothing_changed(shared_live):
        assert_fault(call_sml(shared_live, PUBLISHERS, message, context=context), "BadRequestFault", 106)


@pytest.mark.parametrize("page", ["0x1", "-1", "1.5", "\u0661", "9" * 40, "1 OR 1=1", "a" * 10_000])
def test_page_that_was_never_given_is_a_bad_request(shared_live: LiveInstance, page: str) -> None:
    message = envelope(f"<l:PageRequest>{SMP}<l:NextPageIdentifier>{page}</l:NextPageIdentifier></l:PageRequest>")
    with nothing_changed(shared_live):
        text = assert_fault(call_sml(shared_live, PARTICIPANTS, message), "BadRequestFault", 106)
    assert len(text) < 500


@pytest.mark.parametrize("page", ["999999999999999999", "0", "00000000000000001"])
def test_page_beyond_the_last_is_an_answer(shared_live: LiveInstance, page: str) -> None:
    message = envelope(f"<l:PageRequest>{SMP}<l:NextPageIdentifier>{page}</l:NextPageIdentifier></l:PageRequest>")
    assert call_sml(shared_live, PARTICIPANTS, message).status == 200


def test_unknown_smp_is_the_not_found_that_clients_parse(shared_live: LiveInstance) -> None:
    for smp_id in ("SMP-NOWHERE", "x" * 5_000, "&lt;&amp;&quot;&gt;"):
        message = envelope(create_xml(smp_id, pid("0088:1")))
        with nothing_changed(shared_live):
            text = assert_fault(call_sml(shared_live, PARTICIPANTS, message), "NotFoundFault", 100)
        assert text.startswith("[ERR-100] The SMP '")
        assert "doesn't exist" in text


@pytest.mark.parametrize("name", ["Create", "Update"])
def test_smp_id_of_another_is_refused_in_any_spelling(shared_live: LiveInstance, second: Path, name: str) -> None:
    context = shared_live.client_context(second)
    for spelling in (SMP_ID, SMP_ID.lower()):
        message = envelope(publisher_xml(spelling, "https://evil.example.org", name=name))
        expected = ("BadRequestFault", 106) if name == "Create" else ("UnauthorizedFault", 101)
        with nothing_changed(shared_live):
            text = assert_fault(call_sml(shared_live, PUBLISHERS, message, context=context), *expected)
        if name == "Create":
            assert text == f"[ERR-106] The SMP '{spelling}' already exists"


# Migration


def migration_xml(name: str, smp_id: str, participant: ParticipantIdentifier, key: str) -> bytes:
    smp = f"<l:ServiceMetadataPublisherID>{smp_id}</l:ServiceMetadataPublisherID>"
    content = f"{smp}{participant_xml(participant)}<l:MigrationKey>{key}</l:MigrationKey>"
    return envelope(f"<l:{name}MigrationRecord>{content}</l:{name}MigrationRecord>")


@pytest.mark.parametrize("key", ["", "short", "abcdefgh", "AB12@#", KEY * 3, "Ab1@ Cd2#", "A" * 10_000, "AAbb11"])
def test_weak_migration_key_is_a_bad_request(shared_live: LiveInstance, key: str) -> None:
    participant = pid("0088:weakly-locked")
    if "0088:weakly-locked" not in registered(shared_live):
        with shared_live.sml_client() as sml:
            sml.create_participants(SMP_ID, [participant])
    with nothing_changed(shared_live):
        answer = call_sml(shared_live, PARTICIPANTS, migration_xml("Prepare", SMP_ID, participant, key))
        text = assert_fault(answer, "BadRequestFault", 106)
    if key:
        assert key not in text


def test_participant_moves_only_with_its_own_key_once_and_to_another(shared_live: LiveInstance, second: Path) -> None:
    mine, other = pid("0088:moving"), pid("0088:moving-other")
    context = shared_live.client_context(second)
    with shared_live.sml_client() as sml:
        sml.create_participants(SMP_ID, [mine, other])
        sml.prepare_migration(SMP_ID, mine, KEY)

    def move(participant: ParticipantIdentifier, key: str, smp_id: str = "SMP-SECOND") -> bytes:
        return migration_xml("Complete", smp_id, participant, key)

    for message in (move(mine, KEY.swapcase()), move(mine, KEY + "x"), move(other, KEY), move(mine, "A" * 5_000)):
        with nothing_changed(shared_live):
            assert_fault(call_sml(shared_live, PARTICIPANTS, message, context=context), "NotFoundFault", 111)
    with nothing_changed(shared_live):  # to itself
        assert_fault(call_sml(shared_live, PARTICIPANTS, move(mine, KEY, SMP_ID)), "NotFoundFault", 111)
    assert call_sml(shared_live, PARTICIPANTS, move(mine, KEY), context=context).status == 200
    with nothing_changed(shared_live):
        assert_fault(call_sml(shared_live, PARTICIPANTS, move(mine, KEY), context=context), "NotFoundFault", 111)
    assert URL in registered(shared_live)["0088:moving"]
    assert URL not in registered(shared_live)["0088:moving-other"]
    assert URL in naptr(shared_live, mine)[0]


def test_participant_in_migration_is_not_deleted_nor_is_its_smp(shared_live: LiveInstance, second: Path) -> None:
    participant = pid("0088:locked")
    with shared_live.sml_client(second) as sml:
        sml.create_participants("SMP-SECOND", [participant])
        sml.prepare_migration("SMP-SECOND", participant, KEY)
    context = shared_live.client_context(second)
    single = envelope(create_xml("SMP-SECOND", participant, name="DeleteParticipantIdentifier"))
    smp = envelope("<l:ServiceMetadataPublisherID>SMP-SECOND</l:ServiceMetadataPublisherID>")
    with nothing_changed(shared_live):
        assert_fault(call_sml(shared_live, PARTICIPANTS, single, context=context), "BadRequestFault", 114)
        assert_fault(call_sml(shared_live, PUBLISHERS, smp, context=context), "BadRequestFault", 113)


# What SMP and SML do to each other


def test_smp_document_is_no_soap_message_and_the_other_way_round(shared_live: LiveInstance) -> None:
    metadata: ServiceMetadata = demo_metadata(shared_live.pki.access_points)[0]
    with nothing_changed(shared_live):
        answer = call_sml(shared_live, PARTICIPANTS, write_service_metadata(metadata))
        assert "is no SOAP envelope" in assert_fault(answer, "BadRequestFault", 106)
        target = service_path(metadata.participant, metadata.document_type)
        assert call_sml(shared_live, target, EXAMPLE.encode()).status == 404
