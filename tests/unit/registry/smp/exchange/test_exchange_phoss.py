# SPDX-License-Identifier: Apache-2.0
"""Exports of phoss SMP: every part is taken or refused by itself, and no file is held as a whole."""

import gzip
import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from registry.demo.pki import DemoPki
from registry.errors import ValidationError
from registry.metadata import CustomProperty, Extension, ServiceGroup, ServiceMetadata
from registry.smp.documents.business_card import BusinessCard, Contact, EntityIdentifier, EntityName
from registry.smp.exchange import phoss_stream
from registry.smp.exchange.phoss_export import read_phoss_export
from registry.smp.exchange.phoss_stream import elements_of
from registry.smp.exchange.sources import SourceKind, source_kind
from registry.smp.exchange.verdicts import Statement

ID = "iso6523-actorid-upis::9915:test"
DOCUMENT_TYPE = "<doctypeidentifier scheme='busdox-docid-qns' value='urn:a::b##c::2.1'/>"
PROCESS = "<processidentifier scheme='cenbii-procid-ubl' value='urn:p'/>"


def endpoint(attributes: str = "", content: str = "") -> str:
    return f"<endpoint transportprofile='t' endpointref='https://ap.example.org/as4' {attributes}>{content}</endpoint>"


def information(content: str = "", extension: str = "", group: str = ID) -> str:
    process = f"<process>{PROCESS}{content or endpoint()}</process>"
    return f"<serviceinfo servicegroupid={quoteattr(group)}>{DOCUMENT_TYPE}{process}{extension}</serviceinfo>"


def group(content: str = "", value: str = "9915:test") -> str:
    participant = f"<participant scheme='iso6523-actorid-upis' value={quoteattr(value)}/>"
    return f"<servicegroup ownerid='admin'>{participant}{content}</servicegroup>"


def export(*content: str) -> bytes:
    inside = "".join(content)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<smp-data version="1.0" smp-version="8">{inside}</smp-data>'.encode()
    )


Read = Callable[..., list[Statement]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def call(*content: str) -> list[Statement]:
        file = tmp_path / "export.xml"
        file.write_bytes(export(*content))
        return list(read_phoss_export(file))

    return call


def metadata_of(statement: Statement) -> ServiceMetadata:
    assert isinstance(statement.content, ServiceMetadata), statement.reasons
    return statement.content


def test_group_says_who_and_notes_what_has_no_place_here(read: Read) -> None:
    properties = "<customproperties><customproperty type='public' name='a' value='b'/></customproperties>"
    (found,) = read(group(properties + "<new/>"))
    assert isinstance(found.content, ServiceGroup)
    assert str(found.content.participant) == ID
    assert found.content.properties == (CustomProperty("a", "b", public=True),)
    owner, unknown = found.notes
    assert "owner" in owner
    assert "new" in unknown


def test_service_information_says_all_that_an_endpoint_has(read: Read, pki: DemoPki) -> None:
    certificate = pki.access_points[0].certificate
    pem = certificate.public_bytes(Encoding.PEM).decode()
    attributes = (
        "reqblsig='true' minauthlevel='2' activation='2026-01-01T00:00:00+01:00' expiration='2030-01-01T00:00:00' "
        "techcontacturl='mailto:a@example.org' techinfourl='https://example.org' id='e-1'"
    )
    content = f"<certificate>{pem}</certificate><svcdescription> A &amp; B </svcdescription>"
    _, found = read(group(information(endpoint(attributes, content))))
    metadata = metadata_of(found)
    (process_metadata,) = metadata.process_metadata
    (only,) = process_metadata.endpoints
    assert str(metadata.document_type) == "busdox-docid-qns::urn:a::b##c::2.1"
    assert str(process_metadata.processes[0].identifier) == "cenbii-procid-ubl::urn:p"
    assert (only.transport_profile, only.address) == ("t", "https://ap.example.org/as4")
    assert (only.require_business_level_signature, only.minimum_authentication_level) == (True, "2")
    assert only.activation == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert only.expiration == datetime(2030, 1, 1, tzinfo=UTC)
    assert only.certificates[0].der == certificate.public_bytes(Encoding.DER)
    assert (only.description, only.technical_contact) == ("A & B", "mailto:a@example.org")
    assert only.technical_information == "https://example.org"


def test_certificate_may_be_base64_without_a_frame(read: Read, pki: DemoPki) -> None:
    der = pki.access_points[0].certificate.public_bytes(Encoding.DER)
    _, found = read(group(information(endpoint("", f"<certificate>{b64encode(der).decode()}</certificate>"))))
    assert metadata_of(found).process_metadata[0].endpoints[0].certificates[0].der == der


def test_redirect_keeps_the_other_smp_s_certificate(read: Read, pki: DemoPki) -> None:
    pem = pki.smp.certificate.public_bytes(Encoding.PEM).decode()
    href = "https://other.example.org/x/services/y"
    content = f"<redirect servicegroupid='{ID}' targethref='{href}'>{DOCUMENT_TYPE}<suid>CN=SMP</suid>"
    _, found = read(group(f"{content}<certificate>{pem}</certificate></redirect>"))
    redirect = metadata_of(found).redirect
    assert found.kind == "redirect"
    assert redirect is not None
    assert (redirect.href, redirect.certificate_uid) == (href, "CN=SMP")
    assert redirect.certificate == pki.smp.certificate.public_bytes(Encoding.DER)


ANY = '<e:x xmlns:e="urn:e"><!-- kept -->&#13;<![CDATA[<]]></e:x>'


@pytest.mark.parametrize(
    ("text", "extensions"),
    [
        (json.dumps([{"Any": ANY}]), (Extension(ANY.encode()),)),
        (ANY, (Extension(ANY.encode()),)),
        (f'<?xml version="1.0"?>\n{ANY}', (Extension(ANY.encode()),)),
        ("[]", ()),
        ("", ()),
        (
            json.dumps([{"Reason": "r", "ID": "i", "Any": "<a/>"}, {"Any": "<b/>"}]),
            (
                Extension(b"<a/>", properties=(("ExtensionID", "i"), ("ExtensionReason", "r"))),
                Extension(b"<b/>"),
            ),
        ),
    ],
)
def test_extensions_are_json_or_xml_and_kept_byte_for_byte(
    read: Read, text: str, extensions: tuple[Extension, ...]
) -> None:
    element = f"<extension>{escape(text)}</extension>"
    process = f"{endpoint('', element)}{element}"
    found_group, found = read(group(element + information(process, element)))
    metadata = metadata_of(found)
    (entry,) = metadata.process_metadata
    assert isinstance(found_group.content, ServiceGroup)
    for place in (found_group.content, metadata, entry.processes[0], entry.endpoints[0]):
        assert place.extensions == extensions


@pytest.mark.parametrize(
    "text", ["plain", "{}", '[{"Any":1}]', '["<a/>"]', '[{"Some":"x"}]', "[" * 100_000, '[{"Any":"\\ud800"}]', "[NaN]"]
)
def test_extension_that_can_t_be_kept_refuses_its_part_alone(read: Read, text: str) -> None:
    found_group, bad, good = read(
        group(information("", f"<extension>{escape(text)}</extension>") + information(endpoint()))
    )
    assert found_group.content is not None
    assert good.content is not None
    assert bad.content is None
    assert bad.participant == ID
    assert len(bad.reasons) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (information(endpoint("reqblsig='maybe'")), "SMP-PHOSS-BOOLEAN"),
        (information(endpoint("activation='soon'")), "SMP-PHOSS-DATE"),
        (information(endpoint("", "<certificate>AAAA</certificate>")), "SMP-PHOSS-CERTIFICATE"),
        (information("<endpoint transportprofile='t' apid='ap-1'/>"), "SMP-PHOSS-ADDRESS"),
        (information(group="iso6523-actorid-upis::9915:other"), "SMP-PHOSS-PARTICIPANT"),
        (information().replace("doctypeidentifier", "x"), "SMP-PHOSS-IDENTIFIER"),
        (information().replace("processidentifier", "x"), "SMP-PHOSS-IDENTIFIER"),
    ],
)
def test_part_that_can_t_be_understood_is_refused_by_itself(read: Read, content: str, reason: str) -> None:
    found_group, bad, good = read(group(content + information()))
    assert found_group.content is not None
    assert good.content is not None
    assert bad.content is None
    assert reason in bad.reasons[0]


def test_all_that_is_wrong_with_a_part_is_told_at_once_up_to_a_hundred(read: Read) -> None:
    _, few = read(group(information(endpoint("reqblsig='x' activation='x'"))))
    assert len(few.reasons) == 2
    _, many = read(group(information(endpoint("activation='x'") * 500)))
    assert len(many.reasons) == 100


def test_group_without_participant_is_refused(read: Read) -> None:
    found = read("<servicegroup/>", group())
    assert [item.content is None for item in found] == [True, False]


def test_element_that_nobody_knows_is_named_and_the_rest_is_read(read: Read) -> None:
    unknown, found = read("<settings/>", group())
    assert "nothing of this name" in unknown.reasons[0]
    assert found.content is not None


def test_business_card_of_today_and_of_old(read: Read) -> None:
    entity = (
        "<entity country='at' regdate='2026-01-02'><name name='Ä' language='DE'/><name name='A'/>"
        "<geoinfo>Vienna</geoinfo><identifier id='1' scheme='VAT' value='ATU1'/><website>https://a.example.org</website>"
        "<contact id='2' type='t' name='n' phone='p' email='e@example.org'/><additional>more</additional></entity>"
        "<entity country='NO' name='Old'/>"
    )
    (found,) = read(f"<businesscard servicegroupid='{ID}'>{entity}</businesscard>")
    card = found.content
    assert isinstance(card, BusinessCard)
    today, old = card.entities
    assert str(card.participant) == ID
    assert today.names == (EntityName("Ä", "de"), EntityName("A"))
    assert (today.country_code, today.registration_date) == ("AT", date(2026, 1, 2))
    assert today.identifiers == (EntityIdentifier("VAT", "ATU1"),)
    assert (today.websites, today.contacts) == (("https://a.example.org",), (Contact("t", "n", "p", "e@example.org"),))
    assert (today.geographical_information, today.additional_information) == ("Vienna", "more")
    assert old.names == (EntityName("Old"),)


@pytest.mark.parametrize(
    "card", ["<businesscard/>", f"<businesscard servicegroupid='{ID}'><entity regdate='x'/></businesscard>"]
)
def test_business_card_that_can_t_be_read_is_refused(read: Read, card: str) -> None:
    (found,) = read(card)
    assert found.content is None
    assert found.reasons


def read_file(tmp_path: Path, data: bytes) -> Iterator[Statement]:
    file = tmp_path / "export.xml"
    file.write_bytes(data)
    return read_phoss_export(file)


ENTITIES = b'<!DOCTYPE smp-data [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<!DOCTYPE x><smp-data version='1.0'/>", "XML_DOCTYPE"),
        (ENTITIES + b"<smp-data version='1.0'>&b;</smp-data>", "XML_DOCTYPE"),
        (b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'><smp-data version='1.0'/>", "XML_DOCTYPE"),
        (b"<smp-data version='1.0'><servicegroup>&undeclared;</servicegroup></smp-data>", "SMP-XML"),
        (b"<smp-data version='2.0'/>", "SMP-PHOSS-VERSION"),
        (b"<smp-data/>", "SMP-PHOSS-VERSION"),
        (b"<other version='1.0'/>", "SMP-PHOSS-VERSION"),
        (export(group()).decode().replace("UTF-8", "UTF-16").encode("utf-16"), "XML_ENCODING"),
        (export(group(value="ä")).decode().replace("UTF-8", "ISO-8859-1").encode("latin-1"), "SMP-XML"),
        (b"", "SMP-XML"),
    ],
)
def test_file_of_another_kind_is_refused_as_a_whole(tmp_path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        list(read_file(tmp_path, data))


def until_error(statements: Iterable[Statement]) -> tuple[int, str]:
    count = 0
    try:
        for _ in statements:
            count += 1
    except ValidationError as error:
        return count, str(error)
    raise AssertionError("nothing was refused")


def test_file_that_is_cut_off_gives_what_was_whole(tmp_path: Path) -> None:
    data = export(*(group(value=f"9915:{number}") for number in range(2000)))
    count, reason = until_error(read_file(tmp_path, data[:-50]))
    assert count == 1999
    assert "SMP-XML" in reason


def test_doctype_is_found_where_two_blocks_meet(tmp_path: Path) -> None:
    for shift in range(12):
        filler = b" " * (32 * 1024 - 30 - shift)
        data = b"<smp-data version='1.0'>" + filler + b"<![CDATA[<!DOCTYPE x>]]></smp-data>"
        assert "XML_DOCTYPE" in until_error(read_file(tmp_path, data))[1]


def test_one_group_without_end_is_not_held_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phoss_stream, "MAX_GROUP_BYTES", 200_000)
    data = export(group(), group("<x/>" * 200_000), group())
    count, reason = until_error(read_file(tmp_path, data))
    assert count == 1
    assert "more than 200000 bytes" in reason


def test_elements_nested_without_end_are_refused_within_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phoss_stream, "MAX_GROUP_BYTES", 2_000_000)
    assert "SMP-" in until_error(read_file(tmp_path, b"<smp-data version='1.0'>" + b"<a>" * 1_000_000))[1]


def test_ten_megabytes_of_extension_are_read_as_they_are(read: Read) -> None:
    large = f"<a xmlns='urn:a'>{'x' * 10_000_000}</a>"
    found, _ = read(group(f"<extension>{escape(json.dumps([{'Any': large}]))}</extension>" + information()))
    assert isinstance(found.content, ServiceGroup)
    assert len(found.content.extensions[0].content) == len(large)


def test_what_was_read_is_gone_from_memory(tmp_path: Path) -> None:
    file = tmp_path / "export.xml.gz"
    file.write_bytes(gzip.compress(export(*(group(information()) for _ in range(3000)))))
    for element in elements_of(file):
        before = element.getprevious()
        assert before is None or (len(before) == 0 and before.getprevious() is None)


@given(data=st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_any_bytes_inside_are_statements_or_a_reason(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.xml"
    file.write_bytes(b"<smp-data version='1.0'>" + data + b"</smp-data>")
    with suppress(ValidationError):
        assert all(statement.reasons for statement in read_phoss_export(file))


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n<?xml version='1.0'?><!-- <servicegroup> -->\n"])
def test_export_is_told_by_its_root(tmp_path: Path, before: bytes) -> None:
    file = tmp_path / "anything.xml"
    file.write_bytes(before + b"<smp-data version='1.0'/>")
    assert source_kind(file) is SourceKind.PHOSS_EXPORT
