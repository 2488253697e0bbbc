# SPDX-License-Identifier: Apache-2.0
"""The hardened parser: what is refused, for which reason, and that refusing is cheap."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from trust_lists.errors import TrustListError, XmlRefusedError
from trust_lists.xml import MAX_ATTRIBUTES, MAX_DEPTH, MAX_MARKUP, MAX_NAMESPACES_IN_SCOPE, canonicalise, parse_xml

BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><l>&c;</l>'
)
EXTERNAL_ENTITY = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


def namespaces(count: int) -> bytes:
    return b" ".join(b'xmlns:n%d="urn:%d"' % (number, number) for number in range(count))


def attributes(count: int) -> bytes:
    return b" ".join(b'a%d="1"' % number for number in range(count))


REFUSED = {
    "billion laughs": (BILLION_LAUGHS, "XML_DOCTYPE"),
    "external entity": (EXTERNAL_ENTITY, "XML_DOCTYPE"),
    "external DTD": (b'<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><a/>', "XML_DOCTYPE"),
    "DOCTYPE behind comments and instructions": (b"<?xml version='1.0'?><!-- --><?a?> <!DOCTYPE a><a/>", "XML_DOCTYPE"),
    "DOCTYPE in UTF-16, little endian": (b"\xff\xfe" + "<!DOCTYPE a><a/>".encode("utf-16-le"), "XML_DOCTYPE"),
    "DOCTYPE in UTF-16, big endian": (b"\xfe\xff" + "<!DOCTYPE a><a/>".encode("utf-16-be"), "XML_DOCTYPE"),
    "DOCTYPE in UTF-16 without mark": ("<!DOCTYPE a><a/>".encode("utf-16-le"), "XML_NUL"),
    "DOCTYPE in UTF-32": (b"\xff\xfe\0\0" + "<!DOCTYPE a><a/>".encode("utf-32-le"), "XML_NUL"),
    "DOCTYPE in UTF-7": (b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4-<a/>', "XML_ENCODING"),
    "DOCTYPE in EBCDIC": ('<?xml version="1.0" encoding="cp037"?><!DOCTYPE a><a/>'.encode("cp037"), "XML_ENCODING"),
    "unknown encoding": (b'<?xml version="1.0" encoding="x-unknown"?><a/>', "XML_ENCODING"),
    "bytes that are not ASCII as declared": (
        b'<?xml version="1.0" encoding="US-ASCII"?><a>\xc3\xa9</a>',
        "XML_ENCODING",
    ),
    "bytes that are no UTF-8": (b"<a>\xff</a>", "XML_ENCODING"),
    "UTF-16 declared, but not so": (b'<?xml version="1.0" encoding="UTF-16"?><a/>', "XML_ENCODING"),
    "contradictory labels": (b'\xef\xbb\xbf<?xml version="1.0" encoding="ISO-8859-1"?><a/>', "XML_ENCODING"),
    "contradictory labels in UTF-16": (
        '\ufeff<?xml version="1.0" encoding="UTF-8"?><a/>'.encode("utf-16-le"),
        "XML_ENCODING",
    ),
    "NUL": (b"<a>\0</a>", "XML_NUL"),
    "nothing": (b"", "XML_NOT_WELL_FORMED"),
    "text": (b"hello", "XML_NOT_WELL_FORMED"),
    "HTML": (b"<!doctype html><html><br></html>", "XML_NOT_WELL_FORMED"),
    "image": (b"\x89PNG\r\n\x1a\n", "XML_ENCODING"),
    "compressed": (b"\x1f\x8b\x08\x00", "XML_ENCODING"),
    "entity that nobody declared": (b"<a>&nbsp;</a>", "XML_NOT_WELL_FORMED"),
    "character that XML forbids": (b"<a>&#1;</a>", "XML_NOT_WELL_FORMED"),
    "two roots": (b"<a/><b/>", "XML_NOT_WELL_FORMED"),
    "undeclared prefix": (b"<p:a/>", "XML_NOT_WELL_FORMED"),
    "too large": (b"<a>" + b" " * 2_000_000 + b"</a>", "XML_TOO_LARGE"),
    "3000 namespaces": (b"<a " + namespaces(3000) + b"><b/></a>", "XML_TOO_MANY_NAMESPACES"),
    "60000 namespaces": (b"<a " + namespaces(60_000) + b"><b/></a>", "XML_TOO_MANY_NAMESPACES"),
    "60000 attributes": (b"<a " + attributes(60_000) + b"/>", "XML_TOO_MANY_ATTRIBUTES"),
    "one attribute too many": (b"<a><b " + attributes(MAX_ATTRIBUTES + 1) + b"/></a>", "XML_TOO_MANY_ATTRIBUTES"),
    "one namespace too many": (
        b"<a><b " + namespaces(MAX_NAMESPACES_IN_SCOPE + 1) + b"/></a>",
        "XML_TOO_MANY_NAMESPACES",
    ),
    "namespaces that add up over levels": (
        b'<a xmlns:p="urn:p">' * (MAX_NAMESPACES_IN_SCOPE + 1) + b"</a>" * (MAX_NAMESPACES_IN_SCOPE + 1),
        "XML_TOO_MANY_NAMESPACES",
    ),
    "one level too deep": (b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1), "XML_TOO_DEEP"),
    "300 levels": (b"<a>" * 300 + b"</a>" * 300, "XML_TOO_DEEP"),
    "280000 levels": (b"<a>" * 280_000 + b"</a>" * 280_000, "XML_TOO_DEEP"),
    "many elements under many namespaces": (
        b"<a " + namespaces(32) + b">" + b"<b/>" * 400_000 + b"</a>",
        "XML_TOO_COSTLY",
    ),
    "many elements deep under many namespaces": (
        b"<a " + namespaces(32) + b">" + b"<d>" * 90 + b"<b/>" * 100_000 + b"</d>" * 90 + b"</a>",
        "XML_TOO_COSTLY",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_dangerous_documents_are_refused_quickly_and_each_for_its_reason(case: str) -> None:
    document, reason_id = REFUSED[case]
    started = time.thread_time()
    with pytest.raises(XmlRefusedError) as refusal:
        parse_xml(document)
    assert refusal.value.reason_id == reason_id
    assert str(refusal.value)
    assert time.thread_time() - started < 10


ACCEPTED = {
    "UTF-8": "<a>é</a>".encode(),
    "UTF-8, declared": '<?xml version="1.0" encoding="utf-8" standalone="yes"?><a>é</a>'.encode(),
    "UTF-8 with byte order mark": b"\xef\xbb\xbf" + "<?xml version='1.0' encoding='UTF-8'?><a>é</a>".encode(),
    "UTF-16, little endian": '\ufeff<?xml version="1.0" encoding="UTF-16"?><a>é</a>'.encode("utf-16-le"),
    "UTF-16, big endian": "\ufeff<a>é</a>".encode("utf-16-be"),
    "ISO-8859-1": '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1"),
}


@pytest.mark.parametrize("encoding", ACCEPTED)
def test_common_encodings_are_read(encoding: str) -> None:
    assert parse_xml(ACCEPTED[encoding]).text == "é"


def test_limits_themselves_are_allowed() -> None:
    scope = MAX_NAMESPACES_IN_SCOPE - 1
    deep = b"<b>" * (MAX_DEPTH - 1) + b"</b>" * (MAX_DEPTH - 1)
    parse_xml(b"<a " + namespaces(scope) + b' xmlns="urn:a" ' + attributes(MAX_ATTRIBUTES) + b">" + deep + b"</a>")


def test_namespaces_of_siblings_do_not_add_up() -> None:
    parse_xml(b"<a>" + b'<b xmlns="urn:b"/>' * 10_000 + b"</a>")


def test_the_size_limit_can_be_set() -> None:
    document = b"<a>" + b" " * 100 + b"</a>"
    assert parse_xml(document, max_bytes=len(document)).tag == "a"
    with pytest.raises(XmlRefusedError, match="106 are allowed"):
        parse_xml(document, max_bytes=len(document) - 1)


def test_a_bigger_document_may_have_no_more_markup_than_memory_allows() -> None:
    elements = b"<a>" + b"<b/>" * MAX_MARKUP + b"</a>"
    attributes_of_many = b"<a>" + b"<b c=''/>" * (MAX_MARKUP // 2) + b"</a>"
    for document in (elements, attributes_of_many):
        started = time.thread_time()
        with pytest.raises(XmlRefusedError) as refusal:
            parse_xml(document, max_bytes=50_000_000)
        assert refusal.value.reason_id == "XML_TOO_COSTLY"
        assert time.thread_time() - started < 10


def test_big_documents_that_are_mostly_text_are_read() -> None:
    document = b"<a>" + (b"<b>" + b"x" * 9_000_000 + b"</b>") * 5 + b"</a>"
    assert len(parse_xml(document, max_bytes=50_000_000)) == 5


def test_comments_do_not_hide_text() -> None:
    assert parse_xml(b"<a>0088:1<!-- x -->23</a>").text == "0088:123"


def test_whatever_is_accepted_is_canonicalised_within_a_second() -> None:
    document = b"<a " + namespaces(32) + b">" + b"<b/>" * 90_000 + b"</a>"
    root = parse_xml(document)
    started = time.thread_time()
    canonicalise(root)
    assert time.thread_time() - started < 10


def test_canonical_form_of_a_part_has_no_false_empty_default_namespace() -> None:
    """What libxml2 does in place: an xmlns="" that undeclares the inherited default namespace."""
    root = parse_xml(b'<s xmlns="urn:b"><t><u><v/></u></t></s>')
    assert canonicalise(root[0]) == b'<t xmlns="urn:b"><u><v></v></u></t>'


def test_canonical_form_of_a_part_keeps_a_true_empty_default_namespace() -> None:
    root = parse_xml(b'<s xmlns="urn:b"><t><u xmlns=""><v/></u></t></s>')
    assert canonicalise(root[0]) == b'<t xmlns="urn:b"><u xmlns=""><v></v></u></t>'


def test_inclusive_and_exclusive_canonical_forms_differ_in_unused_namespaces() -> None:
    root = parse_xml(b'<s xmlns:unused="urn:u"><t b="2" a="1">x</t>tail</s>')
    assert canonicalise(root[0]) == b'<t xmlns:unused="urn:u" a="1" b="2">x</t>'
    assert canonicalise(root[0], exclusive=True) == b'<t a="1" b="2">x</t>'


def test_relative_namespace_names_have_no_canonical_form() -> None:
    with pytest.raises(XmlRefusedError) as refusal:
        canonicalise(parse_xml(b'<a xmlns="relative"/>'))
    assert refusal.value.reason_id == "XML_NOT_CANONICALISABLE"


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_parsed_or_refused(data: bytes) -> None:
    try:
        parse_xml(data)
    except TrustListError:
        return


@given(
    st.text("<>/!?&;#x0a:=\"' -[]é\r\n", max_size=60),
    st.sampled_from(["utf-8", "utf-16", "iso-8859-1", "us-ascii", "utf-8-sig"]),
)
def test_arbitrary_markup_in_any_encoding_is_parsed_or_refused(inner: str, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><a>{inner}</a>'
    try:
        root = parse_xml(text.encode(encoding, "ignore"))
        canonicalise(root)
    except XmlRefusedError:
        return
    assert root.tag == "a"


def test_every_document_of_the_corpus_is_within_the_limits(corpus: Path) -> None:
    for path in sorted((corpus / "smp").rglob("*.xml")):
        data = path.read_bytes()
        try:
            expected = etree.fromstring(data)
        except etree.XMLSyntaxError:
            continue
        assert parse_xml(data).tag == expected.tag
