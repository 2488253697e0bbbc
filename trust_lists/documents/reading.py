# SPDX-License-Identifier: Apache-2.0
"""Reads a list of whatever form: TS 119 612 XML, TS 119 602 XML or JSON, and that in a compact JWS.

Nothing is verified here; whoever wants to believe a list takes it from `trust_lists.sources.verifying`.
"""

import base64
import binascii
import codecs
import re

from lxml import etree

from trust_lists.documents.lote.json_reader import read_json
from trust_lists.documents.lote.xml_reader import read_xml
from trust_lists.documents.model import TrustedList
from trust_lists.documents.ts119612 import reader as ts119612
from trust_lists.documents.vocabulary import LOTE
from trust_lists.errors import ListRefusedError, XmlRefusedError
from trust_lists.xml import MAX_LIST_BYTES, parse_xml

_LOTE_ROOT = f"{{{LOTE}}}ListOfTrustedEntities"
_HTML = re.compile(rb"<(!doctype\s+)?html\b", re.IGNORECASE)
_COMPACT_JWS = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]*)")


def read_unverified(data: bytes) -> TrustedList:
    """What the list in `data` says, without a look at its signature; its form is found out from the bytes.

    Raises ListRefusedError: LIST_TOO_LARGE, LIST_EMPTY, LIST_NOT_A_LIST (a web page, a PDF, other XML or JSON), and
    those of the readers (LIST_NESTED, LIST_STRUCTURE); XmlRefusedError and JsonRefusedError for XML and JSON that is
    malformed or not accepted.
    """
    if len(data) > MAX_LIST_BYTES:
        raise ListRefusedError("LIST_TOO_LARGE", f"the document has {len(data)} bytes; {MAX_LIST_BYTES} are allowed")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _read_xml(data)
    text = data.removeprefix(codecs.BOM_UTF8).strip()
    match text[:1]:
        case b"":
            raise ListRefusedError("LIST_EMPTY", "the document is empty")
        case b"<":
            return _read_xml(data)
        case b"{":
            return read_json(text)
    if text.startswith(b"%PDF"):
        raise ListRefusedError("LIST_NOT_A_LIST", "the document is a PDF, not a list for programs")
    if _COMPACT_JWS.fullmatch(text):
        return read_json(_payload(text))
    raise ListRefusedError("LIST_NOT_A_LIST", "the document is neither XML nor JSON nor a compact JWS")


def read_tree(root: etree._Element) -> TrustedList:
    """What the list of XML with this root element says; whose tree it is, and who has verified it, is not asked.

    Raises ListRefusedError as `read_unverified` does.
    """
    match root.tag:
        case ts119612.ROOT:
            return ts119612.read(root)
        case tag if tag == _LOTE_ROOT:
            return read_xml(root)
        case tag:
            raise ListRefusedError("LIST_NOT_A_LIST", f"the document is XML, but {tag:.200} is not the root of a list")


def _read_xml(data: bytes) -> TrustedList:
    try:
        root = parse_xml(data, max_bytes=MAX_LIST_BYTES)
    except XmlRefusedError:
        if _HTML.search(data[:2000]):
            raise ListRefusedError("LIST_NOT_A_LIST", "the document is a web page (HTML), not a list") from None
        raise
    return read_tree(root)


def _payload(compact: bytes) -> bytes:
    payload = compact.split(b".")[1]
    try:
        return base64.b64decode(payload + b"=" * (-len(payload) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ListRefusedError("LIST_NOT_A_LIST", "the payload of the JWS is not base64url") from None
