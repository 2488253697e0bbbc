# SPDX-License-Identifier: Apache-2.0
"""From bytes to a list: forms are told apart, what is none is refused by name, and nothing else comes out."""

import base64
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from trust_lists.documents.model import Dialect, TrustedList
from trust_lists.documents.reading import read_unverified
from trust_lists.documents.ts119612.writer import write
from trust_lists.errors import ListRefusedError, TrustListError, XmlRefusedError
from trust_lists.xml import MAX_LIST_BYTES, to_utf8

REFUSED = {
    "nothing": (b"", "LIST_EMPTY"),
    "white space": (b"\xef\xbb\xbf \r\n\t", "LIST_EMPTY"),
    "a web page": (b"<!DOCTYPE html>\n<html><body>Not found<br></body></html>", "LIST_NOT_A_LIST"),
    "a web page in capitals": (b"\n<HTML><BODY>Service Unavailable<p></BODY></HTML>", "LIST_NOT_A_LIST"),
    "a web page that is XML": (b'<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>', "LIST_NOT_A_LIST"),
    "a web page behind a comment": (b"<!-- x --><!doctype html><title>x</title>", "LIST_NOT_A_LIST"),
    "a piece of a web page": (b"<h1>404</h1>", "LIST_NOT_A_LIST"),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "LIST_NOT_A_LIST"),
    "other XML": (b"<a xmlns='urn:a'/>", "LIST_NOT_A_LIST"),
    "a list without a namespace": (b"<TrustServiceStatusList/>", "LIST_NOT_A_LIST"),
    "text": (b"Too many requests", "LIST_NOT_A_LIST"),
    "a JSON array": (b"[]", "LIST_NOT_A_LIST"),
    "a ZIP": (b"PK\x03\x04", "LIST_NOT_A_LIST"),
    "a JWS whose payload is no base64url": (b"e30.A.A", "LIST_NOT_A_LIST"),
    "too much": (b"<" + b" " * MAX_LIST_BYTES, "LIST_TOO_LARGE"),
    "a document type": (b"<!DOCTYPE TrustServiceStatusList><TrustServiceStatusList/>", "XML_DOCTYPE"),
    "cut-off XML": (b'<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#"><Scheme', "XML_NOT_WELL_FORMED"),
    "an entity bomb": (
        b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><TrustServiceStatusList>&b;</TrustServiceStatusList>',
        "XML_DOCTYPE",
    ),
    "elements without end": (b"<a>" + b"<b/>" * 2_000_000 + b"</a>", "XML_TOO_COSTLY"),
    "one text of eleven megabytes": (b"<a>" + b"x" * 11_000_000 + b"</a>", "XML_TOO_LARGE"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_list_is_refused_by_name(case: str) -> None:
    data, reason_id = REFUSED[case]
    with pytest.raises((ListRefusedError, XmlRefusedError)) as refusal:
        read_unverified(data)
    assert refusal.value.reason_id == reason_id
    assert str(refusal.value)
    assert len(str(refusal.value)) < 400


def test_a_root_element_with_a_long_name_makes_no_long_message() -> None:
    with pytest.raises(ListRefusedError) as refusal:
        read_unverified(b"<" + b"a" * 40_000 + b"/>")
    assert len(str(refusal.value)) < 400


def test_the_form_of_a_list_is_found_out(corpus: Path) -> None:
    folder = corpus / "trust_lists"
    json_list = (folder / "lote" / "examples-json" / "valid.json").read_bytes()
    assert read_unverified(json_list).dialect is Dialect.LOTE_JSON
    assert read_unverified(b"\xef\xbb\xbf\n" + json_list) == read_unverified(json_list)
    payload = base64.urlsafe_b64encode(json.dumps(json.loads(json_list)).encode()).rstrip(b"=")
    assert read_unverified(b"e30." + payload + b".\n") == read_unverified(json_list)
    xml_list = (folder / "lote" / "examples-xml" / "valid.xml").read_bytes()
    assert read_unverified(xml_list).dialect is Dialect.LOTE_XML
    assert read_unverified((folder / "gen-2026" / "BE_sn81_v6.xml").read_bytes()).dialect is Dialect.TS_119_612


# Whatever bytes come in

SEEDS = ("ee-test-tl/TSL.xml", "special/fr-65-docusign.xml", "gen-2023-10/IS_sn24.xml", "gen-2023-10/SE_sn48.xml")
TEXTS = (
    "",
    "x",
    "-1",
    "9" * 30,
    "true",
    "2020-01-01T00:00:00",
    "0001-01-01T00:00:00+14:00",
    "a < b & c",
    "<b/>",
    "urn:oid:1.2.3",
    "====",
    "é\U0001f600",
    "A" * 5000,
)


@pytest.fixture(scope="module")
def seeds(corpus: Path) -> list[bytes]:
    return [(corpus / "trust_lists" / name).read_bytes() for name in SEEDS]


def reads_or_refuses(data: bytes) -> TrustedList | None:
    """The list, if it is one; any error but ours fails the test."""
    try:
        return read_unverified(data)
    except TrustListError:
        return None


@given(st.binary(max_size=300))
def test_random_bytes_let_out_only_our_errors(data: bytes) -> None:
    reads_or_refuses(data)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes_of_real_lists_let_out_only_our_errors(seeds: list[bytes], data: st.DataObject) -> None:
    damaged = bytearray(data.draw(st.sampled_from(seeds)))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        match data.draw(st.sampled_from(("replace", "delete", "insert", "cut"))):
            case "replace":
                damaged[at] = data.draw(st.integers(0, 255))
            case "delete":
                del damaged[at : at + data.draw(st.integers(1, 500))]
            case "insert":
                damaged[at:at] = data.draw(st.binary(max_size=20))
            case _:
                del damaged[at + 1 :]
        damaged = damaged or bytearray(b"<")
    reads_or_refuses(bytes(damaged))


def _remove(element: etree._Element, other: etree._Element, chance: random.Random) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _double(element: etree._Element, other: etree._Element, chance: random.Random) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.insert(chance.randint(0, len(parent)), etree.fromstring(to_utf8(element)))


def _graft(element: etree._Element, other: etree._Element, chance: random.Random) -> None:
    if len(list(other.iter())) < 200:
        element.insert(chance.randint(0, len(element)), etree.fromstring(to_utf8(other)))


def _rename(element: etree._Element, other: etree._Element, chance: random.Random) -> None:
    element.tag = other.tag


def _write_into(element: etree._Element, other: etree._Element, chance: random.Random) -> None:
    element.text = chance.choice(TEXTS)
    element.tail = chance.choice(TEXTS)


def _label(element: etree._Element, other: etree._Element, chance: random.Random) -> None:
    for name in element.attrib:
        element.set(name, chance.choice(TEXTS))


def _unlabel(element: etree._Element, other: etree._Element, chance: random.Random) -> None:
    element.attrib.clear()


def _instruct(element: etree._Element, other: etree._Element, chance: random.Random) -> None:
    element.insert(0, etree.ProcessingInstruction("x", "y"))


def _shuffle(element: etree._Element, other: etree._Element, chance: random.Random) -> None:
    children = list(element)
    chance.shuffle(children)
    element[:] = children


MUTATIONS: tuple[Callable[[etree._Element, etree._Element, random.Random], None], ...] = (
    _remove,
    _double,
    _graft,
    _rename,
    _write_into,
    _label,
    _unlabel,
    _instruct,
    _shuffle,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_real_lists_with_another_structure_are_refused_or_written_as_they_were_read(
    seeds: list[bytes], seed: int
) -> None:
    chance = random.Random(seed)
    root = etree.fromstring(chance.choice(seeds))
    for _ in range(chance.randint(1, 6)):
        elements = list(root.iter(etree.Element))
        chance.choice(MUTATIONS)(chance.choice(elements), chance.choice(elements), chance)
    found = reads_or_refuses(etree.tostring(root))
    if found is not None and found.tag:
        assert read_unverified(to_utf8(write(found))) == found
