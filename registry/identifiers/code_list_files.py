# SPDX-License-Identifier: Apache-2.0
"""Reads a code list in any of the forms that OpenPeppol publishes: JSON, XML, and OASIS Genericode 1.0.

All three say the same; what is kept is the JSON form, as ASCII, whatever the file was.
"""

import json

from lxml import etree

from registry.identifiers.code_lists import CodeList, no_code_list
from trust_lists.errors import XmlRefusedError
from trust_lists.xml import parse_xml

MAX_BYTES = 8_000_000
"""Today's largest file has about 450,000 bytes."""

_BEFORE_XML = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
_GENERICODE = "{http://docs.oasis-open.org/codelist/ns/genericode/1.0/}CodeList"
_FLAGS = frozenset({"registrable", "abstract"})


def read_code_list(data: bytes) -> tuple[CodeList, str]:
    """The list in a file, and the JSON text to keep. Raises ValidationError CODE-LIST-FORM when it is none."""
    if len(data) > MAX_BYTES:
        raise no_code_list(f"it has {len(data)} bytes; {MAX_BYTES} are allowed")
    try:
        document = _from_xml(data) if data.lstrip(_BEFORE_XML).startswith(b"<") else json.loads(data)
        return CodeList.from_document(document), json.dumps(document)
    except XmlRefusedError as error:
        raise no_code_list(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise no_code_list(f"it is neither JSON nor XML: {error}") from error


def _from_xml(data: bytes) -> object:
    root = parse_xml(data, max_bytes=MAX_BYTES)
    if root.tag == _GENERICODE:
        rows = [_genericode_row(row) for row in root.iterfind("SimpleCodeList/Row")]
        return {"version": root.findtext("Identification/Version", "").strip(), "values": rows}
    return {"version": root.get("version", ""), "values": [_xml_row(row) for row in root.iterchildren(etree.Element)]}


def _genericode_row(row: etree._Element) -> dict[str, object]:
    cells = ((cell.get("ColumnRef", ""), cell.findtext("SimpleValue", "")) for cell in row.iterfind("Value"))
    return {name: _value(name, text) for name, text in cells}


def _xml_row(row: etree._Element) -> dict[str, object]:
    """Attributes, and children that hold a text; the others, such as the processes of a document type, aren't used."""
    texts = {str(child.tag): child.text or "" for child in row.iterchildren(etree.Element) if not child.attrib}
    attributes = {str(name): str(text) for name, text in row.attrib.items()}
    return {name: _value(name, text) for name, text in (texts | attributes).items()}


def _value(name: str, text: str) -> object:
    return text == "true" if name in _FLAGS else text
