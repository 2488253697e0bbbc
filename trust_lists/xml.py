# SPDX-License-Identifier: Apache-2.0
"""The one hardened XML parser, the caps that canonicalisation needs, and the one canonicalisation.

Inclusive canonicalisation costs libxml2 about 3 ns x elements x (namespace declarations in scope) x (the same +
depth): 40 kB can keep a core busy for ten seconds. So nothing is canonicalised that did not pass
`check_canonicalisable` first, and `parse_xml` calls it always.

Comments are dropped while parsing: no canonical form that we use keeps them, and a comment inside a text would hide
the rest of that text from readers of `.text`.
"""

import codecs
import re
from collections.abc import Sequence

from lxml import etree

from trust_lists.errors import XmlRefusedError, shown

MAX_BYTES = 2_000_000
MAX_LIST_BYTES = 50_000_000
"""Of a list, in whatever form; the biggest one out there has 4 million."""
MAX_MARKUP = 1_500_000
"""Characters `<` and `=` together. An element of four bytes takes 120 bytes of memory, an attribute of five nearly as
many. The densest real list would have 1.2 million, if it had 50 million bytes."""
MAX_DEPTH = 100
MAX_NAMESPACES_IN_SCOPE = 32
MAX_ATTRIBUTES = 64
MAX_CANONICALISATION_COST = 100_000_000
"""In units of about 3 to 5 ns: below half a second of one core."""

_DECLARED_ENCODING = re.compile(r"<\?xml\s[^>]*?\bencoding\s*=\s*[\"']([^\"']{1,40})[\"']")
_CODECS = {"utf-8": "utf-8", "us-ascii": "ascii", "iso-8859-1": "latin-1", "utf-16": "utf-16"}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


_UNESCAPED = re.compile(r"[&<\t\n\r]")


def parse_xml(data: bytes, *, max_bytes: int = MAX_BYTES) -> etree._Element:
    """The root element of `data`, without comments. No DTD, no entities, no network, bounded size and cost.

    Encodings: UTF-8, US-ASCII, ISO-8859-1, and UTF-16 with a byte order mark. The text `<!DOCTYPE` is refused
    wherever it stands, even in a CDATA section, so that no second opinion about the prolog is needed.

    Raises XmlRefusedError: XML_TOO_LARGE (also a single text of 10 million bytes), XML_ENCODING, XML_NUL, XML_DOCTYPE,
    XML_TOO_COSTLY, XML_NOT_WELL_FORMED, and those of `check_canonicalisable`.
    """
    if len(data) > max_bytes:
        raise XmlRefusedError("XML_TOO_LARGE", f"the document has {len(data)} bytes; {max_bytes} are allowed")
    utf8 = _in_utf8(data)
    if b"\0" in utf8:
        raise XmlRefusedError("XML_NUL", "the document contains NUL characters")
    if b"<!DOCTYPE" in utf8:
        raise XmlRefusedError("XML_DOCTYPE", "document type declarations are not accepted")
    if utf8.count(b"<") + utf8.count(b"=") > MAX_MARKUP:
        raise XmlRefusedError("XML_TOO_COSTLY", "too many elements and attributes")
    root = _parse(utf8)
    check_canonicalisable(root)
    return root


def check_canonicalisable(root: etree._Element) -> None:
    """Refuses trees that are expensive to canonicalise; one pass, linear in the size of the tree.

    Raises XmlRefusedError: XML_TOO_DEEP, XML_TOO_MANY_NAMESPACES, XML_TOO_MANY_ATTRIBUTES, XML_TOO_COSTLY,
    XML_NAMESPACE_NAME.
    """
    depth = scope = cost = 0
    for event, item in etree.iterwalk(root, events=("start", "end", "start-ns", "end-ns")):
        if event == "start":
            depth += 1
            cost += scope * (scope + depth)
            if len(item.attrib) > MAX_ATTRIBUTES:
                raise XmlRefusedError(
                    "XML_TOO_MANY_ATTRIBUTES", f"an element has more than {MAX_ATTRIBUTES} attributes"
                )
            if depth > MAX_DEPTH:
                raise XmlRefusedError("XML_TOO_DEEP", f"elements are nested more than {MAX_DEPTH} levels deep")
            if cost > MAX_CANONICALISATION_COST:
                raise XmlRefusedError("XML_TOO_COSTLY", "too many elements under too many namespace declarations")
        elif event == "end":
            depth -= 1
        elif event == "start-ns":
            scope += 1
            if _UNESCAPED.search(item[1]):
                # libxml2 writes these into canonical forms as they are, other implementations escape them.
                raise XmlRefusedError(
                    "XML_NAMESPACE_NAME", "a namespace name holds a character that implementations write differently"
                )
            if scope > MAX_NAMESPACES_IN_SCOPE:
                raise XmlRefusedError(
                    "XML_TOO_MANY_NAMESPACES",
                    f"more than {MAX_NAMESPACES_IN_SCOPE} namespace declarations are in scope of one element",
                )
        else:
            scope -= 1


def canonicalise(element: etree._Element, *, exclusive: bool = False, prefixes: Sequence[str] = ()) -> bytes:
    """Canonical XML 1.0 of `element` and what is inside it, without comments; or Exclusive XML Canonicalization.

    `prefixes`: the PrefixList of InclusiveNamespaces, where it is exclusive.

    An element inside a tree is serialised and parsed on its own first: libxml2, asked to canonicalise such an element
    inclusively, writes `xmlns=""` on descendants that inherit a default namespace, which is wrong. Attributes like
    `xml:lang` are not inherited from ancestors, though Canonical XML 1.0 asks for it where a part of a document is
    canonicalised: who verifies signatures has to refuse those.

    Raises XmlRefusedError XML_NOT_CANONICALISABLE where the standard forbids it (relative namespace URIs).
    """
    standalone = element if element.getparent() is None else _parse(to_utf8(element))
    try:
        return etree.tostring(
            standalone,
            method="c14n",
            exclusive=exclusive,
            with_comments=False,
            inclusive_ns_prefixes=list(prefixes) or None,
        )
    except etree.C14NError as error:
        raise XmlRefusedError("XML_NOT_CANONICALISABLE", f"no canonical form exists: {error}") from None


def to_utf8(element: etree._Element) -> bytes:
    """An element and what is inside it as UTF-8; names outside ASCII have no other form that can be parsed again."""
    return etree.tostring(element, encoding="UTF-8", xml_declaration=False, with_tail=False)


def _parse(utf8: bytes) -> etree._Element:
    # A parser is cheap and not made for sharing between threads. Its encoding overrides the document's declaration.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        encoding="utf-8",
    )
    try:
        return etree.fromstring(utf8, parser)
    except etree.XMLSyntaxError as error:
        if "Excessive depth" in str(error):
            raise XmlRefusedError("XML_TOO_DEEP", "elements are nested too deep") from None
        if "XML_PARSE_HUGE" in str(error):
            raise XmlRefusedError("XML_TOO_LARGE", "a single text, name or attribute is too long") from None
        raise XmlRefusedError(
            "XML_NOT_WELL_FORMED", f"the document is not well-formed XML: {shown(error.msg)}"
        ) from None


def _in_utf8(data: bytes) -> bytes:
    """`data` in UTF-8, without byte order mark; refuses encodings off the list, and contradictory labels."""
    codec = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), None)
    head = data[:400].decode(codec or "latin-1", "ignore").removeprefix("\ufeff")
    declaration = _DECLARED_ENCODING.match(head)
    declared = declaration[1].lower() if declaration else codec or "utf-8"
    if declared not in _CODECS:
        raise XmlRefusedError("XML_ENCODING", f"the encoding {declared!r} is not accepted; use UTF-8")
    if codec is None and declared == "utf-16":
        raise XmlRefusedError("XML_ENCODING", "UTF-16 needs a byte order mark")
    if codec not in (None, _CODECS[declared]):
        raise XmlRefusedError("XML_ENCODING", f"the byte order mark says {codec}, the declaration {declared}")
    try:
        text = data.decode(_CODECS[declared])
    except UnicodeDecodeError as error:
        raise XmlRefusedError("XML_ENCODING", f"the bytes are not {declared}: {error.reason}") from None
    if _CODECS[declared] in ("utf-8", "ascii"):
        # What libxml2 is given need not be encoded again.
        return data.removeprefix(codecs.BOM_UTF8)
    return text.removeprefix("\ufeff").encode()
